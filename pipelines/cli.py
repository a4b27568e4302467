"""The `perennial` command: one verb a job.

Text goes to stderr, data to stdout or files. Exit code 0: done; 1: a check or the gate said no, and which; 2: wrong
usage. Every verb imports what it needs when it runs, so that the command itself starts at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import PerennialError

if TYPE_CHECKING:
    from pipelines.config import Settings

app = typer.Typer(
    name="perennial",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # drawing the help in colour takes as long as all else of it
    help="Which customers you are about to lose, how sure that is, and why.",
)

ConfigOption = Annotated[Path, typer.Option("--config", help="the settings file")]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON for a program to read")]
OutOption = Annotated[Path, typer.Option("--out", help="file to write, ending in .parquet or .csv")]
AsOfOption = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="only what was known before this date counts")
]
CONFIG = Path("perennial.toml")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        app(args=None if argv is None else list(argv))
    except PerennialError as problem:
        _say(f"error: {problem}")
        return 1
    except OSError as problem:
        _say(f"error: got {problem}; expected a place that can be read and written; name another")
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
        _say(f"{table:20} {mapping.source}")
    for note in found.notes:
        _say(f"note: {note}")
    _say(f"wrote {config}; read it, then run: perennial check --config {config}")


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

    settings = _settings(config)
    found = check_data(settings, rejects)
    if as_json:
        _print(json.dumps([asdict(finding) for finding in found.findings]))
    else:
        report_table(found.findings)
    if found.n_rejects:
        _say(f"{found.n_rejects:,} rejected rows written to {found.rejects}")
    _say(f"verdict: {found.verdict}")
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

    settings = _settings(config)
    check_writable(out, is_folder=settings.engine.name == "spark")
    with bar(("reading tables", "panel", "writing")) as tell:
        n_rows, n_features = write_panel(settings, as_of, out, tell)
    _say(f"{n_rows:,} rows of {n_features} features written to {out}")


@app.command()
def catalog(
    config: Annotated[Path | None, typer.Option("--config", help="list what these settings' tables give")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the features: all, or those of your tables.

    Name, family, tier, unit and a sentence; as JSON also what is computed.
    """
    from pipelines.catalogue_page import catalogue_json, catalogue_table, listed_features

    listed = listed_features(_settings(config) if config else None)
    if as_json:
        _print(catalogue_json(listed))
    else:
        catalogue_table(listed)
    _say(f"{len(listed)} features")


