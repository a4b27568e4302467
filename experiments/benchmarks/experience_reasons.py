"""Stated reasons, penalties and rewards, and topics, in worlds whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_silence import left_data
from experiments.benchmarks.experience_trials import Trial, covered
from pipelines.experience.found import Found
from pipelines.experience.inputs import ExperienceData
from pipelines.experience.voice.asymmetry import asymmetry
from pipelines.experience.voice.borne_out import MORE, borne_out
from pipelines.experience.voice.reasons import reasons
from pipelines.experience.voice.topics import topics

AS_OF = pd.Timestamp("2026-01-01")
SAID = {
    "product": ("the reporting feature crashes when exporting large tables", "too many bugs after the latest release"),
    "service": ("we waited for days until support answered", "the helpdesk closed our ticket without solving anything"),
    "price": ("far too expensive compared with competing vendors", "the pricing rose again and our budget did not"),
    "own affairs": ("after the merger headquarters decides everything", "we are closing down the whole plant"),
}


def reason_world(shares: tuple[float, ...], seed: int, *, n_accounts: int = 600) -> ExperienceData:
    """Return accounts that left, each having said why; domains in the order of SAID, by these shares."""
    rng = np.random.default_rng(seed)
    names = np.array([f"a{i}" for i in range(n_accounts)])
    domain = rng.choice(len(SAID), n_accounts, p=shares)
    comment = [list(SAID.values())[one][rng.integers(2)] for one in domain]
    at = AS_OF - pd.to_timedelta(rng.uniform(60, 300, n_accounts), unit="D")
    left = pd.DataFrame({"account_id": names, "left_at": at + pd.Timedelta(days=40)})
    answers = pd.DataFrame({"account_id": names, "answered_at": at, "comment": comment, "score": 0.3, "metric": "nps"})
    data = left_data(pd.DataFrame({"account_id": names}), left)
    return replace(data, responses=answers.assign(survey_type="periodic", touchpoint="account_management"))


def asymmetry_world(penalty: float, reward: float, seed: int, *, n_accounts: int = 2500) -> ExperienceData:
    """Return accounts scored every quarter at two touchpoints; at `support` a bad year costs, a good one earns."""
    rng = np.random.default_rng(seed)
    n_quarters = 16
    # Bad, usual and good lie far apart, so that it is no matter where exactly the limits between them are drawn.
    z = rng.choice([-1.5, 0.0, 1.5], (2, n_accounts, 1)) + 0.3 * rng.standard_normal((2, n_accounts, n_quarters))
    gone = np.full(n_accounts, n_quarters)
    for quarter in range(4, n_quarters):
        year = z[0, :, quarter - 4 : quarter].mean(axis=1)
        log_odds = -3.0 + penalty * (year < -0.5) - reward * (year > 0.5)
        leaves = (gone == n_quarters) & (rng.random(n_accounts) < 1 / (1 + np.exp(-log_odds)))
        gone = np.where(leaves, quarter, gone)
    starts = AS_OF - pd.to_timedelta(90 * np.arange(n_quarters, 0, -1), unit="D")
    names = np.array([f"a{i}" for i in range(n_accounts)])
    place, account, when = np.nonzero(np.arange(n_quarters)[None, None, :] <= gone[None, :, None] + 0 * z)
    scores = pd.DataFrame({"account_id": names[account], "answered_at": starts[when] + pd.Timedelta(days=3)})
    scores = scores.assign(touchpoint=np.array(["support", "billing"])[place], score=0.5 + z[place, account, when] / 12)
    scores = scores.assign(metric="csat", survey_type="event")
    left = pd.DataFrame({"account_id": names, "quarter": gone})[gone < n_quarters]
    left_at = starts[left.pop("quarter").to_numpy()] + pd.to_timedelta(rng.uniform(1, 89, len(left)), unit="D")
    return replace(left_data(pd.DataFrame({"account_id": names}), left.assign(left_at=left_at)), responses=scores)


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed."""
    shares = (0.2, 0.5, 0.2, 0.1)
    told = [one for one in reasons(reason_world(shares, seed)) if one.figure == "stated, leaving"]
    for one, share in zip(told, shares, strict=True):
        yield covered("reasons.stated", one.low, one.high, 100 * share)
    yield Trial("reasons", "refused", reasons(ExperienceData.empty(AS_OF))[0].verdict == "refused")
    for penalty, reward, kind in ((1.2, 0.0, "hygiene"), (0.0, 0.0, "")):
        found = {(one.figure, one.group): one for one in asymmetry(asymmetry_world(penalty, reward, seed))}
        support = found["kind", "support"]
        if kind:
            yield Trial("asymmetry.hygiene", "right", support.sentence.startswith(kind))
            penalised = found["penalty", "support"]
            yield covered("asymmetry.penalty", penalised.low, penalised.high, float(np.exp(penalty)))
        for figure in ("penalty", "reward"):
            yield Trial("asymmetry", "false", found[figure, "billing"].verdict == "found")
    true, random = (_more(borne_out_world(seed, is_true=is_true)) for is_true in (True, False))
    yield Trial("reasons_borne_out", "right", true.verdict == "found")
    yield Trial("reasons_borne_out", "false", random.verdict == "found")
    quotes = {one.sentence for one in topics(reason_world(shares, seed)) if one.figure == "share"}
    yield Trial("topics.quotes_are_comments", "right", all(any(text in one for text in _texts()) for one in quotes))


