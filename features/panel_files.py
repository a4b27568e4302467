"""The files of a kept panel: one Parquet file for each as-of date and bucket of accounts, and what they hold."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "panel.json"
# The one date of a panel whose rows stand where the user's observations do.
OBSERVED = 1 << 62


@dataclass(frozen=True)
class DateFiles:
    """What the files of a date hold: whether labels were due, the fingerprint of each feature, and by code the accounts
    whose rows no longer rest on the log.
    """

    is_due: bool
    features: Mapping[str, str]
    stale: tuple[int, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What the files hold: `key` says what made them, `parts` on which parts of the log the rows not stale rest."""

    key: str
    parts: tuple[str, ...] = ()
    dates: Mapping[int, DateFiles] = field(default_factory=dict)


@dataclass(frozen=True)
class PanelFiles:
    """The files of one folder."""

    folder: Path

    def manifest(self, key: str) -> Manifest | None:
        """Return what the files hold; None, and no rows, where they were made by something else than `key`."""
        try:
            said = json.loads((self.folder / MANIFEST).read_text("utf-8"))
            dates = {
                int(date): DateFiles(bool(of["is_due"]), dict(of["features"]), tuple(of["stale"]))
                for date, of in said["dates"].items()
            }
            found = Manifest(said["key"], tuple(said["parts"]), dates)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            found = None
        if found is None or found.key != key:
            for path in self.folder.glob("as_of=*"):
                shutil.rmtree(path)
            return None
        return found

    def write_manifest(self, manifest: Manifest) -> None:
        """Say what the files hold."""
        staged = self.folder / f"{MANIFEST}.staged"
        staged.write_text(json.dumps(asdict(manifest)), encoding="utf-8")
        staged.replace(self.folder / MANIFEST)

    def rows_path(self, cutoff: int, bucket: int) -> Path:
        """Where the rows of a date and a bucket are."""
        return self.folder / f"as_of={date_name(cutoff)}" / f"{bucket:04}.parquet"

    def rows(self, cutoff: int, bucket: int) -> pa.Table | None:
        """Return the rows of a date and a bucket, sorted by account; None where there are none."""
        return _read(self.rows_path(cutoff, bucket))

    def write_rows(self, cutoff: int, bucket: int, rows: pa.Table) -> None:
        """Keep the rows of a date and a bucket."""
        _write(rows, self.rows_path(cutoff, bucket))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs out of the folder.

        Raises
        ------
        DataError
            when another run is at work in it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                came = f"another run at work in {self.folder}"
                raise DataError.of(came, "one at a time", "wait until it has ended") from None
            yield


def date_name(cutoff: int) -> str:
    """Return the name of a date's folder.

    >>> date_name(1_704_067_200_000_000)
    '2024-01-01T00:00:00'
    """
    if cutoff == OBSERVED:
        return "observed"
    return datetime.fromtimestamp(cutoff / 1_000_000, UTC).replace(tzinfo=None).isoformat()


def date_of(path: Path) -> str:
    """Return the name of the date whose rows a file of `rows_path` holds.

    >>> date_of(PanelFiles(Path("panel")).rows_path(1_704_067_200_000_000, 3))
    '2024-01-01T00:00:00'
    """
    return path.parent.name.removeprefix("as_of=")


def _read(path: Path) -> pa.Table | None:
    import pyarrow.parquet as pq

    return pq.ParquetFile(path).read() if path.exists() else None


def _write(table: pa.Table, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_suffix(".staged")
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    # Written and read again far oftener than it is kept: what would be saved on disk is paid for in time.
    pq.write_table(table, staged, compression="none", use_dictionary=texts, write_statistics=False)
    staged.replace(path)
