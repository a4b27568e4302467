"""Promises: kept by the numbers, and kept in the eyes of those they were made to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.experience.clustered import Estimate, clustered_mean, too_few
from pipelines.experience.found import Found, verdict_of

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC, UNIT = "promises", "% of cases"
HOURS: Mapping[str, tuple[str, str]] = {
    "first_response_hours": ("opened_at", "first_response_at"),
    "resolution_hours": ("opened_at", "closed_at"),
}
"""What can be promised of a case: hours between two of its times, at most the threshold."""
SATISFIED = 0.75
"""From 0 to 1: an answer from here on says that the promise was kept."""
WITHIN_DAYS = 21
SMALLEST = 5.0


def promises(data: ExperienceData) -> list[Found]:
    """Return for each promise how often it was kept (counted), how often it felt kept, and the three gaps between.

    A promise is a touchpoint's `promise_metric` (first_response_hours or resolution_hours) and `promise_threshold`. It
    felt kept where the answer after the case is one of satisfaction. Delivered and felt are compared on cases with
    both; of those kept, the share that did not feel kept says what nobody noticed.
    """
    made = data.touchpoints.dropna(subset=["promise_metric", "promise_threshold"])
    if made.empty:
        return [Found.refused(TOPIC, "kept", "no promise is declared; map promise_metric and promise_threshold")]
    return [one for row in made.to_dict("records") for one in _promise(data, row)]


def kept_cases(data: ExperienceData, touchpoint: str, metric: str, threshold: float) -> pd.DataFrame:
    """Return account_id, at, kept, and felt (NaN where nobody answered after it), one row a case of a touchpoint."""
    start, end = HOURS[metric]
    cases = data.cases[(data.cases["touchpoint"] == touchpoint) & data.cases[end].notna()]
    hours = (cases[end] - cases[start]).dt.total_seconds() / 3600
    at = cases["closed_at"].fillna(cases[end]).astype("datetime64[us]")
    found = pd.DataFrame({"account_id": cases["account_id"], "at": at, "kept": hours <= threshold})
    return _felt(found.sort_values("at", ignore_index=True), data, touchpoint)


def _promise(data: ExperienceData, row: Mapping[Any, Any]) -> list[Found]:
    touchpoint, metric, threshold = str(row["touchpoint"]), str(row["promise_metric"]), float(row["promise_threshold"])
    if metric not in HOURS:
        why = f"promise_metric {metric!r}; {' or '.join(HOURS)} can be told from cases"
        return [Found.refused(TOPIC, "kept", why, "touchpoint", touchpoint)]
    cases = kept_cases(data, touchpoint, metric, threshold)
    why_few = too_few(len(cases), cases["account_id"].nunique())
    if why_few:
        return [Found.refused(TOPIC, "kept", why_few.replace("answers", "cases"), "touchpoint", touchpoint)]
    promise = f"{metric.replace('_', ' ')} of at most {threshold:g}"
    kept = clustered_mean(100.0 * cases["kept"], cases["account_id"])
    of = {"group_by": "touchpoint", "group": touchpoint}
    gap = Estimate(100 - kept.value, kept.error, 100 - kept.high, 100 - kept.low, kept.n, kept.n_accounts)
    found = [_figure("kept", kept, of, promise), _figure("promised less delivered", gap, of, promise)]
    return [*found, *_eyes(cases.dropna(subset=["felt"]), of)]


def _eyes(cases: pd.DataFrame, of: dict[str, str]) -> list[Found]:
    why = too_few(len(cases), cases["account_id"].nunique())
    if why:
        return [Found.refused(TOPIC, "felt kept", why, **of)]
    felt = clustered_mean(100.0 * cases["felt"], cases["account_id"])
    unnoticed = clustered_mean(100.0 * (cases["kept"].astype(float) - cases["felt"]), cases["account_id"])
    broken = Estimate(100 - felt.value, felt.error, 100 - felt.high, 100 - felt.low, felt.n, felt.n_accounts)
    verdict = verdict_of(unnoticed.low, unnoticed.high, SMALLEST)
    said = "kept more often than it feels: tell them" if unnoticed.low > 0 else "as it is, so it feels"
    found = [
        _figure("felt kept", felt, of, "of cases answered upon"),
        _figure("promised less felt", broken, of, "of cases answered upon"),
        _figure("delivered less felt", unnoticed, of, said, verdict),
    ]
    kept = cases[cases["kept"]]
    if too_few(len(kept), kept["account_id"].nunique()) is None:
        missed = clustered_mean(100.0 * (1 - kept["felt"]), kept["account_id"])
        found.append(_figure("kept and not noticed", missed, of, "of cases in which it was kept"))
    return found


def _felt(cases: pd.DataFrame, data: ExperienceData, touchpoint: str) -> pd.DataFrame:
    own = data.responses[(data.responses["touchpoint"] == touchpoint) & (data.responses["metric"] == "csat")]
    answers = own[["account_id", "answered_at", "score"]].dropna()
    answers = answers.assign(answered_at=answers["answered_at"].astype("datetime64[us]")).sort_values("answered_at")
    ordered = cases.assign(case=np.arange(len(cases)))
    most = pd.Timedelta(days=WITHIN_DAYS)
    matched = pd.merge_asof(answers, ordered, left_on="answered_at", right_on="at", by="account_id", tolerance=most)
    matched = matched.dropna(subset=["case"])
    felt = matched.drop_duplicates("case").set_index("case")["score"]
    score = felt.reindex(ordered["case"]).to_numpy(dtype=float)
    return cases.assign(felt=np.where(np.isnan(score), np.nan, score >= SATISFIED - 1e-9))


def _figure(name: str, found: Estimate, of: dict[str, str], said: str, verdict: Any = "told") -> Found:
    low, high = max(found.low, -100.0), min(found.high, 100.0)
    return Found(TOPIC, name, found.value, low, high, UNIT, "counted", n=found.n, n_accounts=found.n_accounts,
                 verdict=verdict, sentence=said, **of)  # fmt: skip
