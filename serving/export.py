"""The latest scores, row by row, to where a CRM finds them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from features.errors import ConfigError, DataError, ReleaseError
from pipelines.release import read_manifest
from serving.export_csv import write_csv
from serving.export_fields import Row, row_of_answer, row_of_score
from serving.export_mapping import ExportMapping
from serving.export_table import write_table
from serving.store import Store
from serving.store_tables import SCORES

AT_ONCE = 2_000


def export(rows: Iterator[Row], mapping: ExportMapping, to: str, table: str | None) -> int:
    """Write rows to a file ending in .csv, or to a table of the database whose URL is given; return how many.

    Raises
    ------
    ConfigError
        When that cannot be written to.
    DataError
        When the database refuses.
    """
    if "://" in to:
        if table is None:
            raise ConfigError.of("a database without a table", "the name of one", "add --table churn_scores")
        return write_table(rows, mapping, to, table)
    if not to.lower().endswith(".csv"):
        raise ConfigError.of(f"--to {to}", "a file ending in .csv or the URL of a database", "name it so")
    return write_csv(rows, mapping, Path(to))


def stored_rows(store: Store) -> Iterator[Row]:
    """Yield the rows of all scores that the online store holds, by account, a few thousand in memory at a time.

    Raises
    ------
    DataError
        When it holds none.
    """
    n = 0
    query = select(SCORES.c.answer).order_by(SCORES.c.account_id)
    with store.engine.connect().execution_options(yield_per=AT_ONCE) as connection:
        for n, answer in enumerate(connection.scalars(query), start=1):  # noqa: B007  # counted
            yield row_of_answer(answer)
    if not n:
        do = "run `perennial materialize`, or name what `perennial score` wrote with --from"
        raise DataError.of("an online store without scores", "some", do)


def file_rows(scores: Path, releases: Path) -> Iterator[Row]:
    """Yield the rows of a Parquet file of scores; horizons come from the releases that made them.

    Raises
    ------
    DataError
        When it is not what `perennial score` wrote.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    @cache
    def horizon_days(version: str) -> int | None:
        try:
            return read_manifest(releases / version).horizon_days
        except ReleaseError:
            return None

    try:
        with pq.ParquetFile(scores) as file:
            for batch in file.iter_batches(AT_ONCE):
                yield from (row_of_score(_checked(row, scores), horizon_days) for row in batch.to_pylist())
    except (OSError, pa.ArrowInvalid) as problem:
        raise _unread(scores, str(problem)) from None


def _checked(row: dict[str, Any], scores: Path) -> dict[str, Any]:
    if absent := {"account_id", "release", "churn_prob"} - row.keys():
        raise _unread(scores, f"no column {min(absent)}")
    return row


def _unread(scores: Path, why: str) -> DataError:
    came = f"{scores.name}, which holds no scores ({why})"
    return DataError(str(DataError.of(came, "a Parquet file of `perennial score`", "score to one and name it")))
