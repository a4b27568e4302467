"""The verbs that tell what was found: what causes churn, what a better experience would save, who the segments are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import CONFIG, ConfigOption, JsonOption, give, say, settings_of


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

    settings = settings_of(config)
    if out:
        check_writable(out)
    with bar(STAGES) as tell:
        causes = explain_causes(settings, tell, direct=direct)
    if out:
        write_frame(causes.table, out)
        say(f"{len(causes.table):,} figures written to {out}")
    if as_json:
        give(in_json(causes.table))
    else:
        causes_table(causes)


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

    settings = settings_of(config)
    with bar(STAGES) as tell:
        saved = would_save(settings, tell, driver=driver, to=to, segment=segment)
    if as_json:
        give(json.dumps(asdict(saved), allow_nan=False))
        return
    say(f"{driver}, {saved.contrast}, {saved.whose}")
    for figure in saved.figures:
        said = f"{figure.value:,.1f} {figure.unit} ({figure.low:,.1f} to {figure.high:,.1f}; {figure.basis})"
        give(f"{figure.figure}: {said} {figure.sentence}".rstrip())


def segments(
    out: Annotated[Path | None, typer.Option("--out", help="file of memberships, ending in .parquet or .csv")] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Say who the champion's segments are, and write which account is in which.

    Profiles beside all accounts, who moved, and what segments tell of churn. Memberships are of the accounts as
    `perennial score` last handed them to the service.
    """
    from pipelines.explain_segments import as_json as in_json
    from pipelines.explain_segments import in_words
    from pipelines.output import check_writable, write_frame
    from pipelines.score import champion, published_rows
    from pipelines.segments import memberships

    settings = settings_of(config)
    if out is not None:
        check_writable(out)
    release = champion(settings)
    give(in_json(release) if as_json else "\n".join(in_words(release)))
    if out is not None:
        places = memberships(release.segmentations, published_rows(settings))
        write_frame(places, out)
        say(f"{places['account_id'].nunique():,} accounts: {out}")


def monitor(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Say whether the champion is still right.

    Who left against whom it expected, how what it served did, and how accounts have changed; logged in MLflow. Exit 1:
    train again.
    """
    from pipelines.explain_monitor import as_json as in_json
    from pipelines.explain_monitor import explain_monitor, print_monitor, sentences
    from pipelines.monitor import STAGES
    from pipelines.progress import bar

    settings = settings_of(config)
    with bar(STAGES) as tell:
        found = explain_monitor(settings, tell)
    if as_json:
        give(in_json(found))
    else:
        print_monitor(found)
    for sentence in sentences(found):
        say(sentence)
    if found.verdict == "retrain":
        raise typer.Exit(1)
