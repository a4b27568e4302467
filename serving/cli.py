"""The verbs that run the service and keep its store; with these the `perennial` command is whole."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import app, main
from pipelines.options import CONFIG, ConfigOption, JsonOption, give, say, settings_of

if TYPE_CHECKING:
    from pipelines.config import Settings

__all__ = ["app", "main"]


def store_url(settings: Settings) -> str:
    """Return the URL of the online store: that of PERENNIAL_STORE, else a file in the state folder."""
    return os.environ.get("PERENNIAL_STORE") or f"sqlite:///{settings.state_folder / 'online.db'}"


@app.command()
def serve(
    config: ConfigOption = CONFIG,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on", min=1, max=65535)] = 3000,
) -> None:
    """Answer over HTTP with the champion.

    A new promotion is picked up while it runs. Beside it runs a feature worker, which computes features and scores
    anew when events come.
    """
    from serving.supervisor import Supervisor

    settings = settings_of(config)
    settings.state_folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "PERENNIAL_RELEASES": str(settings.releases_folder),
        "PERENNIAL_ROWS": str(settings.state_folder / "rows.parquet"),
        "PERENNIAL_STORE": store_url(settings),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:Perennial"]
    command += ["--host", host, "--port", str(port)]
    worker = [sys.executable, "-m", "serving.feature_worker"]
    raise typer.Exit(Supervisor(command, worker, environment | dict(os.environ)).run())


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


if __name__ == "__main__":
    sys.exit(main())
