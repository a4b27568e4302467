"""All that is found of engagement and of how robust relationships are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.experience.engagement.engaged_quarters import engaged_quarters, known_now
from pipelines.experience.engagement.engagement import engagement
from pipelines.experience.engagement.engagement_items import engagement_items
from pipelines.experience.engagement.engagement_ledger import engagement_ledger
from pipelines.experience.engagement.health import health
from pipelines.experience.engagement.hostages import hostages
from pipelines.experience.engagement.rented_loyalty import exposed, incentives_of, rented_loyalty
from pipelines.experience.engagement.robustness import robustness, robustness_scores
from pipelines.experience.engagement.shock_foretold import shock_foretold
from pipelines.experience.engagement.shocks import read_shocks
from pipelines.experience.engagement.transport import transported
from pipelines.experience.found import Found

if TYPE_CHECKING:
    from features.warehouse import Warehouse
    from pipelines.experience.inputs import ExperienceData

OUTCOME_DAYS = 90


@dataclass(frozen=True)
class Engaged:
    """One row an account (engaged, served, quadrant, robustness, health, hostage with release_at), and all figures."""

    accounts: pd.DataFrame
    found: tuple[Found, ...]


@dataclass(frozen=True, eq=False)
class Deeds:
    """What is read of single events: shocks, and the items of engagement, see `engagement_items`."""

    shocks: pd.DataFrame
    items: pd.DataFrame
    own: list[str]
    quality: list[str]


def read_deeds(warehouse: Warehouse, data: ExperienceData) -> Deeds:
    """Return what befell accounts and what they did of their own accord."""
    return Deeds(read_shocks(warehouse, data.as_of, data.contacts), *engagement_items(warehouse, data))


def engaged(data: ExperienceData, deeds: Deeds) -> Engaged:
    """Return all that is found of engagement, robustness, hostages, rented loyalty and health."""
    rows, items = engaged_quarters(data, deeds.shocks), deeds.items
    apart = engagement(items, deeds.own, deeds.quality)
    now = known_now(data, items["account_id"])
    tenure = (data.as_of - data.accounts.set_index(data.accounts["account_id"].astype(str))["created_at"]).dt.days
    now = now.assign(tenure_years=tenure.reindex(now["account_id"]).to_numpy() / 365.25)
    robust, held = robustness(rows), hostages(rows, now)
    score, healthy = health(rows)
    accounts = items[["account_id"]].merge(apart.accounts, on="account_id", how="left")
    if robust[0].verdict != "refused":
        accounts = accounts.merge(robustness_scores(rows, now), on="account_id", how="left")
    if score is not None:
        accounts["health"] = score.score(now)
    released = held.accounts.set_index("account_id")["release_at"] if len(held.accounts) else pd.Series(dtype=object)
    accounts["hostage_until"] = released.reindex(accounts["account_id"]).to_numpy()
    found = [
        *apart.found,
        *engagement_ledger(data.activity, items["account_id"], data.as_of),
        *robust,
        *shock_foretold(rows),
        *held.found,
        *rented_loyalty(exposed(rows, incentives_of(data.interventions))),
        *_carried(data),
        *healthy,
    ]
    return Engaged(accounts, tuple(found))


def _carried(data: ExperienceData) -> Iterator[Found]:
    """The effect of what was dealt out by lot on leaving, of the accounts of the trial, carried to all others."""
    trial = data.interventions[data.interventions["assigned_by"] == "random"]
    known_until = data.followed_until
    if known_until is None or trial.empty:
        yield Found.refused("from panel to field", "effect in the field", "no trial by lot whose outcome is known")
        return
    trial = trial.assign(account_id=trial["account_id"].astype(str)).sort_values("assigned_at")
    first = trial.drop_duplicates("account_id")
    first = first[first["assigned_at"] < known_until - pd.Timedelta(days=OUTCOME_DAYS)]
    panel = _covariates(data, first["account_id"], first["assigned_at"])
    gone = data.departures.assign(account_id=data.departures["account_id"].astype(str))
    both = panel.merge(gone[["account_id", "left_at"]], on="account_id", how="left")
    days = (both["left_at"] - both["at"]).dt.days
    left = set(both.loc[(days >= 0) & (days < OUTCOME_DAYS), "account_id"])
    held_back = first["is_holdout"].astype("boolean").fillna(False).astype(bool).to_numpy()
    panel = panel.assign(treated=(~held_back).astype(int), outcome=panel["account_id"].isin(left).astype(int))
    others = data.accounts.loc[data.accounts["mrr"] > 0, "account_id"].astype(str)
    others = others[~others.isin(set(panel["account_id"]))]
    field = _covariates(data, others, pd.Series(data.as_of, index=others.index))
    yield from transported(panel, field, ["engaged", "log_mrr", "tenure_years"])


def _covariates(data: ExperienceData, accounts: pd.Series[str], at: pd.Series[pd.Timestamp]) -> pd.DataFrame:
    """account_id, at, engaged (active days in the three months before, as logarithm), log_mrr and tenure_years."""
    rows = pd.DataFrame({"account_id": accounts.to_numpy(), "at": pd.to_datetime(at).to_numpy()})
    month = rows["at"].dt.to_period("M").dt.to_timestamp()
    own = data.activity[data.activity["stream"] == "in"].assign(account_id=lambda one: one["account_id"].astype(str))
    both = rows.assign(end=month).reset_index(names="row").merge(own[["account_id", "month", "days"]], on="account_id")
    ago = (both["end"].dt.year - both["month"].dt.year) * 12 + both["end"].dt.month - both["month"].dt.month
    days = both[(ago >= 1) & (ago <= 3)].groupby("row")["days"].sum().reindex(rows.index).fillna(0.0)
    paid = data.revenue.assign(account_id=data.revenue["account_id"].astype(str)).groupby("account_id")["mrr"].first()
    began = data.accounts.set_index(data.accounts["account_id"].astype(str))["created_at"]
    tenure = (rows["at"] - began.reindex(rows["account_id"]).to_numpy()).dt.days / 365.25
    return rows.assign(
        engaged=np.log1p(days.astype(float)),
        log_mrr=np.log1p(paid.reindex(rows["account_id"]).fillna(0.0).to_numpy(dtype=float)),
        tenure_years=tenure,
    )
