"""The stage of actions: tables -> assignments and what came of them -> what each kind of action does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.feature import Feature
from pipelines.actions.learn import Learnt, learn_kind
from pipelines.actions.rows import Assignments, Followed, logged_rows, panel_keys, panel_rows_at, trial_rows
from pipelines.actions.suggest import Known
from pipelines.churn.encoder import Encoder

if TYPE_CHECKING:
    from pipelines.actions.settings import Actions

FEWEST = 100
"""Assignments by lot, from which on those that somebody decided on are not looked at: a lot needs no adjusting."""


@dataclass(frozen=True, eq=False)
class ActionData:
    """What effects of actions are learnt from: interventions, the panel's files and features, and departures."""

    interventions: pd.DataFrame
    files: Sequence[Path]
    features: tuple[Feature, ...]
    followed: Followed


@dataclass(frozen=True, eq=False)
class LearntActions:
    """By kind of action what is known of it, and what turns accounts into the numbers it was learnt from."""

    by_kind: Mapping[str, Learnt]
    encoders: Mapping[str, Encoder]


def assignments_of(kind: str, data: ActionData, panel: pd.DataFrame, *, seed: int) -> Assignments:
    """Return the assignments of a kind: those by lot where there are enough, else those that somebody decided on."""
    by_lot = trial_rows(kind, data.interventions, panel, data.followed)
    if len(by_lot.rows) >= FEWEST:
        return by_lot
    logged = logged_rows(kind, data.interventions, panel, data.followed, seed=seed)
    return logged if len(logged.rows) > len(by_lot.rows) else by_lot


def learn_actions(data: ActionData, actions: Actions, *, seed: int) -> LearntActions:
    """Return what is known of each kind of action of the catalogue; of those never taken, what is assumed."""
    found: dict[str, Learnt] = {}
    encoders: dict[str, Encoder] = {}
    panel = panel_keys(data.files)
    taken = set(data.interventions["kind"].dropna().astype(str))
    for name, action in actions.all_actions.items():
        kind = action.kind or name
        if kind in found:
            continue
        if kind in taken:
            rows = assignments_of(kind, data, panel, seed=seed)
            found[kind], encoders[kind] = _learnt(rows, data, seed)
        if kind not in found or (found[kind].refused and action.assumed_points is not None):
            known = found.get(kind)
            why = known.refused if known else ""
            found[kind] = Learnt(kind, "assumed", why, assumed_points=action.assumed_points or 0.0)
    return LearntActions(found, encoders)


def _learnt(rows: Assignments, data: ActionData, seed: int) -> tuple[Learnt, Encoder]:
    known = panel_rows_at(data.files, rows.rows, data.features)
    varying = tuple(feature for feature in data.features if known[feature.name].nunique() > 1)
    encoder = Encoder.fit({feature.name: known[feature.name] for feature in varying}, varying)
    return learn_kind(rows.kind, rows.trial(encoder, known), seed=seed), encoder


def known_of(learnt: LearntActions, rows: pd.DataFrame) -> Known:
    """Return what is known of each kind, and what it saves each of some accounts (rows of the panel)."""
    benefits = {}
    for kind, one in learnt.by_kind.items():
        encoder = learnt.encoders.get(kind)
        columns = {str(name): rows[name] for name in rows}
        X = np.zeros((len(rows), 0), np.float32) if encoder is None else encoder.transform(columns)
        benefits[kind] = one.benefit(X)
    return Known(learnt.by_kind, benefits)