@app.command()
def train(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Train, judge, and register a release.

    Judged on held-out rows beside simpler ways, logged in MLflow. Exit 1: the gate refuses its promotion.
    """
    from pipelines.explain_causes import sentences
    from pipelines.progress import bar
    from pipelines.train import STAGES
    from pipelines.train import train as run

    settings = _settings(config)
    with bar(STAGES) as tell:
        training = run(settings, tell)
    manifest = training.release.manifest
    if as_json:
        _print(manifest.model_dump_json())
    for finding in training.findings:
        if finding.severity != "info":
            _say(f"{finding.severity}: {finding.column}: {finding.what}")
    for sentence in manifest.gate.sentences:
        _say(sentence)
    for name, segmentation in training.release.segmentations.items():
        _say(f"{name} segments: {segmentation.why}")
    for sentence in sentences(training.causes):
        _say(f"drivers: {sentence}")
    _say(f"release {manifest.version}, registered as {settings.mlflow.model_name} version {training.registered}")
    _say(f"runs: mlflow ui --backend-store-uri {settings.tracking_uri}")
    if not manifest.gate.passed:
        _say(f"the gate refuses promotion: {' '.join(manifest.gate.refused_for)}")
        raise typer.Exit(1)
    _say(f"next: perennial promote {manifest.version} --config {config}")


@app.command()
def drivers(
    config: ConfigOption = CONFIG,
    out: Annotated[Path | None, typer.Option(help="file to write, ending in .parquet or .csv")] = None,
    direct: Annotated[bool, typer.Option("--direct", help="also effects that do not go through perception")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say which experiences cause churn, and how sure that is.

    Effects by the declared causal order, with checks and refusals; logged in MLflow. Segments are the champion's.
    """
    from pipelines.explain_causes import STAGES, causes_table, explain_causes
    from pipelines.explain_causes import as_json as in_json
    from pipelines.output import check_writable, write_frame
    from pipelines.progress import bar

    settings = _settings(config)
    if out:
        check_writable(out)
    with bar(STAGES) as tell:
        causes = explain_causes(settings, tell, direct=direct)
    if out:
        write_frame(causes.table, out)
        _say(f"{len(causes.table):,} figures written to {out}")
    if as_json:
        _print(in_json(causes.table))
    else:
        causes_table(causes)


@app.command()
def whatif(
    driver: Annotated[str, typer.Option(help="name of a driver, as `perennial drivers` lists them")],
    to: Annotated[str, typer.Option(help="level that accounts are brought to, such as 8h; 0 for none")],
    segment: Annotated[str | None, typer.Option(help="only accounts of this segment of the champion")] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Say what a better experience would save.

    Churners and revenue within the horizon, with interval, if the accounts that have it bad today had it better.
    """
    from dataclasses import asdict

    from pipelines.explain_causes import STAGES, would_save
    from pipelines.progress import bar

    settings = _settings(config)
    with bar(STAGES) as tell:
        saved = would_save(settings, tell, driver=driver, to=to, segment=segment)
    if as_json:
        _print(json.dumps(asdict(saved), allow_nan=False))
        return
    _say(f"{driver}, {saved.contrast}, {saved.whose}")
    for figure in saved.figures:
        said = f"{figure.value:,.1f} {figure.unit} ({figure.low:,.1f} to {figure.high:,.1f}; {figure.basis})"
        _print(f"{figure.figure}: {said} {figure.sentence}".rstrip())


@app.command()
def score(out: OutOption, as_of: AsOfOption = None, config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Write every account's predicted churn and reasons.

    With tier and segments, by the champion; the feature rows are handed to the service.
    """
    from pipelines.output import check_writable
    from pipelines.progress import bar
    from pipelines.score import STAGES, score_accounts

    settings = _settings(config)
    check_writable(out, is_folder=settings.engine.name == "spark")
    with bar(STAGES) as tell:
        scored = score_accounts(settings, as_of, out, tell)
    if as_json:
        _print(json.dumps({"release": scored.version, "as_of": scored.as_of, "n_accounts": scored.n_accounts}))
    _say(f"{scored.n_accounts:,} accounts as of {scored.as_of or 'no date'} by release {scored.version}: {out}")
    for note in scored.notes:
        _say(f"note: {note}")


@app.command()
def segments(
    out: Annotated[Path | None, typer.Option("--out", help="file of memberships, ending in .parquet or .csv")] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Print the champion's segments, and write which account is in which.

    Of the accounts as `perennial score` last handed them to the service.
    """
    from pipelines.output import check_writable, write_frame
    from pipelines.score import champion, published_rows
    from pipelines.segments import in_words, memberships

    settings = _settings(config)
    if out is not None:
        check_writable(out)
    found = champion(settings).segmentations
    if as_json:
        _print(json.dumps({name: one.to_json() for name, one in found.items()}))
    else:
        for one in found.values():
            for line in in_words(one):
                _print(line)
    if out is not None:
        places = memberships(found, published_rows(settings))
        write_frame(places, out)
        _say(f"{places['account_id'].nunique():,} accounts: {out}")


@app.command()
def promote(version: Annotated[str, typer.Argument(help="name of a release")], config: ConfigOption = CONFIG) -> None:
    """Make a release the champion, if the gate passed it."""
    from pipelines.progress import bar
    from pipelines.promotion import promote as run

    settings = _settings(config)
    with bar(("exporting the release",)) as tell:
        tell("exporting the release")
        manifest = run(settings, version)
    _say(f"champion: {manifest.version}")


@app.command()
def rollback(config: ConfigOption = CONFIG) -> None:
    """Go back to the champion before."""
    from pipelines.progress import bar
    from pipelines.promotion import rollback as run

    settings = _settings(config)
    with bar(("verifying the release",)) as tell:
        tell("verifying the release")
        manifest = run(settings)
    _say(f"champion: {manifest.version}")


@app.command()
def serve(
    config: ConfigOption = CONFIG,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on", min=1, max=65535)] = 3000,
) -> None:
    """Answer over HTTP with the champion.

    A new promotion is picked up while it runs.
    """
    import os

    settings = _settings(config)
    settings.state_folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "PERENNIAL_RELEASES": str(settings.releases_folder),
        "PERENNIAL_ROWS": str(settings.state_folder / "rows.parquet"),
        "PERENNIAL_STORE": f"sqlite:///{settings.state_folder / 'online.db'}",
        "BENTOML_DO_NOT_TRACK": "True",
    }
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:Perennial"]
    command += ["--host", host, "--port", str(port)]
    # The server takes this process over, so that a signal reaches it and nothing is left behind.
    os.execve(command[0], command, environment | dict(os.environ))  # noqa: S606 - our own arguments only


@app.command()
def schema(what: Annotated[str, typer.Argument(help="config or tables")] = "tables") -> None:
    """Print the JSON Schema of settings or tables."""
    if what == "config":
        from pipelines.config import Settings

        _print(json.dumps(Settings.model_json_schema(), indent=1))
    elif what == "tables":
        from features.tables import tables_schema

        _print(json.dumps(tables_schema(), indent=1))
    else:
        raise typer.BadParameter(f"got {what!r}; expected config or tables")


def _settings(config: Path) -> Settings:
    from pipelines.config import read_settings

    return read_settings(config)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _print(text: str) -> None:
    typer.echo(text)


if __name__ == "__main__":
    sys.exit(main())
