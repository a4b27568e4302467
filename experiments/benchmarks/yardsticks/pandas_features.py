"""The 43 columns by hand in pandas: for each cutoff, groups of account and age band, summed up to windows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.benchmarks.yardsticks.columns import COLUMNS, DAY, HALF_LIFE, WINDOWS, day_numbers

ADDED = ("n", "value", "known", "is_case", "usage", "purchase")


def write(folder: str, cutoffs: Sequence[str], out: str) -> None:
    """Write the columns of every account at every cutoff, a file a cutoff."""
    accounts = pd.read_parquet(Path(folder) / "accounts.parquet", columns=["account_id"])["account_id"]
    events = read_events(Path(folder) / "events.parquet", accounts)
    for day in day_numbers(cutoffs):
        panel = columns_at(events, len(accounts), day)
        panel.insert(0, "account_id", accounts)
        panel.insert(1, "as_of", np.array(day * DAY, dtype="datetime64[us]"))
        panel.to_parquet(Path(out) / f"{day}.parquet", index=False)


def read_events(path: Path, accounts: pd.Series[str]) -> pd.DataFrame:
    """Return the events with what the groups add up; accounts are their positions."""
    events = pd.read_parquet(path, columns=["account_id", "at", "kind", "value"])
    kind = events["kind"].astype("category")
    return pd.DataFrame(
        {
            "account": pd.Categorical(events["account_id"], categories=accounts).codes,
            "at": events["at"].astype("int64"),
            "kind": kind.cat.codes,
            "n": 1,
            "value": events["value"],
            "known": events["value"].notna(),
            "is_case": kind == "case",
            "usage": events["value"].where(kind == "usage"),
            "purchase": events["value"].where(kind == "purchase"),
        }
    )


def columns_at(events: pd.DataFrame, n_accounts: int, day: int) -> pd.DataFrame:
    """Return the 43 columns of every account at a cutoff."""
    before = events[events["at"] < day * DAY]
    age = day * DAY - before["at"]
    band = np.searchsorted(np.array(WINDOWS) * DAY, age, side="left")
    recent = before.assign(band=band)[band < len(WINDOWS)]
    columns = _windows(recent, n_accounts)
    latest = before.groupby("account")["at"].max().reindex(range(n_accounts))
    decayed = (before["value"] * 0.5 ** (age / (HALF_LIFE * DAY))).groupby(before["account"]).sum()
    columns["recency_days"] = (day * DAY - latest.to_numpy()) / DAY
    columns["trend"] = columns["events_30d"] / columns["events_180d"].where(columns["events_180d"] > 0)
    columns["decayed_total"] = decayed.reindex(range(n_accounts), fill_value=0).to_numpy()
    return columns[list(COLUMNS)].astype("float32")


def _windows(recent: pd.DataFrame, n_accounts: int) -> pd.DataFrame:
    """Bands first, since every event is in one band but in up to five windows."""
    everything = pd.MultiIndex.from_product([range(n_accounts), range(len(WINDOWS))], names=["account", "band"])
    groups = recent.groupby(["account", "band"])
    added = groups[list(ADDED)].sum().reindex(everything, fill_value=0).groupby(level="account").cumsum()
    largest = groups["value"].max().reindex(everything).groupby(level="account").cummax()
    # cummax leaves a gap where a band is empty, though a newer band was not.
    largest = largest.groupby(level="account").ffill()
    kinds = recent.groupby(["account", "kind"])["band"].min().groupby("account").value_counts()
    kinds = kinds.rename_axis(["account", "band"]).reindex(everything, fill_value=0).groupby(level="account").cumsum()
    by_window = {
        "events": added["n"],
        "total": added["value"],
        "mean": added["value"] / added["known"].where(added["known"] > 0),
        "kinds": kinds,
        "cases": added["is_case"],
        "usage": added["usage"],
        "purchases": added["purchase"],
        "largest": largest,
    }
    shaped = {name: column.to_numpy().reshape(n_accounts, len(WINDOWS)) for name, column in by_window.items()}
    return pd.DataFrame({f"{name}_{days}d": shaped[name][:, i] for i, days in enumerate(WINDOWS) for name in shaped})
