"""What each panel row rests on, as a number: equal numbers, equal rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from features.buckets import needed_events, with_bucket
from features.labels import DAY, label_streams
from features.log import LOG_COLUMNS, Int
from features.sources import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa

    from features.recipe import Recipe

# Two odd numbers, so that what counts for features and what counts for the label do not cancel out.
_OF_FEATURES, _OF_LABEL = np.int64(0x9E3779B97F4A7C15 - (1 << 64)), np.int64(0x2545F4914F6CDD1D)


@dataclass(frozen=True)
class Digests:
    """One number for each account and as-of date: `values` is (accounts, cutoffs), `accounts` are sorted."""

    accounts: tuple[str, ...]
    cutoffs: tuple[int, ...]
    values: npt.NDArray[np.int64]

    def at(self, accounts: Sequence[str], cutoffs: Sequence[int]) -> npt.NDArray[np.int64]:
        """The numbers of some accounts at some dates; 0 for an account that is not there."""
        place = {account: i for i, account in enumerate(self.accounts)}
        rows = np.array([place.get(account, -1) for account in accounts], dtype=np.int64)
        columns = np.array([self.cutoffs.index(cutoff) for cutoff in cutoffs], dtype=np.int64)
        found = np.zeros((len(accounts), len(columns)), dtype=np.int64)
        found[rows >= 0] = self.values[np.ix_(rows[rows >= 0], columns)]
        return found

    def over(self, before: Digests | None) -> Digests:
        """These, and at dates that these do not speak of the numbers from before."""
        if before is None:
            return self
        others = tuple(cutoff for cutoff in before.cutoffs if cutoff not in self.cutoffs)
        # An account that is gone is kept as long as there may be rows of it at other dates.
        gone = set(before.accounts) - set(self.accounts) if others else set()
        accounts = tuple(sorted({*self.accounts, *gone}))
        values = np.hstack([self.at(accounts, self.cutoffs), before.at(accounts, others)])
        return Digests(accounts, self.cutoffs + others, values)

    def to_table(self) -> pa.Table:
        """As a table: account_id, and a column for each date."""
        import pyarrow as pa

        columns = {str(cutoff): self.values[:, i] for i, cutoff in enumerate(self.cutoffs)}
        return pa.table({"account_id": pa.array(self.accounts, pa.string())} | columns)

    @classmethod
    def of_table(cls, table: pa.Table) -> Digests:
        """What `to_table` made."""
        cutoffs = tuple(int(name) for name in table.column_names[1:])
        values = [table[str(cutoff)].to_numpy() for cutoff in cutoffs]
        stacked = np.stack(values, axis=1) if values else np.zeros((table.num_rows, 0), dtype=np.int64)
        return cls(tuple(table["account_id"].to_pylist()), cutoffs, stacked)


def write_digests(warehouse: Warehouse, recipe: Recipe, n_buckets: int, folder: Path) -> None:
    """Digest the events of every account by bands of time, as Parquet in one folder a bucket.

    A band is where an event first counts: for features the first date before which it was known, for labels the first
    date whose horizon it lies before. Events are digested by the engine's own hash (40 bits of it) and summed, so that
    their order does not matter: a change goes unseen with a chance of one in 10^12.
    """
    events = with_bucket(needed_events(warehouse, recipe), n_buckets)
    log = warehouse.connection.compile(events)
    hashed = ", ".join(f'"{column}"' for column in LOG_COLUMNS[1:])
    streams = ", ".join(f"'{stream}'" for stream in label_streams(recipe.churn))
    sql = f"""
        WITH log AS ({log}), digested AS (
            SELECT bucket, account_id, {_band('greatest("at", coalesce("known_at", "at"))', recipe.cutoffs)} AS band,
                CASE WHEN stream IN ({streams}) THEN {_band('"at"', _horizons(recipe))} ELSE -1 END AS label_band,
                (hash({hashed}) >> 24)::BIGINT AS digest
            FROM log)
        SELECT bucket, account_id, band, label_band, sum(digest)::BIGINT AS digest FROM digested GROUP BY ALL"""  # noqa: S608
    copy = f"COPY ({sql}) TO '{folder}' (FORMAT parquet, PARTITION_BY (bucket))"
    warehouse.connection.raw_sql(copy)


def bucket_digests(folder: Path, bucket: int, recipe: Recipe) -> Digests:
    """Return the digests of one bucket's rows at the recipe's cutoffs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted((folder / f"bucket={bucket}").glob("*.parquet"))
    if not files:
        return Digests((), recipe.cutoffs, np.zeros((0, len(recipe.cutoffs)), dtype=np.int64))
    bands = pa.concat_tables([pq.ParquetFile(file).read() for file in files])
    coded = bands["account_id"].combine_chunks().dictionary_encode()
    names = np.array(coded.dictionary.to_pylist(), dtype=object)
    order = np.argsort(names)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    account = place[coded.indices.to_numpy()]
    digest = bands["digest"].to_numpy()
    shape = (len(names), len(recipe.cutoffs))
    of_features = _up_to(shape, account, bands["band"].to_numpy(), digest)
    label_band = bands["label_band"].to_numpy()
    own = label_band >= 0
    of_label = _up_to(shape, account[own], label_band[own], digest[own])
    due = np.array([cutoff + recipe.churn.matures_days * DAY <= recipe.observed_until for cutoff in recipe.cutoffs])
    with np.errstate(over="ignore"):
        values = of_features * _OF_FEATURES + np.where(due, of_label * _OF_LABEL + 1, 0)
    return Digests(tuple(names[order].tolist()), recipe.cutoffs, values)


def _up_to(shape: tuple[int, int], account: Int, band: Int, digest: Int) -> Int:
    """The sums of all bands up to each date (accounts, cutoffs)."""
    found = np.zeros((shape[0], shape[1] + 1), dtype=np.int64)
    np.add.at(found, (account, np.minimum(band, shape[1])), digest)
    return np.cumsum(found, axis=1)[:, : shape[1]]


def _band(time: str, instants: Sequence[int]) -> str:
    """SQL for the position of the first of some instants after a time, their number where there is none."""
    micros = f"epoch_us({time})"
    cases = " ".join(f"WHEN {micros} < {instant} THEN {i}" for i, instant in enumerate(instants))
    return f"CASE {cases} ELSE {len(instants)} END" if instants else "0"


def _horizons(recipe: Recipe) -> list[int]:
    return [cutoff + recipe.churn.matures_days * DAY for cutoff in recipe.cutoffs]
