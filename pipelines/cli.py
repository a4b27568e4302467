"""The `perennial` command: one verb a job.

Text goes to stderr, data to stdout or files. Exit code 0: done; 1: a check or the gate said no, and which; 2: wrong
usage. Every verb imports what it needs when it runs, so that the command itself starts at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from features.errors import PerennialError
from pipelines.actions_cli import actions, experiment
from pipelines.experience_cli import engagement, experience, journeys, value
from pipelines.findings_cli import drivers, monitor, segments, whatif
from pipelines.options import CONFIG, AsOfOption, ConfigOption, JsonOption, OutOption, give, say, settings_of

app = typer.Typer(
    name="perennial",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # drawing the help in colour takes as long as all else of it
    help="Which customers you are about to lose, how sure that is, and why.",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        app(args=None if argv is None else list(argv))
    except PerennialError as problem:
        say(f"error: {problem}")
        return 1
    except OSError as problem:
        say(f"error: got {problem}; expected a place that can be read and written; name another")
        return 1
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="folder with your Parquet or CSV files")],
    config: ConfigOption = CONFIG,
) -> None:
    """Look at a folder of files, write perennial.toml."""
    from features.discovery import discover
    from features.errors import ConfigError
    from pipelines.initial import initial_settings
    from pipelines.output import write_text

    if config.exists():
        raise ConfigError.of(
            f"{config}, which is there already", "no settings file yet", "move it away or name another"
        )
    found = discover(folder)
    write_text(initial_settings(found, folder, config), config)
    for table, mapping in found.tables.items():
        say(f"{table:20} {mapping.source}")
    for note in found.notes:
        say(f"note: {note}")
    say(f"wrote {config}; read it, then run: perennial check --config {config}")


@app.command()
def check(
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
    rejects: Annotated[Path | None, typer.Option(help="CSV file for rejected rows")] = None,
) -> None:
    """Say what is wrong with the data, and whether it suffices.

    Reads every table, prints the sufficiency report, and writes rejected rows to a file. Exit 1: not yet.
    """
    from dataclasses import asdict

    from pipelines.check import check_data, report_table

    settings = settings_of(config)
    found = check_data(settings, rejects)
    if as_json:
        give(json.dumps([asdict(finding) for finding in found.findings]))
    else:
        report_table(found.findings)
    if found.n_rejects:
        say(f"{found.n_rejects:,} rejected rows written to {found.rejects}")
    say(f"verdict: {found.verdict}")
    if not found.is_sufficient:
        raise typer.Exit(1)


@app.command()
def features(out: OutOption, as_of: AsOfOption = None, config: ConfigOption = CONFIG) -> None:
    """Write the panel.

    Every account at one date, or the whole training panel with its labels. What was computed before is kept: only rows
    that changed are computed again.
    """
    from pipelines.features import write_panel
    from pipelines.output import check_writable
    from pipelines.progress import bar

    settings = settings_of(config)
    check_writable(out, is_folder=settings.engine.name == "spark")
    with bar(("reading tables", "panel", "writing")) as tell:
        n_rows, n_features = write_panel(settings, as_of, out, tell)
    say(f"{n_rows:,} rows of {n_features} features written to {out}")


@app.command()
def catalog(
    config: Annotated[Path | None, typer.Option("--config", help="list what these settings' tables give")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the features: all, or those of your tables.

    Name, family, tier, unit and a sentence; as JSON also what is computed.
    """
    from pipelines.catalogue_page import catalogue_json, catalogue_table, listed_features

    listed = listed_features(settings_of(config) if config else None)
    if as_json:
        give(catalogue_json(listed))
    else:
        catalogue_table(listed)
    say(f"{len(listed)} features")


