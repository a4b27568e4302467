"""Answers that age, in worlds where it is known how fast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_trials import Trial, covered
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.late_answers import late_answers

AS_OF = pd.Timestamp("2026-01-01")


def late_world(half_life: float, seed: int, *, n_accounts: int = 500, cases: int = 8) -> ExperienceData:
    """Return cases answered upon after 0 to 20 days, by answers that tell half as much after so many."""
    rng = np.random.default_rng(seed)
    n = n_accounts * cases
    names = np.repeat([f"a{i}" for i in range(n_accounts)], cases)
    prompt, lag = rng.normal(0, 0.8, n), rng.uniform(0.05, 20, n)
    usual = 0.5 * rng.standard_normal(n_accounts).repeat(cases)
    score = 0.9 * prompt * 2 ** (-lag / half_life) + usual + 0.6 * rng.standard_normal(n)
    opened = AS_OF - pd.to_timedelta(np.tile(60 + 60 * np.arange(cases), n_accounts), unit="D")
    rows = pd.DataFrame({"account_id": names, "opened_at": opened})
    rows["first_response_at"] = rows["opened_at"] + pd.to_timedelta(np.exp(1.5 - prompt), unit="h")
    rows["closed_at"] = rows["first_response_at"] + pd.Timedelta(hours=1)
    answers = pd.DataFrame({"account_id": names, "answered_at": rows["closed_at"] + pd.to_timedelta(lag, unit="D")})
    answers = answers.assign(metric="csat", survey_type="event", touchpoint="support", score=0.5 + score / 16)
    segments = pd.DataFrame({"account_id": sorted(set(names))})
    return replace(ExperienceData.empty(AS_OF), cases=rows, responses=answers, segments=segments)


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed."""
    found = late_answers(late_world(6.0, seed))[0]
    yield Trial("late_answers", "right", found.verdict == "found")
    yield covered("late_answers.half_life", found.low, found.high, 6.0)
    yield Trial("late_answers", "false", late_answers(late_world(1e9, seed))[0].verdict == "found")
    yield Trial("late_answers", "refused", late_answers(ExperienceData.empty(AS_OF))[0].verdict == "refused")
