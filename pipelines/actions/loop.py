"""The closed loop: feedback, acknowledged, fixed, told, and measured again; how long it takes, and what it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.actions.judged import weighed
from pipelines.actions.overlap import is_comparable, refusal
from pipelines.actions.scores import learnt_chances, robust_scores
from pipelines.actions.trial import Trial
from pipelines.drivers.nuisance import Binned
from pipelines.experience.clustered import clustered_mean, too_few
from pipelines.experience.found import Found, verdict_of

if TYPE_CHECKING:
    from features.warehouse import Warehouse
    from pipelines.actions.settings import Loop
    from pipelines.experience.inputs import ExperienceData

TOPIC = "closed loop"
LOW = {"nps": 0.6, "csat": 0.5, "ces": 0.5}
"""Answers up to here, of a scale from 0 to 1, are feedback that something is wrong."""
STAGES = ("acknowledged", "fixed", "told", "measured")
SMALLEST_POINTS = 5.0


def read_marks(warehouse: Warehouse, loop: Loop, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return account_id, at, stage of the activities by which stages of the loop are told."""
    from pipelines.experience.known import known_rows

    rows = known_rows(warehouse, "activities", as_of)
    stages = {event: stage for stage in STAGES[:3] for event in getattr(loop, stage)}
    if rows is None:
        return no_marks()
    own = rows.filter(rows["event"].isin(sorted(stages))).select("account_id", "event", at="occurred_at")
    found: pd.DataFrame = own.to_pyarrow().to_pandas()
    return found.assign(stage=found.pop("event").map(stages), account_id=found["account_id"].astype(str))


