"""From driver rows to findings: estimate each, control false discoveries, look closer at what remains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy.stats import false_discovery_control
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships without types

from pipelines.drivers.adjustment import Adjustment
from pipelines.drivers.bound import controllable_bound
from pipelines.drivers.causal_order import CausalOrder
from pipelines.drivers.closer import direct_effect, in_groups, later_on_earlier, other_order, saved, under_hidden_cause
from pipelines.drivers.driver import Bools, Driver, levels
from pipelines.drivers.effect import minimum_effect_p
from pipelines.drivers.estimate import Estimate, Setting, estimate
from pipelines.drivers.finding import Figure, Finding
from pipelines.drivers.groups import ENGAGEMENT, Labels, engagement_labels
from pipelines.drivers.overlap import comparable
from pipelines.drivers.placebo import later_rows
from pipelines.drivers.rows import DriverRows
from pipelines.drivers.wording import effect_sentence, none_found_sentence

FALSE_DISCOVERY_RATE = 0.05
SMALLEST_POINTS = 0.25
"""An effect no larger than this is none: one account in 400 that had it bad."""
SAME = 0.98
"""Two drivers of which this share of the rows that have either has both are one."""


class Found(NamedTuple):
    """What is found of each driver, and at most how much of today's churn all causes together are."""

    findings: tuple[Finding, ...]
    bound: Figure


def find_drivers(
    rows: DriverRows,
    drivers: Sequence[Driver],
    labels: Mapping[str, Labels],
    *,
    seed: int,
    threads: int = 2,
    direct: bool = False,
    smallest_points: float = SMALLEST_POINTS,
) -> Found:
    """Return what is found of each driver, those with the largest effects first, and how much is the company's to move.

    Parameters
    ----------
    labels
        by segmentation the segment of each driver row when the window opened, None where it is not known.
    direct
        whether effects that do not go through perception are looked for too.
    smallest_points
        of churn within the horizon: an effect must be larger beyond doubt to be called a cause.

    Raises
    ------
    ConfigError
        when the drivers are declared to follow one another in a circle.
    """
    later = later_rows(rows)
    setting = Setting(
        rows=rows,
        order=CausalOrder(rows.features, tuple(drivers)),
        adjustment=Adjustment.of(rows, seed),
        labels={**labels, ENGAGEMENT: engagement_labels(rows)},
        later=None if later is None else Adjustment.of(later, seed),
        seed=seed,
        direct=direct,
    )
    # One core a driver: linear algebra on all cores inside each would only make them wait for one another.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        estimates = list(pool.map(lambda driver: estimate(setting, driver), _different(rows, drivers)))
        q_values = _q_values(estimates, smallest_points)
        findings = list(pool.map(lambda pair: _finding(setting, *pair), zip(estimates, q_values, strict=True)))
    movable = [
        (comparable(one.comparison), one.levels)
        for one, finding in zip(estimates, findings, strict=True)
        if finding.verdict == "cause" and one.driver.is_controllable and one.effect and one.effect.points > 0
    ]
    return Found(tuple(sorted(findings, key=_largest_first)), controllable_bound(rows, movable))


def _different(rows: DriverRows, drivers: Sequence[Driver]) -> list[Driver]:
    """The drivers without those that tell of the same events as one before, such as a mail about a change beside it."""
    had: dict[str, Bools] = {}
    found = []
    for driver in drivers:
        is_bad = levels(driver, rows.now[driver.feature.name].to_numpy(dtype=float)).is_bad
        if not any(_are_the_same(is_bad, other) for other in had.values()):
            had[driver.name] = is_bad
            found.append(driver)
    return found


def _are_the_same(one: Bools, other: Bools) -> bool:
    return bool((one & other).sum() >= SAME * max((one | other).sum(), 1))


def _finding(setting: Setting, one: Estimate, q_value: float) -> Finding:
    """The verdict on a driver, with a closer look where an effect is found."""
    if one.effect is None:
        return Finding(one.driver, one.levels, "refused", one.refused, np.nan, one.figures)
    kept = comparable(one.comparison)
    bad_rows = kept.rows[kept.bad == 1]
    figures: list[Figure] = [*one.figures, *in_groups(setting, one)]
    if setting.direct:
        figures.append(direct_effect(setting, one))
    if one.withheld:
        return Finding(one.driver, one.levels, "withheld", one.withheld, q_value, tuple(figures), bad_rows)
    if q_value > FALSE_DISCOVERY_RATE:
        words = none_found_sentence(one.effect, setting.rows.horizon_days)
        return Finding(one.driver, one.levels, "none found", words, q_value, tuple(figures), bad_rows)
    hidden = under_hidden_cause(setting, one)
    figures += [*hidden, *later_on_earlier(setting, one), *other_order(setting, one)]
    figures += saved(setting.rows, one.levels, one.effect)
    words = effect_sentence(one.driver, one.levels, one.effect, next(iter(hidden), None), setting.rows.horizon_days)
    return Finding(one.driver, one.levels, "cause", words, q_value, tuple(figures), bad_rows)


def _q_values(estimates: Sequence[Estimate], smallest_points: float) -> list[float]:
    """Benjamini and Hochberg (1995), over the drivers that have an effect estimated."""
    known = [minimum_effect_p(one.effect, smallest_points) for one in estimates if one.effect is not None]
    adjusted = iter(false_discovery_control(known).tolist() if known else [])
    return [np.nan if one.effect is None else next(adjusted) for one in estimates]


def _largest_first(finding: Finding) -> tuple[int, float]:
    order = {"cause": 0, "withheld": 1, "none found": 2, "refused": 3}
    effect = finding.figure("effect")
    return order[finding.verdict], -abs(np.nan_to_num(effect.value)) if effect else 0.0
