"""One simulated company with its known truth, and what the product finds of it: a row a driver."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.benchmarks.driver_figures import AFFECTED
from experiments.benchmarks.driver_peers import consequences, importances
from experiments.company.counterfactual import churn_with_and_without, individual_effects
from experiments.company.exposures import REAL
from experiments.company.tables import company_tables
from experiments.company.world import create
from experiments.company.worlds import parameters_of
from features.discovery import discover
from features.panel import Panel
from pipelines.config import Settings, settings_from
from pipelines.drivers.driver import known_drivers
from pipelines.drivers.find import find_drivers
from pipelines.drivers.finding import Finding
from pipelines.drivers.groups import ENGAGED, OTHERS, engagement_labels
from pipelines.drivers.rows import DriverRows, read_driver_rows
from pipelines.engine import opened_tables
from pipelines.training_data import read_panel, training_files

# Names of the product's drivers, which come from the events, beside those of the company's.
OTHER_NAMES = {"price_rise_announced": "price_rise"}
YEARS = 3


def findings_of(world: str, strength: float, seed: int, n_accounts: int) -> list[dict[str, Any]]:
    """Return what is found of each driver beside the truth, and what importances say of it, as plain values."""
    company = create(parameters_of(world, strength), n_accounts, years=YEARS, seed=seed)
    tables = company_tables(company)
    effects = individual_effects(company, tables)
    rows = driver_rows(tables)
    region = np.array(rows.before["region"].astype(object))
    drivers = [driver for driver in known_drivers(rows.features) if world != "hidden" or driver.name in AFFECTED]
    found = find_drivers(rows, drivers, {"region": region}, seed=seed, threads=1)
    # Where nothing does anything, or only few are looked into, there is nothing to rank.
    ranked = importances(rows, seed) if world not in ("null", "hidden") else {"SHAP": {}, "permutation": {}}
    company_of = {"world": world, "strength": strength, "seed": seed}
    looked_into = [
        company_of
        | _beside_truth(finding, rows, effects)
        | {name: ranked[name].get(finding.driver.name, np.nan) for name in ranked}
        for finding in found.findings
    ]
    # What importances rank as well, and no driver ever is.
    others = [
        company_of
        | {"driver": kind, "verdict": "consequence", "truth": 0.0}
        | {name: ranked[name].get(kind, np.nan) for name in ranked}
        for kind in consequences(rows)
    ]
    return looked_into + others


def driver_rows(tables: dict[str, pd.DataFrame]) -> DriverRows:
    """Return the driver rows of a company's tables, as the product makes them."""
    with tempfile.TemporaryDirectory(prefix="perennial-") as home:
        settings = company_settings(tables, Path(home))
        with opened_tables(settings, lambda _: None) as warehouse:
            plan, files = training_files(warehouse, settings, lambda _: None)
            return read_driver_rows(files, plan.recipe.features, horizon_days=settings.churn.horizon_days, seed=0)


def true_effect(rows: DriverRows, places: np.ndarray, driver: str, effects: pd.DataFrame) -> tuple[float, float]:
    """Return the true effect on some rows in percentage points, and the true risk ratio: 0 and 1 of a null driver."""
    if driver not in REAL:
        return 0.0, 1.0
    own = effects[effects["driver"] == driver]
    found = rows.keys.iloc[places][["account_id", "as_of"]].merge(own, on=["account_id", "as_of"])
    if found.empty:
        return np.nan, np.nan
    with_it, without = churn_with_and_without(found)
    return 100 * (with_it - without), with_it / without


def _beside_truth(finding: Finding, rows: DriverRows, effects: pd.DataFrame) -> dict[str, Any]:
    name = OTHER_NAMES.get(finding.driver.name, finding.driver.name)
    engaged = engagement_labels(rows)[finding.bad_rows]
    ratios = [true_effect(rows, finding.bad_rows[engaged == group], name, effects)[1] for group in (ENGAGED, OTHERS)]
    region = np.array(rows.before["region"].astype(object))[finding.bad_rows]
    groups = [
        (figure, true_effect(rows, finding.bad_rows[region == figure.group], name, effects)[0])
        for figure in finding.figures
        if figure.group_by == "region" and np.isfinite(figure.value)
    ]
    said: dict[str, Any] = {
        "driver": name,
        "verdict": finding.verdict,
        "truth": true_effect(rows, finding.bad_rows, name, effects)[0],
        "true_robustness": ratios[0] / ratios[1] if len(finding.bad_rows) else np.nan,
        "groups": len(groups),
        "groups_covered": sum(figure.low <= truth <= figure.high for figure, truth in groups),
    }
    for figure in ("effect", "second opinion", "hidden cause", "robustness"):
        one = finding.figure(figure)
        values = (np.nan,) * 3 if one is None else (one.value, one.low, one.high)
        said |= dict(zip((figure, f"{figure} low", f"{figure} high"), values, strict=True))
    return said


def company_panel(tables: dict[str, pd.DataFrame]) -> Panel:
    """Return the training panel of a company's tables, as the product makes it."""
    with tempfile.TemporaryDirectory(prefix="perennial-") as home:
        return read_panel(company_settings(tables, Path(home)), lambda _: None)


def company_settings(tables: dict[str, pd.DataFrame], home: Path) -> Settings:
    """Write the tables into a folder, and return settings that read them."""
    folder = home / "tables"
    folder.mkdir()
    for name, table in tables.items():
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), folder / f"{name}.parquet")
    mapped = {
        name: mapping.model_dump(exclude_defaults=True, exclude_none=True)
        for name, mapping in discover(folder).tables.items()
    }
    return settings_from({"data": {"location": "tables"}, "tables": mapped, "engine": {"threads": 1}}, home)
