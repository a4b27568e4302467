"""The tables `interventions` and `internal_ratings`: what the supplier's own people do and think."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.company.accounts import OWNERS
from experiments.company.arrays import DAY, NEVER, Array, identifiers, labels, timestamps
from experiments.company.calls import RESCUED, is_called
from experiments.company.world import World

KINDS = ("success_call", "training_offer")
ASSIGNERS = ("random", "human")
MONTHS_BETWEEN_RATINGS = 3


def interventions_table(world: World) -> pd.DataFrame:
    """Return the table `interventions`: calls by lot, calls to those in trouble, and training offers by lot."""
    assigned = pd.concat([_calls(world), _training_offers(world)]).sort_values(["at", "account"], kind="stable")
    assigned = assigned[world.is_alive(assigned["account"].to_numpy(), assigned["at"].to_numpy())]
    rng = world.streams.of("deliveries")
    at, is_held = assigned["at"].to_numpy(), assigned["is_held"].to_numpy()
    delivered = at + (rng.uniform(0.1, 4.0, len(at)) * DAY).astype(np.int64)
    happens = ~is_held & world.is_alive(assigned["account"].to_numpy(), delivered)
    return pd.DataFrame(
        {
            "intervention_id": identifiers("V", np.arange(len(at))),
            "account_id": identifiers("A", assigned["account"].to_numpy()),
            "assigned_at": timestamps(at),
            "kind": labels(KINDS, assigned["kind"].to_numpy()),
            "assigned_by": labels(ASSIGNERS, assigned["by"].to_numpy()),
            "propensity": np.where(assigned["by"] == 0, world.parameters.trial_propensity, np.nan),
            "is_holdout": is_held,
            "delivered_at": timestamps(np.where(happens, delivered, NEVER)),
            "cost": np.where(happens, np.where(assigned["kind"] == 0, 60.0, 25.0), 0.0),
        }
    )


def internal_ratings_table(world: World) -> pd.DataFrame:
    """Return the table `internal_ratings`: owners rate each account from 1 to 10 every quarter, not very surely."""
    rng = world.streams.of("ratings")
    months = np.arange(world.calendar.n_months)[:, None]
    month, account = np.nonzero((months % MONTHS_BETWEEN_RATINGS == 2) & world.living())
    at = world.calendar.moments(month, rng)
    feelings = 0.8 * world.history.satisfaction[month, account] + 0.5 * world.history.engagement[month, account]
    score = np.clip(np.round(6.5 + feelings + 1.3 * rng.standard_normal(len(month))), 1, 10)
    kept = world.is_alive(account, at) & (rng.random(len(at)) < 0.8)
    account, at, score = account[kept], at[kept], score[kept]
    order = np.lexsort((account, at))
    return pd.DataFrame(
        {
            "rating_id": identifiers("G", np.arange(len(at))),
            "account_id": identifiers("A", account[order]),
            "rated_at": timestamps(at[order]),
            "score": score[order],
            "rater": labels(OWNERS, world.firms.owner[account[order]]),
            "touchpoint": labels(("account_management",), np.zeros(len(at), dtype=np.int64)),
        }
    )


def _calls(world: World) -> pd.DataFrame:
    month, account = np.nonzero(world.history.calls)
    calls = world.history.calls[month, account]
    at = world.calendar.moments(month, world.streams.of("call times"))
    return _assigned(account, at, kind=0, by=(calls == RESCUED).astype(np.int64), is_held=~is_called(calls))


def _training_offers(world: World) -> pd.DataFrame:
    """They do nothing to churn."""
    month, account = np.nonzero(world.counts("training offers", world.parameters.trial_prob) > 0)
    rng = world.streams.of("training offer times")
    at = world.calendar.moments(month, rng)
    is_held = rng.random(len(at)) >= world.parameters.trial_propensity
    return _assigned(account, at, kind=1, by=np.zeros(len(at), dtype=np.int64), is_held=is_held)


def _assigned(account: Array, at: Array, *, kind: int, by: Array, is_held: Array) -> pd.DataFrame:
    return pd.DataFrame({"account": account, "at": at, "kind": kind, "by": by, "is_held": is_held})
