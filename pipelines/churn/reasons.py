"""Why the model says what it says of one account, in sentences that a CX lead reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from features.catalog import Family, Feature, Tier
from pipelines.churn.calibration import probability
from pipelines.churn.encoder import Columns, FloatArray, levels_of, numbers
from pipelines.churn.model import ChurnModel, Usual
from pipelines.churn.wording import Value, in_points, in_words

TOP = 5
NOBODY: Usual = MappingProxyType({})


@dataclass(frozen=True)
class Reason:
    """One feature's share in the predicted churn of one account: why the model says so, not what would change it.

    Attributes
    ----------
    value, usual, usual_in_segment
        Of this account, and the median or most frequent one among the accounts learnt from, and among those of its own
        segment; None if not known.
    contribution_log_odds
        What it adds to the calibrated log-odds.
    points
        The same in percentage points of probability: the predicted one less that without this contribution. Points of
        several reasons do not add up, log-odds do.
    effect
        On the predicted risk.
    text
        All of it in one sentence.
    """

    feature: str
    family: Family
    tier: Tier
    unit: str
    sentence: str
    value: Value
    usual: Value
    usual_in_segment: Value
    contribution_log_odds: float
    points: float
    effect: Literal["raises", "lowers"]
    text: str


@dataclass(frozen=True)
class Explanation:
    """Why one account has its predicted risk: base + contributions of the reasons + remainder = log-odds.

    Attributes
    ----------
    base_log_odds
        Where every account starts from.
    reasons
        The largest contributions, the largest first.
    remainder_log_odds
        All other features together.
    by_family
        What all features of a family add, told or not: base + families = log-odds.
    log_odds
        Calibrated, as served.
    """

    base_log_odds: float
    reasons: tuple[Reason, ...]
    remainder_log_odds: float
    by_family: Mapping[Family, float]
    log_odds: float


def explain(
    model: ChurnModel, columns: Columns, *, top: int = TOP, peers: Sequence[Usual] | None = None
) -> list[Explanation]:
    """Return one explanation a row, with at most `top` reasons; `peers` say what is usual in each row's segment."""
    contributions, base = model.contributions(columns)
    families = _families(model, contributions)
    explanations = []
    for row, log_odds in enumerate(model.log_odds(columns).tolist()):
        own = peers[row] if peers else {}
        reasons = top_reasons(model, columns, contributions[row], row, log_odds, top, own)
        told = sum(reason.contribution_log_odds for reason in reasons)
        rest = log_odds - base - told
        explanations.append(Explanation(base, tuple(reasons), rest, families[row], log_odds))
    return explanations


def _families(model: ChurnModel, contributions: FloatArray) -> list[dict[Family, float]]:
    """The sum over each family's features, of every row."""
    own = np.array([feature.family for feature in model.encoder.features])
    there = list(dict.fromkeys(feature.family for feature in model.encoder.features))
    sums = np.stack([contributions[:, own == family].sum(axis=1) for family in there], axis=1)
    return [dict(zip(there, row, strict=True)) for row in sums.tolist()]


def top_reasons(
    model: ChurnModel,
    columns: Columns,
    adds: FloatArray,
    row: int,
    log_odds: float,
    top: int = TOP,
    peers: Usual = NOBODY,
) -> list[Reason]:
    """Return the reasons of one row, the largest contribution first; a feature that adds nothing is no reason.

    `adds` (p,) are the row's contributions, as `ChurnModel.contributions` returns them, `log_odds` what it is served;
    `peers` say what is usual in its segment.
    """
    order = [i for i in np.argsort(-np.abs(adds), kind="stable")[:top] if adds[i]]
    without = probability(log_odds - adds[order])
    points = 100 * (probability(np.array([log_odds])) - without)
    return [
        _reason(model, model.encoder.features[i], columns, row, _Share(float(adds[i]), float(point), peers))
        for i, point in zip(order, points, strict=True)
    ]


class _Share(NamedTuple):
    """What a feature adds, in log-odds and in points, and what is usual among the account's peers."""

    contribution: float
    points: float
    peers: Usual


def _reason(model: ChurnModel, feature: Feature, columns: Columns, row: int, share: _Share) -> Reason:
    value, usual, peers_usual = _value(feature, columns, row), model.usual[feature.name], share.peers.get(feature.name)
    contribution, points = share.contribution, share.points
    effect: Literal["raises", "lowers"] = "raises" if contribution > 0 else "lowers"
    return Reason(
        feature=feature.name,
        family=feature.family,
        tier=feature.tier,
        unit=feature.unit,
        sentence=feature.sentence,
        value=value,
        usual=usual,
        usual_in_segment=peers_usual,
        contribution_log_odds=contribution,
        points=points,
        effect=effect,
        text=f"{in_words(feature, value, usual, peers_usual)}, {effect} the predicted risk {in_points(points)}",
    )


def _value(feature: Feature, columns: Columns, row: int) -> Value:
    if feature.name not in columns:
        return None
    column = columns[feature.name]
    # A whole column of a frame is not converted for the sake of one row.
    one = [column.iloc[row] if hasattr(column, "iloc") else column[row]]
    if feature.kind == "category":
        return levels_of(one)[0]
    number = float(numbers(one, feature.name)[0])
    return None if np.isnan(number) else number
