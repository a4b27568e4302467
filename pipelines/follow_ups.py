"""What follows from what accounts say and do: is the loop closed, who may grow, whom to ask, who does what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.actions.growth import Growth, grew, growth, mentions_of, signals
from pipelines.actions.loop import closed_loop, read_marks
from pipelines.actions.playbooks import Alert, alerts
from pipelines.actions.recurrence import recurrence
from pipelines.actions.rows import panel_keys, panel_rows_at
from pipelines.config import Settings
from pipelines.experience.found import Found
from pipelines.experience.value.advocacy import ask_list
from pipelines.experience.value.money import recommendation
from pipelines.experience.value.references import read_references
from pipelines.monitoring.served import FOLDER as SERVED

if TYPE_CHECKING:
    from pipelines.action_tables import Today
    from pipelines.release import Release

HALF_YEAR = pd.Timedelta(days=180)
GROWTH_MONTHS = (1, 4, 7, 10)


@dataclass(frozen=True, eq=False)
class FollowUps:
    """Figures of the loop, of recurrence and of growth; who may grow; whom to ask; what is due by whom."""

    found: tuple[Found, ...]
    growth: pd.DataFrame
    asks: pd.DataFrame
    alerts: tuple[Alert, ...]


def follow_ups(today: Today, settings: Settings, release: Release) -> FollowUps:
    """Return what follows for the accounts of today."""
    data, loop = today.data, settings.actions.loop
    marks = read_marks(today.warehouse, loop, today.as_of)
    grows = _growth(today, settings)
    asks = ask_list(
        recommendation(data.responses),
        data.accounts,
        data.cases,
        read_references(today.warehouse, today.as_of),
        today.as_of,
    )
    forbidden = set(today.facts.ids[today.facts.forbidden]) if today.facts.forbidden is not None else set()
    may_ask = asks.accounts[~asks.accounts["account_id"].isin(forbidden)].reset_index(drop=True)
    due = alerts(
        settings.actions.playbooks, data, today.facts, tiers_before(settings.state_folder, release, today.as_of)
    )
    found = (
        *closed_loop(data, marks, loop),
        *recurrence(data.cases, loop.fixes, today.as_of),
        *grows.found,
        *asks.found,
    )
    return FollowUps(found, grows.accounts, may_ask, due)


def tiers_before(state: Path, release: Release, as_of: pd.Timestamp) -> dict[str, str]:
    """Return the tier of each account by the scores before the last ones, empty where there are none."""
    files = sorted((state / SERVED).glob(f"*-by-{release.manifest.version}.parquet"))
    earlier = [file for file in files if pd.Timestamp(file.name[:10]) < as_of]
    if not earlier:
        return {}
    scores = pd.read_parquet(earlier[-1])
    tiers = (release.tier(prob) for prob in scores["churn_prob"])
    return dict(zip(scores["account_id"].astype(str), tiers, strict=True))


def _growth(today: Today, settings: Settings) -> Growth:
    """Growth learnt of the panel at quarter starts."""
    data, known = today.data, today.known
    keys = panel_keys(known.files)
    keys = keys[keys["as_of"].dt.month.isin(GROWTH_MONTHS) & (keys["as_of"] < today.as_of)].reset_index(drop=True)
    now = signals(today.rows, mentions_of(data.responses, today.as_of - HALF_YEAR))
    if keys.empty:
        return growth(pd.concat([keys, now.head(0)], axis=1), np.zeros(0), now, today.facts, seed=settings.model.seed)
    rows = pd.concat([keys, panel_rows_at(known.files, keys, known.features)], axis=1)
    past = pd.concat([keys, signals(rows)], axis=1)
    target = grew(keys, data.revenue, today.as_of)
    return growth(past, target, now, today.facts, seed=settings.model.seed)
