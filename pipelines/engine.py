"""The engine that the settings name: the tables opened on it, and a panel computed by it as Parquet files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from features.checks import fail_on_rejects, read_tables
from features.sources import Warehouse, open_warehouse
from features.spark import SparkWarehouse, open_spark
from pipelines.config import Settings

if TYPE_CHECKING:
    from features.labels import ChurnDefinition
    from features.panel import PanelPlan, PanelSettings, Progress

KEPT, CHECKED = "panel", "checked.json"
# As every CSV is written here: a quote inside quotes is doubled, and spaces at the ends of a text stay.
CSV = {"header": True, "escape": '"', "ignoreLeadingWhiteSpace": False, "ignoreTrailingWhiteSpace": False}


@contextmanager
def opened_engine(settings: Settings) -> Iterator[Warehouse]:
    """Yield an empty warehouse on the engine of the settings.

    Raises
    ------
    ConfigError
        when it is Spark, and that is not installed or cannot be reached.
    """
    engine = settings.engine
    if engine.name == "spark":
        with open_spark(engine.master, engine.memory_limit) as warehouse:
            yield warehouse
    else:
        with open_warehouse(engine.memory_limit, engine.threads) as warehouse:
            yield warehouse


@contextmanager
def opened_tables(settings: Settings, tell: Progress) -> Iterator[Warehouse]:
    """Yield the settings' tables, read and checked.

    Raises
    ------
    ConfigError, DataError
        when they cannot be read, or have rows that break the contract and are not to be dropped.
    """
    with opened_engine(settings) as warehouse:
        tell("reading tables")
        kept = settings.state_folder / KEPT / CHECKED
        fail_on_rejects(read_tables(warehouse, settings.sources, kept), settings.data.on_reject)
        yield warehouse


def panel_parts(warehouse: Warehouse, plan: PanelPlan, settings: Settings, tell: Progress) -> tuple[Path, ...]:
    """Return Parquet files with a plan's rows: kept in the state folder and brought up to date, of Spark in scratch.

    Raises
    ------
    DataError
        when no account is at risk at any of the dates, or another run is at work.
    """
    from features.panel import panel_files, refuse_empty

    if not isinstance(warehouse, SparkWarehouse):
        return panel_files(warehouse, plan, panel_settings(settings), tell)
    from features.spark_panel import spark_rows

    folder = warehouse.scratch / KEPT
    spark_rows(warehouse, plan.recipe).write.parquet(f"file://{folder}")
    parts = tuple(sorted(folder.glob("*.parquet")))
    refuse_empty(plan, sum(n_rows(part) for part in parts))
    return parts


def n_rows(part: Path) -> int:
    """Return how many rows a Parquet file holds."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(part).num_rows)


def write_folder(frame: Any, folder: Path) -> None:
    """Write a Spark DataFrame as a folder in place of what was there, its files by its ending; it appears complete."""
    kind = folder.suffix[1:].lower()
    staging = Path(mkdtemp(prefix=".writing-", dir=folder.parent))
    try:
        options = CSV if kind == "csv" else {}
        frame.write.format(kind).options(**options).save(f"file://{staging.resolve() / 'new'}")
        if folder.is_dir():
            folder.rename(staging / "old")
        elif folder.exists():
            folder.unlink()
        (staging / "new").rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def churn_definition(settings: Settings) -> ChurnDefinition:
    """What churn is, as the settings say."""
    from features.labels import ChurnDefinition

    churn = settings.churn
    return ChurnDefinition(churn.definition, churn.horizon_days, churn.grace_days, churn.inactive_days)


def panel_settings(settings: Settings) -> PanelSettings:
    """Which as-of dates there are, where the panel is kept, and the features' words, as the settings say."""
    import pandas as pd

    from features.panel import PanelSettings

    since, until = settings.panel.observed_from, settings.panel.observed_until
    return PanelSettings(
        history_days=settings.panel.history_days,
        observed_from=None if since is None else pd.Timestamp(since),
        observed_until=None if until is None else pd.Timestamp(until),
        today=pd.Timestamp(datetime.now(UTC)).tz_localize(None),
        # Every executor has its own part of the log: of Spark nothing is kept.
        folder=None if settings.engine.name == "spark" else settings.state_folder / KEPT,
        threads=settings.engine.threads or 2,
        descriptions=settings.words,
    )
