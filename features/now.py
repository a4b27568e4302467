"""The features of some accounts at an instant, of those that are customers then: the rows a panel would have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from features.evaluate import Planner
from features.feature import Feature
from features.labels import ChurnDefinition, at_risk
from features.log import EventLog, to_log
from features.plain_rows import micros
from features.walk import walk

if TYPE_CHECKING:
    import pyarrow as pa

Value = float | str | None


@dataclass(frozen=True)
class Current:
    """What is known at an instant.

    Attributes
    ----------
    rows
        features by name of every account that is a customer, by account; None where missing.
    next_known
        when the first of an account's events becomes known that is not yet (microseconds), by account.
    """

    rows: Mapping[str, Mapping[str, Value]]
    next_known: Mapping[str, int]


class CurrentFeatures:
    """Features of accounts now, to the bit those of a panel at the same instant.

    >>> from features.catalog import catalogue
    >>> from features.account_events import AccountEvents
    >>> wanted = [feature for feature in catalogue() if feature.name == "activities_30d"]
    >>> login = {"activity_id": "1", "account_id": "a", "occurred_at": datetime(2024, 5, 1), "event": "login"}
    >>> events = AccountEvents.of("a", {"activities": [login]}).table
    >>> CurrentFeatures(wanted, ChurnDefinition("inactivity")).at([events], datetime(2024, 5, 2)).rows
    {'a': {'activities_30d': 1.0}}
    """

    def __init__(self, features: Sequence[Feature], churn: ChurnDefinition) -> None:
        self.features = tuple(features)
        self.churn = churn
        self._planner = Planner(self.features)

    def at(self, events: Sequence[pa.Table], as_of: datetime) -> Current:
        """Return the rows at an instant (naive: UTC) from the events of accounts, one table (LOG_COLUMNS) each."""
        import pyarrow as pa

        log = to_log(pa.concat_tables(events))
        instant = micros(as_of)
        spine = at_risk(log, self.churn, np.array([instant]))
        values = walk(log, spine.account, spine.as_of, self._planner.of(log.types)).T.tolist()
        rows = {log.accounts[i]: self._named(own, log) for i, own in zip(spine.account.tolist(), values, strict=True)}
        return Current(rows, _next_known(log, instant))

    def _named(self, values: Sequence[float], log: EventLog) -> dict[str, Value]:
        return {
            feature.name: None if value != value else value if feature.kind == "number" else log.texts[int(value)]
            for feature, value in zip(self.features, values, strict=True)
        }


def _next_known(log: EventLog, instant: int) -> dict[str, int]:
    waiting = np.flatnonzero(log.known_at >= instant)
    found: dict[str, int] = {}
    for owner, at in zip(log.owners(waiting).tolist(), log.known_at[waiting].tolist(), strict=True):
        account_id = log.accounts[owner]
        found[account_id] = min(at, found.get(account_id, at))
    return found
