"""How long accounts stayed after a date, as far as that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.labels import ChurnDefinition
from pipelines.churn.encoder import FloatArray

if TYPE_CHECKING:
    import pandas as pd


STAYED = ""


@dataclass(frozen=True)
class Lifetimes:
    """What is known of rows (account, as_of): (n,) each.

    Attributes
    ----------
    days
        from the as-of date to when the account left, or to where knowledge of it ends (censored); 0 where nothing is
        known yet.
    followed
        days from the as-of date to where knowledge ends, whether it left or not.
    left
        whether it left then.
    way
        in which way, empty where it did not.
    """

    days: FloatArray
    followed: FloatArray
    left: npt.NDArray[np.bool_]
    way: npt.NDArray[np.str_]

    def some(self, rows: npt.NDArray[np.intp]) -> Lifetimes:
        """Return those of some rows, by position."""
        return Lifetimes(self.days[rows], self.followed[rows], self.left[rows], self.way[rows])


def known_until(churn: ChurnDefinition, observed_until: pd.Timestamp) -> pd.Timestamp:
    """Return until when it is known who left: a lapsed account may still return within its grace.

    >>> import pandas as pd
    >>> known_until(ChurnDefinition("subscription", grace_days=30), pd.Timestamp("2025-01-31")).date().isoformat()
    '2025-01-01'
    """
    import pandas as pd

    return observed_until - pd.Timedelta(days=churn.matures_days - churn.horizon_days)


def lifetimes(rows: pd.DataFrame, departures: pd.DataFrame, until: pd.Timestamp) -> Lifetimes:
    """Return how long the accounts of rows (account_id, as_of) stayed, by what is known until a date.

    Parameters
    ----------
    departures
        account_id, left_at, way; the first at or after a row's date ends it.
    """
    import pandas as pd

    asked = pd.DataFrame({"account_id": rows["account_id"].astype("str"), "at": _instants(rows["as_of"])})
    ends = pd.DataFrame(
        {
            "account_id": departures["account_id"].astype("str"),
            "at": _instants(departures["left_at"]),
            "days": _days(departures["left_at"]),
            "way": departures["way"],
        }
    )
    found = pd.merge_asof(
        asked.assign(place=np.arange(len(asked))).sort_values("at"),
        ends.sort_values("at"),
        on="at",
        by="account_id",
        direction="forward",
    ).sort_values("place")
    as_of, end = _days(rows["as_of"]), _days(pd.Series([until]))[0]
    left_on = found["days"].to_numpy(dtype=np.float64)
    left = left_on < end
    followed = np.maximum(end - as_of, 0.0)
    way = np.where(left, found["way"].fillna(STAYED).to_numpy(dtype=str), STAYED)
    return Lifetimes(np.where(left, left_on - as_of, followed), followed, left, way.astype(str))


def _instants(times: pd.Series[Any]) -> Any:
    return times.to_numpy(dtype="datetime64[us]")


def _days(times: pd.Series[Any]) -> FloatArray:
    """Days since 1970."""
    return np.asarray(_instants(times).astype(np.int64) / 86_400_000_000, dtype=np.float64)