@app.command()
def train(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Train, judge, and register a release.

    Judged on held-out rows beside simpler ways, logged in MLflow. Exit 1: the gate refuses its promotion.
    """
    from pipelines.explain_causes import sentences
    from pipelines.progress import bar
    from pipelines.train import STAGES
    from pipelines.train import train as run

    settings = settings_of(config)
    with bar(STAGES) as tell:
        training = run(settings, tell)
    manifest = training.release.manifest
    if as_json:
        give(manifest.model_dump_json())
    for finding in training.findings:
        if finding.severity != "info":
            say(f"{finding.severity}: {finding.column}: {finding.what}")
    for sentence in manifest.gate.sentences:
        say(sentence)
    for name, segmentation in training.release.segmentations.items():
        say(f"{name} segments: {segmentation.why}")
    for sentence in sentences(training.causes):
        say(f"drivers: {sentence}")
    for part, told in training.release.programme.parts():
        say(f"{part}: {told.sentence}")
    say(f"release {manifest.version}, registered as {settings.mlflow.model_name} version {training.registered}")
    say(f"runs: mlflow ui --backend-store-uri {settings.tracking_uri}")
    if not manifest.gate.passed:
        say(f"the gate refuses promotion: {' '.join(manifest.gate.refused_for)}")
        raise typer.Exit(1)
    say(f"next: perennial promote {manifest.version} --config {config}")


@app.command()
def backtest(
    config: ConfigOption = CONFIG,
    origins: Annotated[int, typer.Option(help="past dates to train at", min=1, max=24)] = 4,
    as_json: JsonOption = False,
) -> None:
    """Say how models trained at past dates did afterwards.

    Beside a business rule, a health score and logistic regressions; by segment, size and tenure; and whether churners
    were seen coming. Logged in MLflow; nothing is registered.
    """
    from pipelines.backtest import STAGES
    from pipelines.explain_backtest import as_json as in_json
    from pipelines.explain_backtest import explain_backtest, print_backtest, sentences
    from pipelines.progress import bar

    settings = settings_of(config)
    with bar(STAGES) as tell:
        found = explain_backtest(settings, origins, tell)
    if as_json:
        give(in_json(found))
    else:
        print_backtest(found)
    for sentence in sentences(found):
        say(sentence)


app.command()(drivers)
app.command()(whatif)


@app.command()
def score(out: OutOption, as_of: AsOfOption = None, config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Write every account's predicted churn and reasons.

    With interval, tier and segments, by the champion; the feature rows are handed to the service.
    """
    from dataclasses import asdict

    from pipelines.explain_prospects import sentence
    from pipelines.output import check_writable
    from pipelines.progress import bar
    from pipelines.score import STAGES, score_accounts

    settings = settings_of(config)
    check_writable(out, is_folder=settings.engine.name == "spark")
    with bar(STAGES) as tell:
        scored = score_accounts(settings, as_of, out, tell)
    if as_json:
        ahead = [asdict(prospect) for prospect in scored.prospects]
        left = scored.departed.model_dump() if scored.departed else None
        said = {"release": scored.version, "as_of": scored.as_of, "n_accounts": scored.n_accounts, "prospects": ahead}
        give(json.dumps(said | {"departed": left}))
    say(f"{scored.n_accounts:,} accounts as of {scored.as_of or 'no date'} by release {scored.version}: {out}")
    for prospect in scored.prospects[:1]:
        say(sentence(prospect, settings.value))
    if scored.departed:
        say(scored.departed.sentence)
    for note in scored.notes:
        say(f"note: {note}")


app.command()(segments)
app.command()(monitor)
app.command()(experience)
app.command()(journeys)
app.command()(engagement)
app.command()(value)
app.command()(actions)
app.add_typer(experiment, name="experiment")
app.command()(actions)
app.add_typer(experiment, name="experiment")


@app.command()
def promote(version: Annotated[str, typer.Argument(help="name of a release")], config: ConfigOption = CONFIG) -> None:
    """Make a release the champion, if the gate passed it."""
    from pipelines.progress import bar
    from pipelines.promotion import promote as run

    settings = settings_of(config)
    with bar(("exporting the release",)) as tell:
        tell("exporting the release")
        manifest = run(settings, version)
    say(f"champion: {manifest.version}")


@app.command()
def rollback(config: ConfigOption = CONFIG) -> None:
    """Go back to the champion before."""
    from pipelines.progress import bar
    from pipelines.promotion import rollback as run

    settings = settings_of(config)
    with bar(("verifying the release",)) as tell:
        tell("verifying the release")
        manifest = run(settings)
    say(f"champion: {manifest.version}")


@app.command()
def schema(what: Annotated[str, typer.Argument(help="config or tables")] = "tables") -> None:
    """Print the JSON Schema of settings or tables."""
    if what == "config":
        from pipelines.config import Settings

        give(json.dumps(Settings.model_json_schema(), indent=1))
    elif what == "tables":
        from features.tables import tables_schema

        give(json.dumps(tables_schema(), indent=1))
    else:
        raise typer.BadParameter(f"got {what!r}; expected config or tables")


if __name__ == "__main__":
    sys.exit(main())
