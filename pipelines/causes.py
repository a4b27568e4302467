"""The stage of causes: tables -> driver rows -> findings, and what of them is kept in a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.errors import ModelError
from pipelines.config import Settings
from pipelines.drivers.driver import Driver, declared_drivers
from pipelines.drivers.find import find_drivers
from pipelines.drivers.finding import Figure, Finding, findings_table
from pipelines.drivers.groups import Labels, segment_labels
from pipelines.drivers.importance import with_importance
from pipelines.drivers.moments import NOWHERE, Places, moments_of_truth, pain_points, read_places
from pipelines.drivers.rows import DriverRows, read_driver_rows
from pipelines.drivers.whatif_levels import levels_table, what_if_levels
from pipelines.segments import segment_names

if TYPE_CHECKING:
    from features.panel import PanelPlan
    from features.warehouse import Warehouse
    from pipelines.segmentation import Segmentation


@dataclass(frozen=True)
class DriverData:
    """What effects are learnt from; without rows where there can be none, and `why_not` says why."""

    rows: DriverRows | None
    drivers: tuple[Driver, ...]
    places: Places
    why_not: str = ""


@dataclass(frozen=True)
class Causes:
    """What causes churn: findings, figures of no one driver, and where there can be none, why not."""

    findings: tuple[Finding, ...] = ()
    others: tuple[Figure, ...] = ()
    why_not: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """One row a figure, as releases keep them."""
        return findings_table(self.findings, self.others or (Figure.untold("effect", self.why_not),))

    @property
    def found(self) -> tuple[Finding, ...]:
        """The findings that are causes, the largest effects first."""
        return tuple(finding for finding in self.findings if finding.verdict == "cause")


def driver_data(warehouse: Warehouse, plan: PanelPlan, files: Sequence[Path], settings: Settings) -> DriverData:
    """Return the driver rows of a panel's files, and where the drivers' events happen.

    Raises
    ------
    ConfigError
        when [drivers] in the settings names what is not there.
    """
    drivers = declared_drivers(plan.recipe.features, settings.drivers)
    if not drivers:
        return DriverData(
            None, (), NOWHERE, "no table tells of an experience of 90 days, such as cases or contacts by us"
        )
    if not plan.is_dated:
        why = "a single snapshot has no before and after: what came first cannot be told"
        return DriverData(None, drivers, NOWHERE, why)
    try:
        rows = read_driver_rows(
            files, plan.recipe.features, horizon_days=settings.churn.horizon_days, seed=settings.model.seed
        )
    except ModelError as problem:
        return DriverData(None, drivers, NOWHERE, str(problem))
    return DriverData(rows, drivers, read_places(warehouse, drivers))


def find_causes(
    data: DriverData,
    settings: Settings,
    segmentations: Mapping[str, Segmentation],
    contributions: pd.DataFrame | None = None,
    *,
    direct: bool = False,
) -> Causes:
    """Return what causes churn, by segment, beside what its prediction rests on.

    Parameters
    ----------
    segmentations
        of a release; their segments are those of the day on which a driver's window opened.
    contributions
        feature, mean_contribution (log-odds) of a churn model, with `n_accounts` among its attributes.
    direct
        whether effects that do not go through perception are looked for too.
    """
    if data.rows is None:
        return Causes(why_not=data.why_not)
    rows, threads = data.rows, settings.engine.threads or 2
    found = find_drivers(
        rows,
        data.drivers,
        _labels(rows, segmentations),
        seed=settings.model.seed,
        threads=threads,
        direct=direct,
        smallest_points=settings.model.smallest_effect_points,
    )
    findings = moments_of_truth(found.findings, data.places)
    if contributions is not None:
        by_feature = dict(zip(contributions["feature"], contributions["mean_contribution"], strict=True))
        n_accounts = int(contributions.attrs.get("n_accounts", 0))
        findings = with_importance(findings, by_feature, rows.features, n_accounts)
    return Causes(findings, (found.bound, *pain_points(data.places)))


def what_if_table(
    data: DriverData, settings: Settings, segmentations: Mapping[str, Segmentation], causes: Causes
) -> pd.DataFrame:
    """Return what a better experience would save at a few levels of each cause, by segment, as releases keep it."""
    if data.rows is None or not causes.found:
        return levels_table(())
    found = what_if_levels(
        data.rows,
        data.drivers,
        [finding.driver for finding in causes.found],
        _labels(data.rows, segmentations),
        seed=settings.model.seed,
        threads=settings.engine.threads or 2,
    )
    return levels_table(found)


def _labels(rows: DriverRows, segmentations: Mapping[str, Segmentation]) -> dict[str, Labels]:
    """The segment of each row by segmentation, as it was when the window opened."""
    return segment_labels({name: segment_names(one, rows.before) for name, one in segmentations.items()})
