"""How the product is used: events of ten features and logins; both wane with engagement."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.company.activities import Stream, happenings
from experiments.company.arrays import Array
from experiments.company.world import World

FEATURES = (
    "dashboard_viewed",
    "report_created",
    "search_run",
    "file_shared",
    "project_created",
    "comment_posted",
    "import_run",
    "export_run",
    "automation_run",
    "api_called",
)


def usage_streams(world: World) -> Iterator[Stream]:
    """Yield the use of features (value: actions in that sitting) and logins."""
    rates = usage_rates(world)
    accounts, at, rng = happenings(world, "usage", rates)
    kept = _kept(world, accounts, at, rng)
    accounts, at = accounts[kept], at[kept]
    actions = np.array([kind.actions for kind in world.parameters.behaviours])[world.firms.behaviour[accounts]]
    value = 1.0 + rng.poisson(actions * rng.gamma(4.0, 0.25, len(at)))
    kind = _features(world, accounts, rng)
    yield Stream(FEATURES, accounts, at, kind, world.people.user(accounts, at, rng), value)
    accounts, at, rng = happenings(world, "logins", 0.35 * rates)
    kept = _kept(world, accounts, at, rng)
    accounts, at = accounts[kept], at[kept]
    yield Stream(("login",), accounts, at, contact=world.people.user(accounts, at, rng))


def usage_rates(world: World) -> Array:
    """Return sittings a month (months x accounts)."""
    typical = np.array([kind.usage for kind in world.parameters.behaviours])[world.firms.behaviour]
    typical = typical * np.exp(0.2 * world.streams.of("usage levels").standard_normal(len(typical)))
    home = np.array([kind.engagement for kind in world.parameters.behaviours])[world.firms.behaviour]
    return np.asarray(typical * np.exp(world.parameters.usage_response * (world.history.engagement - home)))


def _kept(world: World, accounts: Array, at: Array, rng: np.random.Generator) -> Array:
    """Who has decided to leave uses less: a consequence, not a cause."""
    decided = at >= world.history.decided[accounts]
    return np.asarray(~decided | (rng.random(len(at)) < world.parameters.consequences.usage_left))


def _features(world: World, accounts: Array, rng: np.random.Generator) -> Array:
    """An account uses the first few features in an order of its own, the first ones more."""
    breadth = np.array([kind.breadth for kind in world.parameters.behaviours])[world.firms.behaviour[accounts]]
    favourite = world.streams.of("favourites").integers(len(FEATURES), size=len(world.firms))
    rank = (breadth * rng.random(len(accounts)) ** 1.3).astype(np.int64)
    return np.asarray((favourite[accounts] + rank) % len(FEATURES))
