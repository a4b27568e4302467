"""What a better experience would save, at a few levels of each cause: found beforehand, so that it is told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships without types

from pipelines.drivers.adjustment import Adjustment
from pipelines.drivers.causal_order import CausalOrder
from pipelines.drivers.driver import Driver, levels
from pipelines.drivers.finding import Figure
from pipelines.drivers.groups import Labels
from pipelines.drivers.nuisance import Floats
from pipelines.drivers.plain import EVERYONE
from pipelines.drivers.rows import DriverRows
from pipelines.drivers.whatif import at_level, contrast_to, saved_within

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Of the values that are better than bad: with the good level itself six levels at most."""
DIGITS = 2
COLUMNS = ("driver", "to", "contrast")


@dataclass(frozen=True)
class AtLevel:
    """What it would save if whoever has a driver bad were brought to one level: figures of everyone and of segments."""

    driver: str
    to: float
    contrast: str
    figures: tuple[Figure, ...]


def what_if_levels(
    rows: DriverRows,
    drivers: Sequence[Driver],
    causes: Sequence[Driver],
    labels: Mapping[str, Labels],
    *,
    seed: int,
    threads: int = 2,
) -> tuple[AtLevel, ...]:
    """Return what `what_if` says of each cause at a few levels, of everyone and of each segment.

    Parameters
    ----------
    drivers, causes
        all that were looked at, and those to ask about.
    labels
        by segmentation the segment of each driver row, None where it is not known.
    """
    order, adjustment = CausalOrder(rows.features, tuple(drivers)), Adjustment.of(rows, seed)

    def found(asked: tuple[Driver, float]) -> AtLevel:
        driver, to = asked
        contrast = contrast_to(rows, driver, to)
        every = at_level(adjustment, contrast, order.within_window(driver))
        figures: list[Figure] = []
        for group_by, group, within in _groups(labels, len(rows.keys)):
            whose = "account" if group_by == EVERYONE else f"account of segment {group}"
            told = saved_within(rows, contrast, every, within, whose)
            figures += (
                [Figure.untold("effect", told, group_by, group)]
                if isinstance(told, str)
                else [replace(one, group_by=group_by, group=group) for one in told]
            )
        return AtLevel(driver.name, to, contrast.words, tuple(figures))

    asked = [(one, to) for one in causes for to in levels_to_ask(one, rows.now[one.feature.name].to_numpy(dtype=float))]
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        return tuple(pool.map(found, asked))


def levels_to_ask(driver: Driver, values: Floats) -> tuple[float, ...]:
    """Return to which levels accounts could be brought, the nearest to bad first.

    >>> from features.feature import Feature
    >>> wait = Driver("wait", Feature("wait", "experience", "operations", "hours", "Wait"), bad=24.0, good=8.0)
    >>> levels_to_ask(wait, np.arange(48.0))
    (21.0, 16.0, 12.0, 8.0, 6.9, 2.3)
    """
    usual = levels(driver, values)
    if driver.is_present_or_absent:
        return (usual.good,)
    more_is_worse = usual.bad > usual.good
    better = values[values < usual.bad] if more_is_worse else values[values > usual.bad]
    if not len(better):
        return ()
    rounded = {_rounded(one) for one in np.quantile(better, QUANTILES)} - {_rounded(usual.good)}
    asked = [one for one in rounded if (one < usual.bad if more_is_worse else one > usual.bad)]
    return tuple(sorted([*asked, usual.good], reverse=more_is_worse))


def levels_table(found: Sequence[AtLevel]) -> pd.DataFrame:
    """Return one row a figure, with its driver and its level: the form in which releases keep them."""
    import pandas as pd

    rows = [
        {"driver": one.driver, "to": one.to, "contrast": one.contrast} | asdict(figure)
        for one in found
        for figure in one.figures
    ]
    return pd.DataFrame(rows, columns=[*COLUMNS, *Figure.__slots__])


def _groups(
    labels: Mapping[str, Labels], n: int
) -> Iterator[tuple[str, str, np.ndarray[tuple[int], np.dtype[np.bool_]]]]:
    """Whom it is told of: everyone, and the rows of each segment."""
    yield EVERYONE, EVERYONE, np.ones(n, dtype=bool)
    for group_by, own in labels.items():
        for group in sorted({str(name) for name in own if name is not None}):
            yield group_by, group, np.asarray(own == group)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
