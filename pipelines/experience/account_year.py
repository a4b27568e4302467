"""A year of each account: how it answered before, what it pays at both ends, what it did meanwhile."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.experience.revenue import between

DAYS_A_YEAR = 365
ANSWERS_DAYS = 180
"""An answer on recommendation speaks for an account so long."""
PROMOTER, PASSIVE, DETRACTOR = "promoter", "passive", "detractor"
PROMOTES, DETRACTS = 9.0, 6.0


def account_year(
    answers: pd.DataFrame,
    subscriptions: pd.DataFrame,
    until: pd.Timestamp,
    *,
    counted: dict[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Return one row for each account that was served and paid a year before a date, and had answered by then.

    Its columns: account_id, score (mean of its answers in the 180 days before the year, 0 to 10), kind (promoter,
    passive, detractor), survey_type (that of most of them), opening and closing (revenue a month at both ends of the
    year), has_left, tenure_days, and for each of `counted` how many events it had in the year and, as NAME_before, in
    the year before.

    Parameters
    ----------
    answers
        account_id, answered_at, score (0 to 10), survey_type: recommendation (NPS) only.
    counted
        by name, events as account_id and at.
    """
    since = until - pd.Timedelta(days=DAYS_A_YEAR)
    money = between(subscriptions, since, until).accounts
    year = money.loc[money["was_there"] & (money["opening"] > 0), ["opening", "closing", "has_left"]]
    year = year.join(_answered(answers, since), how="inner")
    began = subscriptions["start_date"].groupby(subscriptions["account_id"].astype(str)).min()
    year["tenure_days"] = (since - began.reindex(year.index)).dt.days.astype(float)
    for name, events in (counted or {}).items():
        year[name] = _count(events, since, until, year.index)
        year[f"{name}_before"] = _count(events, since - pd.Timedelta(days=DAYS_A_YEAR), since, year.index)
    return year.rename_axis("account_id").reset_index()


def kind_of(score: pd.Series[float]) -> pd.Series[str]:
    """Return promoter (9 and more), detractor (6 and less) or passive for scores from 0 to 10.

    >>> kind_of(pd.Series([9.0, 7.5, 6.0])).tolist()
    ['promoter', 'passive', 'detractor']
    """
    words = np.select([score >= PROMOTES, score <= DETRACTS], [PROMOTER, DETRACTOR], PASSIVE)
    return pd.Series(words, index=score.index)


def _answered(answers: pd.DataFrame, since: pd.Timestamp) -> pd.DataFrame:
    start = since - pd.Timedelta(days=ANSWERS_DAYS)
    own = answers[(answers["answered_at"] >= start) & (answers["answered_at"] < since)]
    kinds = own["survey_type"].astype(object).where(own["survey_type"].notna(), "unknown").astype(str)
    by_account = own["score"].astype(float).groupby(own["account_id"].astype(str))
    counts = pd.DataFrame({"account": own["account_id"].astype(str), "survey_type": kinds}).value_counts().reset_index()
    # Most first, then by name: a tie is decided the same in every run.
    most = counts.sort_values(["count", "survey_type"], ascending=[False, True]).drop_duplicates("account")
    found = pd.DataFrame({"score": by_account.mean(), "n_answers": by_account.size()})
    return found.assign(kind=kind_of(found["score"]), survey_type=most.set_index("account")["survey_type"])


def _count(events: pd.DataFrame, since: pd.Timestamp, until: pd.Timestamp, accounts: pd.Index) -> pd.Series[float]:
    own = events.loc[(events["at"] >= since) & (events["at"] < until), "account_id"].astype(str)
    return own.value_counts().reindex(accounts).fillna(0.0).astype(float)
