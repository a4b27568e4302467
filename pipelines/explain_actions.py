"""The verb of actions: whom to help, with what, whom not to disturb, and what is known of each action."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.errors import ConfigError
from pipelines.acting import known_of, learn_actions
from pipelines.action_tables import STAGES as TABLES_STAGES
from pipelines.action_tables import action_tables
from pipelines.actions.playbooks import Alert
from pipelines.actions.suggest import DO, Suggestions, suggest
from pipelines.actions.told import told
from pipelines.config import Settings
from pipelines.experience.found import Found, found_table
from pipelines.follow_ups import FollowUps, follow_ups
from pipelines.found_output import in_json, in_words
from pipelines.output import write_frame

if TYPE_CHECKING:
    from features.panel import Progress

STAGES = (*TABLES_STAGES, "effects", "choice")
KEPT = "actions"
"""Folder in the state folder: what the last run suggested, for whoever shows it."""
NAMES = ("suggestions", "do_not_disturb", "figures", "growth", "asks", "alerts")


@dataclass(frozen=True, eq=False)
class ActionsFound:
    """What to do, and what is known of each action."""

    as_of: pd.Timestamp
    suggestions: Suggestions
    found: tuple[Found, ...]
    follow_ups: FollowUps

    def as_json(self, most: int | None = None) -> str:
        """Return suggestions, whom not to disturb, and figures as JSON; of the suggestions the first `most`."""
        chosen = self.suggestions.chosen
        rows = self.suggestions.rows
        return in_json(
            self.found,
            as_of=self.as_of.isoformat(),
            counts=rows["answer"].value_counts().to_dict(),
            choice={"value": chosen.value, "gap": chosen.gap, "way": chosen.way},
            suggestions=_plain(rows if most is None else rows.head(most)),
            do_not_disturb=_plain(self.suggestions.do_not_disturb),
            growth=_plain(self.follow_ups.growth),
            asks=_plain(self.follow_ups.asks),
            alerts=[asdict(alert) for alert in self.follow_ups.alerts],
        )


def explain_actions(settings: Settings, as_of: datetime | None, tell: Progress) -> ActionsFound:
    """Return what to do for each account that was scored last, and what is known of each action; both are kept.

    Raises
    ------
    ConfigError
        when the catalogue is empty.
    DataError
        when no account was scored, or it is not known when accounts left.
    """
    actions = settings.actions
    if not actions.all_actions:
        do = 'write [actions] preset = "five ways to loyalty", or [actions.catalogue.NAME]'
        raise ConfigError.of("no action in the settings", "at least one", do)
    with action_tables(settings, as_of, tell) as today:
        tell("effects")
        learnt = learn_actions(today.known, actions, seed=settings.model.seed)
        tell("choice")
        suggestions = suggest(today.facts, today.worth, known_of(learnt, today.rows), actions, today.as_of)
        after = follow_ups(today, settings, today.release)
        found = ActionsFound(today.as_of, suggestions, (*told(learnt.by_kind), *after.found), after)
    keep(found, settings.state_folder / KEPT)
    return found


def keep(found: ActionsFound, folder: Path) -> None:
    """Write what was found where the service and the dashboard read it."""
    folder.mkdir(parents=True, exist_ok=True)
    alerts = pd.DataFrame([asdict(alert) for alert in found.follow_ups.alerts], columns=[*Alert.__slots__])
    frames = (
        found.suggestions.rows,
        found.suggestions.do_not_disturb,
        found_table(found.found),
        found.follow_ups.growth,
        found.follow_ups.asks,
        alerts,
    )
    for name, frame in zip(NAMES, frames, strict=True):
        write_frame(frame, folder / f"{name}.parquet")


def kept_actions(settings: Settings) -> dict[str, pd.DataFrame]:
    """Return what the last run kept, by name (`NAMES`); empty where none ran yet."""
    folder = settings.state_folder / KEPT
    files = {name: folder / f"{name}.parquet" for name in NAMES}
    return {name: pd.read_parquet(file) for name, file in files.items() if file.is_file()}


def print_actions(found: ActionsFound, most: int = 20) -> None:
    """Print counts, the first suggestions by owner, and the figures of each action to stdout."""
    import typer

    rows = found.suggestions.rows
    for answer, n in rows["answer"].value_counts().items():
        typer.echo(f"{answer}: {n:,} accounts")
    chosen = found.suggestions.chosen
    if chosen.value > 0:
        typer.echo(f"expected value {chosen.value:,.0f}; no choice is better by more than {100 * chosen.gap:.2f} %")
    for row in rows[rows["answer"] == DO].head(most).itertuples(index=False):
        typer.echo(f"  {row.owner}: {row.account_id}, by {row.due:%Y-%m-%d}: {row.why}")
    typer.echo(f"do not disturb: {len(found.suggestions.do_not_disturb):,}")
    after = found.follow_ups
    typer.echo(
        f"may grow: {int((after.growth['answer'] == 'offer').sum()):,}; to ask for a reference: {len(after.asks):,}"
    )
    for alert in after.alerts[:most]:
        typer.echo(f"  {alert.owner}: {alert.account_id}, by {alert.due_on}: {alert.do} ({alert.playbook})")
    for one in found.found:
        if one.group_by == "all":
            typer.echo(f"  {one.topic}: {in_words(one)}")


def _plain(rows: pd.DataFrame) -> list[dict[str, Any]]:
    told_rows: list[dict[str, Any]] = json.loads(rows.to_json(orient="records", date_format="iso"))
    return told_rows
