"""The verb of experiments: planned for the accounts of today, drawn by lot, and read when one likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import ConfigError
from pipelines.action_tables import Today, action_tables
from pipelines.actions import experiments
from pipelines.actions.eligible import eligible
from pipelines.actions.power import Design
from pipelines.actions.readout import Reading
from pipelines.actions.settings import Action
from pipelines.config import Settings

if TYPE_CHECKING:
    from features.panel import Progress

ALIKE = 0.05
"""How alike accounts of one parent are in leaving, unless it is said."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a plan: the action, the share helped, and the effect it is to find, in points of churn saved."""

    action: str
    share: float = 0.5
    points: float | None = None
    alike: float = ALIKE


def plan_experiment(settings: Settings, name: str, asked: Asked, tell: Progress) -> dict[str, Any]:
    """Return the plan of an experiment on the accounts that may have an action today; it is in the ledger.

    Raises
    ------
    ConfigError
        when there is no such action, or an experiment of that name.
    """
    with action_tables(settings, None, tell) as today:
        own = participants(settings, today, asked.action)
        sizes = own.groupby("cluster").size()
        design = Design(
            n_accounts=len(own),
            churn_prob=float(own["churn_prob"].mean()) if len(own) else 0.5,
            share=asked.share,
            holdout_share=settings.actions.holdout_share,
            cluster_size=float(sizes.mean()) if len(own) else 1.0,
            cluster_spread=float(sizes.std(ddof=0) / sizes.mean()) if len(own) else 0.0,
            alike=asked.alike,
        )
        return experiments.plan(settings.state_folder, name, design, asked.points, at=f"{today.as_of:%Y-%m-%d}")


def assign_experiment(settings: Settings, name: str, asked: Asked, tell: Progress) -> pd.DataFrame:
    """Return who is helped, as rows of `interventions`; written beside the ledger."""
    kind, actions = _action(settings, asked.action).kind or asked.action, settings.actions
    lot = experiments.Lot(kind, asked.share, actions.holdout_share, actions.seed)
    with action_tables(settings, None, tell) as today:
        own = participants(settings, today, asked.action)
        return experiments.assign(settings.state_folder, name, own, lot, at=f"{today.as_of:%Y-%m-%d}")


def read_experiment(settings: Settings, name: str, tell: Progress, *, since: pd.Timestamp | None = None) -> Reading:
    """Return the reading of an experiment, or of the whole programme since a date."""
    actions, state = settings.actions, settings.state_folder
    with action_tables(settings, None, tell) as today:
        followed, at = today.known.followed, f"{today.as_of:%Y-%m-%d}"
        if name != experiments.PROGRAMME:
            return experiments.read(state, name, followed, at=at)
        if since is None:
            raise ConfigError.of("no date", "since when the programme runs", "say it with --since")
        served = _served_at(today, since)
        share, seed = actions.holdout_share, actions.seed
        return experiments.read_programme(state, served, since, followed, holdout_share=share, seed=seed)


def participants(settings: Settings, today: Today, name: str) -> pd.DataFrame:
    """Return account_id, cluster, stratum and churn_prob of the accounts that may have an action today."""
    action = _action(settings, name)
    may = eligible(name, action, today.facts, settings.actions, today.as_of)
    segments = [pd.Series(own, dtype=object).fillna("unknown").astype(str) for own in today.facts.segments.values()]
    stratum = today.facts.accounts["tier"].astype(str)
    for own in segments[:1]:
        stratum = stratum + " / " + own
    return today.facts.accounts[["account_id", "cluster", "churn_prob"]].assign(stratum=stratum)[np.asarray(may)]


def _action(settings: Settings, name: str) -> Action:
    catalogue = settings.actions.all_actions
    if name not in catalogue:
        known = ", ".join(catalogue) or "none; see [actions] in docs/actions.md"
        raise ConfigError.of(f"--action {name!r}", f"an action of the catalogue ({known})", "name one")
    return catalogue[name]


def _served_at(today: Today, since: pd.Timestamp) -> pd.DataFrame:
    """account_id and cluster of the accounts that were there at a date and had not left."""
    accounts = today.data.accounts.astype({"account_id": "str"})
    gone = today.data.departures
    left = set(gone.loc[gone["left_at"] < since, "account_id"].astype(str))
    own = accounts[(accounts["created_at"] < since) & ~accounts["account_id"].isin(left)]
    cluster = own["parent_account_id"].fillna(own["account_id"]).astype(str)
    return own[["account_id"]].assign(cluster=cluster).reset_index(drop=True)
