"""Writing the panel to a file of the user's: every account at one date, or the training panel with its labels."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.panel import PanelPlan, Progress, arrow_rows, plan_at, training_plan
from features.panel_files import date_of
from features.spark import SparkWarehouse
from features.spark_panel import spark_frame
from pipelines.config import Settings
from pipelines.engine import (
    churn_definition,
    n_rows,
    opened_tables,
    panel_parts,
    panel_settings,
    write_folder,
)
from pipelines.output import check_writable

if TYPE_CHECKING:
    import pyarrow as pa


def write_panel(settings: Settings, as_of: datetime | None, out: Path, tell: Progress) -> tuple[int, int]:
    """Write the panel at a date, or without one that of training; return how many rows and features it has.

    In one process it is one file, in order of date and account, written date by date; on Spark a folder of files.

    Raises
    ------
    ConfigError, DataError
        when the tables cannot be read or break the contract, or nobody is at risk.
    """
    with opened_tables(settings, tell) as warehouse:
        tell("panel")
        churn, dates = churn_definition(settings), panel_settings(settings)
        if as_of is None:
            plan = training_plan(warehouse, churn, dates)
        else:
            plan = plan_at(warehouse, churn, dates, pd.Timestamp(as_of))
        parts = panel_parts(warehouse, plan, settings, tell)
        tell("writing")
        if isinstance(warehouse, SparkWarehouse):
            frame = spark_frame(warehouse, parts)
            write_folder(frame if plan.is_dated else frame.drop("as_of"), out)
        else:
            write_tables(by_date(parts, plan), out)
        return sum(map(n_rows, parts)), len(plan.recipe.features)


def by_date(parts: Sequence[Path], plan: PanelPlan) -> Iterator[pa.Table]:
    """Yield the rows of each date in order of account, so that no more than one date's are held."""
    for _, files in groupby(sorted(parts, key=date_of), key=date_of):
        yield arrow_rows(list(files), plan)


def write_tables(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables one after the other as Parquet or CSV by the file's ending; the file appears when it is complete."""
    import pyarrow.csv
    import pyarrow.parquet

    check_writable(path)
    writer_of = pyarrow.csv.CSVWriter if path.suffix.lower() == ".csv" else pyarrow.parquet.ParquetWriter
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.resolve().parent) as scratch:
        staged, writer = Path(scratch) / path.name, None
        for table in tables:
            writer = writer or writer_of(staged, table.schema)
            writer.write_table(table)
        if writer:
            writer.close()
            staged.replace(path)
