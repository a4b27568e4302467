"""The feature rows that scoring publishes as a Parquet file: noticed when they change, and put into the store."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import OperationalError

from features.errors import DataError
from serving.store import Store
from serving.tombstones import tombstones_of
from serving.vocabulary import FeatureRow

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_A_BATCH = 5_000
LOADING = "the feature rows are still being loaded; ask again in a minute"

log = logging.getLogger("perennial.serving")


class PublishedRows:
    """Keeps the store equal to the published file.

    Attributes
    ----------
    lack
        Why there are no rows to answer from; None once there are, or where none were published.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self.path = path
        self.store = store
        self.lack = None if not path.exists() or store.fingerprint() else LOADING
        self._seen: tuple[int, int] | None = None

    def refresh(self) -> None:
        """Load the file if it is not the one seen last; a bad file is refused, logged, and the old rows stay."""
        stamp = _stamp(self.path)
        if stamp is None or stamp == self._seen:
            return
        try:
            if load_rows(self.path, self.store):
                log.info("loaded the feature rows of %s", self.path.name)
            self._seen, self.lack = stamp, None
        except DataError as problem:
            log.error("refused the feature rows of %s: %s", self.path.name, problem)
            self._seen = stamp
            if self.lack:
                self.lack = f"the feature rows were refused; {problem}"
        except OperationalError as problem:
            log.warning("the store is busy, so the feature rows wait: %s", problem.orig)


def load_rows(path: Path, store: Store) -> bool:
    """Put the rows of a Parquet file into the store; return False where it holds them already.

    Raises
    ------
    DataError
        When the file is no Parquet, names no accounts, or holds what a feature cannot be.
    """
    import pyarrow as pa

    fingerprint = file_sha256(path)
    if store.fingerprint() == fingerprint:
        return False
    try:
        return store.replace(tombstones_of(store).without(read_rows(path)), fingerprint)
    except pa.ArrowInvalid as problem:
        came = f"{path.name}, which cannot be read ({problem})"
        raise DataError.of(came, "a Parquet file of feature rows", "score again; the rows held so far stay") from None


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_rows(path: Path) -> Iterator[FeatureRow]:
    """Yield the rows of a Parquet file, reading a few thousand at a time.

    Raises
    ------
    DataError
        When there is no column account_id, or a feature is neither number, text nor truth value.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        _check(file.schema_arrow)
        for batch in file.iter_batches(ROWS_A_BATCH):
            yield from _rows_of(batch)


def _check(schema: pa.Schema) -> None:
    import pyarrow.types as is_

    if "account_id" not in schema.names:
        came = f"rows with the columns {', '.join(schema.names[:10])}"
        raise DataError.of(came, "a column account_id", "publish what `perennial score` wrote")
    kinds = (is_.is_floating, is_.is_integer, is_.is_boolean, is_.is_string, is_.is_large_string, is_.is_null)
    for field in schema:
        plain = field.type.value_type if is_.is_dictionary(field.type) else field.type
        if field.name != "as_of" and not any(kind(plain) for kind in kinds):
            expected = "numbers, text or truth values"
            raise DataError.of(f"column {field.name} of {field.type}", expected, "publish what `perennial score` wrote")


def _rows_of(batch: pa.RecordBatch) -> Iterator[FeatureRow]:
    columns = {name: _values(batch.column(name)) for name in batch.schema.names}
    accounts = columns.pop("account_id")
    dates = columns.pop("as_of", [None] * len(accounts))
    names = list(columns)
    for account_id, as_of, *values in zip(accounts, dates, *columns.values(), strict=True):
        known = None if account_id is None else str(account_id)
        yield FeatureRow(dict(zip(names, values, strict=True)), known, date_text(as_of))


def _values(column: pa.Array) -> list[Any]:
    """The column as plain values; NaN and infinite ones are None, as JSON has no word for them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    return list(column.to_pylist())


def date_text(as_of: datetime | str | None) -> str | None:
    """Return a moment as text, the time left off at midnight.

    >>> date_text(datetime(2026, 1, 31)), date_text(datetime(2026, 1, 31, 9, 30))
    ('2026-01-31', '2026-01-31T09:30:00')
    """
    if as_of is None or isinstance(as_of, str):
        return as_of
    return as_of.isoformat().removesuffix("T00:00:00")


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
