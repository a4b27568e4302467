"""Survey metrics, correction for who answers, fatigue and control charts, in worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_trials import Trial, covered
from pipelines.experience.fatigue import contact_fatigue
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.metrics import survey_metrics
from pipelines.experience.normal_band import normal_bands
from pipelines.experience.who_answers import population_scores

AS_OF = pd.Timestamp("2026-01-01")
ROLES = ("Business User", "Economic Buyer")
TRUE_NPS = -24.85
"""Of `asked_world`, by a million answers: what everyone thinks, beyond the accounts that happen to be there."""
DependsOn = Literal["nothing", "role", "score"]


def survey_data(asked: pd.DataFrame) -> ExperienceData:
    """Return data of invitations: account (number), person, sent_at, answers, score (0 to 10), and more if given."""
    names = "a" + asked["account"].astype(str)
    invitations = asked.assign(
        invitation_id="i" + pd.Series(range(len(asked)), index=asked.index).astype(str),
        account_id=names,
        contact_id=names + "-" + asked["person"].astype(str),
    )
    defaults: dict[str, Any] = {"survey_type": "periodic", "touchpoint": "account_management", "role": ROLES[0]}
    invitations = invitations.assign(**{k: v for k, v in defaults.items() if k not in asked})
    invitations["answered_at"] = (invitations["sent_at"] + pd.Timedelta(days=1)).where(asked["answers"])
    responses = invitations[asked["answers"]].assign(metric="nps", raw=asked["score"], score=asked["score"] / 10)
    accounts = pd.DataFrame({"account_id": sorted(set(names)), "mrr": 100.0, "is_key": False})
    return replace(
        ExperienceData.empty(AS_OF),
        accounts=accounts.assign(created_at=pd.Timestamp("2020-01-01")),
        invitations=invitations.drop(columns=["score", "answers"]),
        responses=responses.reset_index(drop=True),
        segments=accounts[["account_id"]],
    )


def asked_world(depends_on: DependsOn, seed: int, *, n_accounts: int = 1200, waves: int = 4) -> pd.DataFrame:
    """Return a user and a buyer of each account asked every half year; answering depends on nothing, role or score."""
    rng = np.random.default_rng(seed)
    moods = pd.MultiIndex.from_product([range(n_accounts), range(waves)], names=["account", "wave"]).to_frame(False)
    usual = 0.7 * rng.standard_normal(n_accounts)
    moods["mood"] = usual[moods["account"]] + 0.8 * rng.standard_normal(len(moods))
    moods["sent_at"] = AS_OF - pd.to_timedelta(40 + 180 * moods["wave"] + rng.uniform(0, 150, len(moods)), unit="D")
    asked = moods.merge(pd.DataFrame({"person": [0, 1]}), how="cross")
    said = 7.6 + 1.2 * asked["mood"] - 1.6 * asked["person"] + 1.2 * rng.standard_normal(len(asked))
    log_odds = {"nothing": 0.0 * asked["mood"], "role": 1.8 * asked["person"] - 1.0, "score": 1.0 * asked["mood"]}
    answers = rng.random(len(asked)) < 1 / (1 + np.exp(-log_odds[depends_on]))
    return asked.assign(score=np.clip(np.round(said), 0, 10), answers=answers, role=np.array(ROLES)[asked["person"]])


def nps(score: pd.Series) -> float:
    """Return NPS by its definition.

    >>> nps(pd.Series([10, 9, 7, 3]))
    25.0
    """
    return float(100 * ((score >= 9).mean() - (score <= 6).mean()))


def fatigue_world(points: float, seed: int, *, n_accounts: int = 600, months: int = 18) -> pd.DataFrame:
    """Return people asked in random months, who answer by so many points less for each time within 90 days."""
    rng = np.random.default_rng(seed)
    is_asked = rng.random((n_accounts, months)) < rng.uniform(0.2, 0.8, (n_accounts, 1))
    lately = sum(np.pad(is_asked, ((0, 0), (gap, 0)))[:, :months].astype(int) for gap in (1, 2))
    willing = rng.uniform(0.35, 0.75, (n_accounts, 1))
    answers = rng.random(is_asked.shape) < willing - points / 100 * lately
    account, month = np.nonzero(is_asked)
    sent = AS_OF - pd.to_timedelta(40 + 31 * (months - month), unit="D")
    return pd.DataFrame({"account": account, "person": 0, "sent_at": sent, "answers": answers[is_asked], "score": 8.0})


def chart_world(shift_sd: float, seed: int, *, months: int = 36, a_month: int = 30) -> pd.DataFrame:
    """Return answers with a yearly wave; in the last 6 months all are worse by so many spreads of single answers."""
    rng = np.random.default_rng(seed)
    month = np.repeat(np.arange(months), a_month)
    starts = pd.date_range(end=AS_OF, periods=months + 1, freq="MS")[:-1]
    sent = starts[month] + pd.to_timedelta(rng.uniform(0, 26, len(month)), unit="D")
    wave, is_late = 0.4 * np.sin(2 * np.pi * month / 12), month >= months - 6
    said = 7.5 + wave - 1.8 * shift_sd * is_late + 1.8 * rng.standard_normal(len(month))
    person = np.tile(np.arange(a_month), months)
    account = person + a_month * (month % 4)
    columns = {"account": account, "person": 0, "sent_at": sent, "answers": True}
    return pd.DataFrame(columns).assign(score=np.clip(np.round(said), 0, 10))


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed."""
    yield from _nps_trials(seed)
    for depends_on in ("role", "score"):
        asked = asked_world(depends_on, seed)
        found = {one.figure: one for one in population_scores(survey_data(asked))}
        bounds, corrected, truth = found["nps bounds"], found["corrected nps"], nps(asked["score"])
        yield covered(f"who_answers.{depends_on}.bounds", bounds.low, bounds.high, truth)
        if depends_on == "role":
            yield Trial("who_answers.withheld_though_missing_at_random", "false", corrected.verdict != "told")
            if corrected.verdict == "told":
                yield covered("who_answers.corrected", corrected.low, corrected.high, truth)
        else:
            yield Trial("who_answers.withheld_where_score_decides", "right", bool(np.isnan(corrected.value)))
    for points, kind in ((5.0, "right"), (0.0, "false")):
        (lost,) = contact_fatigue(survey_data(fatigue_world(points, seed)))
        yield Trial("fatigue", "right" if kind == "right" else "false", lost.verdict == "found")
        yield covered(f"fatigue.{points:g}_points", lost.low, lost.high, -points)
    for shift, is_planted in ((1.0, True), (0.0, False)):
        found_of = {one.figure: one for one in normal_bands(survey_data(chart_world(shift, seed)))}
        yield Trial("normal_band", "right" if is_planted else "false", found_of["nps alarm"].verdict == "found")


def _nps_trials(seed: int) -> Iterator[Trial]:
    asked = asked_world("nothing", seed, n_accounts=300)
    told = next(one for one in survey_metrics(survey_data(asked)) if one.group_by == "survey_type")
    yield covered("nps", told.low, told.high, TRUE_NPS)
    few = asked.head(6).assign(answers=True)
    refused = survey_metrics(survey_data(few.assign(sent_at=AS_OF - pd.Timedelta(days=9))))
    yield Trial("nps", "refused", all(one.verdict == "refused" for one in refused))
