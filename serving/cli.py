"""The verbs that run the service and keep its store; with these the `perennial` command is whole."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli import app, main
from pipelines.options import CONFIG, ConfigOption, JsonOption, give, say, settings_of
from serving.keys_cli import keys_app
from serving.outbox_cli import webhooks

__all__ = ["app", "main"]

app.add_typer(keys_app, name="keys")


@app.command()
def serve(
    config: ConfigOption = CONFIG,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on", min=1, max=65535)] = 3000,
    workers: Annotated[int, typer.Option(help="processes that answer, on one port", min=1, max=256)] = 1,
    no_keys: Annotated[bool, typer.Option("--no-keys", help="ask for no key; on a loopback address only")] = False,
) -> None:
    """Answer over HTTP with the champion, to callers with a key (`perennial keys create`).

    A new promotion is picked up while it runs. Beside it runs a feature worker, which computes features and scores
    anew when events come. What of it dies is started again.
    """
    import json

    from serving.loopback import check_unlocked
    from serving.ports import check_can_listen
    from serving.settings import STORE_FILE, store_url
    from serving.supervisor import Supervisor
    from serving.webhook_settings import WebhookSettings

    settings = settings_of(config)
    if (webhook := WebhookSettings()).is_on:
        webhook.check()
    said = {"PERENNIAL_AUTH": "off"} if no_keys else {}
    if "off" in (*said.values(), os.environ.get("PERENNIAL_AUTH")):
        check_unlocked([host])
    check_can_listen(host, port)
    if workers > 1:
        said["BENTOML_CONFIG_OVERRIDES"] = json.dumps({"services": {"perennial": {"workers": workers}}})
    settings.state_folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "PERENNIAL_RELEASES": str(settings.releases_folder),
        "PERENNIAL_ROWS": str(settings.state_folder / "rows.parquet"),
        "BENTOML_DO_NOT_TRACK": "True",
        # Where its workers share their metrics, which it empties as it starts: no two services may have the same.
        "BENTOML_HOME": str(settings.state_folder.absolute() / f"bentoml-{port}"),
    }
    url = store_url(settings)
    if STORE_FILE not in os.environ:  # what lies in a file stays there
        environment["PERENNIAL_STORE"] = url
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:Perennial"]
    command += ["--host", host, "--port", str(port)]
    worker = [sys.executable, "-m", "serving.feature_worker"]
    raise typer.Exit(Supervisor(command, worker, environment | dict(os.environ) | said).run())


@app.command()
def materialize(
    as_of: Annotated[
        str, typer.Option("--as-of", help="now, or a time (UTC, such as 2026-01-31T09:30) to compute the rows at")
    ] = "now",
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Fill the online store from the tables.

    Every account's history, which live events then add to, and its features and score by the champion.
    """
    import json
    from dataclasses import asdict

    from pipelines.progress import bar
    from serving.materialize import STAGES, instant_of
    from serving.materialize import materialize as run
    from serving.settings import store_url

    settings = settings_of(config)
    instant = instant_of(as_of)
    with bar(STAGES) as tell:
        done = run(settings, store_url(settings), instant, tell)
    if as_json:
        give(json.dumps(asdict(done)))
    say(f"{done.n_accounts:,} accounts in the store, {done.n_scored:,} of them customers as of {as_of}")
    if done.n_forgotten:
        say(f"{done.n_forgotten:,} accounts are in the tables no more and were forgotten")
    say(f"scored by release {done.release}" if done.release else "no champion: run `perennial promote` to have scores")


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="file to write, ending in .html")],
    config: ConfigOption = CONFIG,
) -> None:
    """Write the pages of the dashboard as one file that opens from disk.

    Of the champion, and of the accounts as the online store scored them last.
    """
    from pipelines.output import check_writable, write_text
    from pipelines.progress import bar
    from serving.dashboard.report import report as report_of
    from serving.dashboard.site import SITE
    from serving.places import open_board

    check_writable(out, (".html",))
    board = open_board(settings_of(config))
    with bar([entry.title for entry in SITE]) as tell:
        text = report_of(board, tell)
    write_text(text, out)
    say(f"report of release {board.manifest.version} written to {out} ({len(text) / 1e6:.1f} MB)")


@app.command()
def export(
    to: Annotated[
        str, typer.Option(envvar="PERENNIAL_EXPORT_TO", help="file ending in .csv, or SQLAlchemy URL of a database")
    ],
    table: Annotated[str | None, typer.Option(help="table of that database; made where it is not there")] = None,
    mapping: Annotated[Path | None, typer.Option(help="TOML: which fields, under which names; see docs/crm.md")] = None,
    scores: Annotated[
        Path | None, typer.Option("--from", help="Parquet of `perennial score`, instead of the online store")
    ] = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Write the latest scores for a CRM.

    One row an account, to a CSV file or into a table of a database.
    """
    from serving.export import export as run
    from serving.export import file_rows, stored_rows
    from serving.export_mapping import ExportMapping, read_mapping
    from serving.places import open_store

    settings = settings_of(config)
    chosen = ExportMapping() if mapping is None else read_mapping(mapping)
    rows = stored_rows(open_store(settings)) if scores is None else file_rows(scores, settings.releases_folder)
    n = run(rows, chosen, to, table)
    say(f"{n:,} accounts: {table or to}")


@app.command()
def forget(
    account: Annotated[str, typer.Argument(help="id of the account")],
    also: Annotated[list[Path] | None, typer.Option(help="a Parquet or CSV file of yours to erase it from")] = None,
    allow_again: Annotated[bool, typer.Option("--allow-again", help="let a forgotten account come back")] = False,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Erase an account wherever it is kept.

    Says where it was, and where it cannot be erased. It is not taken in again until --allow-again.
    """
    import json
    import time
    from dataclasses import asdict

    from serving.forget import forget as run
    from serving.places import open_store
    from serving.tombstones import allow_again as lift

    settings = settings_of(config)
    store = open_store(settings)
    if allow_again:
        say("may come back" if lift(store, account) else "was not forgotten")
        return
    found = run(settings, store, account, time.time(), also or [])
    if as_json:
        give(json.dumps(asdict(found)))
        return
    for place in found.erased or ("nothing was kept",):
        give(f"erased   {place}")
    for place in found.remains:
        give(f"remains  {place}")


app.add_typer(webhooks, name="webhooks")

if __name__ == "__main__":
    sys.exit(main())
