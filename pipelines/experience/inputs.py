"""What the customer-experience programme is computed from: the tables as known before a date, as pandas frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from features.tables import TABLES
from pipelines.experience.known import known_rows
from pipelines.experience.monthly import activity_months, no_activity, revenue_months

if TYPE_CHECKING:
    from features.warehouse import Warehouse

SCALES = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0)}
"""Of answers that do not name their own; needs and emotions have none of their own."""
UNKNOWN = "unknown"
KEY_SHARE = 0.1
"""The accounts with the most revenue a month are the key accounts: so many of those that pay."""


@dataclass(frozen=True, eq=False)
class ExperienceData:
    """Frames as known strictly before `as_of`, named and with columns as in the contract, but for what is said here.

    Attributes
    ----------
    accounts
        beside the contract's columns `mrr` (money a month just before `as_of`, 0 for who left) and `is_key`.
    responses
        survey_responses; `survey_type` and `touchpoint` taken from the invitation where an answer has none, else
        `unknown`; `role` of the contact (`unknown` where there is none); `raw` is the score as given, `score` from 0
        (worst end of its scale) to 1, NaN where its scale is not known; `sent_at` of the invitation, NaT without one.
    invitations
        survey_invitations, with `answered_at` of the first answer (NaT: none yet) and `role`.
    revenue
        account_id, month (its first day), mrr: at the end of each month before `as_of`, months without revenue left
        out.
    activity
        account_id, month, stream (`in` by the account, `out` by the company, `purchase`), n, days: how many, and on
        how many days. Of the 20 million single events there may be, no frame is held.
    departures
        account_id, left_at, way: of accounts whose leaving was known, see `features.departures`.
    followed_until
        until when every departure is known; None where churn is labelled, since labels do not tell when.
    segments
        account_id, and by segmentation the name of the segment the account is in, None where unknown.
    """

    as_of: pd.Timestamp
    accounts: pd.DataFrame
    contacts: pd.DataFrame
    invitations: pd.DataFrame
    responses: pd.DataFrame
    internal_ratings: pd.DataFrame
    touchpoints: pd.DataFrame
    cases: pd.DataFrame
    interventions: pd.DataFrame
    subscriptions: pd.DataFrame
    revenue: pd.DataFrame
    activity: pd.DataFrame
    departures: pd.DataFrame
    followed_until: pd.Timestamp | None
    segments: pd.DataFrame

    @classmethod
    def empty(cls, as_of: pd.Timestamp) -> ExperienceData:
        """Return data without a row, for `dataclasses.replace` to fill what is needed.

        >>> ExperienceData.empty(pd.Timestamp("2025-01-01")).responses["score"].dtype
        dtype('float64')
        """
        return _of_frames({name: _nothing(name) for name in TABLES}, as_of)

    @property
    def segmentations(self) -> list[str]:
        """The names of the segmentations there are."""
        return [str(name) for name in self.segments if name != "account_id"]


def read_experience(
    warehouse: Warehouse,
    as_of: pd.Timestamp,
    *,
    departures: pd.DataFrame | None = None,
    grace_days: float = 0,
    segments: pd.DataFrame | None = None,
) -> ExperienceData:
    """Return what the programme is computed from.

    Parameters
    ----------
    warehouse
        with checked tables; those that are not mapped become frames without rows.
    departures
        of all accounts as `features.departures` reads them; None where churn is labelled.
    grace_days
        how long after it an end counts as a departure: so long is it not known.
    segments
        account_id and a column a segmentation; None: there are none.
    """
    frames = {name: _frame(warehouse, name, as_of) for name in TABLES if name not in ("activities", "transactions")}
    data = replace(_of_frames(frames, as_of), activity=activity_months(warehouse, as_of))
    if segments is not None:
        data = replace(data, segments=segments)
    if departures is None:
        return data
    followed_until = as_of - pd.Timedelta(days=grace_days)
    known = departures[departures["left_at"] < followed_until].reset_index(drop=True)
    return replace(data, departures=known, followed_until=followed_until)


def _of_frames(frames: Mapping[str, pd.DataFrame], as_of: pd.Timestamp) -> ExperienceData:
    """The data of tables as they were known: without activity, departures and segments."""
    accounts, contacts, subscriptions = frames["accounts"], frames["contacts"], frames["subscriptions"]
    invitations = _with_role(frames["survey_invitations"], contacts)
    responses = scored(frames["survey_responses"], invitations, contacts)
    return ExperienceData(
        as_of=as_of,
        accounts=with_revenue(accounts, subscriptions),
        contacts=contacts,
        invitations=_with_answers(invitations, responses),
        responses=responses,
        internal_ratings=frames["internal_ratings"],
        touchpoints=frames["touchpoints"],
        cases=frames["cases"],
        interventions=frames["interventions"],
        subscriptions=subscriptions,
        revenue=revenue_months(subscriptions, as_of),
        activity=no_activity(),
        departures=_no_departures(),
        followed_until=None,
        segments=accounts[["account_id"]].copy(),
    )


def scored(responses: pd.DataFrame, invitations: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """Return the answers with `raw` and `score` from 0 to 1, and what only their invitation or contact says.

    >>> none = pd.DataFrame(columns=["invitation_id", "sent_at", "survey_type", "touchpoint", "contact_id", "role"])
    >>> answer = {"metric": ["nps"], "score": [9.0], "scale_min": [None], "scale_max": [None], "invitation_id": ["i"]}
    >>> answers = pd.DataFrame(answer | {"survey_type": [None], "touchpoint": [None], "contact_id": [None]})
    >>> scored(answers, none, none)[["raw", "score", "survey_type"]].values.tolist()
    [[9.0, 0.9, 'unknown']]
    """
    asked = invitations[["invitation_id", "sent_at", "survey_type", "touchpoint", "contact_id"]]
    asked = asked.dropna(subset=["invitation_id"]).rename(columns=lambda name: _OF_INVITATION.get(str(name), name))
    found = responses.merge(asked, on="invitation_id", how="left")
    for name, of_invitation in _OF_INVITATION.items():
        found[name] = found[name].fillna(found[of_invitation])
    found = _with_role(found.drop(columns=list(_OF_INVITATION.values())), contacts)
    raw = found["score"].astype(float)
    low = found["scale_min"].astype(float).fillna(found["metric"].map({k: v[0] for k, v in SCALES.items()}))
    high = found["scale_max"].astype(float).fillna(found["metric"].map({k: v[1] for k, v in SCALES.items()}))
    kinds = {name: found[name].fillna(UNKNOWN) for name in ("survey_type", "touchpoint")}
    return found.assign(raw=raw, score=(raw - low) / (high - low).where(high > low), **kinds)


_OF_INVITATION: Mapping[str, str] = {
    name: f"{name}_of_invitation" for name in ("survey_type", "touchpoint", "contact_id")
}


def with_revenue(accounts: pd.DataFrame, subscriptions: pd.DataFrame) -> pd.DataFrame:
    """Return the accounts with what they pay a month now (0: nothing), and whether they are key accounts."""
    running = subscriptions[subscriptions["end_date"].isna()]
    paid = accounts["account_id"].map(running.groupby("account_id")["mrr"].sum()).fillna(0.0).astype(float)
    limit = paid[paid > 0].quantile(1 - KEY_SHARE) if (paid > 0).any() else float("inf")
    return accounts.assign(mrr=paid, is_key=(paid > 0) & (paid >= limit))


def _with_role(rows: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    found = rows.merge(contacts[["contact_id", "role"]].dropna(), on="contact_id", how="left")
    return found.assign(role=found["role"].fillna(UNKNOWN))


def _with_answers(invitations: pd.DataFrame, responses: pd.DataFrame) -> pd.DataFrame:
    first = responses.dropna(subset=["invitation_id"]).groupby("invitation_id")["answered_at"].min().reset_index()
    found = invitations.merge(first, on="invitation_id", how="left")
    return found.assign(survey_type=found["survey_type"].fillna(UNKNOWN))


def _no_departures() -> pd.DataFrame:
    left_at = pd.Series(dtype="datetime64[us]")
    return pd.DataFrame({"account_id": pd.Series(dtype="str"), "left_at": left_at, "way": pd.Series(dtype="str")})


def _frame(warehouse: Warehouse, name: str, as_of: pd.Timestamp) -> pd.DataFrame:
    rows = known_rows(warehouse, name, as_of)
    found: pd.DataFrame = _nothing(name) if rows is None else rows.to_pyarrow().to_pandas()
    return found


def _nothing(name: str) -> pd.DataFrame:
    """A table's columns without rows, of the types they would have."""
    types = {"number": "float64", "timestamp": "datetime64[us]", "flag": "boolean"}
    columns = [column for column in TABLES[name].columns if column.name != "recorded_at"]
    return pd.DataFrame({column.name: pd.Series(dtype=types.get(column.kind, "str")) for column in columns})
