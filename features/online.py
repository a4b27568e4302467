"""One account's features at an instant, from its own rows: the same rules and the same walk as the panel, no SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features import streams as s
from features.evaluate import Planner
from features.events import ANSWERED_RULE, RULES
from features.feature import Feature
from features.log import LOG_COLUMNS, EventLog, to_log
from features.plain_rows import micros
from features.relatives import ALWAYS, EXISTS, MOST_RELATIVES, NOT_AN_ATTRIBUTE
from features.rules import Row, Rule
from features.walk import walk

if TYPE_CHECKING:
    import pyarrow as pa

Rows = Mapping[str, Sequence[Row]]
Event = dict[str, Any]


class OnlineFeatures:
    """Features of single accounts.

    >>> from features.catalog import catalogue
    >>> online = OnlineFeatures([feature for feature in catalogue() if feature.name == "activities_30d"])
    >>> login = {"account_id": "a", "occurred_at": datetime(2024, 5, 1), "event": "login"}
    >>> online.at(account_log("a", {"activities": [login]}), datetime(2024, 5, 2))
    {'activities_30d': 1.0}
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
        self._planner = Planner(self.features)

    def at(self, log: EventLog, as_of: datetime) -> dict[str, float | str | None]:
        """Return the features by name at an instant (UTC), to the bit those of a panel row; None where missing.

        Parameters
        ----------
        log
            the history of one account, as `account_log` makes it; what comes at or after `as_of` changes nothing.
        as_of
            naive times are UTC.
        """
        instant = np.array([micros(as_of)], dtype=np.int64)
        values = walk(log, np.zeros(1, dtype=np.int64), instant, self._planner.of(log.types))[:, 0].tolist()
        return {
            feature.name: None if value != value else value if feature.kind == "number" else log.texts[int(value)]
            for feature, value in zip(self.features, values, strict=True)
        }


def account_log(account_id: str, rows: Rows) -> EventLog:
    """Return the history of one account from its rows of the contract's tables.

    Parameters
    ----------
    account_id
        the account.
    rows
        by table, rows as mappings from column to value: text, float, bool, datetime (naive: UTC) or None. All are the
        account's own, but among `accounts` there may be others: those with it as their parent, or with its parent.
    """
    accounts = rows.get("accounts", ())
    parent = next((row.get("parent_account_id") for row in accounts if row["account_id"] == account_id), None)
    around = [Relative(row["account_id"], row.get("parent_account_id"), row.get("created_at")) for row in accounts]
    events = [*own_events(account_id, rows), *relative_events(account_id, parent, around)]
    return to_log(events_table(account_id, events))


class Relative(NamedTuple):
    """What an account has to say to those around it: its id, its parent, and since when it is there (naive: UTC)."""

    account_id: str
    parent_account_id: str | None
    created_at: datetime | None


def events_table(account_id: str, events: Iterable[Event]) -> pa.Table:
    """Return events of one account as a table with the columns of LOG_COLUMNS."""
    import pyarrow as pa

    types = dict.fromkeys(LOG_COLUMNS, pa.string()) | {"at": pa.int64(), "known_at": pa.int64(), "value": pa.float64()}
    known = list(events)
    columns = {name: pa.array([event.get(name) for event in known], types[name]) for name in LOG_COLUMNS}
    columns["account_id"] = pa.array([account_id] * len(known), pa.string())
    times = {name: columns[name].cast(pa.timestamp("us")) for name in ("at", "known_at")}
    return pa.table(columns | times)


def own_events(account_id: str, rows: Rows) -> Iterator[Event]:
    """Yield what an account's own rows tell of, by table as in `account_log`; of other accounts nothing."""
    yield _said(ALWAYS, s.ACCOUNT, EXISTS)
    role_of = {contact["contact_id"]: contact.get("role") for contact in rows.get("contacts", ())}
    for name in RULES:
        for row in rows.get(name, ()):
            yield from row_events(name, row, role_of)
    yield from _answered(rows, role_of)
    for account in rows.get("accounts", ()):
        if account["account_id"] == account_id:
            yield from _attributes(account, rows.get("account_changes", ()))


