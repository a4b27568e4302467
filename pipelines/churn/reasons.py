"""Why the model says what it says of one account, in sentences that a CX lead reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.catalog import Family, Feature, Tier
from pipelines.churn.calibration import probability
from pipelines.churn.encoder import Columns, FloatArray, levels_of, numbers
from pipelines.churn.model import ChurnModel
from pipelines.churn.wording import Value, in_points, in_words

TOP = 5


@dataclass(frozen=True)
class Reason:
    """One feature's share in the predicted churn of one account: why the model says so, not what would change it.

    Attributes
    ----------
    value, usual
        Of this account, and the median or most frequent one among the accounts learnt from; None if not known.
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
    log_odds
        Calibrated, as served.
    """

    base_log_odds: float
    reasons: tuple[Reason, ...]
    remainder_log_odds: float
    log_odds: float


def explain(model: ChurnModel, columns: Columns, *, top: int = TOP) -> list[Explanation]:
    """Return one explanation a row, with at most `top` reasons each."""
    contributions, base = model.contributions(columns)
    explanations = []
    for row, log_odds in enumerate(model.log_odds(columns).tolist()):
        reasons = top_reasons(model, columns, contributions[row], row, log_odds, top)
        told = sum(reason.contribution_log_odds for reason in reasons)
        explanations.append(Explanation(base, tuple(reasons), log_odds - base - told, log_odds))
    return explanations


def top_reasons(
    model: ChurnModel, columns: Columns, adds: FloatArray, row: int, log_odds: float, top: int = TOP
) -> list[Reason]:
    """Return the reasons of one row, the largest contribution first; a feature that adds nothing is no reason.

    `adds` (p,) are the row's contributions, as `ChurnModel.contributions` returns them, `log_odds` what it is served.
    """
    order = [i for i in np.argsort(-np.abs(adds), kind="stable")[:top] if adds[i]]
    without = probability(log_odds - adds[order])
    points = 100 * (probability(np.array([log_odds])) - without)
    return [
        _reason(model, model.encoder.features[i], columns, row, (float(adds[i]), float(point)))
        for i, point in zip(order, points, strict=True)
    ]


def _reason(model: ChurnModel, feature: Feature, columns: Columns, row: int, adds: tuple[float, float]) -> Reason:
    value, usual, (contribution, points) = _value(feature, columns, row), model.usual[feature.name], adds
    effect: Literal["raises", "lowers"] = "raises" if contribution > 0 else "lowers"
    return Reason(
        feature=feature.name,
        family=feature.family,
        tier=feature.tier,
        unit=feature.unit,
        sentence=feature.sentence,
        value=value,
        usual=usual,
        contribution_log_odds=contribution,
        points=points,
        effect=effect,
        text=f"{in_words(feature, value, usual)}, {effect} the predicted risk {in_points(points)}",
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
