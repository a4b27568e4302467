"""What of a history foretells leaving, in worlds where it is planted: level, gap, spread, or one of three rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_silence import left_data
from experiments.benchmarks.experience_trials import Trial
from pipelines.experience.gap_risk import combination_rule, experience_and_leaving
from pipelines.experience.inputs import ExperienceData

AS_OF = pd.Timestamp("2026-01-01")
Planted = Literal["level", "gap", "spread", "mean", "peak_end", "weakest", "nothing"]
PLACES = ("support", "billing", "product")


def history_world(planted: Planted, seed: int, *, n_accounts: int = 1500, years: int = 4) -> ExperienceData:
    """Return accounts scored monthly at a touchpoint in turn, who leave by what is planted (1.2 log-odds a spread)."""
    rng = np.random.default_rng(seed)
    n_months = 12 * years
    spread = rng.uniform(0.3, 1.7, (n_accounts, 1))
    turns = np.tile(np.arange(3), (n_accounts, n_months // 3, 1))
    place = rng.permuted(turns, axis=2).reshape(n_accounts, n_months)
    of_place = 1.0 * rng.standard_normal((n_accounts, 3))
    drift = np.cumsum(rng.normal(0, 0.25, (n_accounts, n_months)), axis=1)
    z = drift + np.take_along_axis(of_place, place, axis=1) + spread * rng.standard_normal((n_accounts, n_months))
    gone = np.full(n_accounts, n_months + 1.0)
    starts = AS_OF - pd.to_timedelta(90 * np.arange(n_months // 3, 0, -1), unit="D")
    for quarter in range(4, n_months // 3):
        risk = _risk(planted, z, place, 3 * quarter)
        risk = (risk - risk.mean()) / max(risk.std(), 1e-9)
        p = 1 / (1 + np.exp(-(-3.3 + 1.2 * risk * (planted != "nothing"))))
        leaves = (gone > n_months) & (rng.random(n_accounts) < p)
        gone = np.where(leaves, quarter, gone)
    account, month = np.nonzero(month_is_lived(gone, n_months))
    at = starts[month // 3] + pd.to_timedelta(30 * (month % 3) + 3, unit="D")
    names = np.array([f"a{i}" for i in range(n_accounts)])
    scores = pd.DataFrame({"account_id": names[account], "answered_at": at, "metric": "csat", "survey_type": "event"})
    scores = scores.assign(touchpoint=np.array(PLACES)[place[account, month]], score=0.5 + z[account, month] / 12)
    left = pd.DataFrame({"account_id": names, "quarter": gone})[gone <= n_months]
    left_at = starts[left.pop("quarter").to_numpy(dtype=int)] + pd.to_timedelta(rng.uniform(1, 89, len(left)), unit="D")
    data = left_data(pd.DataFrame({"account_id": names}), left.assign(left_at=left_at))
    return replace(data, responses=scores)


def month_is_lived(gone: np.ndarray, n_months: int) -> np.ndarray:
    """Return in which months (accounts x months) an account is there, by the quarter in which it goes."""
    return np.asarray(np.arange(n_months)[None, :] // 3 <= gone[:, None])


def _risk(planted: Planted, z: np.ndarray, place: np.ndarray, month: int) -> np.ndarray:
    year, where = z[:, month - 12 : month], place[:, month - 12 : month]
    worst, best, last = year.min(axis=1), year.max(axis=1), year[:, -1]
    if planted == "spread":
        return np.asarray(year.std(axis=1))
    if planted == "gap":
        used_to = z[:, 0].copy()
        for earlier in range(1, month - 3):
            used_to = used_to + 0.3 * (z[:, earlier] - used_to)
        return np.asarray(used_to - z[:, month - 3 : month].mean(axis=1))
    if planted == "peak_end":
        return np.asarray(-(np.where(np.abs(worst) >= np.abs(best), worst, best) + last) / 2)
    if planted == "weakest":
        means = [np.where(where == one, year, 0).sum(axis=1) / (where == one).sum(axis=1) for one in range(3)]
        return np.asarray(-np.min(means, axis=0))
    return np.asarray(-year.mean(axis=1))


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed."""
    told = {one.figure: one for one in experience_and_leaving(history_world("gap", seed))}
    yield Trial("gap_risk.gap", "right", told["gain by the gap"].verdict == "found")
    told = {one.figure: one for one in experience_and_leaving(history_world("level", seed))}
    yield Trial("gap_risk.gap", "false", told["gain by the gap"].verdict == "found")
    yield Trial("gap_risk.spread", "false", told["spread"].verdict == "found")
    told = {one.figure: one for one in experience_and_leaving(history_world("spread", seed))}
    yield Trial("gap_risk.spread", "right", told["spread"].verdict == "found")
    for planted, rule in (("mean", "mean"), ("peak_end", "peak-end"), ("weakest", "weakest link")):
        (found,) = combination_rule(history_world(planted, seed))  # type: ignore[arg-type]
        yield Trial(f"rule.{planted}", "right", found.verdict == "found" and found.group == rule)
    (found,) = combination_rule(history_world("nothing", seed))
    yield Trial("rule", "false", found.verdict == "found")
