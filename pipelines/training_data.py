"""What a training run reads of the tables: the panel, departures, driver rows, and what the programme reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from features.departures import read_departures
from features.panel import Panel, PanelPlan, Progress, training_plan
from features.sources import Warehouse
from pipelines.causes import DriverData, driver_data
from pipelines.config import Settings
from pipelines.engine import churn_definition, opened_tables, panel_parts, panel_settings
from pipelines.experience_tables import ProgrammeData, programme_data
from pipelines.panel_file import read_panel_rows
from pipelines.sampling import CURRENT_SHARE


class TrainingData(NamedTuple):
    """What a training run reads of the tables."""

    panel: Panel
    drivers: DriverData
    programme: ProgrammeData


def read_panel(settings: Settings, progress: Progress) -> Panel:
    """Return the training panel of the settings' tables, sampled where there are more than `most_rows`."""
    with opened_tables(settings, progress) as warehouse:
        progress("panel")
        return _read_panel(warehouse, *training_files(warehouse, settings, progress), settings)


def read_training_data(settings: Settings, progress: Progress) -> TrainingData:
    """Return the training panel, the rows that effects are learnt from, and what the programme reads."""
    with opened_tables(settings, progress) as warehouse:
        progress("panel")
        plan, files = training_files(warehouse, settings, progress)
        panel = _read_panel(warehouse, plan, files, settings)
        drivers = driver_data(warehouse, plan, files, settings)
        return TrainingData(panel, drivers, programme_data(warehouse, settings, panel.departures))


def _read_panel(warehouse: Warehouse, plan: PanelPlan, files: Sequence[Path], settings: Settings) -> Panel:
    departures = read_departures(warehouse, plan.recipe.churn, panel_settings(settings))
    return replace(sampled_panel(plan, files, settings), departures=departures)


def read_driver_data(settings: Settings, progress: Progress) -> DriverData:
    """Return the rows that effects are learnt from."""
    with opened_tables(settings, progress) as warehouse:
        progress("panel")
        return driver_data(warehouse, *training_files(warehouse, settings, progress), settings)


def training_files(warehouse: Warehouse, settings: Settings, progress: Progress) -> tuple[PanelPlan, tuple[Path, ...]]:
    """Return the plan of the training panel, and Parquet files with its rows."""
    plan = training_plan(warehouse, churn_definition(settings), panel_settings(settings))
    return plan, panel_parts(warehouse, plan, settings, progress)


def sampled_panel(plan: PanelPlan, files: Sequence[Path], settings: Settings) -> Panel:
    """Return the training panel of a plan's files, sampled where there are more than `most_rows`."""
    names = [name for name in plan.recipe.schema.names if plan.is_dated or name != "as_of"]
    found = read_panel_rows(files, names, most_rows=settings.model.most_rows, seed=settings.model.seed)
    found.rows.attrs[CURRENT_SHARE] = found.current_share
    recipe = plan.recipe
    return Panel(
        found.rows,
        recipe.features,
        recipe.churn,
        plan.observed_until,
        plan.left_out,
        n_rows=found.n_rows,
        kept_share=found.kept_share,
    )
