"""Simulated companies whose calls help some and harm some: what the product finds, beside the truth."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from experiments.benchmarks.driver_world import company_settings
from experiments.company.action_effects import MONTHS, call_effects, churn_probs, seconds
from experiments.company.arrays import identifiers
from experiments.company.tables import company_tables
from experiments.company.world import World, create
from experiments.company.worlds import parameters_of
from features.departures import read_departures
from pipelines.acting import ActionData, LearntActions, assignments_of, known_of, learn_actions
from pipelines.actions.choose import NOTHING, Limit, choose
from pipelines.actions.rows import Followed, panel_keys, panel_rows_at
from pipelines.actions.settings import Action, Actions
from pipelines.actions.told import distance
from pipelines.actions.uplift import Benefit
from pipelines.drivers.nuisance import Floats, Matrix
from pipelines.engine import churn_definition, opened_tables, panel_settings
from pipelines.training_data import training_files

CALL = "success_call"
YEARS = 3
TABLES = ("accounts", "activities", "cases", "contacts", "interventions", "subscriptions")
TOLD = ("outage", "billing_error", "price_rise_announced")
"""Of the activities only these are written: usage would be most of the time, and effects do not hang on it."""
COST, BUDGET_SHARE = 15.0, 0.25
"""Of a call, and of the accounts that can be called."""
YEAR = 12
HARMED_POINTS = -0.5


def findings(name: str, seed: int, n_accounts: int) -> dict[str, Any]:
    """Return what is found of calls in a company, beside the truth; a horizon before its calendar ends."""
    world, tables = _company(name, seed, n_accounts)
    with _learning(world, tables, seed) as (data, learnt, as_of):
        call, rows = learnt.by_kind[CALL], assignments_of(CALL, data, panel_keys(data.files), seed=seed).rows
        if call.judged is None or call.kept is None:
            return {"refused": call.refused}
        used = rows[call.kept].reset_index(drop=True)
        truth = call_effects(world, _places(world, used), seconds(used["assigned_at"]))
        stayed = used.groupby("helped")["stayed"].mean()
        average = call.judged.average
        said = {
            "refused": "", "truth": float(np.nanmean(truth)), "naive": 100 * float(stayed[1] - stayed[0]),
            "effect": average.points, "low": average.low, "high": average.high,
            "n_rows": len(used), "helps": call.helps_some, "decile_error": distance(call.judged),
        }  # fmt: skip
        X = _encoded(data, learnt, used)
        return said | _today(world, data, learnt, as_of, _knowable(X, truth))


def refusal_without_overlap(seed: int, n_accounts: int) -> str:
    """Return why calls are refused where all that are large were called, and nobody else."""
    world, tables = _company("rescued", seed, n_accounts)
    large = tables["accounts"].query("employees >= 100")["account_id"].to_numpy()
    months = pd.date_range("2023-08-01", "2025-06-01", freq="MS") + pd.Timedelta(days=4)
    calls = pd.MultiIndex.from_product([months, large], names=["assigned_at", "account_id"]).to_frame(index=False)
    calls = calls.assign(kind=CALL, assigned_by="human", propensity=np.nan, is_holdout=False, cost=60.0)
    calls = calls.assign(intervention_id=[f"V{i}" for i in range(len(calls))], delivered_at=calls["assigned_at"])
    with _learning(world, tables | {"interventions": calls}, seed) as (_, learnt, _as_of):
        return learnt.by_kind[CALL].refused


def _company(name: str, seed: int, n_accounts: int) -> tuple[World, dict[str, pd.DataFrame]]:
    world = create(parameters_of(name), n_accounts, years=YEARS, seed=seed)
    tables = {table: rows for table, rows in company_tables(world).items() if table in TABLES}
    activities = tables["activities"]
    return world, tables | {"activities": activities[activities["event"].isin(TOLD)].reset_index(drop=True)}


@contextmanager
def _learning(
    world: World, tables: dict[str, pd.DataFrame], seed: int
) -> Iterator[tuple[ActionData, LearntActions, pd.Timestamp]]:
    as_of = pd.Timestamp(int(world.calendar.starts[world.calendar.n_months - MONTHS]), unit="s")
    with tempfile.TemporaryDirectory(prefix="perennial-") as home:
        settings = company_settings(tables, Path(home))
        with opened_tables(settings, lambda _: None) as warehouse:
            plan, files = training_files(warehouse, settings, lambda _: None)
            churn = churn_definition(settings)
            departures = read_departures(warehouse, churn, panel_settings(settings))
            if departures is None:
                raise ValueError("got labels; expected subscriptions; write them")
            interventions = tables["interventions"]
            interventions = interventions[interventions["assigned_at"] < as_of]
            followed = Followed(departures, churn.horizon_days, as_of)
            data = ActionData(interventions, files, plan.recipe.features, followed)
            yield data, learn_actions(data, Actions(catalogue={CALL: Action(cost=COST)}), seed=seed), as_of


def _knowable(X: Matrix, truth: Floats) -> lgb.Booster:
    """The mean true effect among accounts that look alike: what somebody would know who had seen every account twice.

    What an account feels is in no table, so that its own effect cannot be known.
    """
    known = np.isfinite(truth)
    parameters = {"objective": "regression", "num_leaves": 31, "min_data_in_leaf": 40, "verbose": -1, "num_threads": 1}
    return lgb.train(parameters, lgb.Dataset(X[known], truth[known]), 150)


def _encoded(data: ActionData, learnt: LearntActions, rows: pd.DataFrame) -> Matrix:
    features = panel_rows_at(data.files, rows, data.features)
    return learnt.encoders[CALL].transform({str(name): features[name] for name in features})


def _today(
    world: World, data: ActionData, learnt: LearntActions, as_of: pd.Timestamp, knowable: lgb.Booster
) -> dict[str, Any]:
    """What is told of each account of the day, and what the choice under a budget is worth, by the truth."""
    keys = panel_keys(data.files)
    keys = keys[keys["as_of"] == as_of].reset_index(drop=True)
    known = known_of(learnt, panel_rows_at(data.files, keys, data.features))
    benefit, place, call = known.benefits[CALL], _places(world, keys), learnt.by_kind[CALL]
    truth = call_effects(world, place, np.full(len(place), int(as_of.timestamp())))
    alike = np.asarray(knowable.predict(_encoded(data, learnt, keys)))
    worth = YEAR * np.exp(np.random.default_rng(0).normal(5, 0.7, len(place)))
    ours = benefit.points / 100 * worth - COST if call.helps_some else np.full(len(place), np.nan)
    risk = churn_probs(world, world.calendar.n_months - MONTHS)[place]
    n = int(BUDGET_SHARE * len(place))
    values = {
        "value_best": _value(truth / 100 * worth - COST, truth, worth, n),
        "value_knowable": _value(alike / 100 * worth - COST, truth, worth, n),
        "value_risk": _value(risk * worth, truth, worth, n),
        "value_ours": _value(ours, truth, worth, n),
    }
    harmed, is_listed = alike < HARMED_POINTS, benefit.probably_harms & call.harms_some
    varies = np.nan_to_num(benefit.points).std() > 0 and alike.std() > 0
    return values | {
        "correlation": float(np.corrcoef(np.nan_to_num(benefit.points), alike)[0, 1]) if varies else np.nan,
        "own_correlation": float(np.corrcoef(np.nan_to_num(benefit.points), truth)[0, 1]) if varies else np.nan,
        "account_coverage": _share(benefit, alike),
        "own_coverage": _share(benefit, truth),
        "recommended": float(np.mean(ours > 0)),
        "harm_share": float(harmed.mean()),
        "harm_found": float((is_listed & harmed).sum() / harmed.sum()) if harmed.any() else np.nan,
        "harm_right": float((is_listed & (alike < 0)).sum() / is_listed.sum()) if is_listed.any() else np.nan,
    }


def _share(benefit: Benefit, truth: Floats) -> float:
    return float(((benefit.low <= truth) & (truth <= benefit.high)).mean())


def _value(priority: Floats, truth: Floats, worth: Floats, n: int) -> float:
    """What calling the accounts with the highest priority above nothing is truly worth, within the budget."""
    budget = Limit("budget", np.array([COST]), np.array([n * COST]), np.zeros(len(truth), dtype=np.int64))
    chosen = choose(priority[:, None], [budget]).action != NOTHING
    return float((truth / 100 * worth - COST)[chosen].sum())


def _places(world: World, rows: pd.DataFrame) -> np.ndarray:
    names = pd.Index(identifiers("A", np.arange(len(world.firms))))
    return np.asarray(names.get_indexer(pd.Index(rows["account_id"])))
