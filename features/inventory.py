"""What there is to compute features from: streams, kinds, roles, need items, columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from features.catalog import Inventory, Kind
from features.events import event_log
from features.relatives import NOT_AN_ATTRIBUTE, NOT_OBSERVED, attributes
from features.sources import Warehouse
from features.streams import ACCOUNT, ACCOUNT_CHANGED, ACCOUNT_TIME, NEED, OBSERVED

# A text of which more than this share of values differ names accounts, it does not group them.
MOST_CATEGORY_SHARE = 0.5


Counts = Sequence[Mapping[str, Any]]


def inventory(warehouse: Warehouse, counts: Counts | None = None) -> Inventory:
    """Return what there is to compute features from; `counts`, as `event_counts` has them, spare it to read the log."""
    rows = event_counts(warehouse) if counts is None else counts
    # What an account is says nothing here that its columns do not say below.
    rows = [row for row in rows if row["stream"] not in (ACCOUNT, OBSERVED)]
    accounts, names = _columns_there(warehouse, "accounts")
    observed, other_names = _columns_there(warehouse, "observations")
    return Inventory(
        streams=frozenset(row["stream"] for row in rows),
        valued=_knowing(rows, "valued"),
        by_contact=_knowing(rows, "by_contact"),
        at_touchpoint=_knowing(rows, "at_touchpoint"),
        roles=frozenset((row["stream"], row["role"]) for row in rows if row["role"]),
        kinds=_kinds(rows),
        need_items=tuple(sorted({row["kind"] for row in rows if row["stream"] == NEED and row["kind"]})),
        account_columns=accounts,
        account_times=frozenset(row["kind"] for row in rows if row["stream"] == ACCOUNT_TIME),
        history=frozenset(row["kind"] for row in rows if row["stream"] == ACCOUNT_CHANGED),
        observed_columns=observed,
        left_out=dict.fromkeys(names + other_names, "nearly every value differs, it names more than it groups"),
    )


def event_counts(warehouse: Warehouse) -> Counts:
    """Count the events of each stream, kind and role: all (n), and those that know a value, a contact, a touchpoint."""
    import ibis

    log = event_log(warehouse)
    log = log.filter(log["stream"].notin([ACCOUNT, OBSERVED]))
    found = log.group_by("stream", "kind", "role").aggregate(
        n=ibis._.count(), valued=log["value"].count(), by_contact=log["contact_id"].count(),
        at_touchpoint=log["touchpoint"].count(),
    )  # fmt: skip
    rows: Counts = found.to_pyarrow().to_pylist()
    return rows


def _knowing(rows: Counts, what: str) -> frozenset[str]:
    return frozenset(row["stream"] for row in rows if row[what])


def _kinds(rows: Counts) -> dict[str, tuple[str, ...]]:
    """The kinds of each stream, the most frequent first, equal ones by name."""
    count: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        if row["kind"] is not None:
            count[row["stream"]][row["kind"]] += row["n"]
    ranked = {stream: sorted(n, key=lambda kind: (-n[kind], kind)) for stream, n in count.items()}
    return {stream: tuple(kinds) for stream, kinds in ranked.items()}


def _columns_there(warehouse: Warehouse, name: str) -> tuple[dict[str, Kind], list[str]]:
    """Columns of an open table that say something, by kind, and texts that are nearly unique."""
    table = warehouse.tables.get(name)
    if table is None:
        return {}, []
    columns = attributes(table, NOT_AN_ATTRIBUTE | {"owner"} if name == "accounts" else NOT_OBSERVED)
    if not columns:
        return {}, []
    counts = table.aggregate(
        **{f"{column}|n": table[column].count() for column in columns},
        **{f"{column}|u": table[column].nunique() for column in columns},
    )
    found = counts.to_pyarrow().to_pylist()[0]
    kinds: dict[str, Kind] = {}
    names: list[str] = []
    for column in columns:
        n, unique = found[f"{column}|n"], found[f"{column}|u"]
        if n == 0:
            continue
        if table[column].type().is_numeric():
            kinds[column] = "number"
        elif unique <= max(2, MOST_CATEGORY_SHARE * n):
            kinds[column] = "category"
        else:
            names.append(column)
    return kinds, names
