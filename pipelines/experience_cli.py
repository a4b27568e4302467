"""The verbs that tell what is experienced, what it is worth, and which way accounts go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import CONFIG, AsOfOption, ConfigOption, JsonOption, give, say, settings_of

FiguresOption = Annotated[Path | None, typer.Option("--out", help="file of figures, ending in .parquet or .csv")]


def experience(
    config: ConfigOption = CONFIG,
    as_of: AsOfOption = None,
    out: FiguresOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what accounts experience, and what of it foretells leaving.

    NPS, CSAT and CES with intervals and corrected for who answers, silence and slow leaks, expectation, roles, what is
    thought inside, promises, emotions, and reasons in words; refused in words where the data do not carry it.
    """
    from pipelines.experience.found import found_table
    from pipelines.experience_tables import STAGES
    from pipelines.explain_experience import explain_experience
    from pipelines.found_output import in_json, print_found
    from pipelines.output import check_writable, write_frame
    from pipelines.progress import bar

    if out:
        check_writable(out)
    settings = settings_of(config)
    with bar(STAGES) as tell:
        told = explain_experience(settings, as_of, tell)
    if out:
        write_frame(found_table(told.found), out)
        say(f"{len(told.found):,} figures written to {out}")
    if as_json:
        give(in_json(told.found, as_of=told.as_of.isoformat()))
    else:
        say(f"as known before {told.as_of:%Y-%m-%d}")
        print_found(told.found)


def value(
    config: ConfigOption = CONFIG,
    as_of: AsOfOption = None,
    out: FiguresOption = None,
    ask: Annotated[Path | None, typer.Option(help="file of accounts to ask for a reference, .parquet or .csv")] = None,
    driver: Annotated[str | None, typer.Option(help="whether it pays to make this driver good; needs --cost")] = None,
    cost: Annotated[float | None, typer.Option(min=0, help="what that would cost an account")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what experience is worth.

    One NPS point, one point of retention, price rises, fewer cases, word of mouth, net retention ahead, customers as an
    asset, revenue at risk: from your own accounts, with intervals, and refused where they do not carry it.
    """
    from features.errors import ConfigError
    from pipelines.experience.found import found_table
    from pipelines.experience_tables import STAGES
    from pipelines.explain_value import explain_value
    from pipelines.found_output import in_json, print_found
    from pipelines.output import check_writable, write_frame
    from pipelines.progress import bar

    if (driver is None) != (cost is None):
        raise ConfigError.of("one of --driver and --cost", "both or neither", "name both")
    for path in filter(None, (out, ask)):
        check_writable(path)
    settings = settings_of(config)
    with bar(STAGES) as tell:
        invest = None if driver is None or cost is None else (driver, cost)
        told = explain_value(settings, as_of, tell, invest=invest)
    if out:
        write_frame(found_table(told.found), out)
        say(f"{len(told.found):,} figures written to {out}")
    if ask:
        write_frame(told.ask.accounts, ask)
        say(f"{len(told.ask.accounts):,} accounts to ask: {ask}")
    if as_json:
        give(in_json(told.found, as_of=told.as_of.isoformat()))
    else:
        say(f"as known before {told.as_of:%Y-%m-%d}")
        print_found(told.found)


def journeys(
    config: ConfigOption = CONFIG,
    as_of: AsOfOption = None,
    out: FiguresOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which way accounts go, from first contact to leaving.

    The map of all accounts and of each segment (with --json as graphs), where segments differ, how the designed journey
    is kept, who owns which touchpoint, what is lost at seams, moments of truth, points of influence, and pain points.
    """
    from pipelines.experience.found import found_table
    from pipelines.experience_tables import STAGES
    from pipelines.explain_journeys import explain_journeys
    from pipelines.found_output import in_json, print_found
    from pipelines.output import check_writable, write_frame
    from pipelines.progress import bar

    if out:
        check_writable(out)
    settings = settings_of(config)
    with bar(STAGES) as tell:
        told = explain_journeys(settings, as_of, tell)
    found = told.journeys.found
    if out:
        write_frame(found_table(found), out)
        say(f"{len(found):,} figures written to {out}")
    if as_json:
        give(in_json(found, as_of=told.as_of.isoformat(), maps=told.maps()))
    else:
        say(f"as known before {told.as_of:%Y-%m-%d}")
        print_found(found)


def engagement(
    config: ConfigOption = CONFIG,
    as_of: AsOfOption = None,
    out: FiguresOption = None,
    accounts: Annotated[Path | None, typer.Option(help="file of one row an account, .parquet or .csv")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say who is engaged, and what that is worth in bad times.

    Engagement apart from service quality and from your own effort, retention under a shock, hostages of contracts and
    when they are released, loyalty that an incentive rents, and a health score with how many leavers looked healthy.
    """
    from pipelines.experience.found import found_table
    from pipelines.experience_tables import STAGES
    from pipelines.explain_engagement import explain_engagement
    from pipelines.found_output import in_json, print_found
    from pipelines.output import check_writable, write_frame
    from pipelines.progress import bar

    for path in filter(None, (out, accounts)):
        check_writable(path)
    settings = settings_of(config)
    with bar(STAGES) as tell:
        told = explain_engagement(settings, as_of, tell)
    if out:
        write_frame(found_table(told.engaged.found), out)
        say(f"{len(told.engaged.found):,} figures written to {out}")
    if accounts:
        write_frame(told.engaged.accounts, accounts)
        say(f"{len(told.engaged.accounts):,} accounts: {accounts}")
    if as_json:
        give(in_json(told.engaged.found, as_of=told.as_of.isoformat()))
    else:
        say(f"as known before {told.as_of:%Y-%m-%d}")
        print_found(told.engaged.found)
