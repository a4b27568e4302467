"""What befell accounts that no account asked for: outages, errors in bills, dearer prices, a champion who leaves."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.experience.known import known_rows

if TYPE_CHECKING:
    from features.warehouse import Warehouse

ADVERSE = ("outage", "incident", "billing_error", "price_rise", "price_increase")
"""Parts of names of activities that tell of one."""
CHAMPION_LEFT = "champion left"


def read_shocks(warehouse: Warehouse, as_of: pd.Timestamp, contacts: pd.DataFrame) -> pd.DataFrame:
    """Return account_id, at, kind of each shock known before a date: adverse activities, primary contacts who left."""
    parts = [_champions(contacts)]
    rows = known_rows(warehouse, "activities", as_of)
    if rows is not None:
        is_adverse = reduce(or_, [rows["event"].lower().contains(name) for name in ADVERSE])
        own = rows.filter(is_adverse).select("account_id", at="occurred_at", kind="event")
        parts.append(own.to_pyarrow().to_pandas())
    found = pd.concat(parts, ignore_index=True)
    return found.assign(account_id=found["account_id"].astype(str)).sort_values(["at", "account_id"], ignore_index=True)


def _champions(contacts: pd.DataFrame) -> pd.DataFrame:
    is_primary = contacts["is_primary"].astype("boolean").fillna(False).astype(bool)
    gone = contacts[is_primary & contacts["active_to"].notna()]
    return gone[["account_id", "active_to"]].rename(columns={"active_to": "at"}).assign(kind=CHAMPION_LEFT)
