"""The gap between what is thought inside and what accounts say, and promises kept and felt, with known truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_trials import WORLDS_A_SEED, Trial, covered
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.voice.perception import perception_gap
from pipelines.experience.voice.promises import promises

AS_OF = pd.Timestamp("2026-01-01")
RATERS = ("kind", "fair one", "fair two", "fair three")


def rated_world(bias: float, seed: int, *, n_accounts: int = 200, kind: float = 0.0) -> ExperienceData:
    """Return accounts rated inside so many points (of 0 to 10) better than they rate; one rater by `kind` more."""
    rng = np.random.default_rng(seed)
    n_quarters = 4
    true = np.clip(rng.normal(5.5, 1.2, (n_accounts, 1)), 2.5, 7.0)
    size = (n_accounts, n_quarters)
    rater = np.arange(n_accounts) % len(RATERS)
    inside = true + bias + kind * (rater == 0)[:, None] + 0.8 * rng.standard_normal(size)
    outside = true + 0.8 * rng.standard_normal(size)
    names = np.repeat([f"a{i}" for i in range(n_accounts)], n_quarters)
    at = AS_OF - pd.to_timedelta(np.tile([40, 130, 220, 310], n_accounts), unit="D")
    who = np.repeat(np.array(RATERS)[rater], n_quarters)
    ratings = pd.DataFrame({"account_id": names, "rated_at": at, "rater": who})
    ratings = ratings.assign(score=np.clip(inside.ravel(), 0, 10), touchpoint="account_management")
    answers = pd.DataFrame({"account_id": names, "answered_at": at, "metric": "nps", "survey_type": "periodic"})
    answers = answers.assign(score=np.clip(outside.ravel(), 0, 10) / 10, touchpoint="account_management")
    accounts = pd.DataFrame({"account_id": sorted(set(names)), "mrr": 100.0, "is_key": False})
    # The ends of the scale are given now and then: else nobody could tell it from the ratings.
    ratings.loc[[0, 1], "score"] = [0.0, 10.0]
    return replace(ExperienceData.empty(AS_OF), internal_ratings=ratings, responses=answers, accounts=accounts)


def promise_world(noticed: float, seed: int, *, n_accounts: int = 150, kept: float = 0.9) -> ExperienceData:
    """Return cases first answered within 8 hours so often; of these so many felt it, of the others nobody did."""
    rng = np.random.default_rng(seed)
    n = 6 * n_accounts
    is_kept = rng.random(n) < kept
    feels = is_kept & (rng.random(n) < noticed)
    opened = AS_OF - pd.to_timedelta(np.tile(np.arange(6) * 50 + 30, n_accounts), unit="D")
    cases = pd.DataFrame({"account_id": np.repeat([f"a{i}" for i in range(n_accounts)], 6), "opened_at": opened})
    cases["first_response_at"] = cases["opened_at"] + pd.to_timedelta(np.where(is_kept, 4, 20), unit="h")
    cases = cases.assign(closed_at=cases["opened_at"] + pd.Timedelta(days=1), touchpoint="support")
    answers = pd.DataFrame({"account_id": cases["account_id"], "answered_at": cases["closed_at"] + pd.Timedelta("1D")})
    answers = answers.assign(metric="csat", touchpoint="support", survey_type="event", score=np.where(feels, 1.0, 0.25))
    registry = {"touchpoint": ["support"], "promise_metric": ["first_response_hours"], "promise_threshold": [8.0]}
    return replace(ExperienceData.empty(AS_OF), cases=cases, responses=answers, touchpoints=pd.DataFrame(registry))


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed: of several worlds, so that shares of few seeds are not chance alone."""
    for own in range(WORLDS_A_SEED * seed, WORLDS_A_SEED * (seed + 1)):
        yield from _trials(own)


def _trials(seed: int) -> Iterator[Trial]:
    for bias, is_planted in ((2.0, True), (0.0, False)):
        gap = perception_gap(rated_world(bias, seed))[0]
        yield Trial("perception.gap", "right" if is_planted else "false", gap.verdict == "found")
        yield covered(f"perception.gap_{bias:g}", gap.low, gap.high, 10 * bias)
    told = {one.group: one for one in perception_gap(rated_world(0.0, seed, kind=1.5)) if one.group_by == "rater"}
    yield Trial("perception.rater", "right", told["kind"].verdict == "found" and told["kind"].value > 0)
    few = perception_gap(rated_world(0.0, seed, n_accounts=4))[0]
    yield Trial("perception", "refused", few.verdict == "refused")
    for noticed, is_planted in ((0.6, True), (1.0, False)):
        told = {one.figure: one for one in promises(promise_world(noticed, seed))}
        felt = told["delivered less felt"]
        yield Trial("promises.unnoticed", "right" if is_planted else "false", felt.verdict == "found")
        yield covered("promises.kept", told["kept"].low, told["kept"].high, 90.0)
        if is_planted:
            yield covered("promises.unnoticed", felt.low, felt.high, 90.0 * (1 - noticed))
