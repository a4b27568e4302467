"""Who may be given an action: every rule as a mask of accounts, none of which is ever overruled."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import numpy as np
import pandas as pd

from pipelines.actions.facts import Facts, days_until
from pipelines.actions.settings import Action, Actions, CulturalRule, Window
from pipelines.drivers.nuisance import Bools


def eligible(name: str, action: Action, facts: Facts, actions: Actions, as_of: pd.Timestamp) -> Bools:
    """Return which accounts may be given an action now."""
    return np.asarray(reduce(np.logical_and, (mask for _, mask in rules(name, action, facts, actions, as_of))))


def rules(
    name: str, action: Action, facts: Facts, actions: Actions, as_of: pd.Timestamp
) -> Iterator[tuple[str, Bools]]:
    """Yield each rule in words, and which accounts keep it."""
    accounts, everyone, nobody = facts.accounts, np.ones(len(facts), dtype=bool), np.zeros(len(facts), dtype=bool)
    forbidden = facts.ids.isin(set(actions.do_not_contact)).to_numpy()
    yield "may be contacted", np.asarray(~forbidden if facts.forbidden is None else ~(forbidden | facts.forbidden))
    if action.needs_consent:
        yield f"consents to {action.channel or 'it'}", facts.consents.get(action.channel, nobody)
    for rule in actions.cultural:
        if _is_about(rule, name, action) and _holds(rule, as_of):
            yield f"is not in {', '.join(rule.countries)}", ~accounts["country"].isin(rule.countries).to_numpy()
    wanted = action.eligible
    if wanted.tiers:
        yield f"is at {' or '.join(wanted.tiers)} risk", accounts["tier"].isin(wanted.tiers).to_numpy()
    for segmentation, names in wanted.segments.items():
        own = facts.segments.get(segmentation, np.full(len(facts), None, dtype=object))
        yield f"is in a {segmentation} segment named", pd.Series(own, dtype=object).isin(names).to_numpy()
    if wanted.roles:
        yield "has a contact in the role", _any(facts.roles.get(role, nobody) for role in wanted.roles)
    if wanted.drivers:
        yield "has the driver", _any(facts.drivers.get(driver, nobody) for driver in wanted.drivers)
    has_case = accounts["has_case"].to_numpy(dtype=bool)
    yield "cases", {"any": everyone, "none": ~has_case, "some": has_case}[wanted.open_case]
    if action.window is not None:
        yield f"is near its {action.window.around}", is_open(action.window, accounts, as_of)
    last = facts.last.get(action.kind or name)
    if last is not None:
        yield "has not had it lately", _has_rested(last, action.rest_days, as_of)
    yield "was not approached lately", _has_rested(accounts["approached"], actions.rest_days, as_of)


def is_open(window: Window, accounts: pd.DataFrame, as_of: pd.Timestamp) -> Bools:
    """Return for which accounts a window is open: both of its days count, an unknown date is no occasion."""
    after = -days_until(accounts[window.around], as_of)
    with np.errstate(invalid="ignore"):
        return np.asarray((np.floor(after) >= window.from_days) & (np.floor(after) <= window.to_days))


def closes(window: Window, accounts: pd.DataFrame) -> pd.Series:
    """Return the last day of a window for each account."""
    return pd.to_datetime(accounts[window.around]) + pd.Timedelta(days=window.to_days)


def _is_about(rule: CulturalRule, name: str, action: Action) -> bool:
    return (not rule.actions or name in rule.actions) and (not rule.channels or action.channel in rule.channels)


def _holds(rule: CulturalRule, as_of: pd.Timestamp) -> bool:
    """Whether a rule holds on a day; from December to January it is both ends of the year.

    >>> rule = CulturalRule(countries=("JP",), from_day="12-20", to_day="01-06")
    >>> [_holds(rule, pd.Timestamp(day)) for day in ("2025-12-24", "2026-01-06", "2026-01-07")]
    [True, True, False]
    """
    if rule.from_day is None or rule.to_day is None:
        return True
    day = f"{as_of:%m-%d}"
    if rule.from_day <= rule.to_day:
        return rule.from_day <= day <= rule.to_day
    return day >= rule.from_day or day <= rule.to_day


def _has_rested(last: pd.Series, days: int, as_of: pd.Timestamp) -> Bools:
    since = -days_until(last, as_of)
    return np.asarray(np.isnan(since) | (since >= days))


def _any(masks: Iterator[Bools]) -> Bools:
    return np.asarray(reduce(np.logical_or, masks))
