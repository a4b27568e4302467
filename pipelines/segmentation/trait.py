"""In what a segment differs from all accounts, how far, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.catalog import Feature
from pipelines.churn.bootstrap import Z
from pipelines.churn.encoder import Columns, FloatArray, is_known, numbers
from pipelines.segmentation.mixture import IntArray
from pipelines.segmentation.preparation import Preparation

NOTABLE = 0.2
"""Cohen's small effect (1988, Statistical Power Analysis, 2.2), in standard deviations."""
FEWEST = 2

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Trait:
    """One thing in which a segment differs from all accounts whose place is known.

    `own` and `whole` are medians in `unit`, or shares (0 to 1) of a category's `level`. `effect` is the segment's mean
    less that of all accounts in standard deviations of all accounts, on the scale on which accounts are compared
    (logarithms of amounts, answers less the account's own level if there is a response style), with a 95 % interval.
    `n` is how many accounts of the segment it is known of.
    """

    feature: str
    sentence: str
    unit: str
    level: str | None
    own: float
    whole: float
    effect: float
    low: float
    high: float
    n: int


def traits(
    segments: IntArray, k: int, rows: Columns, preparation: Preparation, features: Sequence[Feature]
) -> list[list[Trait]]:
    """Return by segment the notable traits, at least 0.2 standard deviations, the most striking first.

    `segments` (n,) are the segments of the rows, -1 where not known; `preparation` says which columns are looked at.
    """
    columns = list(_columns(rows, preparation, features))
    found = [[_trait(column, segments, own) for column in columns] for own in range(k)]
    notable = [[one for one in told if one is not None and abs(one.effect) >= NOTABLE] for told in found]
    return [sorted(told, key=lambda one: -abs(one.effect)) for told in notable]


class _Column(NamedTuple):
    feature: Feature
    level: str | None
    scaled: FloatArray
    plain: FloatArray
    is_known: Bools


def _columns(rows: Columns, preparation: Preparation, features: Sequence[Feature]) -> Iterator[_Column]:
    by_name, encoded = {feature.name: feature for feature in features}, preparation.encode(rows)
    for place, (name, level) in enumerate(preparation.axes()):
        feature, scaled = by_name[name], encoded[:, place]
        plain = numbers(rows[name], name) if level is None else scaled
        yield _Column(feature, level, scaled, plain, is_known(rows[name], feature) & ~np.isnan(scaled))


def _trait(column: _Column, segments: IntArray, segment: int) -> Trait | None:
    """What a column says of a segment; None where too few are known to say anything."""
    of_all = column.is_known & (segments >= 0)
    own = of_all & (segments == segment)
    if own.sum() < FEWEST or of_all.sum() - own.sum() < FEWEST:
        return None
    typical = np.median if column.level is None else np.mean
    return Trait(
        column.feature.name,
        column.feature.sentence,
        column.feature.unit if column.level is None else "share",
        column.level,
        float(typical(column.plain[own])),
        float(typical(column.plain[of_all])),
        *_effect(column.scaled, own, of_all),
        int(own.sum()),
    )


def _effect(values: FloatArray, own: Bools, of_all: Bools) -> tuple[float, float, float]:
    """The standardised difference of a segment from all accounts, and its 95 % interval.

    By linearisation (delta method) of (mean of the segment - mean of all) / deviation of all, the segments' sizes taken
    as given: a segment that differs widens the deviation too, which Welch's interval of the difference knows nothing of
    (it covered 96 to 98 % where this covers 94 to 95 %).
    """
    x, inside = values[of_all], own[of_all]
    n, scale, share = len(x), max(float(x.std()), 1e-12), float(inside.mean())
    effect = float(x[inside].mean() - x.mean()) / scale
    # what each account adds to the effect, but for a constant of its side, which the sizes being given takes away
    added = (inside / share - 1) * x / scale - effect * (x - x.mean()) ** 2 / (2 * scale**2)
    sides = [added[inside], added[~inside]]
    reach = Z * float(np.sqrt(sum(side.var(ddof=1) * len(side) for side in sides))) / n
    return effect, effect - reach, effect + reach
