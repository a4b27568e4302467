"""The verbs of causes: what drives churn, printed and written, and what a better experience would save."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from features.errors import ConfigError, ModelError
from features.panel import Progress
from pipelines.causes import Causes, find_causes
from pipelines.churn.contributions import mean_contributions
from pipelines.config import Settings
from pipelines.drivers.finding import Finding
from pipelines.drivers.forest import forest_plot
from pipelines.drivers.groups import segment_labels
from pipelines.drivers.importance import SHAP
from pipelines.drivers.plain import nested
from pipelines.drivers.whatif import WhatIf, amount, what_if
from pipelines.registry import log_findings
from pipelines.release import read_champion
from pipelines.segments import segment_names
from pipelines.training_data import read_driver_data

if TYPE_CHECKING:
    import pandas as pd

STAGES = ("reading tables", "panel", "drivers", "MLflow")


def explain_causes(settings: Settings, progress: Progress, *, direct: bool) -> Causes:
    """Return what causes churn by the settings' tables, logged in MLflow; segments and SHAP are of the champion."""
    data, release = read_driver_data(settings, progress), read_champion(settings.releases_folder)
    progress("drivers")
    contributions = None
    if release and data.rows:
        contributions = mean_contributions(release.churn, data.rows.now[data.rows.is_latest])
    causes = find_causes(data, settings, release.segmentations if release else {}, contributions, direct=direct)
    progress("MLflow")
    table = causes.table
    told = table[(table["figure"] == "effect") & (table["group_by"] == "all") & table["value"].notna()]
    points = zip(told["driver"], told["value"].astype(float), strict=True)
    files = {
        "drivers.parquet": table.to_parquet(index=False),
        "drivers.json": as_json(table).encode(),
        "drivers.png": forest_plot(table),
    }
    log_findings(settings, "drivers", {f"effect.{driver}": value for driver, value in points}, files)
    return causes


def would_save(settings: Settings, progress: Progress, *, driver: str, to: str, segment: str | None) -> WhatIf:
    """Return what would be saved if accounts were brought to a better level of one driver.

    Raises
    ------
    ConfigError
        when there is no such driver, level or segment.
    ModelError
        when no effect can be told, with the reason.
    """
    data = read_driver_data(settings, progress)
    progress("drivers")
    found = {one.name: one for one in data.drivers}
    if driver not in found:
        raise ConfigError.of(f"--driver {driver!r}", f"one of {', '.join(sorted(found)) or 'none'}", "name one")
    if data.rows is None:
        raise ModelError.of(
            data.why_not, "rows that effects can be learnt from", "bring dated tables of a year or more"
        )
    chosen, rows, release = found[driver], data.rows, read_champion(settings.releases_folder)
    segmentations = release.segmentations if release else {}
    labels = segment_labels({name: segment_names(one, rows.before) for name, one in segmentations.items()})
    level = amount(to, chosen.feature.unit)
    return what_if(rows, data.drivers, chosen, level, labels=labels, segment=segment, seed=settings.model.seed)


def as_json(table: pd.DataFrame) -> str:
    """Return findings as JSON: one object a driver, its figures inside."""
    return json.dumps(nested(table), allow_nan=False)


def causes_table(causes: Causes) -> None:
    """Print what is found of each driver to stdout, and in sentences below."""
    from rich.console import Console
    from rich.table import Table

    title = "What causes churn (effect on those who had it, percentage points with 95 % interval)"
    columns = (
        "driver",
        "contrast",
        "verdict",
        "effect (caused)",
        "second opinion",
        "n with it",
        "saved (caused)",
        "SHAP",
    )
    table = Table(*columns, title=title)
    for finding in causes.findings:
        table.add_row(*_cells(finding))
    console = Console()
    # Cut to no width when a program reads it: a pipe has none.
    console = Console(width=None if console.is_terminal else 200)
    console.print(table)
    for sentence in sentences(causes):
        console.print(f"- {sentence}", highlight=False)


def sentences(causes: Causes) -> list[str]:
    """Return what is found in words, the causes first, then what was refused or withheld, then the bound."""
    if causes.why_not:
        return [f"no effect can be told: {causes.why_not}"]
    told = [finding.sentence for finding in causes.found]
    told += [f"{one.driver.name}: {one.sentence}" for one in causes.findings if one.verdict in ("withheld", "refused")]
    return [*told, *(figure.sentence for figure in causes.others[:1])]


def _cells(finding: Finding) -> Sequence[str]:
    effect, other = finding.figure("effect"), finding.figure("second opinion")
    saved, shap = finding.figure("churners saved"), finding.figure(SHAP)
    return (
        finding.driver.name,
        finding.levels.words,
        finding.verdict,
        f"{effect.value:+.1f} ({effect.low:+.1f} to {effect.high:+.1f})"
        if effect and np.isfinite(effect.value)
        else "-",
        f"{other.value:+.1f}" + ("" if other.sentence == "agrees" else " (disagrees)") if other else "-",
        f"{effect.n_bad:,}" if effect and effect.n_bad else "-",
        f"{saved.value:,.0f} accounts ({saved.low:,.0f} to {saved.high:,.0f})" if saved else "-",
        f"{shap.value:.2f}" if shap else "-",
    )
