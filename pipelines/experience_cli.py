"""The verbs that tell what is experienced, what it is worth, and which way accounts go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.options import CONFIG, AsOfOption, ConfigOption, JsonOption, give, say, settings_of

if TYPE_CHECKING:
    from pipelines.explain_programme import Explained

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
    from pipelines.explain_programme import explain_experience

    settings = settings_of(config)
    _tell(lambda tell: explain_experience(settings, as_of, tell), out, as_json=as_json)


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
    from pipelines.explain_programme import explain_value

    if (driver is None) != (cost is None):
        raise ConfigError.of("one of --driver and --cost", "both or neither", "name both")
    settings, invest = settings_of(config), None if driver is None or cost is None else (driver, cost)
    _tell(lambda tell: explain_value(settings, as_of, tell, invest=invest), out, ask, as_json=as_json)


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
    from pipelines.explain_programme import explain_journeys

    settings = settings_of(config)
    _tell(lambda tell: explain_journeys(settings, as_of, tell), out, as_json=as_json)


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
    from pipelines.explain_programme import explain_engagement

    settings = settings_of(config)
    _tell(lambda tell: explain_engagement(settings, as_of, tell), out, accounts, as_json=as_json)


def _tell(
    explain: Callable[[Callable[[str], None]], Explained],
    out: Path | None,
    accounts: Path | None = None,
    *,
    as_json: bool,
) -> None:
    """Compute what a verb tells, write its figures and its accounts where files are named, and print it."""
    from pipelines.experience.found import found_table
    from pipelines.experience_tables import STAGES
    from pipelines.found_output import in_json, print_found
    from pipelines.output import check_writable, write_frame
    from pipelines.progress import bar

    for path in filter(None, (out, accounts)):
        check_writable(path)
    with bar(STAGES) as tell:
        told = explain(tell)
    if out:
        write_frame(found_table(told.found), out)
        say(f"{len(told.found):,} figures written to {out}")
    if accounts:
        write_frame(told.accounts, accounts)
        say(f"{len(told.accounts):,} accounts: {accounts}")
    if as_json:
        beside: dict[str, Any] = {"maps": told.maps} if told.maps else {}
        give(in_json(told.found, as_of=told.as_of.isoformat(), **beside))
    else:
        say(f"as known before {told.as_of:%Y-%m-%d}")
        print_found(told.found)
