"""References that accounts were asked for or gave, from the activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipelines.experience.known import known_rows

if TYPE_CHECKING:
    from features.warehouse import Warehouse

NAMED = "reference"
GIVEN = ("given", "provided", "made")


def read_references(warehouse: Warehouse, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return account_id, at and is_given of activities whose event's name says reference (asked for, or given)."""
    rows = known_rows(warehouse, "activities", as_of)
    if rows is None:
        columns = {"account_id": "str", "at": "datetime64[us]", "is_given": "bool"}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    own = rows.filter(rows["event"].lower().contains(NAMED)).select("account_id", "event", at="occurred_at")
    found: pd.DataFrame = own.to_pyarrow().to_pandas()
    is_given = found["event"].str.lower().str.contains("|".join(GIVEN)).fillna(False).astype(bool)
    told = found.assign(account_id=found["account_id"].astype(str), is_given=is_given).drop(columns="event")
    return told.sort_values(["account_id", "at"], ignore_index=True)
