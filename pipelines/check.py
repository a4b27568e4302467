"""Checking the data before training: the sufficiency report and the rejects file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from features.checks import Finding, Reading, read_tables
from features.errors import ConfigError, DataError
from features.sufficiency import events_after, events_after_the_end, panel_findings
from pipelines.config import Settings
from pipelines.engine import opened_engine, panel_settings
from pipelines.output import write_frame
from pipelines.progress import bar
from pipelines.training_data import sampled_panel, training_files

COLOURS = {"error": "red", "warning": "yellow", "info": "dim"}


@dataclass(frozen=True)
class Check:
    """What a check found."""

    findings: list[Finding]
    n_rejects: int
    rejects: Path
    is_sufficient: bool

    @property
    def verdict(self) -> str:
        """Whether training can go on, in a sentence."""
        n = Counter(finding.severity for finding in self.findings)
        counted = f"errors: {n['error']}, warnings: {n['warning']}"
        return f"{'the data can carry a model' if self.is_sufficient else 'not yet'} ({counted})"


def check_data(settings: Settings, rejects: Path | None = None) -> Check:
    """Return every finding about the tables and the panel; rejected rows go to a CSV file."""
    path = rejects or settings.state_folder / "rejects.csv"
    reading, of_panel = Reading(), []
    of_rows: list[Finding] = []
    with bar(("reading tables", "panel")) as tell:
        tell("reading tables")
        try:
            with opened_engine(settings) as warehouse:
                reading = read_tables(warehouse, settings.sources)
                dates = panel_settings(settings)
                of_rows = events_after_the_end(warehouse)
                of_rows += [] if dates.today is None else events_after(warehouse, dates.today)
                tell("panel")
                panel = sampled_panel(*training_files(warehouse, settings, tell), settings)
            of_panel = panel_findings(panel, settings.model.min_churners)
        except (ConfigError, DataError) as problem:
            do = "what the message says, then check again"
            of_panel = [Finding("-", "-", "error", str(problem), 0, do)]
    rows = reading.reject_rows()
    if len(rows):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_frame(rows, path)
    blocking = of_panel if settings.data.on_reject == "drop" else reading.findings + of_panel
    is_sufficient = all(finding.severity != "error" for finding in blocking)
    return Check(reading.findings + of_rows + of_panel, len(rows), path, is_sufficient)


def report_table(findings: Sequence[Finding]) -> None:
    """Print the sufficiency report to stdout, what stops training first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("table", "column", "severity", "what", "how many", "what to do", title="Sufficiency report")
    for finding in sorted(findings, key=lambda finding: list(COLOURS).index(finding.severity)):
        colour = COLOURS[finding.severity]
        severity = f"[{colour}]{finding.severity}[/{colour}]"
        what, do = escape(finding.what), escape(finding.do)  # [tables.accounts] is no colour
        table.add_row(finding.table, finding.column, severity, what, f"{finding.n:,}", do)
    console = Console()
    # Cut to no width when a program reads it: a pipe has none.
    Console(width=None if console.is_terminal else 200).print(table)
