"""The score of each key account: what its few answers say, drawn towards what accounts usually say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.clustered import FEWEST_ACCOUNTS, reach
from pipelines.experience.found import Found
from pipelines.experience.metrics import METRICS, RECENT_DAYS, SURVEY_TYPE, valued

if TYPE_CHECKING:
    from pipelines.experience.inputs import ExperienceData

TOPIC, BY = "key accounts", "account"
MOST_TOLD = 50
"""The largest by revenue a month."""
FEWEST_TWICE = 5
"""Accounts that answered more than once: from them is told how much answers of one account differ."""


def key_account_scores(data: ExperienceData) -> list[Found]:
    """Return the scores of the last year of the largest key accounts, each with its interval, and how far it is shrunk.

    The mean of each account's answers is drawn towards the mean over accounts by the share of its variance that is
    chance (empirical Bayes with normal means; Morris 1983): an account with one answer lies near the usual.
    """
    answers = valued(data)
    recent = answers[answers["answered_at"] >= data.as_of - pd.Timedelta(days=RECENT_DAYS)]
    keys = data.accounts[data.accounts["is_key"]].nlargest(MOST_TOLD, "mrr")["account_id"]
    found: list[Found] = []
    for (name, kind), own in recent.groupby(["metric", SURVEY_TYPE], observed=True):
        found += _shrunk(str(name), str(kind), own, keys)
    return found


def _shrunk(name: str, kind: str, answers: pd.DataFrame, keys: pd.Series) -> Iterator[Found]:
    by = answers.groupby("account_id", observed=True)["value"].agg(["mean", "var", "size"])
    twice = by[by["size"] > 1]
    if len(by) < FEWEST_ACCOUNTS or len(twice) < FEWEST_TWICE:
        why = (
            f"{len(by)} accounts answered, {len(twice)} of them twice; {FEWEST_ACCOUNTS} and {FEWEST_TWICE} are needed"
        )
        yield Found.refused(TOPIC, name, why, f"{SURVEY_TYPE} / {BY}", f"{kind} / all")
        return
    chance = float(np.average(twice["var"], weights=twice["size"] - 1)) / by["size"]
    usual = float(np.average(by["mean"], weights=by["size"]))
    between = max(float(np.var(by["mean"], ddof=1)) - float(chance.mean()), 0.0)
    own_share = between / (between + chance).replace(0.0, np.inf)
    value, error = usual + own_share * (by["mean"] - usual), np.sqrt(own_share * chance)
    for account in keys[keys.isin(by.index)]:
        yield _told(name, kind, str(account), (value[account], error[account], own_share[account]), by.loc[account])


def _told(name: str, kind: str, account: str, shrunk: tuple[float, float, float], own: pd.Series) -> Found:
    value, error, share = (float(number) for number in shrunk)
    metric, half, n = METRICS[name], reach(error, 10_000), int(own["size"])
    said = f"{n} answers average {own['mean']:.1f}; {share:.0%} of this is its own, the rest what accounts usually say"
    return Found(
        TOPIC, name, value, max(value - half, metric.low), min(value + half, metric.high), metric.unit, "counted",
        f"{SURVEY_TYPE} / {BY}", f"{kind} / {account}", n, 1, "told", said.replace("%", " %"),
    )  # fmt: skip
