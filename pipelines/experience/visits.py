"""Which touchpoints each account visited, one after another, from its first contact to its leaving."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipelines.experience.known import known_rows

if TYPE_CHECKING:
    import ibis

    from features.warehouse import Warehouse

FIRST, LEFT = "first contact", "left"
STAY_DAYS = 14
"""Events at one touchpoint with no longer break and nothing else between are one visit; after it, it is a return."""
HAPPENED = {"activities": "occurred_at", "cases": "opened_at"}
MOVES = ("account_id", "source", "target", "n", "wait_days")
VISITS = "touchpoint visits"
MET = ("account_id", "touchpoint", "first_at", "n")
LAST = ("account_id", "source", "at")


def read_moves(warehouse: Warehouse, as_of: pd.Timestamp, departures: pd.DataFrame) -> pd.DataFrame:
    """Return how often each account went from one touchpoint to the next, and the days that it waited in all.

    account_id, source, target, n, wait_days (from the end of one visit to the start of the next; summed). A return to
    the same touchpoint is a loop: source and target are the same. The source of the first is `first contact`; an
    account that left after its last visit moved to `left`. Events are put in order and summed in the engine.
    """
    found = _visits(warehouse, as_of)
    if found is None:
        return pd.DataFrame(columns=list(MOVES))
    # Both moves and last visits are read from it: put in order once, and no table of the contract.
    visits = warehouse.store(VISITS, found)
    del warehouse.tables[VISITS]
    moves = _frame(_moves(visits), MOVES)
    return pd.concat([moves, _leaving(_frame(_last(visits), LAST), departures)], ignore_index=True)


def read_met(warehouse: Warehouse, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return account_id, touchpoint, first_at and n (events): which touchpoints each account met, and when first."""
    events = _events(warehouse, as_of)
    if events is None:
        return pd.DataFrame({name: pd.Series(dtype=_TYPES[name]) for name in MET})
    met = events.group_by("account_id", "touchpoint").aggregate(
        first_at=lambda own: own["at"].min(), n=lambda own: own.count()
    )
    return _frame(met, MET).sort_values(["account_id", "first_at", "touchpoint"], ignore_index=True)


_TYPES = {"account_id": "str", "touchpoint": "str", "first_at": "datetime64[us]", "n": "int64"}


def _events(warehouse: Warehouse, as_of: pd.Timestamp) -> ibis.Table | None:
    parts = []
    for name, happened in HAPPENED.items():
        rows = known_rows(warehouse, name, as_of)
        if rows is not None:
            own = rows.filter(rows["touchpoint"].notnull())
            parts.append(own.select("account_id", "touchpoint", at=own[happened]))
    return reduce(lambda one, other: one.union(other), parts) if parts else None


def _visits(warehouse: Warehouse, as_of: pd.Timestamp) -> ibis.Table | None:
    """account_id, touchpoint, start, end: one row a visit."""
    import ibis

    events = _events(warehouse, as_of)
    if events is None:
        return None
    # A day at a touchpoint is one row: what is put in order is a fraction of the events.
    days = events.group_by("account_id", "touchpoint", day=events["at"].truncate("D")).aggregate(
        start=lambda own: own["at"].min(), end=lambda own: own["at"].max()
    )
    of_account = ibis.window(group_by="account_id", order_by=["start", "touchpoint"])
    before = days.mutate(
        same=days["touchpoint"].lag().over(of_account) == days["touchpoint"],
        gap=_days(days["start"]) - _days(days["end"].lag().over(of_account)),
    )
    begins = (before["same"].fill_null(False) & (before["gap"] <= STAY_DAYS)).ifelse(0, 1)
    numbered = before.mutate(begins=begins)
    so_far = ibis.cumulative_window(group_by="account_id", order_by=["start", "touchpoint"])
    numbered = numbered.mutate(visit=numbered["begins"].sum().over(so_far))
    visits: ibis.Table = numbered.group_by("account_id", "touchpoint", "visit").aggregate(
        start=lambda own: own["start"].min(), end=lambda own: own["end"].max()
    )
    return visits


def _moves(visits: ibis.Table) -> ibis.Table:
    import ibis

    of_account = ibis.window(group_by="account_id", order_by="visit")
    steps = visits.mutate(
        source=visits["touchpoint"].lag().over(of_account).fill_null(FIRST),
        wait=(_days(visits["start"]) - _days(visits["end"].lag().over(of_account))).fill_null(0.0),
        target=visits["touchpoint"],
    )
    moves: ibis.Table = steps.group_by("account_id", "source", "target").aggregate(
        n=lambda own: own.count(), wait_days=lambda own: own["wait"].sum()
    )
    return moves


def _last(visits: ibis.Table) -> ibis.Table:
    last: ibis.Table = visits.group_by("account_id").aggregate(
        source=lambda own: own["touchpoint"].argmax(own["visit"]), at=lambda own: own["end"].max()
    )
    return last


def _leaving(last: pd.DataFrame, departures: pd.DataFrame) -> pd.DataFrame:
    gone = pd.to_datetime(departures["left_at"]).groupby(departures["account_id"].astype(str)).max()
    left = last.assign(left_at=gone.reindex(last["account_id"]).to_numpy())
    left = left[left["left_at"] >= left["at"]]
    waits = (left["left_at"] - left["at"]).dt.total_seconds() / 86_400
    return left.assign(target=LEFT, n=1, wait_days=waits)[list(MOVES)]


def _days(time: Any) -> Any:
    return time.epoch_seconds() / 86_400.0


def _frame(rows: ibis.Table, names: tuple[str, ...]) -> pd.DataFrame:
    found: pd.DataFrame = rows.select(*names).to_pyarrow().to_pandas()
    # In an order of its own: an engine gives groups in any.
    found = found.assign(account_id=found["account_id"].astype(str))
    keys = [name for name in names if name in ("account_id", "source", "target", "touchpoint")]
    return found.sort_values(keys, ignore_index=True)
