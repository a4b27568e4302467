"""What the verbs of actions read: accounts as they were last scored, their facts, and what came of past actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.errors import DataError
from pipelines.acting import ActionData
from pipelines.actions.experiments import assigned_rows
from pipelines.actions.facts import Facts, account_facts, with_consent
from pipelines.actions.rows import Followed
from pipelines.actions.worth import worth_if_stays
from pipelines.config import Settings
from pipelines.drivers.driver import declared_drivers, levels
from pipelines.drivers.nuisance import Bools, Floats
from pipelines.experience_tables import STAGES as EXPERIENCE_STAGES
from pipelines.experience_tables import experience_tables, published
from pipelines.training_data import training_files

if TYPE_CHECKING:
    from features.feature import Feature
    from features.panel import Progress
    from features.warehouse import Warehouse
    from pipelines.experience.inputs import ExperienceData
    from pipelines.release import Release

STAGES = (*EXPERIENCE_STAGES[:-1], "panel")


@dataclass(frozen=True, eq=False)
class Today:
    """Accounts of today (`rows` of the panel, `facts`, `worth` of each if it stays), and what effects are learnt of."""

    as_of: pd.Timestamp
    data: ExperienceData
    rows: pd.DataFrame
    facts: Facts
    worth: Floats
    known: ActionData
    warehouse: Warehouse
    release: Release


@contextmanager
def action_tables(settings: Settings, as_of: datetime | None, tell: Progress) -> Iterator[Today]:
    """Yield what the verbs of actions read.

    Raises
    ------
    DataError
        when no account was scored, or it is not known when accounts left.
    """
    with experience_tables(settings, as_of, tell) as opened:
        warehouse, data, release = opened.warehouse, opened.data, opened.release
        rows = published(settings, data.as_of)
        if release is None or rows is None:
            came = "no champion" if release is None else "no scores as of then"
            raise DataError.of(came, "accounts that were scored", "run `perennial promote`, then `perennial score`")
        if data.followed_until is None:
            do = "map subscriptions, or define churn by inactivity"
            raise DataError.of("labels, which do not say when accounts left", "dates of leaving", do)
        tell("panel")
        plan, files = training_files(warehouse, settings, tell)
        features = tuple(one for one in plan.recipe.features if one.name in rows)
        followed = Followed(data.departures, settings.churn.horizon_days, data.followed_until)
        known = ActionData(_interventions(data, settings), files, features, followed)
        rows = rows.astype({"account_id": "str"})
        scored = _scored(release, rows)
        facts = account_facts(data, scored, _drivers(settings, plan.recipe.features, rows))
        prob, revenue = scored["churn_prob"].to_numpy(), scored["revenue"].to_numpy()
        worth = worth_if_stays(revenue, prob, settings.churn.horizon_days, release.manifest.terms)
        facts = with_consent(facts, warehouse, settings.actions)
        yield Today(data.as_of, data, rows, facts, worth, known, warehouse, release)


def _interventions(data: ExperienceData, settings: Settings) -> pd.DataFrame:
    """Those of the table, and those drawn by experiments here that it does not have yet."""
    own = data.interventions.astype({"account_id": "str", "intervention_id": "str"})
    drawn = assigned_rows(settings.state_folder, data.as_of)
    new = drawn[~drawn["intervention_id"].isin(set(own["intervention_id"]))]
    return own if new.empty else pd.concat([own, new.astype(own.dtypes.to_dict())], ignore_index=True)


def _scored(release: Release, rows: pd.DataFrame) -> pd.DataFrame:
    prob = release.churn.prob({str(name): rows[name] for name in rows})
    name = release.manifest.terms.revenue
    revenue = rows[name].to_numpy(dtype=float) if name and name in rows else np.full(len(rows), np.nan)
    found = pd.DataFrame({"account_id": rows["account_id"].astype(str), "churn_prob": prob, "revenue": revenue})
    return found.assign(tier=[release.tier(one) for one in prob]).reset_index(drop=True)


def _drivers(settings: Settings, features: Sequence[Feature], rows: pd.DataFrame) -> dict[str, Bools]:
    """By driver, which accounts have it bad today."""
    return {
        driver.name: levels(driver, rows[driver.feature.name].to_numpy(dtype=float)).is_bad
        for driver in declared_drivers(features, settings.drivers)
        if driver.feature.name in rows
    }