def no_marks() -> pd.DataFrame:
    """Return marks without a row."""
    kinds = {"account_id": "str", "at": "datetime64[us]", "stage": "str"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def feedback(data: ExperienceData, marks: pd.DataFrame, loop: Loop) -> pd.DataFrame:
    """Return one row a feedback: account_id, at, source (nps, csat, ces or case), score, when each stage came, mrr.

    A low answer, or a case. A stage counts from the first mark after it, within `within_days`; a case is acknowledged
    by its first response and fixed when it is closed, if nothing earlier says so. It is measured again by the next
    answer on the metric (after a case on any).
    """
    answers = data.responses[data.responses["metric"].isin(list(LOW))]
    low = answers[answers["score"] <= answers["metric"].map(LOW)]
    names = {"answered_at": "at", "opened_at": "at", "metric": "source"}
    said = low[["account_id", "answered_at", "metric", "score"]].rename(columns=names)
    cases = data.cases[["account_id", "opened_at", "first_response_at", "closed_at"]].rename(columns=names)
    rows = pd.concat([said, cases.assign(source="case", score=np.nan)], ignore_index=True)
    rows = rows.astype({"account_id": "str", "at": "datetime64[us]"}).sort_values("at", ignore_index=True)
    for stage in STAGES[:3]:
        rows[stage] = _next(rows, marks[marks["stage"] == stage], "at")
    rows["acknowledged"] = rows["acknowledged"].fillna(rows.pop("first_response_at"))
    rows["fixed"] = rows["fixed"].fillna(rows.pop("closed_at"))
    again = answers[["account_id", "answered_at", "score"]].rename(columns={"score": "next_score"})
    again = again.rename(columns={"answered_at": "at"}).astype({"account_id": "str"})
    rows["measured"], rows["next_score"] = _next(rows, again, "at"), _next(rows, again, "next_score")
    limit = rows["at"] + pd.Timedelta(days=loop.within_days)
    for stage in STAGES[:3]:
        rows[stage] = rows[stage].where(rows[stage] <= limit)
    paid = data.accounts.astype({"account_id": "str"}).set_index("account_id")["mrr"]
    return rows.assign(mrr=rows["account_id"].map(paid).fillna(0.0).astype(float))


def closed_loop(data: ExperienceData, marks: pd.DataFrame, loop: Loop) -> Iterator[Found]:
    """Yield how much feedback goes how far, how fast, and what closing the loop does to the next score and to churn."""
    rows = feedback(data, marks, loop)
    due = rows[rows["at"] + pd.Timedelta(days=loop.within_days) <= data.as_of].reset_index(drop=True)
    why = too_few(len(due), due["account_id"].nunique())
    if why:
        yield Found.refused(TOPIC, "share told", why)
        return
    for stage in STAGES:
        yield from _stage(due, stage)
    yield effect_of_closing(due, loop, "next answer", _next_is_good(due))
    yield effect_of_closing(due, loop, "staying", _stays(due, data, loop))


def effect_of_closing(rows: pd.DataFrame, loop: Loop, figure: str, outcome: pd.Series) -> Found:
    """Return by how many points being told raises an outcome (1, 0, missing), adjusted for what was known before.

    The outcome is looked at after `within_days`, of those still there then: who was told had to be there to be told.
    """
    known = outcome.notna().to_numpy()
    own, y = rows[known].reset_index(drop=True), outcome[known].to_numpy(dtype=np.int64)
    earlier = own.groupby("account_id").cumcount().to_numpy(dtype=float)
    X = np.column_stack(
        [own["score"], pd.factorize(own["source"], sort=True)[0], np.log1p(own["mrr"]), earlier, own["at"].dt.month]
    ).astype(np.float32)
    told = np.asarray(own["told"].notna()).astype(np.int64)
    account = np.asarray(pd.factorize(own["account_id"])[0], dtype=np.int64)
    trial = Trial(X, told, y, account, np.full(len(y), np.nan))
    name = f"effect of telling on {figure}"
    if min(told.sum(), len(told) - told.sum()) == 0:
        return Found.refused(TOPIC, name, "all were told, or nobody was: mark it by activities as docs/actions.md says")
    chances = learnt_chances(trial, Binned.of(X), np.ones(len(y), dtype=bool), trial.folds(0), seed=0)
    why = refusal(trial, chances.helped)
    if why:
        return Found.refused(TOPIC, name, why)
    kept = is_comparable(chances.helped)
    one = weighed(robust_scores(trial, chances)[kept], np.ones(int(kept.sum())), account[kept])
    naive = 100 * (y[told == 1].mean() - y[told == 0].mean())
    verdict = verdict_of(one.low, one.high, SMALLEST_POINTS)
    said = f"adjusted for score, revenue, earlier feedback and season; as counted {naive:.1f}"
    return Found(TOPIC, name, one.points, one.low, one.high, "points", "caused", n=int(kept.sum()), n_accounts=one.n,
                 verdict=verdict, sentence=said)  # fmt: skip


def _stage(due: pd.DataFrame, stage: str) -> Iterator[Found]:
    is_done = due[stage].notna().to_numpy()
    share = clustered_mean(100.0 * is_done, due["account_id"])
    n, n_accounts = len(due), share.n_accounts
    yield Found(TOPIC, f"share {stage}", share.value, max(share.low, 0.0), min(share.high, 100.0), "% of feedback",
                n=n, n_accounts=n_accounts)  # fmt: skip
    if due["mrr"].sum() > 0:
        paid = clustered_mean(100.0 * is_done, due["account_id"], due["mrr"])
        yield Found(TOPIC, f"share {stage}, by revenue", paid.value, max(paid.low, 0.0), min(paid.high, 100.0),
                    "% of what those who gave feedback pay", n=n, n_accounts=n_accounts)  # fmt: skip
    if is_done.sum() >= 10:
        took = pd.to_timedelta(due.loc[is_done, stage] - due.loc[is_done, "at"])
        days = np.sort(took.dt.total_seconds().to_numpy(dtype=float) / 86_400)
        low, high = _median_interval(days)
        yield Found(TOPIC, f"days until {stage}", float(np.median(days)), low, high, "days, median", n=len(days),
                    n_accounts=due.loc[is_done, "account_id"].nunique())  # fmt: skip


def _median_interval(values: np.ndarray) -> tuple[float, float]:
    """The order statistics that hold the median 95 times of 100 (Conover 1999, section 3.2)."""
    from scipy.stats import binom

    low = int(binom.ppf(0.025, len(values), 0.5))
    return float(values[max(low - 1, 0)]), float(values[min(len(values) - low, len(values) - 1)])


def _next(rows: pd.DataFrame, later: pd.DataFrame, column: str) -> pd.Series:
    """For each row, a column of the account's next row of another frame, strictly after it."""
    own = later.assign(_at=later["at"].astype("datetime64[us]"))[["account_id", "_at", column]].sort_values("_at")
    own = own.rename(columns={column: "_found"}).astype({"account_id": "str"})
    left = rows[["account_id", "at"]].rename(columns={"at": "_at"})
    found = pd.merge_asof(left, own, on="_at", by="account_id", direction="forward", allow_exact_matches=False)
    return pd.Series(found["_found"].to_numpy(), index=rows.index)


def _next_is_good(rows: pd.DataFrame) -> pd.Series:
    limit = rows["source"].map(LOW).fillna(max(LOW.values()))
    return (rows["next_score"] > limit).astype(float).where(rows["next_score"].notna())


def _stays(rows: pd.DataFrame, data: ExperienceData, loop: Loop) -> pd.Series:
    """Whether an account is still there as long again after the time in which it could be told; of those there then."""
    within = pd.Timedelta(days=loop.within_days)
    if data.followed_until is None:
        return pd.Series(np.nan, index=rows.index)
    left = data.departures.astype({"account_id": "str"}).groupby("account_id")["left_at"].min()
    gone = pd.Series(left.reindex(rows["account_id"]).to_numpy(dtype="datetime64[us]"), index=rows.index)
    there = gone.isna() | (gone > rows["at"] + within)
    stays = (gone.isna() | (gone > rows["at"] + 2 * within)).astype(float)
    return stays.where(there & (rows["at"] + 2 * within <= data.followed_until))
