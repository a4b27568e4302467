"""What a better experience would save: churners and revenue, with their interval."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.errors import ConfigError, ModelError
from pipelines.drivers.adjustment import Adjustment
from pipelines.drivers.causal_order import CausalOrder
from pipelines.drivers.closer import saved
from pipelines.drivers.driver import Bools, Driver, Levels, levels
from pipelines.drivers.effect import Comparison, compared, effect_of
from pipelines.drivers.finding import Figure
from pipelines.drivers.groups import Labels
from pipelines.drivers.overlap import comparable, refusal
from pipelines.drivers.rows import DriverRows

UNITS = {"h": "hours", "hour": "hours", "hours": "hours", "d": "days", "day": "days", "days": "days"}
HOURS_A_DAY = 24.0
AMOUNT = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*([a-z]*)\s*")


@dataclass(frozen=True)
class WhatIf:
    """The effect of a change and what it would save, of the accounts that have it bad today."""

    contrast: str
    whose: str
    figures: tuple[Figure, ...]


def amount(text: str, unit: str) -> float:
    """Return an amount such as "8h" or "2 days" in a feature's unit.

    >>> amount("2d", "hours"), amount("8", "hours")
    (48.0, 8.0)

    Raises
    ------
    ConfigError
        when it is no amount, or of another kind of unit.
    """
    found = AMOUNT.fullmatch(text.lower())
    said = found and (UNITS.get(found[2], found[2]) or unit)
    if found is None or (said != unit and {said, unit} != {"hours", "days"}):
        example = "8h" if unit in ("hours", "days") else "1"
        raise ConfigError.of(f"--to {text!r}", f"an amount in {unit}, such as {example}", "write it so")
    times = 1.0 if said == unit else HOURS_A_DAY if unit == "hours" else 1 / HOURS_A_DAY
    return float(found[1]) * times


def what_if(
    rows: DriverRows,
    drivers: tuple[Driver, ...],
    driver: Driver,
    to: float,
    *,
    labels: Mapping[str, Labels],
    segment: str | None,
    seed: int,
) -> WhatIf:
    """Return what it would save if the accounts that have it bad were brought to a level.

    Parameters
    ----------
    to
        the level they are brought to, in the feature's unit.
    labels, segment
        by segmentation the segment of each row; the name of one, or None for all accounts.

    Raises
    ------
    ConfigError
        when the level is no better than a bad one, or nobody is in the segment.
    ModelError
        when no effect can be told, with the reason.
    """
    contrast = contrast_to(rows, driver, to)
    within = _members(labels, segment, len(rows.keys))
    columns = CausalOrder(rows.features, drivers).within_window(driver)
    every = at_level(Adjustment.of(rows, seed), contrast, columns)
    whose = "account" if segment is None else f"account of segment {segment}"
    figures = saved_within(rows, contrast, every, within, whose)
    if isinstance(figures, str):
        raise ModelError.of(
            f"{driver.name}, {contrast.words}: {figures}", "accounts to compare with", "ask of another level"
        )
    return WhatIf(contrast.words, f"{whose}s", figures)


def at_level(adjustment: Adjustment, contrast: Levels, columns: Sequence[str]) -> Comparison:
    """Return the rows at a bad level and at the one that is asked for, adjusted for some columns of the window too."""
    chosen = adjustment.chosen(adjustment.experience_gains(contrast), columns)
    return compared(adjustment.rows, contrast, chosen, seed=adjustment.seed)


def saved_within(
    rows: DriverRows, contrast: Levels, every: Comparison, within: Bools, whose: str
) -> tuple[Figure, ...] | str:
    """Return the effect among some accounts and what it would save among those of today, or why it cannot be told.

    Parameters
    ----------
    within
        which driver rows are of these accounts.
    whose
        what one of them is called, such as "account of segment local".
    """
    part = every.among(within[every.rows])
    if why := refusal(part, whose):
        return why
    effect = effect_of(comparable(part))
    today = contrast._replace(is_bad=contrast.is_bad & within)
    return (Figure.of("effect", effect), *saved(rows, today, effect))


def contrast_to(rows: DriverRows, driver: Driver, to: float) -> Levels:
    """Return the driver's bad level against the level asked for.

    Raises
    ------
    ConfigError
        when the level is no better than a bad one.
    """
    values = rows.now[driver.feature.name].to_numpy(dtype=float)
    usual = levels(driver, values)
    if driver.is_present_or_absent:
        if to != 0:
            raise ConfigError.of(f"--to {to:g} of {driver.name}", "0, since it is there or not", "write --to 0")
        return usual
    is_better = to < usual.bad if usual.bad > usual.good else to > usual.bad
    if not is_better:
        side = "below" if usual.bad > usual.good else "above"
        came, expected = (
            f"--to {to:g} {driver.feature.unit} of {driver.name}",
            f"{side} {usual.bad:.3g}, where bad begins",
        )
        raise ConfigError.of(came, expected, "ask for a better level")
    return levels(replace(driver, bad=usual.bad, good=to), values)


def _members(labels: Mapping[str, Labels], segment: str | None, n: int) -> Bools:
    if segment is None:
        return np.ones(n, dtype=bool)
    members = np.zeros(n, dtype=bool)
    for own in labels.values():
        members |= own == segment
    if not members.any():
        names = sorted({str(name) for own in labels.values() for name in own if name is not None})
        raise ConfigError.of(
            f"--segment {segment!r}", f"one of {', '.join(names) or 'none, before a release'}", "name one"
        )
    return members