def row_events(table: str, row: Row, role_of: Mapping[Any, Any]) -> Iterator[Event]:
    """Yield what one row of a table tells of by itself; `role_of` are the buying roles by contact."""
    known = row if table == "contacts" else {**row, "role": role_of.get(row.get("contact_id"))}
    yield from (event for rule in RULES.get(table, ()) if (event := _event(known, rule)))


def _event(row: Row, rule: Rule) -> Event | None:
    """The event that a rule makes of a row, None where it makes none."""
    at = row.get(rule.at)
    if at is None or (rule.only and not rule.only.of(row)):
        return None
    others = [row.get(name) for name in (*rule.also, "recorded_at")]
    return {
        "at": micros(at),
        "known_at": max(micros(time) for time in (at, *others) if time is not None),
        "stream": rule.stream.of(row),
        "kind": rule.kind.of(row) if rule.kind else None,
        "value": rule.value.of(row) if rule.value else None,
        "contact_id": row.get("contact_id"),
        "role": row.get("role"),
        "touchpoint": row.get("touchpoint"),
    }


def _answered(rows: Rows, role_of: Mapping[Any, Any]) -> Iterator[Event]:
    """Each invitation that was answered, known since it was first answered."""
    first: dict[Any, datetime] = {}
    for answer in rows.get("survey_responses", ()):
        known_at = max(time for time in (answer["answered_at"], answer.get("recorded_at")) if time is not None)
        invitation = answer.get("invitation_id")
        first[invitation] = min(known_at, first.get(invitation, known_at))
    for invitation in rows.get("survey_invitations", ()):
        if invitation["invitation_id"] in first:
            answered = {**invitation, "first_known_at": first[invitation["invitation_id"]], "recorded_at": None}
            event = _event(answered | {"role": role_of.get(invitation.get("contact_id"))}, ANSWERED_RULE)
            if event:
                yield event


def _attributes(account: Row, changes: Sequence[Row]) -> Iterator[Event]:
    """What an account is: since always, or since a recorded change."""
    for name, value in account.items():
        if name in NOT_AN_ATTRIBUTE:
            continue
        if isinstance(value, datetime):
            yield _said(value, s.ACCOUNT_TIME, name)
            continue
        own = sorted(
            (change for change in changes if change["column"] == name),
            key=lambda change: (micros(change["changed_at"]), change["change_id"]),
        )
        is_number = isinstance(value, int | float)
        was = _as_type(own[0].get("old_value"), is_number) if own else value
        yield _said(ALWAYS, s.ACCOUNT, name, was)
        for change in own:
            recorded = change.get("recorded_at")
            yield _said(change["changed_at"], s.ACCOUNT, name, _as_type(change.get("new_value"), is_number), recorded)
            yield _said(change["changed_at"], s.ACCOUNT_CHANGED, name, known_at=recorded)


def relative_events(account_id: str, parent: str | None, accounts: Iterable[Relative]) -> Iterator[Event]:
    """Yield what the accounts below and beside an account tell of, the first hundred of each; others are passed over.

    `parent` is the account's own.
    """
    dated = [(row.created_at or ALWAYS, row.account_id, row.parent_account_id) for row in accounts]
    below = sorted((at, name) for at, name, above in dated if above == account_id)
    beside = sorted((at, name) for at, name, above in dated if above is not None and above == parent)
    yield from (_said(at, s.CHILD, "child") for at, _ in below[:MOST_RELATIVES])
    yield from (_said(at, s.SIBLING, "sibling") for at, name in beside[: MOST_RELATIVES + 1] if name != account_id)


def _said(at: datetime, stream: str, kind: str, said: Any = None, known_at: datetime | None = None) -> Event:
    known = at if known_at is None else max(at, known_at)
    event = {"at": micros(at), "known_at": micros(known), "stream": stream, "kind": kind}
    return event | ({"text": said} if isinstance(said, str) else {"value": None if said is None else float(said)})


def _as_type(text: str | None, is_number: bool) -> float | str | None:
    if text is None or not is_number:
        return text
    try:
        return float(text)
    except ValueError:
        return None
