"""The panel of a warehouse: which rows and columns it has, and its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.catalog import Feature, Inventory, available, described
from features.cutoffs import monthly_cutoffs, observed_from, observed_until
from features.errors import DataError
from features.inventory import inventory
from features.kept import kept_counts, refresh
from features.labels import ChurnDefinition
from features.panel_files import OBSERVED
from features.recipe import Recipe
from features.sources import Warehouse
from features.streams import ACCOUNT
from features.streams import OBSERVED as SNAPSHOT

if TYPE_CHECKING:
    import pyarrow as pa

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Panel:
    """One row per (account, as_of): features, and the label once known.

    `rows` has account_id, as_of (not in flat data without dates), churned (boolean, NA until the label has come due)
    and one column a feature. `definition` says what churn is, `observed_until` where knowledge ends, `left_out` which
    columns beyond the contract make no feature, and why. Where there were too many rows to hold, `n_rows` is how many
    labelled ones there were and `kept_share` the share of those without churn that are in `rows`; all others are.
    `departures` (account_id, left_at, way) say when accounts left, None where that is not known or was not asked for.
    """

    rows: pd.DataFrame
    features: tuple[Feature, ...]
    definition: ChurnDefinition
    observed_until: pd.Timestamp | None
    left_out: Mapping[str, str] = field(default_factory=dict)
    n_rows: int | None = None
    kept_share: float = 1.0
    departures: pd.DataFrame | None = None

    @property
    def matured(self) -> pd.DataFrame:
        """The rows whose label is known: the only ones that train."""
        return self.rows[self.rows["churned"].notna()].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """Which dates the panel holds, where it is kept (a folder; None: nowhere), and how many threads work on it."""

    history_days: int = 90
    observed_from: pd.Timestamp | None = None
    observed_until: pd.Timestamp | None = None
    today: pd.Timestamp | None = None
    folder: Path | None = None
    threads: int = 2
    descriptions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class PanelPlan:
    """A recipe, and what else is to be said of the panel it makes."""

    recipe: Recipe
    observed_until: pd.Timestamp | None
    left_out: Mapping[str, str]
    is_dated: bool = True


def training_plan(warehouse: Warehouse, churn: ChurnDefinition, settings: PanelSettings) -> PanelPlan:
    """Return the plan of a panel at every month's start, or at the user's own observations where churn is labelled.

    Raises
    ------
    DataError
        when the tables cannot say who churned, or history is shorter than the horizon.
    """
    if churn.kind == "labelled":
        return _observed_plan(warehouse, churn, settings)
    until = settings.observed_until or observed_until(warehouse, settings.today)
    since = settings.observed_from or observed_from(warehouse)
    cutoffs = monthly_cutoffs(since, until, settings.history_days)
    if len(cutoffs) == 0 or cutoffs[0] + pd.Timedelta(days=churn.matures_days) > until:
        came = f"history from {since:%Y-%m-%d} to {until:%Y-%m-%d} that holds no matured label"
        expected = f"more than {settings.history_days + churn.matures_days} days of it"
        raise DataError.of(came, expected, "bring more history or shorten horizon_days or history_days")
    return _plan(warehouse, churn, settings, cutoffs, until)


def plan_at(
    warehouse: Warehouse, churn: ChurnDefinition, settings: PanelSettings, as_of: pd.Timestamp | None = None
) -> PanelPlan:
    """Return the plan of a panel of the accounts at risk at `as_of`, without one at the end of what is known.

    Raises
    ------
    DataError
        when `as_of` lies after today and after all that is known.
    """
    if churn.kind == "labelled":
        return _observed_plan(warehouse, churn, settings)
    until = settings.observed_until or observed_until(warehouse, settings.today)
    last = until if settings.today is None else max(until, settings.today.normalize() + pd.Timedelta(days=1))
    as_of = until if as_of is None else as_of
    if as_of > last:
        expected = f"at most {last:%Y-%m-%d}, where knowledge ends"
        raise DataError.of(f"an as-of date {as_of:%Y-%m-%d}", expected, "name an earlier one")
    return _plan(warehouse, churn, settings, pd.DatetimeIndex([as_of]), until)


def training_panel(
    warehouse: Warehouse, churn: ChurnDefinition, settings: PanelSettings, progress: Progress | None = None
) -> Panel:
    """Return the whole panel of `training_plan`."""
    return read_panel(warehouse, training_plan(warehouse, churn, settings), settings, progress)


def panel_at(
    warehouse: Warehouse,
    churn: ChurnDefinition,
    settings: PanelSettings,
    as_of: pd.Timestamp | None = None,
    progress: Progress | None = None,
) -> Panel:
    """Return the whole panel of `plan_at`."""
    return read_panel(warehouse, plan_at(warehouse, churn, settings, as_of), settings, progress)


def panel_files(
    warehouse: Warehouse, plan: PanelPlan, settings: PanelSettings, progress: Progress | None = None
) -> tuple[Path, ...]:
    """Return the files that hold a plan's rows, brought up to date; they live as long as the warehouse if kept nowhere.

    Raises
    ------
    DataError
        when no account is at risk at any of the dates.
    """
    folder = settings.folder or Path(mkdtemp(dir=warehouse.scratch))
    done = refresh(warehouse, plan.recipe, folder, threads=settings.threads, progress=progress)
    refuse_empty(plan, done.n_rows)
    return done.files


def refuse_empty(plan: PanelPlan, n_rows: int) -> None:
    """Raise DataError where a panel has no rows."""
    if n_rows == 0:
        dates = ", ".join(f"{pd.Timestamp(cutoff, unit='us'):%Y-%m-%d}" for cutoff in plan.recipe.cutoffs[:3])
        do = "choose a date within the history"
        raise DataError.of(f"no account at risk at {dates}", "customers at that date", do)


def read_panel(
    warehouse: Warehouse, plan: PanelPlan, settings: PanelSettings, progress: Progress | None = None
) -> Panel:
    """Return the whole panel of a plan."""
    rows = read_rows(panel_files(warehouse, plan, settings, progress), plan)
    return Panel(rows, plan.recipe.features, plan.recipe.churn, plan.observed_until, plan.left_out)


def read_rows(files: Sequence[Path], plan: PanelPlan) -> pd.DataFrame:
    """Return the rows of some of a plan's files, in order of date and account."""
    import pyarrow as pa

    rows: pd.DataFrame = arrow_rows(files, plan).to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    return rows


