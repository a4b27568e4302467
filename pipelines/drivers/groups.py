"""The effect in each segment, and how much less a bad experience costs among engaged accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from features.feature import Feature
from pipelines.drivers.effect import CONFIDENCE, Comparison, Effect, clustered_error, effect_of, fitted_model
from pipelines.drivers.overlap import comparable, refusal
from pipelines.drivers.rows import DriverRows

ENGAGEMENT = "engagement"
ENGAGED, OTHERS = "engaged", "others"
Labels = npt.NDArray[np.object_]


class Ratio(NamedTuple):
    """How many times as much a bad experience multiplies churn among engaged accounts as among others; 1: alike."""

    times: float
    low: float
    high: float
    n_bad: int
    n_accounts: int


def group_effects(comparison: Comparison, labels: Labels, kind: str) -> dict[str, Effect | str]:
    """Return the effect in each group, or why it cannot be told.

    The intervals hold for all groups of one grouping together (Bonferroni): each is wider than it would be alone.

    Parameters
    ----------
    labels
        group of each driver row, None where it is not known.
    kind
        what groups are called, such as "segment".
    """
    own = labels[comparison.rows]
    names = sorted({str(name) for name in own if name is not None})
    parts = {name: comparison.among(own == name) for name in names}
    refused = {name: refusal(part, f"account of {kind} {name}") for name, part in parts.items()}
    told = [name for name, why in refused.items() if why is None]
    confidence = 1 - (1 - CONFIDENCE) / max(len(told), 1)
    return {name: refused[name] or effect_of(comparable(parts[name]), confidence=confidence) for name in names}


def engagement_labels(rows: DriverRows) -> Labels:
    """Return whether each account was engaged when the window opened: more so than half of the accounts of that date.

    Engagement is the mean rank of what the account itself does (tier behaviour, more is better) over 90 days.
    """
    names = [feature.name for feature in rows.features if _shows_engagement(feature)]
    if not names:
        return np.full(len(rows.keys), None, dtype=object)
    as_of = rows.keys["as_of"].to_numpy()
    ranks = rows.before[names].astype(float).fillna(0.0).groupby(as_of).rank(pct=True).mean(axis=1)
    is_above = (ranks.groupby(as_of).rank(pct=True) > 0.5).to_numpy()
    return np.where(is_above, ENGAGED, OTHERS).astype(object)


def robustness(comparison: Comparison, labels: Labels) -> Ratio | str:
    """Return the ratio of risk ratios of a bad experience, engaged accounts over others, or why it cannot be told.

    A risk ratio is churn as counted over churn had the experience been good (counted less the effect); the error of
    their logarithms' difference follows from both influence functions (delta method).
    """
    own = labels[comparison.rows]
    found = {}
    for name in (ENGAGED, OTHERS):
        part = comparison.among(own == name)
        why = refusal(part, f"{name} account" if name == ENGAGED else "other account")
        if why:
            return why
        found[name] = _log_risk_ratio(comparable(part))
    if any(one is None for one in found.values()):
        return "churn without the bad experience is too near 0 to set against churn with it"
    (engaged, engaged_error), (others, others_error) = found[ENGAGED], found[OTHERS]  # type: ignore[misc]
    reach = float(norm.isf((1 - CONFIDENCE) / 2)) * np.hypot(engaged_error, others_error)
    middle = engaged - others
    times, low, high = np.exp([middle, middle - reach, middle + reach]).tolist()
    return Ratio(times, low, high, int(comparison.bad.sum()), comparison.n_accounts)


def _log_risk_ratio(comparison: Comparison) -> tuple[float, float] | None:
    """The logarithm of a risk ratio and its standard error; None where churn without the experience is about 0."""
    model, is_bad = fitted_model(comparison), comparison.bad
    share = is_bad.mean()
    with_it = comparison.churn_if_bad
    without = with_it - float(model.coef[0])
    influence_with = is_bad * (comparison.churned - with_it) / share
    influence_without = influence_with - model.psi[:, 0, 0]
    error_without = clustered_error(influence_without, comparison.account)
    if with_it <= 0 or without <= 2 * error_without:
        return None
    influence = influence_with / with_it - influence_without / without
    return float(np.log(with_it / without)), clustered_error(influence, comparison.account)


def _shows_engagement(feature: Feature) -> bool:
    return feature.tier == "behaviour" and feature.direction < 0 and feature.name.endswith("_90d")


def segment_labels(segmentations: Mapping[str, Sequence[str | None]]) -> dict[str, Labels]:
    """Return the labels of each segmentation as arrays; one with a single segment tells nothing apart and is left out.

    >>> list(segment_labels({"needs": ["a", "b"], "firmographic": ["x", "x"]}))
    ['needs']
    """
    arrays = {name: np.array(labels, dtype=object) for name, labels in segmentations.items()}
    return {name: labels for name, labels in arrays.items() if len({one for one in labels if one is not None}) > 1}