def _more(data: ExperienceData) -> Found:
    return {one.figure: one for one in borne_out(data)}[MORE]


def _texts() -> list[str]:
    return [text for texts in SAID.values() for text in texts]


def borne_out_world(seed: int, *, is_true: bool = True, n_accounts: int = 500) -> ExperienceData:
    """Return unhappy accounts of which a third each had a case, used less, and paid more; true words name that."""
    rng = np.random.default_rng(seed)
    names = np.array([f"a{i}" for i in range(n_accounts)])
    domains = ("service", "product", "price")
    befell = rng.integers(0, 3, n_accounts)
    named = befell if is_true else rng.integers(0, 3, n_accounts)
    at = AS_OF - pd.to_timedelta(rng.uniform(20, 160, n_accounts), unit="D")
    answers = pd.DataFrame({"account_id": names, "answered_at": at, "score": 0.2, "metric": "nps"})
    answers = answers.assign(comment=[SAID[domains[one]][rng.integers(2)] for one in named])
    nobody = pd.DataFrame({"account_id": pd.Series(dtype="str"), "left_at": pd.Series(dtype="datetime64[us]")})
    data = left_data(pd.DataFrame({"account_id": names}), nobody)
    months = pd.date_range(end=AS_OF - pd.Timedelta(days=1), periods=14, freq="MS")
    account, month = (places.ravel() for places in np.meshgrid(np.arange(n_accounts), np.arange(14), indexing="ij"))
    ago = 12 * (at.year.to_numpy()[account] - months.year.to_numpy()[month])
    ago = ago + at.month.to_numpy()[account] - months.month.to_numpy()[month]
    days = np.where((befell[account] == 1) & (ago <= 3), 6, 12)
    activity = pd.DataFrame({"account_id": names[account], "month": months[month], "stream": "in", "n": days})
    rise = at - pd.Timedelta(days=60)
    before = data.subscriptions.assign(end_date=np.where(befell == 2, rise.to_numpy(), np.datetime64("NaT")))
    after = before[befell == 2].assign(start_date=rise[befell == 2], end_date=pd.NaT, mrr=120.0)
    subscriptions = pd.concat([before, after], ignore_index=True).assign(quantity=1.0)
    subscriptions["end_date"] = pd.to_datetime(subscriptions["end_date"])
    cases = pd.DataFrame({"account_id": names, "opened_at": at - pd.Timedelta(days=30)})[befell == 0]
    return replace(data, responses=answers, activity=activity.assign(days=days), subscriptions=subscriptions,
                   cases=cases)  # fmt: skip