def arrow_rows(files: Sequence[Path], plan: PanelPlan) -> pa.Table:
    """Return the rows of some of a plan's files, in order of date and account; flat data have no dates."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = plan.recipe.schema.names
    rows = pa.concat_tables([pq.ParquetFile(file).read(columns=names) for file in files])
    rows = rows.sort_by([("as_of", "ascending"), ("account_id", "ascending")])
    return rows if plan.is_dated else rows.drop_columns(["as_of"])


def _plan(
    warehouse: Warehouse,
    churn: ChurnDefinition,
    settings: PanelSettings,
    cutoffs: pd.DatetimeIndex,
    until: pd.Timestamp,
) -> PanelPlan:
    if churn.kind == "subscription" and "subscriptions" not in warehouse.tables:
        do = 'map it, or set [churn] definition = "inactivity"'
        raise DataError.of("no subscriptions table", "one, since churn is defined by subscription", do)
    there = _inventory(warehouse, settings)
    features = described(available(there), settings.descriptions)
    *instants, end = pd.DatetimeIndex([*cutoffs, until]).as_unit("us").asi8.tolist()
    recipe = Recipe(features, churn, tuple(instants), end)
    return PanelPlan(recipe, until, there.left_out)


def _observed_plan(warehouse: Warehouse, churn: ChurnDefinition, settings: PanelSettings) -> PanelPlan:
    """The plan of a panel at the user's own observations: flat, or with the tables' features as of each observation."""
    if "observations" not in warehouse.tables:
        do = "map it under [tables.observations]"
        raise DataError.of("no observations table", "one, since churn is labelled", do)
    table = warehouse.tables["observations"]
    n = table.aggregate(rows=table.count(), dated=table["as_of"].count()).to_pyarrow().to_pylist()[0]
    if 0 < n["dated"] < n["rows"]:
        raise DataError.of("observations with and without as_of", "all or none dated", "fill as_of in")
    there = _inventory(warehouse, settings)
    features = described(available(there), settings.descriptions)
    if not n["dated"]:
        features = tuple(feature for feature in features if _is_timeless(feature))
    recipe = Recipe(features, churn, (OBSERVED,), OBSERVED)
    return PanelPlan(recipe, settings.observed_until, there.left_out, bool(n["dated"]))


def _inventory(warehouse: Warehouse, settings: PanelSettings) -> Inventory:
    """What there is to compute features from; where the panel is kept, so is what counts the log."""
    folder = settings.folder
    return inventory(warehouse, kept_counts(warehouse, folder, settings.threads) if folder else None)


def _is_timeless(feature: Feature) -> bool:
    """Whether a feature is what a snapshot or an account says of itself, without any date."""
    streams = set(getattr(feature.compute, "streams", ()))
    return streams in ({ACCOUNT}, {SNAPSHOT})
