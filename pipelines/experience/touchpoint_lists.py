"""Three lists of touchpoints that are kept apart: moments of truth, points of influence, pain points."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import share_interval
from pipelines.churn.encoder import FloatArray
from pipelines.experience.account_year import ANSWERS_DAYS, DAYS_A_YEAR
from pipelines.experience.adjusting import covariates
from pipelines.experience.found import Found
from pipelines.experience.inputs import UNKNOWN
from pipelines.experience.judged import judged

MOMENT, INFLUENCE, PAIN = "moment of truth", "point of influence", "pain point"
LOW_SCORE = 0.375
"""Of a scale from 0 to 1: 2 of 1 to 5, 3 of 1 to 7."""
FEWEST_ANSWERS, FEWEST_BAD, FEWEST_ACCOUNTS = 20, 20, 60
THOUSAND = 1000.0


def touchpoint_lists(
    responses: pd.DataFrame, year: pd.DataFrame, touchpoints: pd.DataFrame, until: pd.Timestamp
) -> tuple[Found, ...]:
    """Return the three lists, each in its own unit and order.

    Moment of truth: churners a year for every 1,000 accounts that go along with a bad answer there (by how much
    likelier those who gave one leave, times how many did), adjusted for the other touchpoints and what was known
    before. Influence: growth of revenue of those who stay, in percentage points, with a tenth of the scale more there.
    Pain: of 1,000 accounts, how many gave a bad answer there in the last half year; who owns it is said beside it.

    Parameters
    ----------
    responses
        account_id, answered_at, touchpoint, metric, score (0 to 1): satisfaction and effort are used.
    year
        one row an account a year ago: account_id, opening, closing, has_left, tenure_days, and columns to adjust for
        that end in `_before`.
    """
    said = responses[responses["metric"].isin(["csat", "ces"]) & responses["score"].notna()]
    said = said[said["touchpoint"] != UNKNOWN].assign(account_id=lambda own: own["account_id"].astype(str))
    if said.empty:
        why = "no answer on satisfaction or effort names a touchpoint"
        return tuple(Found.refused(name, name, why) for name in (MOMENT, INFLUENCE, PAIN))
    moments, influences = _effects(_window(said, until - pd.Timedelta(days=DAYS_A_YEAR)), year)
    return (*_ranked(moments), *_ranked(influences), *_ranked(list(_pains(_window(said, until), touchpoints))))


def _window(said: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    start = until - pd.Timedelta(days=ANSWERS_DAYS)
    return said[(said["answered_at"] >= start) & (said["answered_at"] < until)]


def _ranked(found: list[Found]) -> list[Found]:
    return sorted(found, key=lambda one: (one.verdict == "refused", -one.value if np.isfinite(one.value) else 0.0))


def _effects(before: pd.DataFrame, year: pd.DataFrame) -> tuple[list[Found], list[Found]]:
    """Of each touchpoint that accounts answered about before the year."""
    rows = year.set_index(year["account_id"].astype(str))
    means = before.pivot_table(index="account_id", columns="touchpoint", values="score").reindex(rows.index)
    worst = before.pivot_table(index="account_id", columns="touchpoint", values="score", aggfunc="min")
    worst = worst.reindex(rows.index)
    moments, influences = [], []
    for place in means:
        said = worst.drop(columns=place).add_prefix("at ") < LOW_SCORE
        others = means.drop(columns=place).add_prefix("at ")
        moments.append(_moment(str(place), rows, worst[place], said))
        influences.append(_influence(str(place), rows, means[place], others))
    return moments, influences


def _moment(place: str, rows: pd.DataFrame, worst: pd.Series[float], others: pd.DataFrame) -> Found:
    known = worst.notna().to_numpy()
    bad: FloatArray = (worst[known] < LOW_SCORE).to_numpy().astype(np.float64)
    if known.sum() < FEWEST_ACCOUNTS or min(bad.sum(), (1 - bad).sum()) < FEWEST_BAD:
        why = f"{int(bad.sum())} accounts with a bad answer and {int((1 - bad).sum())} without; {FEWEST_BAD} are needed"
        return Found.refused(MOMENT, MOMENT, why, "touchpoint", place)
    gap, error = _slope(rows[known], others[known], bad, rows.loc[known, "has_left"].to_numpy(dtype=float))
    often = THOUSAND * bad.sum() / len(rows)
    said = f"{100 * gap:+.1f} points of churn x {often:.0f} of 1,000 accounts with a bad answer"
    frame = Found(MOMENT, MOMENT, np.nan, unit="churners a year per 1,000 accounts", basis="associated",
                  group_by="touchpoint", group=place, n=int(bad.sum()), n_accounts=int(known.sum()),
                  sentence=said)  # fmt: skip
    return judged(frame, gap * often, error * often)


def _influence(place: str, rows: pd.DataFrame, mean: pd.Series[float], others: pd.DataFrame) -> Found:
    stays = (mean.notna() & ~rows["has_left"].astype(bool) & (rows["opening"] > 0)).to_numpy()
    if stays.sum() < FEWEST_ACCOUNTS or mean[stays].std() == 0:
        why = f"{int(stays.sum())} accounts that answered and stayed; {FEWEST_ACCOUNTS} with unlike answers are needed"
        return Found.refused(INFLUENCE, INFLUENCE, why, "touchpoint", place)
    growth = 100 * (rows["closing"] / rows["opening"] - 1)[stays].to_numpy(dtype=float)
    slope, error = _slope(rows[stays], others[stays], 10 * mean[stays].to_numpy().astype(np.float64), growth)
    frame = Found(INFLUENCE, INFLUENCE, np.nan, unit="points of growth a tenth of the scale", basis="associated",
                  group_by="touchpoint", group=place, n_accounts=int(stays.sum()),
                  sentence="revenue of accounts that stay, with a tenth of the scale more")  # fmt: skip
    return judged(frame, slope, error)


def _slope(rows: pd.DataFrame, others: pd.DataFrame, told: FloatArray, outcome: FloatArray) -> tuple[float, float]:
    """Least squares with robust errors (HC1), one row an account."""
    from statsmodels.regression.linear_model import OLS

    known = rows.assign(log_opening=np.log(rows["opening"].clip(lower=1e-9)))
    names = ["log_opening", "tenure_days", *[str(name) for name in rows if str(name).endswith("_before")]]
    beside = known[[name for name in names if name in known]].join(others.astype(float))
    X = np.column_stack([np.ones(len(rows)), told, covariates(beside, [str(name) for name in beside])])
    fitted = OLS(outcome, X).fit(cov_type="HC1")
    return float(fitted.params[1]), float(fitted.bse[1])


def _pains(now: pd.DataFrame, touchpoints: pd.DataFrame) -> Iterator[Found]:
    owners = touchpoints.dropna(subset=["owner"]).drop_duplicates("touchpoint").set_index("touchpoint")["owner"]
    n_accounts = now["account_id"].nunique()
    for place, own in now.groupby("touchpoint", sort=True):
        answers, answered = len(own), own["account_id"].nunique()
        if answers < FEWEST_ANSWERS:
            yield Found.refused(PAIN, PAIN, f"{answers} answers; {FEWEST_ANSWERS} are needed", "touchpoint", str(place))
            continue
        hurt = own.loc[own["score"] < LOW_SCORE, "account_id"].nunique()
        share = hurt / n_accounts
        low, high = share_interval(share, float(np.sqrt(share * (1 - share) / n_accounts)), n_accounts)
        owner = owners.get(place)
        said = f"{answered:,} accounts answered; " + (f"{owner} answers for it" if owner else "nobody owns it")
        yield Found(PAIN, PAIN, THOUSAND * share, THOUSAND * low, THOUSAND * high,
                    "accounts with a bad answer per 1,000", "counted", "touchpoint", str(place), answers, n_accounts,
                    sentence=said)  # fmt: skip
