"""The three bases on which accounts are segmented: what each reads, and how it learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from features.catalog import Feature
from features.compute import parts
from features.streams import ACCOUNT, OBSERVED
from pipelines.churn.encoder import Columns
from pipelines.segmentation.behavioural import BEHAVIOURAL, prepare_behavioural
from pipelines.segmentation.firmographic import firmographic_learner, prepare_firmographic
from pipelines.segmentation.learner import Learner
from pipelines.segmentation.needs import NEEDS, prepare_needs
from pipelines.segmentation.preparation import Preparation

# How lately, how often, in how many ways, how much used, how much bought: one column each. The mixture has a parameter
# for every pair of them, and with seventeen that repeat one another it split 403 accounts by which counts are zero
# (adjusted Rand index with the true segments 0.00; with these five 0.39).
LEVELS = frozenset({"recency_days", "activities_90d", "activity_kinds_90d", "usage_90d", "spent_365d"})

Prepare = Callable[[Columns, Sequence[Feature], int], Preparation]
"""(rows, features, seed) -> how rows are prepared."""


@dataclass(frozen=True)
class Basis:
    """What a segmentation reads and how it is learned.

    Attributes
    ----------
    name, about
        The segmentation's name, and what its features say.
    reads
        Whether a feature belongs to it.
    prepare, learner
        Rows to numbers, and once it is known how, what finds mixtures of them.
    fewest_known
        Share of the known accounts that must have a value for a feature to count.
    """

    name: str
    about: str
    reads: Callable[[Feature], bool]
    prepare: Prepare
    learner: Callable[[Preparation], Learner]
    fewest_known: float


def bases() -> tuple[Basis, ...]:
    """Return the three bases.

    A question on needs is answered by some accounts and not by others, so its items may be mostly empty.

    >>> [basis.name for basis in bases()]
    ['firmographic', 'behavioural', 'needs']
    """
    return (
        Basis("firmographic", "accounts are", _is_firmographic, prepare_firmographic, firmographic_learner, 0.5),
        Basis("behavioural", "accounts do", _is_behaviour, prepare_behavioural, lambda _: BEHAVIOURAL, 0.5),
        Basis("needs", "accounts need", _is_need, prepare_needs, lambda _: NEEDS, 0.1),
    )


def _is_firmographic(feature: Feature) -> bool:
    return feature.family == "firmographic" and not _is_need(feature)


def _is_behaviour(feature: Feature) -> bool:
    is_number = feature.kind == "number" and not _is_need(feature)
    is_of_it = is_number and feature.family == "behaviour" and feature.tier != "intent"
    return is_of_it and (feature.name in LEVELS or not _rests_on_events(feature))


def _rests_on_events(feature: Feature) -> bool:
    return any(not {OBSERVED, ACCOUNT} & set(part.streams) for part in parts(feature.compute))


def _is_need(feature: Feature) -> bool:
    return feature.name.startswith("need_")
