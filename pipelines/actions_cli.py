"""The verbs that say whom to help, with what, and whether it worked."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import CONFIG, AsOfOption, ConfigOption, JsonOption, give, say, settings_of

experiment = typer.Typer(no_args_is_help=True, help="Find out by lot what an action does: plan, assign, read.")

NameArgument = Annotated[str, typer.Argument(help="name of the experiment")]
ActionOption = Annotated[str, typer.Option("--action", help="name in the catalogue of [actions]")]
ShareOption = Annotated[float, typer.Option("--share", min=0.05, max=0.95, help="of the accounts that is helped")]


def actions(
    config: ConfigOption = CONFIG,
    as_of: AsOfOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="file of suggestions, ending in .parquet or .csv")] = None,
    spare: Annotated[Path | None, typer.Option(help="file of whom not to disturb, .parquet or .csv")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say whom to help with what, whom not to disturb, and what each action does.

    By what actions did to accounts like it, not by risk; under budget, hours and consent. Where that is not known, what
    to test first.
    """
    from pipelines.explain_actions import STAGES, explain_actions, print_actions
    from pipelines.output import check_writable, write_frame
    from pipelines.progress import bar

    for path in filter(None, (out, spare)):
        check_writable(path)
    settings = settings_of(config)
    with bar(STAGES) as tell:
        found = explain_actions(settings, as_of, tell)
    if out:
        write_frame(found.suggestions.rows, out)
        say(f"{len(found.suggestions.rows):,} accounts: {out}")
    if spare:
        write_frame(found.suggestions.do_not_disturb, spare)
        say(f"{len(found.suggestions.do_not_disturb):,} not to disturb: {spare}")
    if as_json:
        give(found.as_json())
    else:
        say(f"as known before {found.as_of:%Y-%m-%d}")
        print_actions(found)


@experiment.command()
def plan(
    name: NameArgument,
    action: ActionOption,
    share: ShareOption = 0.5,
    points: Annotated[float | None, typer.Option(min=0.01, help="points of churn saved that it is to find")] = None,
    alike: Annotated[float, typer.Option(min=0, max=1, help="how alike accounts of one parent leave")] = 0.05,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Say how small an effect the accounts of today can show, and write the plan into the ledger."""
    from pipelines.action_tables import STAGES
    from pipelines.explain_experiment import Asked, plan_experiment
    from pipelines.progress import bar

    settings = settings_of(config)
    with bar(STAGES) as tell:
        said = plan_experiment(settings, name, Asked(action, share, points, alike), tell)
    if as_json:
        give(json.dumps(said, allow_nan=False))
        return
    least = said["detectable_points"]
    give(f"{said['n_accounts']:,} accounts may have it, {100 * said['churn_prob']:.1f} of 100 leave within the horizon")
    give(f"smallest effect found 8 times of 10: {'none' if least is None else f'{least:.2f} points of churn saved'}")
    if points is not None and said["power"] is not None:
        needed, often = said["accounts_needed"], 100 * said["power"]
        takes = "no number of accounts" if needed is None else f"{needed:,} accounts"
        give(f"{points:g} points are found {often:.0f} times of 100; {takes} would find them 80 times")


@experiment.command()
def assign(
    name: NameArgument,
    action: ActionOption,
    share: ShareOption = 0.5,
    out: Annotated[Path | None, typer.Option("--out", help="file of who is helped, .parquet or .csv")] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Draw by lot who is helped: the same for the same seed, in balance over tiers and segments."""
    from pipelines.action_tables import STAGES
    from pipelines.explain_experiment import Asked, assign_experiment
    from pipelines.output import check_writable, write_frame
    from pipelines.progress import bar

    if out:
        check_writable(out)
    settings = settings_of(config)
    with bar(STAGES) as tell:
        rows = assign_experiment(settings, name, Asked(action, share), tell)
    if out:
        write_frame(rows, out)
        say(f"{len(rows):,} accounts: {out}")
    n = int((~rows["is_holdout"]).sum())
    if as_json:
        give(json.dumps({"experiment": name, "n_helped": n, "n_not": len(rows) - n}))
    else:
        give(f"{n:,} accounts are helped, {len(rows) - n:,} are not")


@experiment.command()
def read(
    name: Annotated[str, typer.Argument(help="name of the experiment; programme: all that was done, since a date")],
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="first day of the programme")] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Say what came of it so far; reading it often does no harm."""
    import pandas as pd

    from pipelines.action_tables import STAGES
    from pipelines.explain_experiment import read_experiment
    from pipelines.progress import bar

    settings = settings_of(config)
    with bar(STAGES) as tell:
        reading = read_experiment(settings, name, tell, since=None if since is None else pd.Timestamp(since))
    if as_json:
        ends = (one if abs(one) < float("inf") else None for one in (reading.points, reading.low, reading.high))
        said = dict(zip(("points", "low", "high"), ends, strict=True))
        counts = {"n_accounts": reading.n_accounts, "n_clusters": reading.n_clusters, "says": reading.says}
        give(json.dumps(said | counts, allow_nan=False))
        return
    give(reading.in_words)
