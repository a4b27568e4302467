"""Suggestions: for each account one answer, what it is expected to bring, why, and how good the evidence is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.actions.assign import is_held_out
from pipelines.actions.choose import NOTHING, Chosen, Limit, choose
from pipelines.actions.eligible import closes, eligible
from pipelines.actions.facts import Facts
from pipelines.actions.learn import Learnt
from pipelines.actions.settings import Action, Actions
from pipelines.actions.uplift import Benefit
from pipelines.drivers.nuisance import Floats
from pipelines.drivers.rows import Ints

DO, TEST, NONE, HELD = "do", "test first", "do nothing", "held out"
SOON_DAYS = 7
"""Without a window that closes earlier, by when a suggestion is to be done: later its evidence is stale."""
COLUMNS = (
    "account_id", "owner", "answer", "action", "due", "points", "low", "high", "worth", "cost", "expected_value",
    "driver", "evidence", "why",
)  # fmt: skip
ByAction = Mapping[str, Learnt | None]
"""By action of the catalogue what is known of its kind; None where nobody has had it."""


@dataclass(frozen=True, eq=False)
class Offers:
    """Every action with every account, (n, k): points of churn saved with interval, and what that brings, less cost."""

    names: tuple[str, ...]
    allowed: np.ndarray
    points: Floats
    low: Floats
    high: Floats
    value: Floats
    worth: Floats
    held: np.ndarray


@dataclass(frozen=True, eq=False)
class Known:
    """By kind of action, what is known of it, and what it saves each account of today."""

    learnt: Mapping[str, Learnt]
    benefits: Mapping[str, Benefit]


@dataclass(frozen=True, eq=False)
class Suggestions:
    """What to do (one row an account, `COLUMNS`), whom not to disturb, and how the choice was made."""

    as_of: pd.Timestamp
    rows: pd.DataFrame
    do_not_disturb: pd.DataFrame
    chosen: Chosen
    limits: tuple[Limit, ...]


def suggest(facts: Facts, worth: Floats, known: Known, actions: Actions, as_of: pd.Timestamp) -> Suggestions:
    """Return what to do for each account, whose `worth` is what hangs on its staying."""
    catalogue = actions.all_actions
    learnt = {name: known.learnt.get(action.kind or name) for name, action in catalogue.items()}
    offers = make_offers(facts, worth, known, actions, as_of)
    surely = np.array([_is_sure(one) for one in learnt.values()], dtype=bool)
    values = np.where(offers.allowed & surely, offers.value, np.nan)
    limits = limits_of(actions, facts)
    chosen = choose(values, limits)
    rows = _rows(facts, offers, chosen.action, learnt, catalogue, as_of)
    return Suggestions(as_of, rows, do_not_disturb(facts, offers, learnt), chosen, limits)


def make_offers(facts: Facts, worth: Floats, known: Known, actions: Actions, as_of: pd.Timestamp) -> Offers:
    """Return every action with every account. Value is effect times worth, less cost."""
    catalogue, n = actions.all_actions, len(facts)
    held = is_held_out(facts.accounts["cluster"], share=actions.holdout_share, seed=actions.seed)
    shape = (n, len(catalogue))
    points, low, high = (np.full(shape, np.nan) for _ in range(3))
    value, allowed = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    for place, (name, action) in enumerate(catalogue.items()):
        allowed[:, place] = eligible(name, action, facts, actions, as_of) & ~held
        benefit = known.benefits.get(action.kind or name)
        if benefit is not None:
            points[:, place], low[:, place], high[:, place] = benefit
        value[:, place] = points[:, place] / 100 * worth - action.cost
    return Offers(tuple(catalogue), allowed, points, low, high, value, worth, held)


def limits_of(actions: Actions, facts: Facts) -> tuple[Limit, ...]:
    """Return what runs out: the budget, hours altogether and of each owner, and how often each action may be done."""
    catalogue = list(actions.all_actions.items())
    together = np.zeros(len(facts), dtype=np.int64)
    costs = np.array([action.cost for _, action in catalogue], dtype=float)
    hours = np.array([action.hours for _, action in catalogue], dtype=float)
    found = []
    if actions.budget is not None:
        found.append(Limit("budget", costs, np.array([actions.budget]), together))
    if actions.hours is not None:
        found.append(Limit("hours", hours, np.array([actions.hours]), together))
    if actions.hours_per_owner is not None:
        owner, owners = pd.factorize(facts.accounts["owner"], sort=True)
        there = np.full(len(owners), actions.hours_per_owner)
        found.append(Limit("hours of each owner", hours, there, owner.astype(np.int64)))
    for place, (name, action) in enumerate(catalogue):
        if action.most is not None:
            one = (np.arange(len(catalogue)) == place).astype(float)
            found.append(Limit(name, one, np.array([float(action.most)]), together))
    return tuple(found)


def do_not_disturb(facts: Facts, offers: Offers, learnt: ByAction) -> pd.DataFrame:
    """Return account_id, action, points, low, high, evidence, why: whom an action harms, most harmed first.

    An account is on it where it is probably harmed (80 %), as little is lost by leaving one alone; and only of actions
    that are shown, by accounts that no model had seen, to harm those they are predicted to harm (99 %).
    """
    parts = []
    for place, (name, known) in enumerate(learnt.items()):
        if known is None or not known.harms_some or known.judged is None or known.judged.harm is None:
            continue
        harm = known.judged.harm
        benefit = Benefit(offers.points[:, place], offers.low[:, place], offers.high[:, place])
        own = np.flatnonzero(benefit.probably_harms)
        why = (
            f"{name} made {-harm.points:.1f} more of 100 such accounts leave ({-harm.high:.1f} to {-harm.low:.1f}; "
            f"{harm.n:,} accounts, {known.grade})"
        )
        columns = {key: getattr(offers, key)[own, place] for key in ("points", "low", "high")}
        parts.append(
            pd.DataFrame({"account_id": facts.ids.to_numpy()[own], "action": name, **columns}).assign(
                evidence=known.grade, why=why
            )
        )
    names = ["account_id", "action", "points", "low", "high", "evidence", "why"]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="str" if name in names[:2] else "float") for name in names})
    return pd.concat(parts).sort_values(["points", "account_id"], ignore_index=True)[names]


def _is_sure(known: Learnt | None) -> bool:
    return known is not None and known.grade != "assumed" and known.helps_some


def _rows(
    facts: Facts,
    offers: Offers,
    action: Ints,
    learnt: ByAction,
    catalogue: Mapping[str, Action],
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    tests = _worth_testing(offers, learnt, catalogue)
    place = np.where(action != NOTHING, action, tests)
    answer = np.select([offers.held, action != NOTHING, tests != NOTHING], [HELD, DO, TEST], NONE)
    place = np.where(offers.held, NOTHING, place)
    names = [*offers.names, None]
    each = np.arange(len(facts))
    picked = {
        key: np.where(place != NOTHING, getattr(offers, key)[each, place], np.nan)
        for key in ("points", "low", "high", "value")
    }
    costs = np.array([*(one.cost for one in catalogue.values()), np.nan])
    due = _due(facts, catalogue, as_of)
    drivers = _drivers(facts, catalogue)
    rows = pd.DataFrame(
        {
            "account_id": facts.ids.to_numpy(),
            "owner": facts.accounts["owner"].to_numpy(),
            "answer": answer,
            "action": [names[one] for one in place],
            "due": pd.Series(due[each, place]).to_numpy(),
            "points": picked["points"],
            "low": picked["low"],
            "high": picked["high"],
            "worth": offers.worth,
            "cost": costs[place],
            "expected_value": picked["value"],
            "driver": [drivers[one][i] if one != NOTHING else None for i, one in enumerate(place)],
            "evidence": [_grade(learnt, names[one]) for one in place],
        }
    )
    rows["why"] = [_why(row, learnt, catalogue) for row in rows.itertuples(index=False)]
    return _in_order(rows)


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """What is to be done first, and of that the most valuable."""
    ranked = rows.assign(rank=rows["answer"].map({DO: 0, TEST: 1, NONE: 2, HELD: 3}))
    by = ["rank", "expected_value", "account_id"]
    return ranked.sort_values(by, ascending=[True, False, True], ignore_index=True)[list(COLUMNS)]


def _worth_testing(offers: Offers, learnt: ByAction, catalogue: Mapping[str, Action]) -> Ints:
    """The first action of each account that is allowed, not shown to help anybody, and may still pay."""
    found = np.full(len(offers.worth), NOTHING)
    for place, (name, action) in reversed(list(enumerate(catalogue.items()))):
        known = learnt[name]
        if known is None:
            may_pay = np.ones(len(found), dtype=bool)
        elif known.grade == "assumed":
            may_pay = offers.value[:, place] > 0
        elif known.refused or np.isnan(offers.points[:, place]).any():
            may_pay = np.isnan(offers.points[:, place])
        else:
            may_pay = (offers.high[:, place] / 100 * offers.worth > action.cost) & (not known.helps_some)
        found = np.where(offers.allowed[:, place] & may_pay, place, found)
    return found


def _due(facts: Facts, catalogue: Mapping[str, Action], as_of: pd.Timestamp) -> np.ndarray:
    """Until when each action is to be done (n, k): in a week, or when its window closes; last, of none, never."""
    soon = np.datetime64((as_of + pd.Timedelta(days=SOON_DAYS)).to_datetime64())
    due = np.full((len(facts), len(catalogue) + 1), np.datetime64("NaT"), dtype="datetime64[us]")
    for place, action in enumerate(catalogue.values()):
        due[:, place] = soon
        if action.window is not None:
            due[:, place] = np.fmin(soon, closes(action.window, facts.accounts).to_numpy(dtype="datetime64[us]"))
    return due


def _drivers(facts: Facts, catalogue: Mapping[str, Action]) -> list[list[str | None]]:
    """By action, for each account the driver that it works on and that is bad today."""
    found = []
    for action in catalogue.values():
        own: list[str | None] = [None] * len(facts)
        for driver in reversed(action.works_on):
            for i in np.flatnonzero(facts.drivers.get(driver, np.zeros(len(facts), dtype=bool))):
                own[i] = driver
        found.append(own)
    return found


def _grade(learnt: ByAction, name: str | None) -> str | None:
    if name is None:
        return None
    known = learnt[name]
    return "assumed" if known is None else known.grade


def _why(row: object, learnt: ByAction, catalogue: Mapping[str, Action]) -> str:
    """One sentence a person can read: what is expected, on what it rests, and which driver it works on."""
    name, answer = row.action, row.answer  # type: ignore[attr-defined]
    if answer == HELD:
        return "stands aside, so that the whole programme can be measured"
    if answer == NONE or name is None:
        return "no action that may be taken is expected to bring more than it costs, or limits are used up"
    action, known = catalogue[name], learnt[name]
    if answer == TEST:
        why = "nobody has had it yet" if known is None else known.refused or "it is not shown to help anybody"
        return f"{action.words or name}: test it first, since {why}"
    words = f"{action.words or name}: saves {row.points:.1f} points of churn ({row.low:.1f} to {row.high:.1f}"  # type: ignore[attr-defined]
    rests = f"; {known.grade}, {known.n_accounts:,} accounts)" if known else ")"
    about = f"; works on {row.driver}, which is bad today" if row.driver else ""  # type: ignore[attr-defined]
    return f"{words}{rests}, worth {row.worth:,.0f} if it stays{about}"  # type: ignore[attr-defined]
