"""What there is to compute features from: streams, need items, columns."""

from __future__ import annotations

from features.catalog import Inventory, Kind
from features.events import NEED, log_expression
from features.sources import Warehouse

# A text of which more than this share of values differ names accounts, it does not group them.
MOST_CATEGORY_SHARE = 0.5


def inventory(warehouse: Warehouse) -> Inventory:
    """Return what there is to compute features from."""
    log = log_expression(warehouse.tables)
    need = (log["stream"] == NEED).ifelse(log["kind"], None)
    found = log.group_by(stream=log["stream"], need=need).aggregate(
        valued=log["value"].count(), by_contact=log["contact_id"].count(), at_touchpoint=log["touchpoint"].count()
    )
    rows = found.to_pyarrow().to_pylist()
    knowing = {
        what: frozenset(row["stream"] for row in rows if row[what])
        for what in ("valued", "by_contact", "at_touchpoint")
    }
    accounts, times, names = _columns_there(warehouse, "accounts")
    observed, _, other_names = _columns_there(warehouse, "observations")
    return Inventory(
        streams=frozenset(row["stream"] for row in rows),
        need_items=tuple(sorted({row["need"] for row in rows if row["need"]})),
        account_columns=accounts,
        account_times=times,
        observed_columns=observed,
        left_out=dict.fromkeys(names + other_names, "nearly every value differs, it names more than it groups"),
        **knowing,
    )


_NO_FEATURE = {"account_id", "name", "parent_account_id", "owner", "churned", "as_of"}


def _columns_there(warehouse: Warehouse, name: str) -> tuple[dict[str, Kind], frozenset[str], list[str]]:
    """Columns of an open table that say something by kind, those that are times, and texts that are nearly unique."""
    table = warehouse.tables.get(name)
    if table is None:
        return {}, frozenset(), []
    columns = [column for column in table.columns if column not in _NO_FEATURE]
    if not columns:
        return {}, frozenset(), []
    counts = table.aggregate(
        **{f"{column}|n": table[column].count() for column in columns},
        **{f"{column}|u": table[column].nunique() for column in columns},
    )
    found = counts.to_pyarrow().to_pylist()[0]
    times = {column for column in columns if table[column].type().is_timestamp() and found[f"{column}|n"]}
    kinds: dict[str, Kind] = {}
    names: list[str] = []
    for column in columns:
        n, unique = found[f"{column}|n"], found[f"{column}|u"]
        if column in times or n == 0:
            continue
        if table[column].type().is_numeric():
            kinds[column] = "number"
        elif unique <= max(2, MOST_CATEGORY_SHARE * n):
            kinds[column] = "category"
        else:
            names.append(column)
    return kinds, frozenset(times), names
