"""What is known of accounts today that decides who may be given what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.errors import ConfigError
from pipelines.drivers.nuisance import Bools, Floats
from pipelines.experience.engagement.renewals import next_renewal
from pipelines.experience.value.advocacy import hurt

if TYPE_CHECKING:
    from features.warehouse import Warehouse
    from pipelines.actions.settings import Actions
    from pipelines.experience.inputs import ExperienceData

YES = ("true", "1", "1.0", "yes", "y", "t")
LONG_AGO = pd.Timestamp("1900-01-01")


@dataclass(frozen=True, eq=False)
class Facts:
    """Accounts, one row each, in the order of `accounts`.

    Attributes
    ----------
    accounts
        account_id, owner, country, cluster (decided on together: one parent), tier, churn_prob, revenue (a month),
        has_case, is_hurt (an open severe case), sale, anniversary, renewal (dates, NaT where unknown), approached (when
        last, by anything).
    segments
        by segmentation, (n,) names, None where unknown.
    roles, drivers
        by buying role, or driver of churn: who has such a contact, or has it bad today.
    consents
        by channel: who consents to it. A channel that is not there has nobody's consent.
    forbidden
        who is not to be contacted.
    last
        by kind of action: when each account last had it.
    """

    accounts: pd.DataFrame
    segments: Mapping[str, np.ndarray] = field(default_factory=dict)
    roles: Mapping[str, Bools] = field(default_factory=dict)
    drivers: Mapping[str, Bools] = field(default_factory=dict)
    consents: Mapping[str, Bools] = field(default_factory=dict)
    forbidden: Bools | None = None
    last: Mapping[str, pd.Series] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many accounts there are."""
        return len(self.accounts)

    @property
    def ids(self) -> pd.Series:
        """The accounts' ids."""
        return self.accounts["account_id"]


def account_facts(data: ExperienceData, scored: pd.DataFrame, drivers: Mapping[str, Bools]) -> Facts:
    """Return the facts of accounts that were scored; consent is added by `with_consent`.

    Parameters
    ----------
    scored
        account_id, churn_prob, tier, revenue: one row an account that is served.
    drivers
        by driver, in the order of `scored`, who has it bad today.
    """
    own = data.accounts.astype({"account_id": "str"}).set_index("account_id").reindex(scored["account_id"])
    own = own.reset_index()
    done = data.interventions.astype({"account_id": "str"})
    done = done[~done["is_holdout"].astype("boolean").fillna(False).astype(bool)]
    open_cases = data.cases[data.cases["closed_at"].isna()]["account_id"].astype(str)
    created, ids = own["created_at"], scored["account_id"]
    accounts = scored[["account_id", "churn_prob", "tier", "revenue"]].assign(
        owner=own["owner"].fillna("nobody").astype(str),
        country=own["country"].fillna("").astype(str),
        cluster=own["parent_account_id"].fillna(own["account_id"]).astype(str),
        has_case=ids.isin(set(open_cases)),
        is_hurt=ids.isin(hurt(data.cases)),
        sale=_latest(data.subscriptions, "start_date", ids),
        anniversary=_nearest_anniversary(created, data.as_of),
        renewal=ids.map(next_renewal(data.subscriptions, data.as_of)),
        approached=_latest(done, "assigned_at", ids),
    )
    roles = data.contacts[data.contacts["active_to"].isna()].astype({"account_id": "str"})
    return Facts(
        accounts,
        {name: _segment(data, name, ids) for name in data.segmentations},
        {str(role): ids.isin(set(rows["account_id"])).to_numpy() for role, rows in roles.groupby("role")},
        drivers,
        last={str(kind): _latest(rows, "assigned_at", ids) for kind, rows in done.groupby("kind")},
    )


def with_consent(facts: Facts, warehouse: Warehouse, actions: Actions) -> Facts:
    """Return the facts with who consents to which channel, and who is not to be contacted.

    Raises
    ------
    ConfigError
        when the accounts table has no column of that name.
    """
    columns = {*actions.consent.values(), *filter(None, [actions.do_not_contact_column])}
    table = warehouse.tables["accounts"]
    if missing := sorted(columns - set(table.columns)):
        came = f"[actions] with columns {', '.join(missing)}"
        raise ConfigError.of(came, f"columns of accounts ({', '.join(table.columns)})", "name one, or export it")
    said: pd.DataFrame = table.select("account_id", *sorted(columns)).to_pyarrow().to_pandas()
    said = said.astype({"account_id": "str"}).set_index("account_id").reindex(facts.ids)
    consents = {channel: _is_yes(said[column]) for channel, column in actions.consent.items()}
    forbidden = facts.ids.isin(set(actions.do_not_contact)).to_numpy()
    if actions.do_not_contact_column:
        forbidden = forbidden | _is_yes(said[actions.do_not_contact_column])
    return Facts(
        facts.accounts, facts.segments, facts.roles, facts.drivers, consents, np.asarray(forbidden), facts.last
    )


def days_until(dates: pd.Series, as_of: pd.Timestamp) -> Floats:
    """Return how many days from a date to others, NaN where there is none; negative where they are over."""
    return np.asarray((pd.to_datetime(dates) - as_of) / pd.Timedelta(days=1), dtype=float)


def _is_yes(column: pd.Series) -> Bools:
    """Only a plain yes is one: what is missing or unclear is none."""
    return np.asarray(column.astype(object).map(lambda value: str(value).strip().lower() in YES), dtype=bool)


def _latest(rows: pd.DataFrame, column: str, ids: pd.Series) -> pd.Series:
    latest = rows.astype({"account_id": "str"}).groupby("account_id")[column].max()
    return pd.to_datetime(ids.map(latest))


def _nearest_anniversary(created: pd.Series, as_of: pd.Timestamp) -> pd.Series:
    """The anniversary next to a date, before or after it; none in the first year but the one that comes."""
    years = np.maximum(np.round((as_of - created).dt.days / 365.25), 1).fillna(0).astype(int)
    return pd.Series(
        [pd.NaT if pd.isna(day) else day + pd.DateOffset(years=n) for day, n in zip(created, years, strict=True)],
        index=created.index,
        dtype="datetime64[us]",
    )


def _segment(data: ExperienceData, name: str, ids: pd.Series) -> np.ndarray:
    own = data.segments.astype({"account_id": "str"}).set_index("account_id")[name]
    return np.asarray(own.reindex(ids).astype(object), dtype=object)
