"""NPS of everyone who was asked, not of those who answered: weighted where that can be right, else bounded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.experience.clustered import Estimate, clustered_mean, too_few
from pipelines.experience.found import Found
from pipelines.experience.invited import design, invited
from pipelines.experience.metrics import METRICS
from pipelines.experience.silent_mood import MoodTest, mood_test

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "who answers"
LEAST_PROB = 0.02
"""Who is less likely to answer than this is not represented by those who do."""
MOST_BEYOND = 0.05
FEWEST_EFFECTIVE = 30
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Corrected:
    """A mean over everyone asked, and the number of independent answers that the weights leave."""

    estimate: Estimate
    n_effective: float
    share_beyond: float
    """Share of those asked whose probability of answering is below `LEAST_PROB`."""


def population_scores(data: ExperienceData) -> list[Found]:
    """Return for NPS and each kind of survey the score of those who answered, corrected, and its bounds.

    The correction holds where answering depends on what is known of an account only. Whether it depends on the score
    itself is tested by what others at the account said at the time (see `silent_mood`); where it does, or that cannot
    be tested, the corrected figure is withheld and only Manski's bounds are told.
    """
    rows = invited(data, "nps")
    if rows.empty:
        return [Found.refused(TOPIC, "corrected nps", "no invitations are known; map survey_invitations")]
    others = data.responses[data.responses["metric"].isin(METRICS)]
    return [
        one
        for kind, own in rows.groupby("survey_type", observed=True)
        for one in _of_kind(str(kind), own.reset_index(drop=True), others)
    ]


def corrected_mean(rows: pd.DataFrame) -> Corrected:
    """Return the mean value of everyone asked, by what is known of those who answered and of those who did not.

    Augmented inverse-probability weighting with a logistic and a linear model (Robins, Rotnitzky and Zhao 1994): right
    where one of the two is; the error counts accounts as clusters.
    """
    X = design(rows).to_numpy(dtype=float)
    answered = rows["is_answered"].to_numpy(dtype=bool)
    prob = _probabilities(X, answered)
    weights = 1 / np.maximum(prob[answered], LEAST_PROB)
    value = rows["value"].fillna(0.0).to_numpy(dtype=float)
    beta = np.linalg.lstsq(X[answered], value[answered], rcond=None)[0]
    fitted = X @ beta
    told = fitted + np.where(answered, (value - fitted) / np.maximum(prob, LEAST_PROB), 0.0)
    mean = clustered_mean(told, rows["account_id"])
    return Corrected(mean, float(weights.sum() ** 2 / (weights**2).sum()), float((prob < LEAST_PROB).mean()))


def bounds(rows: pd.DataFrame, low: float, high: float) -> tuple[float, float]:
    """Return the least and the most that the mean of everyone asked can be, whatever the others think (Manski 1989).

    >>> bounds(pd.DataFrame({"value": [100.0, None], "is_answered": [True, False]}), -100, 100)
    (0.0, 100.0)
    """
    value = rows["value"].to_numpy(dtype=float)
    filled = [np.where(rows["is_answered"], value, limit).mean() for limit in (low, high)]
    return float(filled[0]), float(filled[1])


def _of_kind(kind: str, rows: pd.DataFrame, others: pd.DataFrame) -> list[Found]:
    answered = rows[rows["is_answered"]]
    why = too_few(len(answered), answered["account_id"].nunique())
    if why:
        return [Found.refused(TOPIC, "corrected nps", why, "survey_type", kind)]
    seen = clustered_mean(answered["value"], answered["account_id"])
    rate = clustered_mean(rows["is_answered"].astype(float), rows["account_id"])
    of = {"group_by": "survey_type", "group": kind}
    share = replace(rate, value=100 * rate.value, low=100 * rate.low, high=100 * rate.high)
    return [
        _told("response rate", share, "% of those asked", len(rows), of),
        _told("nps of those who answered", seen, METRICS["nps"].unit, len(answered), of),
        _bounded(rows, of),
        _corrected(rows, seen, mood_test(rows, others), of),
    ]


def _corrected(rows: pd.DataFrame, seen: Estimate, test: MoodTest, of: dict[str, str]) -> Found:
    name, unit = "corrected nps", METRICS["nps"].unit
    if test.verdict != "none found":
        said = f"withheld, only the bounds can be told: {test.sentence}"
        return Found(TOPIC, name, np.nan, unit=unit, n=len(rows), verdict="cannot tell", sentence=said, **_basis(of))
    found = corrected_mean(rows)
    if found.n_effective < FEWEST_EFFECTIVE or found.share_beyond > MOST_BEYOND:
        why = (
            f"{found.share_beyond:.0%} of those asked hardly ever answer, and the weights leave "
            f"{found.n_effective:.0f} independent answers: nobody who answered speaks for the others"
        )
        return Found.refused(TOPIC, name, why.replace("%", " %"), **of)
    moved = found.estimate.value - seen.value
    said = (
        f"{moved:+.1f} beside those who answered, with {found.n_effective:.0f} effective answers; {test.sentence}; "
        "assumes that answering depends on nothing else"
    )
    return _told(name, found.estimate, unit, int(rows["is_answered"].sum()), of, said)


def _bounded(rows: pd.DataFrame, of: dict[str, str]) -> Found:
    nps = METRICS["nps"]
    low, high = bounds(rows, nps.low, nps.high)
    filled = [rows["value"].fillna(limit) for limit in (nps.low, nps.high)]
    outer = [clustered_mean(each, rows["account_id"]) for each in filled]
    said = f"whatever those who did not answer think, it lies from {low:.0f} to {high:.0f} (range with sampling error)"
    return Found(
        TOPIC, "nps bounds", np.nan, max(outer[0].low, nps.low), min(outer[1].high, nps.high), nps.unit,
        n=len(rows), n_accounts=outer[0].n_accounts, sentence=said, **_basis(of),
    )  # fmt: skip


def _told(name: str, found: Estimate, unit: str, n: int, of: dict[str, str], said: str = "") -> Found:
    return Found(
        TOPIC, name, found.value, found.low, found.high, unit, n=n, n_accounts=found.n_accounts, sentence=said,
        **(of if not said else _basis(of)),
    )  # fmt: skip


def _basis(of: dict[str, str]) -> dict[str, Any]:
    return {"basis": "assumed", **of}


def _probabilities(X: Float, answered: npt.NDArray[np.bool_]) -> Float:
    """The probability of answering; a touch of ridge keeps it finite where answering is told perfectly."""
    from sklearn.linear_model import LogisticRegression

    if answered.all():
        return np.ones(len(answered))
    model = LogisticRegression(C=100.0, max_iter=500).fit(X, answered)
    prob: Float = model.predict_proba(X)[:, 1]
    return prob
