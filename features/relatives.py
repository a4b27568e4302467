"""What an account is, as events: its columns and their changes, its dates, the accounts around it, snapshots."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from features import streams as s
from features.log import log_rows

if TYPE_CHECKING:
    import ibis

ALWAYS = datetime(1900, 1, 1)
UNDATED = datetime(1970, 1, 1)
# Of the accounts around one, so many count: a group of ten thousand would otherwise be a hundred million events.
MOST_RELATIVES = 100
NOT_AN_ATTRIBUTE = frozenset({"account_id", "name", "parent_account_id", "recorded_at"})
NOT_OBSERVED = frozenset({"account_id", "as_of", "churned"})
EXISTS = "account_id"


def attributes(table: ibis.Table, left_out: frozenset[str] = NOT_AN_ATTRIBUTE) -> list[str]:
    """The columns of a table that say what an account is, times apart."""
    names = [name for name in table.columns if name not in left_out and not name.startswith("_")]
    return [name for name in names if not table[name].type().is_timestamp()]


def account_events(accounts: ibis.Table, changes: ibis.Table | None) -> list[ibis.Table]:
    """The events of `accounts`: what each is, since always or since a recorded change, its dates and its relatives."""
    import ibis

    names = attributes(accounts)
    always = ibis.literal(ALWAYS).cast("timestamp")
    parts = [_event(accounts, always, s.ACCOUNT, EXISTS)]
    if changes is None:
        parts += [_event(accounts, always, s.ACCOUNT, name, accounts[name]) for name in names]
    else:
        parts += [part for name in names for part in _history(accounts, changes, name)]
    times = [name for name in accounts.columns if accounts[name].type().is_timestamp() and name not in NOT_AN_ATTRIBUTE]
    for name in times:
        dated = accounts.filter(accounts[name].notnull())
        parts.append(_event(dated, dated[name], s.ACCOUNT_TIME, name))
    return [*parts, *_relatives(accounts)]


def observation_events(observations: ibis.Table) -> list[ibis.Table]:
    """The columns of the user's snapshots and their label, a microsecond before the date they speak of."""
    import ibis

    as_of = observations["as_of"].fill_null(ibis.literal(UNDATED).cast("timestamp"))
    before = as_of - ibis.interval(microseconds=1)
    label = observations["churned"].cast("int64").cast("float64")
    names = attributes(observations, NOT_OBSERVED)
    events = [_event(observations, before, s.OBSERVED, name, observations[name]) for name in names]
    return [_event(observations, before, s.LABEL, "churned", label), *events]


def _event(rows: ibis.Table, at: Any, stream: str, kind: str, said: Any = None, known_at: Any = None) -> ibis.Table:
    """One event a row: `said` is a number or a text."""
    import ibis

    is_number = said is not None and (said.type().is_numeric() or said.type().is_boolean())
    if is_number and said.type().is_boolean():
        said = said.cast("int64")
    return log_rows(
        rows,
        account_id=rows["account_id"],
        at=at,
        known_at=known_at,
        stream=ibis.literal(stream),
        kind=ibis.literal(kind),
        value=said if is_number else None,
        text=None if is_number else said,
    )


def _history(accounts: ibis.Table, changes: ibis.Table, name: str) -> list[ibis.Table]:
    """A column as it was before its first recorded change, since each change, and that it changed."""
    import ibis

    own = changes.filter(changes["column"] == name)
    place = ibis.row_number().over(group_by="account_id", order_by=["changed_at", "change_id"])
    first = own.mutate(_place=place).filter(lambda rows: rows["_place"] == 0)
    first = first.select(_account="account_id", _old="old_value")
    rows = accounts.left_join(first, accounts["account_id"] == first["_account"])
    kind = accounts[name].type()
    old, new = _as_type(rows["_old"], kind), _as_type(own["new_value"], kind)
    was = rows["_account"].isnull().ifelse(rows[name], old)
    always = ibis.literal(ALWAYS).cast("timestamp")
    return [
        _event(rows, always, s.ACCOUNT, name, was),
        _event(own, own["changed_at"], s.ACCOUNT, name, new, own["recorded_at"]),
        _event(own, own["changed_at"], s.ACCOUNT_CHANGED, name, known_at=own["recorded_at"]),
    ]


def _as_type(text: Any, kind: Any) -> Any:
    return text.try_cast("float64") if kind.is_numeric() else text


def _relatives(accounts: ibis.Table) -> list[ibis.Table]:
    """Accounts with this one as their parent, and accounts with the same parent, each when it came into being."""
    import ibis

    always = ibis.literal(ALWAYS).cast("timestamp")
    parents = accounts.filter(accounts["parent_account_id"].notnull())
    parents = parents.select(
        child="account_id", parent="parent_account_id", since=parents["created_at"].fill_null(always)
    )
    place = ibis.row_number().over(group_by="parent", order_by=["since", "child"])
    # One more than count, since an account is no sibling of its own.
    children = parents.mutate(_place=place).filter(lambda rows: rows["_place"] <= MOST_RELATIVES)
    of_parent = children.filter(children["_place"] < MOST_RELATIVES)
    of_parent = of_parent.semi_join(accounts, of_parent["parent"] == accounts["account_id"])
    of_parent = of_parent.select(account_id="parent", since="since")
    others = children.select(_other="child", _parent="parent", since="since")
    pairs = parents.drop("since").inner_join(others, parents["parent"] == others["_parent"])
    pairs = pairs.filter(pairs["child"] != pairs["_other"]).select(account_id="child", since="since")
    return [
        _event(of_parent, of_parent["since"], s.CHILD, "child"),
        _event(pairs, pairs["since"], s.SIBLING, "sibling"),
    ]
