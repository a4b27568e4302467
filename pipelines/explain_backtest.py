"""The verb of backtesting: how the model would have done, printed, as JSON, and logged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from math import isnan
from typing import Any

from features.panel import Progress
from pipelines.backtest import Backtest, Group, backtest
from pipelines.card import FIGURES
from pipelines.churn.bootstrap import Interval
from pipelines.churn.warning import Warned
from pipelines.config import Settings
from pipelines.curve_backtest import CurveJudged
from pipelines.figures import training_figures
from pipelines.latest import write_latest
from pipelines.registry import log_findings

CALIBRATION = {"slope": "Calibration slope (1 is right)", "intercept": "Calibration intercept (0 is right, log-odds)"}


def explain_backtest(settings: Settings, n_origins: int, progress: Progress) -> Backtest:
    """Return the backtest of the settings' tables, logged in MLflow."""
    found = backtest(settings, n_origins, progress)
    progress("MLflow")
    metrics = {
        f"{name.replace(' ', '_')}.{key}": figure.value
        for name, figures in _figures(found).items()
        for key, figure in figures.items()
        if not isnan(figure.value)
    }
    if found.curves:
        metrics |= {f"{name.replace(' ', '_')}.brier": one.value for name, one in found.curves.brier.items()}
        metrics |= {f"{name.replace(' ', '_')}.c_index": one for name, one in found.curves.c_index.items()}
    pictures = training_figures(found.evaluation.predictions)
    said = as_json(found)
    write_latest(settings.releases_folder, "backtest", said)
    files = {f"{name}.png": png for name, png in pictures.items()} | {"backtest.json": said.encode()}
    log_findings(settings, "backtest", metrics, files)
    return found


def as_json(found: Backtest) -> str:
    """Return every figure as JSON; what cannot be had is null."""
    said = {
        "judged": found.evaluation.sentence,
        "n_origins": found.n_origins,
        "n_rows": found.evaluation.n_rows,
        "n_accounts": found.evaluation.n_accounts,
        "n_churned": found.evaluation.n_churned,
        "figures": {name: {k: asdict(one) for k, one in own.items()} for name, own in _figures(found).items()},
        "warned": {name: one and asdict(one) for name, one in found.warned.items()},
        "curves": found.curves and asdict(found.curves),
        "groups": [asdict(group) for group in found.groups],
        "verdicts": [asdict(one) for one in found.evaluation.verdicts],
    }
    return json.dumps(plain(said), allow_nan=False)


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: what is not a number is null."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and isnan(value) else value


def _figures(found: Backtest) -> dict[str, dict[str, Interval]]:
    """By learner, what it is judged by, calibration included where it can be had."""
    figures = {name: dict(own) for name, own in found.evaluation.figures.items()}
    for name, one in found.reliability.items():
        figures[name] |= {"slope": one.slope, "intercept": one.intercept} if one else {}
    return figures


def print_backtest(found: Backtest) -> None:
    """Print figures by learner and by group to stdout."""
    from rich.console import Console
    from rich.table import Table

    figures = _figures(found)
    title = f"Trained at {found.n_origins} past dates, judged on what came after (95 % intervals, accounts resampled)"
    by_learner = Table("figure", *figures, title=title)
    for key, words in (FIGURES | CALIBRATION).items():
        by_learner.add_row(words, *(_cell(own.get(key)) for own in figures.values()))
    by_group = Table("group", "accounts", "churned", "counted", "predicted", "AUC", title="The model by group")
    for group in found.groups:
        by_group.add_row(*_group(group))
    console = Console()
    # Cut to no width when a program reads it: a pipe has none.
    console = Console(width=None if console.is_terminal else 200)
    for table in (by_learner, by_group):
        console.print(table)


def sentences(found: Backtest) -> Iterator[str]:
    """Yield what is to be said of a backtest: how it was judged, whether churners were seen coming, the verdicts."""
    one = found.evaluation
    yield f"{one.n_rows:,} rows of {one.n_accounts:,} accounts, {one.n_churned:,} rows churned: {one.sentence}"
    for name, seen in found.warned.items():
        yield f"{name}: {_seen_coming(seen)}"
    if found.curves:
        yield _curves(found.curves)
    yield from (verdict.sentence for verdict in one.verdicts)


def _curves(judged: CurveJudged) -> str:
    told = [
        f"{name} {score.value:.4f} ({score.low:.4f} to {score.high:.4f}), C-index {judged.c_index[name]:.3f}"
        for name, score in judged.brier.items()
    ]
    return (
        f"integrated Brier score over {judged.days:.0f} days (lower is better), {judged.n_rows:,} rows of "
        f"{judged.n_accounts:,} accounts, in {judged.n_left:,} rows the account left: {'; '.join(told)}"
    )


def _seen_coming(seen: Warned | None) -> str:
    if seen is None:
        return "nobody left while being watched, so that no warning can be judged"
    green = seen.false_green
    said = (
        f"of {seen.n_left:,} accounts that left {green.value:.0%} ({green.low:.0%} to {green.high:.0%}) were in the "
        "lowest tier within a month of it (false green)"
    )
    if seen.lead_days is None:
        return f"{said}; none was in the highest"
    lead = seen.lead_days
    return (
        f"{said}; {seen.n_warned:,} were in the highest, for {lead.value:.0f} days before ({lead.low:.0f} to "
        f"{lead.high:.0f}, the median)"
    )


def _cell(figure: Interval | None) -> str:
    if figure is None:
        return "-"
    return f"{figure.value:.3f}" + ("" if isnan(figure.low) else f" ({figure.low:.3f} to {figure.high:.3f})")


def _group(group: Group) -> tuple[str, ...]:
    return (
        f"{group.kind}: {group.group}",
        f"{group.n_accounts:,}",
        f"{group.n_churned:,} of {group.n_rows:,} rows",
        f"{group.counted:.1%}",
        f"{group.predicted:.1%}",
        _cell(group.auc),
    )
