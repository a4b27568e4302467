"""The 43 columns by hand in Polars: partial sums by account and stretch of time, then windows as sums of columns.

Of the ways that were tried the cheapest: it knows all cutoffs and windows beforehand, and adds up between their edges.
`polars_bands_features` is the way by account and day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from experiments.benchmarks.yardsticks.columns import COLUMNS, DAY, HALF_LIFE, WINDOWS, day_numbers, edges

KINDS = pl.Enum(
    ["login", "usage", "search", "report", "export", "share", "comment", "email", "call", "visit", "purchase", "case"]
)
ADDED = ("events", "total", "known", "cases", "usage", "purchases")


def write(folder: str, cutoffs: Sequence[str], out: str) -> None:
    """Write the columns of every account at every cutoff, a file a cutoff."""
    days = day_numbers(cutoffs)
    accounts = pl.read_parquet(Path(folder) / "accounts.parquet", columns=["account_id"])["account_id"]
    stretches = partial_sums(pl.scan_parquet(Path(folder) / "events.parquet"), accounts, edges(days))
    wide = side_by_side(stretches, accounts)
    there = sorted(int(name.removeprefix("events_")) for name in wide.columns if name.startswith("events_"))
    for day in days:
        as_of = pl.lit(day * DAY).cast(pl.Datetime("us")).alias("as_of")
        bands = wide.select("account_id", *band_columns(day, edges(days), there))
        panel = bands.select("account_id", as_of, *window_columns(day))
        panel.write_parquet(Path(out) / f"{day}.parquet", statistics=False)


def partial_sums(events: pl.LazyFrame, accounts: pl.Series, ends: list[int]) -> pl.DataFrame:
    """Return one row an account and stretch of time; accounts are their positions."""
    ends_of_days = np.searchsorted(ends, np.arange(ends[-1]), side="right").astype(np.uint8)
    value, kind = pl.col("value"), pl.col("kind")
    until = pl.lit(pl.Series(np.array(ends) * DAY)).gather("stretch") - pl.col("at").cast(pl.Int64)
    return (
        events.filter(pl.col("at") < pl.lit(ends[-1] * DAY).cast(pl.Datetime("us")))
        .with_columns(
            account=pl.col("account_id").cast(pl.Enum(accounts)).to_physical(),
            stretch=pl.lit(pl.Series(ends_of_days)).gather(pl.col("at").dt.epoch("d")),
            kind=kind.cast(KINDS).to_physical(),
        )
        .with_columns(
            bit=pl.lit(pl.Series(1 << np.arange(12), dtype=pl.UInt16)).gather("kind"),
            decayed=value * (until * (-np.log(2) / (HALF_LIFE * DAY))).exp(),
        )
        .group_by("account", "stretch")
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


def side_by_side(stretches: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """Return one row an account, with the columns of each stretch named after it, null where nothing happened."""
    accounts = pl.DataFrame({"account": pl.int_range(len(names), dtype=pl.UInt32, eager=True)})
    parts = stretches.partition_by("stretch", as_dict=True, include_key=False)
    wide = [
        accounts.join(part, on="account", how="left", maintain_order="left").select(
            pl.exclude("account").name.suffix(f"_{key}")
        )
        for (key,), part in parts.items()
    ]
    return pl.concat([names.to_frame(), *wide], how="horizontal")


def band_columns(day: int, ends: list[int], there: list[int]) -> Iterator[pl.Expr]:
    """Yield what happened between one window's beginning and the next, for a cutoff; and over all of history."""
    newest = day
    for days in WINDOWS:
        own = [k for k in there if k and ends[k - 1] >= day - days and ends[k] <= newest]
        newest = day - days
        yield from (_added([f"{name}_{k}" for k in own]).alias(f"{name}_{days}") for name in ADDED)
        yield _largest([f"largest_{k}" for k in own]).alias(f"largest_{days}")
        yield _united([f"kinds_{k}" for k in own]).alias(f"kinds_{days}")
    before = [k for k in there if ends[k] <= day]
    decayed = [pl.col(f"decayed_{k}") * 0.5 ** ((day - ends[k]) / HALF_LIFE) for k in before]
    yield _added(decayed).alias("decayed")
    yield _largest([f"latest_{k}" for k in before]).alias("latest")


def window_columns(day: int) -> Iterator[pl.Expr]:
    """Yield the 43 columns of a cutoff from its bands."""
    for i in range(len(WINDOWS)):
        added = {name: _added([f"{name}_{days}" for days in WINDOWS[: i + 1]]) for name in ADDED}
        values = (
            added["events"],
            added["total"],
            _ratio(added["total"], added["known"]),
            _united([f"kinds_{days}" for days in WINDOWS[: i + 1]]).bitwise_count_ones(),
            added["cases"],
            added["usage"],
            added["purchases"],
            _largest([f"largest_{days}" for days in WINDOWS[: i + 1]]),
        )
        names = COLUMNS[i * len(values) : (i + 1) * len(values)]
        yield from (_float32(value, name) for value, name in zip(values, names, strict=True))
    month, half_year = (_added([f"events_{days}" for days in WINDOWS[:n]]) for n in (2, 4))
    yield _float32((day * DAY - pl.col("latest")) / DAY, "recency_days")
    yield _float32(_ratio(month, half_year), "trend")
    yield _float32(pl.col("decayed"), "decayed_total")


def code_of(kind: str) -> int:
    """Return the number that a kind of event goes by."""
    return int(KINDS.categories.to_list().index(kind))


def _added(columns: Sequence[str | pl.Expr]) -> pl.Expr:
    return pl.sum_horizontal(columns) if columns else pl.lit(0.0)


def _largest(columns: Sequence[str]) -> pl.Expr:
    return pl.max_horizontal(columns) if columns else pl.lit(None, pl.Float64)


def _united(columns: Sequence[str]) -> pl.Expr:
    if not columns:
        return pl.lit(0, pl.UInt16)
    return pl.reduce(lambda one, other: one | other, [pl.col(name).fill_null(0) for name in columns])


def _ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return part / pl.when(whole > 0).then(whole)


def _float32(value: pl.Expr, name: str) -> pl.Expr:
    return value.cast(pl.Float32).alias(name)
