"""The moving expectation, the bar and the gap in hazards, in worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_trials import Trial, covered
from pipelines.experience.expectation import expectation
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.moving_bar import moving_bar

AS_OF = pd.Timestamp("2026-01-01")
NOISE = 0.7


@dataclass(frozen=True)
class Served:
    """Accounts with cases: what a surprise adds to a score, how fast each segment learns, and what changes a year."""

    gap: float = 0.5
    alphas: tuple[float, ...] = (0.3, 0.3)
    bar_a_year: float = 0.0
    prompter_a_year: float = 0.0


def served_world(world: Served, seed: int, *, n_accounts: int = 400, cases: int = 12) -> ExperienceData:
    """Return accounts of two segments with a dozen cases each, all answered upon."""
    rng = np.random.default_rng(seed)
    segment = np.arange(n_accounts) % len(world.alphas)
    alpha = np.array(world.alphas)[segment]
    years = np.sort(rng.uniform(0, 3, (n_accounts, cases)), axis=1)
    level = rng.normal(0, 0.6, (n_accounts, 1)) + np.cumsum(rng.normal(0, 0.35, (n_accounts, cases)), axis=1)
    prompt = level + 0.5 * rng.standard_normal((n_accounts, cases)) + world.prompter_a_year * years
    used_to = prompt.copy()
    for case in range(1, cases):
        used_to[:, case] = used_to[:, case - 1] + alpha * (prompt[:, case - 1] - used_to[:, case - 1])
    felt = 0.4 * prompt + world.gap * (prompt - used_to) - world.bar_a_year * years
    score = felt + 0.4 * rng.standard_normal((n_accounts, 1)) + NOISE * rng.standard_normal((n_accounts, cases))
    names = np.array([f"a{i}" for i in range(n_accounts)])
    opened = AS_OF - pd.to_timedelta(365.25 * (3 - years.ravel()) + 10, unit="D")
    hours = np.exp(2 - prompt.ravel())
    rows = pd.DataFrame({"account_id": np.repeat(names, cases), "opened_at": opened})
    rows["first_response_at"] = rows["opened_at"] + pd.to_timedelta(hours, unit="h")
    rows["closed_at"] = rows["first_response_at"] + pd.Timedelta(hours=1)
    answers = pd.DataFrame({"account_id": rows["account_id"], "answered_at": rows["closed_at"] + pd.Timedelta("1min")})
    answers = answers.assign(metric="csat", survey_type="event", touchpoint="support", score=0.5 + score.ravel() / 20)
    return replace(
        ExperienceData.empty(AS_OF),
        cases=rows,
        responses=answers,
        segments=pd.DataFrame({"account_id": names, "kind": np.array(["one", "two"])[segment]}),
    )


def scale_of(data: ExperienceData) -> float:
    """Return the standard deviation of scores before they are standardised, in units of the planted effects."""
    return float(20 * data.responses["score"].std())


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed."""
    data = served_world(Served(alphas=(0.2, 0.6)), seed)
    for one in expectation(data):
        if one.group in ("one", "two") and one.figure == "alpha":
            yield Trial("expectation", "right", one.verdict == "told")
            yield covered("expectation.alpha", one.low, one.high, {"one": 0.2, "two": 0.6}[one.group])
    steady = served_world(Served(alphas=(0.3, 0.3)), seed)
    (gap,) = (one for one in expectation(steady) if (one.group, one.figure) == ("all", "gap"))
    yield covered("expectation.gap", gap.low, gap.high, 0.5 / scale_of(steady))
    nothing = expectation(served_world(Served(gap=0.0), seed))[0]
    yield Trial("expectation", "false", nothing.verdict == "found")
    yield Trial("expectation", "refused", expectation(ExperienceData.empty(AS_OF))[0].verdict == "refused")
    rising = served_world(Served(gap=0.0, bar_a_year=0.3, prompter_a_year=0.75), seed)
    bar = moving_bar(rising)[0]
    yield Trial("moving_bar", "right", bar.verdict == "found")
    yield covered("moving_bar", bar.low, bar.high, 0.3 / scale_of(rising))
    yield Trial("moving_bar", "false", moving_bar(served_world(Served(gap=0.0), seed))[0].verdict == "found")
