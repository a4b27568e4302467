"""The verb of monitoring: what is found, printed, as JSON, and logged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from math import isnan

from features.panel import Progress
from pipelines.config import Settings
from pipelines.explain_backtest import plain
from pipelines.latest import write_latest
from pipelines.monitor import Monitored, monitor
from pipelines.monitoring.signal import Signal
from pipelines.registry import log_findings

MEANS = {
    "fine": "nothing speaks against it",
    "watch": "accounts have changed, or it ranks worse: look again next month, and find out why",
    "retrain": "other accounts leave than it expects: train again",
}


def explain_monitor(settings: Settings, progress: Progress) -> Monitored:
    """Return what the champion is worth today, logged in MLflow."""
    found = monitor(settings, progress)
    progress("MLflow")
    metrics = {
        f"{signal.about.replace(',', '')}".replace(" ", "_"): signal.value
        for signal in found.signals
        if not isnan(signal.value)
    }
    metrics |= {f"estimated.{name}": one.value for name, one in found.estimated.items() if not isnan(one.value)}
    if found.due:
        metrics |= {f"due.{name}": one.value for name, one in found.due.figures.items() if not isnan(one.value)}
    metrics["verdict"] = float(list(MEANS).index(found.verdict))
    said = as_json(found)
    write_latest(settings.releases_folder, "monitor", said)
    log_findings(settings, "monitor", metrics, {"monitor.json": said.encode()})
    return found


def as_json(found: Monitored) -> str:
    """Return everything as JSON; what cannot be had is null."""
    return json.dumps(plain(asdict(found)) | {"sentences": list(sentences(found))}, allow_nan=False)


def print_monitor(found: Monitored) -> None:
    """Print the signals to stdout."""
    from rich.console import Console
    from rich.table import Table

    title = f"Release {found.release}, made as of {found.as_of}, on accounts until {found.known_until}"
    table = Table("signal", "value", "95 % interval", "usual", "unit", "n", "verdict", title=title)
    for signal in found.signals:
        usual = _range(signal.usual_low, signal.usual_high)
        table.add_row(
            signal.about, f"{signal.value:.3f}", _range(signal.low, signal.high), usual,
            f"{signal.unit}, {signal.basis}", f"{signal.n:,} accounts", signal.verdict,
        )  # fmt: skip
    console = Console()
    console = Console(width=None if console.is_terminal else 200)
    console.print(table)


def _range(low: float, high: float) -> str:
    return "-" if isnan(low) or isnan(high) else f"{low:.3f} to {high:.3f}"


def sentences(found: Monitored) -> Iterator[str]:
    """Yield what is to be said: what does not look right, what came of what was served, and the verdict."""
    for signal in found.signals:
        if signal.verdict != "fine" or signal.about.startswith("leaving"):
            yield _sentence(signal)
    if found.due:
        due = found.due
        whose = "scores served" if found.is_served else "scores it would have served"
        yield (
            f"{due.n_rows:,} {whose} from {due.first} to {due.last} are due ({due.n_accounts:,} accounts): "
            f"{due.churn_rate:.1%} left (counted), {due.mean_prob:.1%} was predicted, "
            f"AUC {due.figures['auc'].value:.3f}"
        )
    else:
        yield "no labels of what was served are due yet, or too few left to judge by"
    auc = found.estimated["auc"]
    yield (
        f"of accounts as of {found.known_until} an AUC of {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f} by chance) "
        "is to be expected (predicted, if probabilities are still right)"
    )
    if not found.signals:
        yield "nothing new since the release was made: no later as-of date, or too short a history before it"
    yield f"verdict: {found.verdict}; {MEANS[found.verdict]}"


def _sentence(signal: Signal) -> str:
    return f"{signal.verdict}: {signal.about}: {signal.sentence}"
