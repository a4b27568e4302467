"""What a segment is like beside all accounts: traits, churn, revenue and experience, and accounts typical of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from features.catalog import Feature
from pipelines.churn.bootstrap import Z, clustered_mean, share_interval
from pipelines.churn.encoder import Columns, FloatArray
from pipelines.segmentation.mixture import IntArray
from pipelines.segmentation.preparation import Preparation
from pipelines.segmentation.segmentation import Segmentation, most_probable
from pipelines.segmentation.trait import Bools, Trait, traits

TYPICAL = 3
FEWEST = 10
"""Of fewer accounts no outcome is told: nine say little, and what they are could be guessed."""


class Measure(NamedTuple):
    """Something that is counted of accounts: `values` (n,), NaN where not known, of `accounts` (n,).

    `rows` are what the accounts' segments are told by at the time, `weights` (n,) how many rows each stands for.
    """

    what: str
    unit: str
    values: FloatArray
    accounts: IntArray
    rows: Columns
    weights: FloatArray


@dataclass(frozen=True)
class Outcome:
    """A segment's churn, revenue or experience, counted, with its 95 % interval, beside that of all accounts.

    `value`, `low`, `high` and `whole` are means in `unit`, or shares (0 to 1). `n` is how many accounts it rests on,
    which may come more than once: accounts, not rows, are taken as independent.
    """

    what: str
    unit: str
    value: float
    low: float
    high: float
    whole: float
    n: int
    basis: Literal["counted"] = "counted"


@dataclass(frozen=True)
class Profile:
    """A segment by its id: its notable traits, its outcomes, and the accounts that are most like it."""

    id: str
    traits: tuple[Trait, ...]
    outcomes: tuple[Outcome, ...]
    typical: tuple[str, ...]


def profiles(
    segmentation: Segmentation,
    rows: Columns,
    features: Sequence[Feature],
    preparations: Sequence[Preparation],
    measures: Sequence[Measure],
) -> tuple[Profile, ...]:
    """Return the profile of each segment, from `rows` with one for each account and its `account_id`.

    `preparations` say which columns are looked at: those that the segmentation reads and those that the others read,
    since segments by need are of little use until they are known by what accounts are.
    """
    segments, k = most_probable(segmentation.membership(rows)), len(segmentation.segments)
    of_each = [traits(segments, k, rows, one, features) for one in preparations]
    outcomes = [_outcomes(segmentation, measure) for measure in measures]
    typical = _typical(segmentation, rows, segments)
    return tuple(
        Profile(
            segment.id,
            tuple(sorted((one for found in of_each for one in found[place]), key=lambda one: -abs(one.effect))),
            tuple(found[place] for found in outcomes if place in found),
            typical[place],
        )
        for place, segment in enumerate(segmentation.segments)
    )


def _outcomes(segmentation: Segmentation, measure: Measure) -> dict[int, Outcome]:
    """The measure in each segment of which enough is known."""
    segments = most_probable(segmentation.membership(measure.rows))
    is_known = ~np.isnan(measure.values) & (segments >= 0)
    if not is_known.any():
        return {}
    whole = float(np.average(measure.values[is_known], weights=measure.weights[is_known]))
    told = {int(own): _outcome(measure, is_known & (segments == own), whole) for own in np.unique(segments[is_known])}
    return {place: outcome for place, outcome in told.items() if outcome.n >= FEWEST}


def _outcome(measure: Measure, own: Bools, whole: float) -> Outcome:
    value, error = clustered_mean(measure.values[own], measure.accounts[own], measure.weights[own])
    n = len(np.unique(measure.accounts[own]))
    is_share = measure.unit == "share"
    low, high = share_interval(value, error, n) if is_share else (value - Z * error, value + Z * error)
    return Outcome(measure.what, measure.unit, value, low, high, whole, n)


def _typical(segmentation: Segmentation, rows: Columns, segments: IntArray) -> list[tuple[str, ...]]:
    """The members of each segment where it is densest: most like its middle, and least like another's."""
    if segmentation.preparation is None or segmentation.mixture is None:
        return [() for _ in segmentation.segments]
    X, accounts = segmentation.preparation.encode(rows), np.asarray(rows["account_id"], dtype=object)
    density = segmentation.mixture.log_joint(X)
    found = []
    for place in range(len(segmentation.segments)):
        own = np.flatnonzero(segments == place)
        n_known = (~np.isnan(X[own])).sum(axis=1)
        ranked = own[np.lexsort((-density[own, place], -n_known))]
        found.append(tuple(str(account) for account in accounts[ranked[:TYPICAL]]))
    return found
