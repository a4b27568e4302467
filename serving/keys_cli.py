"""`perennial keys`: who may ask the service for what."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.options import CONFIG, ConfigOption, JsonOption, give, say, settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from serving.kept_keys import KeptKeys
    from serving.keys import Key

keys_app = typer.Typer(no_args_is_help=True, help="Create, list, rotate and revoke the keys of the service.")

IdArgument = Annotated[str, typer.Argument(help="the twelve characters after pk_, as `list` shows them")]
HOUR_SECONDS = 3600.0


@keys_app.command()
def create(
    scope: Annotated[list[str], typer.Option(help="predict, ingest, read or admin; give it again for more")],
    label: Annotated[str, typer.Option(help="who will hold the key")],
    days: Annotated[float | None, typer.Option(help="days it lives; left out: until it is revoked")] = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Make a key and print it, once: only its SHA-256 is kept."""
    give(_kept(config).create(label, scope, days=days))
    say("keep it now, it cannot be shown again; a running service takes it within seconds")


@keys_app.command("list")
def list_keys(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """Show all keys: id, label, scopes, since when and until when; no secrets, which are not kept."""
    kept = _kept(config)
    shown = [_shown(key, kept.now()) for key in kept.all()]
    if as_json:
        give(json.dumps(shown, ensure_ascii=False))
        return
    for one in shown:
        give(f"{one['id']}  {one['state']:<8} {one['scopes']:<26} until {one['until'] or 'revoked':<20} {one['label']}")
    if not shown:
        say("no keys yet; make one with `perennial keys create --scope predict --label crm`")


@keys_app.command()
def rotate(
    key_id: IdArgument,
    grace_hours: Annotated[float, typer.Option(help="hours that the old one lives on", min=0, max=720)] = 24.0,
    config: ConfigOption = CONFIG,
) -> None:
    """Make a key like this one and print it, once; the old one dies when the grace is over."""
    give(_kept(config).rotate(key_id, grace_seconds=grace_hours * HOUR_SECONDS))
    say(f"key {key_id} lives on for {grace_hours:g} hours")


@keys_app.command()
def revoke(key_id: IdArgument, config: ConfigOption = CONFIG) -> None:
    """End a key: a running service refuses it within seconds."""
    _kept(config).revoke(key_id)
    say(f"key {key_id} is revoked")


def _kept(config: Path) -> KeptKeys:
    from serving.kept_keys import KeptKeys
    from serving.settings import store_url
    from serving.store import Store

    return KeptKeys(Store(store_url(settings_of(config))))


def _shown(key: Key, now: float) -> dict[str, Any]:
    state = "revoked" if key.revoked_at is not None else "live" if key.is_live(now) else "expired"
    return {
        "id": key.key_id,
        "label": key.label,
        "scopes": " ".join(sorted(key.scopes)),
        "state": state,
        "created": _moment(key.created_at),
        "until": _moment(key.expires_at),
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
