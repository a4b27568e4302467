"""The 43 columns in Polars as one would write them first: account and day, then age bands, then windows.

Sums by account and day are made once; at each cutoff days fall into bands of age, one between one window's edge and the
next, and a window is its bands together. It knows the windows beforehand, and cutoffs need not be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from experiments.benchmarks.yardsticks.columns import DAY, HALF_LIFE, WINDOWS, day_numbers
from experiments.benchmarks.yardsticks.polars_features import ADDED, KINDS, code_of, side_by_side, window_columns

OLDER = len(WINDOWS)
"""The band of what lies before all windows."""


def write(folder: str, cutoffs: Sequence[str], out: str) -> None:
    """Write the columns of every account at every cutoff, a file a cutoff."""
    accounts = pl.read_parquet(Path(folder) / "accounts.parquet", columns=["account_id"])["account_id"]
    daily = by_day(pl.scan_parquet(Path(folder) / "events.parquet"), accounts)
    for day in day_numbers(cutoffs):
        as_of = pl.lit(day * DAY).cast(pl.Datetime("us")).alias("as_of")
        wide = side_by_side(by_band(daily, day), accounts)
        bands = wide.select("account_id", *band_columns(set(wide.columns)))
        panel = bands.select("account_id", as_of, *window_columns(day))
        panel.write_parquet(Path(out) / f"{day}.parquet", statistics=False)


def by_day(events: pl.LazyFrame, accounts: pl.Series) -> pl.DataFrame:
    """Return partial sums, one row an account and day; accounts are their positions, decayed sums as of midnight."""
    value, kind = pl.col("value"), pl.col("kind")
    to_midnight = (pl.col("day").cast(pl.Int64) + 1) * DAY - pl.col("at").cast(pl.Int64)
    return (
        events.with_columns(
            account=pl.col("account_id").cast(pl.Enum(accounts)).to_physical(),
            day=pl.col("at").dt.epoch("d"),
            kind=kind.cast(KINDS).to_physical(),
        )
        .with_columns(
            bit=pl.lit(pl.Series(1 << np.arange(12), dtype=pl.UInt16)).gather("kind"),
            decayed=value * (to_midnight * (-np.log(2) / (HALF_LIFE * DAY))).exp(),
        )
        .group_by("account", "day")
        .agg(
            events=pl.len(),
            total=value.sum(),
            known=value.count(),
            cases=(kind == code_of("case")).sum(),
            usage=value.filter(kind == code_of("usage")).sum(),
            purchases=value.filter(kind == code_of("purchase")).sum(),
            largest=value.max(),
            kinds=pl.col("bit").bitwise_or(),
            decayed=pl.col("decayed").sum(),
            latest=pl.col("at").max().cast(pl.Int64),
        )
        .collect(engine="streaming")
    )


def by_band(daily: pl.DataFrame, day: int) -> pl.DataFrame:
    """Return the sums of one row an account and band of age at a cutoff, of the days before it."""
    age = day - pl.col("day").cast(pl.Int64)
    bands = pl.lit(pl.Series(np.searchsorted(WINDOWS, np.arange(WINDOWS[-1] + 2)), dtype=pl.UInt8))
    return (
        daily.lazy()
        .filter(pl.col("day") < day)
        .with_columns(
            stretch=bands.gather(age.clip(upper_bound=WINDOWS[-1] + 1)),
            decayed=pl.col("decayed") * ((age - 1) * (-np.log(2) / HALF_LIFE)).exp(),
        )
        .group_by("account", "stretch")
        .agg(
            *(pl.col(name).sum() for name in (*ADDED, "decayed")),
            *(pl.col(name).max() for name in ("largest", "latest")),
            pl.col("kinds").bitwise_or(),
        )
        .collect(engine="streaming")
    )


def band_columns(there: set[str]) -> Iterator[pl.Expr]:
    """Yield the columns of each band by its window's days, and those over all of history."""
    nothing = {"largest": pl.lit(None, pl.Float64), "kinds": pl.lit(0, pl.UInt16)}
    for band, days in enumerate(WINDOWS):
        for name in (*ADDED, "largest", "kinds"):
            column = pl.col(f"{name}_{band}") if f"{name}_{band}" in there else nothing.get(name, pl.lit(0.0))
            yield column.alias(f"{name}_{days}")
    every = [band for band in range(OLDER + 1) if f"latest_{band}" in there]
    yield pl.sum_horizontal([f"decayed_{band}" for band in every]).alias("decayed")
    yield pl.max_horizontal([f"latest_{band}" for band in every]).alias("latest")
