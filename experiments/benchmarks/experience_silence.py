"""Silence, slow leaks and coverage, in worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_trials import Trial, covered
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.silence import silence
from pipelines.experience.slow_leak import leaking, slow_leak

AS_OF = pd.Timestamp("2026-01-01")
NEWLY_SILENT = "odds of leaving, newly silent beside answering"


def left_data(accounts: pd.DataFrame, left: pd.DataFrame) -> ExperienceData:
    """Return data of accounts (account_id) that pay from the start until they left (account_id, left_at)."""
    start = pd.Timestamp("2020-01-01")
    ends = accounts[["account_id"]].merge(left, on="account_id", how="left")["left_at"].set_axis(accounts.index)
    runs = pd.DataFrame({"account_id": accounts["account_id"], "start_date": start, "end_date": ends, "mrr": 100.0})
    own = accounts.assign(mrr=np.where(ends.isna(), 100.0, 0.0), is_key=False, created_at=start)
    return replace(
        ExperienceData.empty(AS_OF),
        accounts=own,
        subscriptions=runs,
        departures=left.assign(way="cancelled"),
        followed_until=AS_OF,
        segments=own[["account_id"]],
    )


def silence_world(log_odds: float, seed: int, *, n_accounts: int = 2500, years: int = 3) -> ExperienceData:
    """Return accounts asked every quarter; those that stop answering leave with so many log-odds more."""
    rng = np.random.default_rng(seed)
    n_quarters = 4 * years
    talks = rng.random(n_accounts) < 0.7
    asked, gone = [], np.full(n_accounts, np.datetime64("NaT"), dtype="datetime64[us]")
    answered_ever, quiet = np.zeros(n_accounts, bool), np.zeros(n_accounts, bool)
    last, before_last = np.zeros(n_accounts, bool), np.zeros(n_accounts, bool)
    for quarter in range(n_quarters):
        start = AS_OF - pd.Timedelta(days=90 * (n_quarters - quarter))
        alive = np.isnat(gone)
        # The state just before a quarter's start, by the last 180 days, decides on it.
        newly = answered_ever & ~last & ~before_last
        p = 1 / (1 + np.exp(-(-3.4 + log_odds * newly)))
        leaves = alive & (rng.random(n_accounts) < p)
        days = pd.to_timedelta(rng.uniform(20, 89, n_accounts), unit="D")
        gone = np.where(leaves, (start + days).to_numpy().astype("datetime64[us]"), gone)
        quiet = quiet | (rng.random(n_accounts) < 0.08)
        answers = alive & talks & ~quiet & (rng.random(n_accounts) < 0.8)
        sent = start + pd.to_timedelta(rng.uniform(1, 15, n_accounts), unit="D")
        asked.append(pd.DataFrame({"account": np.arange(n_accounts), "sent_at": sent, "answers": answers})[alive])
        last, before_last, answered_ever = answers, last, answered_ever | answers
    invitations = pd.concat(asked, ignore_index=True)
    invitations = invitations.assign(
        account_id="a" + invitations["account"].astype(str),
        answered_at=(invitations["sent_at"] + pd.Timedelta(days=1)).where(invitations["answers"]),
    )
    accounts = pd.DataFrame({"account_id": [f"a{i}" for i in range(n_accounts)]})
    left = accounts.assign(left_at=gone).dropna()
    return replace(left_data(accounts, left), invitations=invitations)


def leak_world(kept: float, seed: int, *, n_accounts: int = 400, share: float = 0.1) -> tuple[ExperienceData, set[str]]:
    """Return accounts with rhythms of their own, of which a share kept only so much of it in the last three months."""
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.normal(3.0, 0.7, n_accounts))[:, None]
    season = 1 + 0.2 * np.sin(np.arange(15))
    is_leaking = rng.random(n_accounts) < share
    thinner = np.where(is_leaking[:, None] & (np.arange(15) >= 12), kept, 1.0)
    n = rng.poisson(rate * season * thinner * rng.gamma(20, 1 / 20, (n_accounts, 15)))
    account, month = np.nonzero(n)
    starts = pd.date_range(end=AS_OF, periods=16, freq="MS")[:-1]
    names = np.array([f"a{i}" for i in range(n_accounts)])
    activity = pd.DataFrame({"account_id": names[account], "month": starts[month], "stream": "in"})
    activity = activity.assign(n=n[account, month], days=1)
    accounts = pd.DataFrame({"account_id": names})
    nobody = pd.DataFrame({"account_id": pd.Series(dtype="str"), "left_at": pd.Series(dtype="datetime64[us]")})
    return replace(left_data(accounts, nobody), activity=activity), set(names[is_leaking])


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed."""
    for log_odds, is_planted in ((1.1, True), (0.0, False)):
        told = {one.figure: one for one in silence(silence_world(log_odds, seed))}[NEWLY_SILENT]
        yield Trial("silence", "right" if is_planted else "false", told.verdict == "found")
        yield covered(f"silence.{log_odds:g}", told.low, told.high, float(np.exp(log_odds)))
    data, truth = leak_world(0.4, seed)
    leaks = leaking(data, AS_OF)
    named = set() if leaks is None else set(leaks.rows.loc[leaks.rows["is_leaking"], "account_id"])
    yield Trial("slow_leak.most_are_named", "right", len(named & truth) > 0.5 * len(truth))
    yield Trial("slow_leak.few_named_by_chance", "right", len(named - truth) <= 0.15 * max(len(named), 1))
    yield Trial("slow_leak", "false", slow_leak(leak_world(1.0, seed)[0])[0].verdict == "found")
    yield Trial("slow_leak", "refused", slow_leak(ExperienceData.empty(AS_OF))[0].verdict == "refused")
