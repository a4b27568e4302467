"""Forty of the columns by Featuretools, the windowed ones; run as a script by an environment of its own.

Featuretools does not run beside pandas 3. Arguments: the folder, the cutoffs with commas between, the file to write.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

WINDOWS = (7, 30, 90, 180, 365)
NAMES = {
    "COUNT(events)": "events",
    "SUM(events.value)": "total",
    "MEAN(events.value)": "mean",
    "NUM_UNIQUE(events.kind)": "kinds",
    "COUNT(events WHERE kind = case)": "cases",
    "SUM(events.value WHERE kind = usage)": "usage",
    "SUM(events.value WHERE kind = purchase)": "purchases",
    "MAX(events.value)": "largest",
}
ZERO = ["events", "total", "kinds", "cases", "usage", "purchases"]


def entities(folder: Path) -> Any:
    """Return accounts and their events."""
    import featuretools as ft  # type: ignore[import-not-found]
    import pandas as pd

    found = ft.EntitySet("company")
    types = {"account_id": "Categorical", "kind": "Categorical"}
    events = pd.read_parquet(folder / "events.parquet")
    found.add_dataframe(pd.read_parquet(folder / "accounts.parquet"), "accounts", index="account_id")
    found.add_dataframe(events, "events", index="event_id", time_index="at", logical_types=types)
    found.add_relationship("accounts", "account_id", "events", "account_id")
    found.add_interesting_values(dataframe_name="events", values={"kind": ["case", "usage", "purchase"]})
    return found


def main() -> None:
    """Write the columns of every account at every cutoff."""
    import featuretools as ft
    import pandas as pd

    folder, cutoffs, out = sys.argv[1:]
    company = entities(Path(folder))
    wanted = ft.dfs(
        entityset=company,
        target_dataframe_name="accounts",
        agg_primitives=["count", "sum", "mean", "max", "num_unique"],
        where_primitives=["count", "sum"],
        trans_primitives=[],
        max_depth=1,
        features_only=True,
    )
    wanted = [feature for feature in wanted if feature.get_name() in NAMES]
    spine = company["accounts"][["account_id"]].merge(
        pd.DataFrame({"time": pd.to_datetime(cutoffs.split(","))}), "cross"
    )
    parts = [_window(wanted, company, spine, days) for days in WINDOWS]
    pd.concat(parts, axis=1).reset_index().rename(columns={"time": "as_of"}).to_parquet(out, index=False)


def _window(wanted: list[Any], company: Any, spine: Any, days: int) -> Any:
    import featuretools as ft

    found = ft.calculate_feature_matrix(
        wanted, company, cutoff_time=spine, training_window=f"{days} days", cutoff_time_in_index=True,
        include_cutoff_time=False,
    )  # fmt: skip
    found = found.rename(columns=NAMES).astype("float32")
    return found.fillna(dict.fromkeys(ZERO, 0)).add_suffix(f"_{days}d")


if __name__ == "__main__":
    main()
