"""NPS, CSAT and CES with intervals: by kind of survey, touchpoint, segment, role, key account and month."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.experience.clustered import clustered_means, too_few
from pipelines.experience.found import Found
from pipelines.experience.monthly import month_of

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC = "survey metrics"
RECENT_DAYS = 365
"""Levels are of the last year; months are told as far back as there are answers."""
SURVEY_TYPE = "survey_type"
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Metric:
    """A survey metric: its unit, and the lowest and highest value it can take."""

    unit: str
    low: float
    high: float

    @property
    def span(self) -> float:
        """From the lowest value to the highest."""
        return self.high - self.low


METRICS = {
    "nps": Metric("points from -100 to 100", -100.0, 100.0),
    "csat": Metric("% satisfied", 0.0, 100.0),
    "ces": Metric("on a scale from 1 to 7, more is easier", 1.0, 7.0),
}


def survey_metrics(data: ExperienceData) -> list[Found]:
    """Return NPS, CSAT and CES (counted) of the last year by group, and by month, each kind of survey apart.

    NPS: share of scores from 0.9 of the scale on (9, 10) less the share up to 0.6 (0 to 6), x 100 (Reichheld 2003).
    CSAT: share of scores from 0.75 of the scale on (4, 5 of 5), in percent. CES: mean, brought to 1 to 7 (Dixon 2010).
    Groups of fewer than 10 answers or 5 accounts are refused.
    """
    answers = valued(data)
    if answers.empty:
        return [Found.refused(TOPIC, name, "no answers on it; map survey_responses") for name in METRICS]
    recent = answers[answers["answered_at"] >= data.as_of - pd.Timedelta(days=RECENT_DAYS)]
    groupings: list[Sequence[str]] = [(), ("touchpoint",), ("role",), ("is_key",)]
    groupings += [(name,) for name in data.segmentations]
    found = [one for by in groupings for one in _grouped(recent, by)]
    return [*found, *_grouped(answers, ("month",))]


def valued(data: ExperienceData) -> pd.DataFrame:
    """Return the answers on NPS, CSAT and CES with their `value` in the metric's unit, month, is_key and segments."""
    answers = data.responses[data.responses["metric"].isin(METRICS) & data.responses["score"].notna()]
    own = data.accounts[["account_id", "is_key"]].merge(data.segments, on="account_id", how="left")
    found = answers.merge(own, on="account_id", how="left")
    is_key = np.where(found["is_key"].fillna(False).astype(bool), "key accounts", "other accounts")
    return found.assign(value=metric_values(found), month=month_of(found["answered_at"]), is_key=is_key)


def metric_values(answers: pd.DataFrame) -> np.ndarray:
    """Return what each answer adds to the mean that is its metric: of NPS 100, 0 or -100.

    >>> metric_values(pd.DataFrame({"metric": ["nps", "nps", "csat", "ces"], "score": [0.9, 0.6, 0.75, 0.5]})).tolist()
    [100.0, -100.0, 100.0, 4.0]
    """
    score, metric = answers["score"].to_numpy(dtype=float), answers["metric"].to_numpy()
    nps = 100.0 * ((score >= 0.9 - TOLERANCE).astype(float) - (score <= 0.6 + TOLERANCE))
    csat = 100.0 * (score >= 0.75 - TOLERANCE)
    return np.select([metric == "nps", metric == "csat"], [nps, csat], 1 + 6 * score)


def _grouped(answers: pd.DataFrame, by: Sequence[str]) -> Iterator[Found]:
    for name, metric in METRICS.items():
        own = answers[answers["metric"] == name]
        if len(own):
            table = clustered_means(own, [SURVEY_TYPE, *by], "value", span=metric.span)
            yield from (_found(name, metric, row, by) for row in table.to_dict("records"))


def _found(name: str, metric: Metric, row: Mapping[Hashable, Any], by: Sequence[str]) -> Found:
    group_by = " / ".join([SURVEY_TYPE, *by])
    group = " / ".join(_text(row[column]) for column in (SURVEY_TYPE, *by))
    n, n_accounts = int(row["n"]), int(row["n_accounts"])
    why = too_few(n, n_accounts)
    if why:
        return Found.refused(TOPIC, name, why, group_by, group)
    mean, low, high, effective = (float(row[column]) for column in ("mean", "low", "high", "n_effective"))
    return Found(
        TOPIC, name, mean, max(low, metric.low), min(high, metric.high), metric.unit, "counted", group_by, group,
        n, n_accounts, "told", f"{n} answers of {n_accounts} accounts tell as much as {effective:.0f} independent ones",
    )  # fmt: skip


def _text(value: object) -> str:
    return f"{value:%Y-%m}" if isinstance(value, pd.Timestamp) else str(value)
