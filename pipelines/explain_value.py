"""The verb of money: what experience is worth, by the company's own accounts and the champion's predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.errors import ConfigError
from pipelines.churn.bootstrap import Z
from pipelines.config import Settings, Value
from pipelines.experience.advocacy import AskList
from pipelines.experience.experience_return import Investment, experience_return
from pipelines.experience.found import Found
from pipelines.experience.money import Beside, Terms, money
from pipelines.experience.point_value import UnitValues
from pipelines.experience.references import read_references
from pipelines.experience.word_of_mouth import QUOTED_BAD, QUOTED_GOOD, Assumed, WordOfMouth
from pipelines.experience_tables import attributed_of, experience_tables, scores_of

if TYPE_CHECKING:
    from features.panel import Progress

SETTINGS = "your settings ([value])"


@dataclass(frozen=True)
class ValueFound:
    """What is found: figures, and whom to ask for a reference."""

    as_of: pd.Timestamp
    found: tuple[Found, ...]
    ask: AskList


def explain_value(
    settings: Settings, as_of: datetime | None, tell: Progress, *, invest: tuple[str, float] | None = None
) -> ValueFound:
    """Return what experience is worth, as known before a date.

    Parameters
    ----------
    invest
        name of a driver, and what it would cost an account to make it good: whether that pays.

    Raises
    ------
    ConfigError, DataError
        when the tables cannot be read, or there is no such driver.
    """
    with experience_tables(settings, as_of, tell) as (warehouse, data, release):
        tell("findings")
        scores = scores_of(settings, release, data.as_of)
        beside = Beside(
            read_references(warehouse, data.as_of),
            scores,
            attributed_of(settings, release, data.as_of),
            release.manifest.horizon_days if release else 0,
        )
        found, ask = money(data, beside, terms_of(settings.value))
        returns = () if invest is None else returns_of(found, release.drivers if release else pd.DataFrame(), *invest)
        return ValueFound(data.as_of, (*found, *returns), ask)


def terms_of(value: Value) -> Terms:
    """Return what the settings say a case, a reference, and a word are worth."""
    spoken = WordOfMouth(
        replace(QUOTED_GOOD, value=value.told_good, high=max(QUOTED_GOOD.high, value.told_good)),
        replace(QUOTED_BAD, value=value.told_bad, high=max(QUOTED_BAD.high, value.told_bad)),
        _said(value.won_per_told),
        _said(value.lost_per_told),
    )
    return Terms(value.margin, value.discount_rate, UnitValues(value.reference_value, value.case_cost), spoken)


def _said(value: float) -> Assumed:
    """A rate of the settings: it may be anything from nothing to twice as much."""
    source = SETTINGS if value else "nothing is assumed until referrals are counted"
    return Assumed(value, 0.0, 2 * value, source)


def returns_of(found: tuple[Found, ...], drivers: pd.DataFrame, name: str, cost: float) -> Iterator[Found]:
    """Yield whether making one driver good pays, by its effect and what an account is worth by the closing equity.

    Raises
    ------
    ConfigError
        when the champion holds no such driver.
    """
    own = drivers[(drivers["driver"] == name) & (drivers["group_by"] == "all")] if len(drivers) else drivers
    if own.empty:
        known = ", ".join(sorted(set(drivers["driver"]))) if len(drivers) else "none; train and promote first"
        raise ConfigError.of(f"--driver {name!r}", f"a driver of the champion ({known})", "name one of them")
    effect = own[own["figure"] == "effect"]
    worth = _worth(found)
    if effect.empty or worth is None or not np.isfinite(effect["value"].iloc[0]):
        why = f"no effect of {name} is told, or no account's worth is: {own['verdict_sentence'].iloc[0]}"
        yield Found.refused("return on an investment", "net gain", why)
        return
    row = effect.iloc[0]
    error = float(row["high"] - row["low"]) / (2 * Z)
    share = own.loc[own["figure"] == "share bad", "value"]
    n = max(round(worth[1] * float(share.iloc[0]) / 100), 1) if len(share) else int(row["n_bad"])
    yield from experience_return(Investment(n, cost, float(row["value"]), error, worth[0]))


def _worth(found: tuple[Found, ...]) -> tuple[float, int] | None:
    """What an account is worth by the closing equity, and how many there are."""
    for one in found:
        if one.figure == "closing equity" and one.verdict != "refused" and one.n_accounts:
            return one.value / one.n_accounts, one.n_accounts
    return None
