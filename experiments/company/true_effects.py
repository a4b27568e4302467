"""The true effect of every driver on churn, as the tables' own contrasts have it: on all who had it, and by group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from experiments.company.arrays import Array
from experiments.company.counterfactual import churn_with_and_without, individual_effects
from experiments.company.exposures import REAL
from experiments.company.tables import company_tables
from experiments.company.world import World


def effects_of(world: World) -> dict[str, Any]:
    """Return for each driver that does something its effects in percentage points of churn within 90 days, for JSON.

    Those of accounts that had it in a quarter, had they not: `all`, by true segment, by engagement when the quarter
    began; and `robustness`, how many times as much it multiplies churn among engaged accounts as among others (1:
    alike). All other drivers' effects are 0.
    """
    effects = individual_effects(world, company_tables(world))
    account = effects["account_id"].str.removeprefix("A-").astype(int).to_numpy() - 1
    found = {}
    for driver in REAL:
        own = (effects["driver"] == driver).to_numpy()
        found[driver] = _of_driver(world, effects[own], account[own])
    return found


def _of_driver(world: World, effects: pd.DataFrame, account: Array) -> dict[str, Any]:
    is_engaged = effects["is_engaged"].to_numpy(dtype=bool)
    said: dict[str, Any] = {"all": _effect(effects)}
    for segmentation, names in _segments(world, account):
        said[segmentation] = {str(name): _effect(effects[names == name]) for name in np.unique(names)}
    groups = {"engaged": effects[is_engaged], "others": effects[~is_engaged]}
    said["engagement"] = {name: _effect(group) for name, group in groups.items()}
    ratios = [_risk_ratio(group) for group in groups.values()]
    said["robustness"] = None if None in ratios else float(ratios[0] or 0) / float(ratios[1] or 1)
    return said


def _segments(world: World, account: Array) -> Iterator[tuple[str, Array]]:
    parameters, firms = world.parameters, world.firms
    yield "firmographic", np.array([kind.name for kind in parameters.firms])[firms.segment[account]]
    yield "behavioural", np.array([kind.name for kind in parameters.behaviours])[firms.behaviour[account]]
    yield "needs", np.array([kind.name for kind in parameters.needs])[firms.needs[account]]


def _effect(effects: pd.DataFrame) -> dict[str, Any]:
    """Percentage points, and how many account-quarters they are of; None where there are none."""
    if effects.empty:
        return {"points": None, "n": 0}
    with_it, without = churn_with_and_without(effects)
    return {"points": 100 * (with_it - without), "n": len(effects)}


def _risk_ratio(effects: pd.DataFrame) -> float | None:
    with_it, without = churn_with_and_without(effects) if len(effects) else (0.0, 0.0)
    return with_it / without if without > 0 else None
