"""The verbs that look at the messages that go out, and send dead ones anew."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from pipelines.options import CONFIG, ConfigOption, JsonOption, give, say, settings_of

webhooks = typer.Typer(no_args_is_help=True, help="Look at the messages that go out; send dead ones anew.")


class StateName(StrEnum):
    """What a message may be."""

    waiting = "waiting"
    sent = "sent"
    dead = "dead"


@webhooks.command("list")
def listed(
    state: Annotated[StateName, typer.Option(help="which messages")] = StateName.dead,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List messages, the oldest first: the dead ones, unless told otherwise."""
    import json
    from dataclasses import asdict

    from serving.outbox import messages
    from serving.places import open_store

    found = messages(open_store(settings_of(config)), state.value)
    if as_json:
        give(json.dumps([asdict(message) for message in found]))
        return
    for one in found:
        since = f"{datetime.fromtimestamp(one.created_at, UTC):%Y-%m-%d %H:%M}"
        give(f"{one.message_id}  {since}  {one.attempts:2} attempts  {one.account_id}  {one.last_error or ''}".rstrip())
    say(f"{len(found)} {state.value}")


@webhooks.command()
def retry(
    message_id: Annotated[str | None, typer.Argument(help="one dead message; all where none is named")] = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Send dead messages anew, under their old ids."""
    import time

    from serving.outbox import send_anew
    from serving.places import open_store

    n = send_anew(open_store(settings_of(config)), time.time(), message_id)
    say(f"{n} to be sent anew")
