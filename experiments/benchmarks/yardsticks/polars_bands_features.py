"""The 43 columns in Polars as one would write them first: partial sums by account and day, then ages at each cutoff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from experiments.benchmarks.yardsticks.columns import COLUMNS, DAY, HALF_LIFE, WINDOWS, day_numbers
from experiments.benchmarks.yardsticks.polars_features import KINDS


def write(folder: str, cutoffs: Sequence[str], out: str) -> None:
    """Write the columns of every account at every cutoff, a file a cutoff."""
    accounts = pl.scan_parquet(Path(folder) / "accounts.parquet").select("account_id")
    daily = by_day(pl.scan_parquet(Path(folder) / "events.parquet")).collect(engine="streaming")
    for day in day_numbers(cutoffs):
        as_of = pl.lit(day * DAY).cast(pl.Datetime("us")).alias("as_of")
        found = daily.lazy().filter(pl.col("day") < day).with_columns(age=day - pl.col("day"))
        columns = found.group_by("account_id").agg(*window_columns(), *other_columns(day))
        panel = accounts.join(columns, on="account_id", how="left").select("account_id", as_of, *filled())
        panel.collect(engine="streaming").write_parquet(Path(out) / f"{day}.parquet", statistics=False)


def by_day(events: pl.LazyFrame) -> pl.LazyFrame:
    """Return partial sums, one row an account and day."""
    value, kind = pl.col("value"), pl.col("kind")
    to_midnight = (pl.col("day").cast(pl.Int64) + 1) * DAY - pl.col("at").cast(pl.Int64)
    return (
        events.with_columns(day=pl.col("at").dt.epoch("d"), kind=kind.cast(KINDS))
        .with_columns(
            bit=pl.lit(pl.Series(1 << np.arange(12), dtype=pl.UInt16)).gather(pl.col("kind").to_physical()),
            decayed=value * 0.5 ** (to_midnight / (HALF_LIFE * DAY)),
        )
        .group_by("account_id", "day")
        .agg(
            events=pl.len(),
            total=value.sum(),
            known=value.count(),
            kinds=pl.col("bit").bitwise_or(),
            cases=(kind == "case").sum(),
            usage=value.filter(kind == "usage").sum(),
            purchases=value.filter(kind == "purchase").sum(),
            largest=value.max(),
            decayed=pl.col("decayed").sum(),
            latest=pl.col("at").max(),
        )
    )


def window_columns() -> Iterator[pl.Expr]:
    """Yield the columns of each window from the days that lie in it."""
    for days in WINDOWS:
        own = pl.col("age") <= days
        total, known = pl.col("total").filter(own).sum(), pl.col("known").filter(own).sum()
        yield pl.col("events").filter(own).sum().alias(f"events_{days}d")
        yield total.alias(f"total_{days}d")
        yield (total / pl.when(known > 0).then(known)).alias(f"mean_{days}d")
        yield pl.col("kinds").filter(own).bitwise_or().fill_null(0).bitwise_count_ones().alias(f"kinds_{days}d")
        yield pl.col("cases").filter(own).sum().alias(f"cases_{days}d")
        yield pl.col("usage").filter(own).sum().alias(f"usage_{days}d")
        yield pl.col("purchases").filter(own).sum().alias(f"purchases_{days}d")
        yield pl.col("largest").filter(own).max().alias(f"largest_{days}d")


def other_columns(day: int) -> Iterator[pl.Expr]:
    """Yield the columns over all of history, and the trend."""
    half_year = pl.col("events").filter(pl.col("age") <= 180).sum()
    month = pl.col("events").filter(pl.col("age") <= 30).sum()
    yield ((day * DAY - pl.col("latest").max().cast(pl.Int64)) / DAY).alias("recency_days")
    yield (month / pl.when(half_year > 0).then(half_year)).alias("trend")
    yield (pl.col("decayed") * 0.5 ** ((pl.col("age") - 1) / HALF_LIFE)).sum().alias("decayed_total")


def filled() -> Iterator[pl.Expr]:
    """Yield the columns as float32; of accounts without events counts and sums are 0."""
    missing = ("mean", "largest", "recency", "trend")
    for name in COLUMNS:
        column = pl.col(name) if name.startswith(missing) else pl.col(name).fill_null(0)
        yield column.cast(pl.Float32).alias(name)
