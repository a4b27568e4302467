"""Spine of (account, as_of) -> kernel over partitions of accounts -> rows and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalog import Feature, available, described
from features.compute import AccountColumn, DaysSince, ObservedColumn
from features.cutoffs import monthly_cutoffs, observed_from, observed_until
from features.errors import DataError
from features.evaluate import event_features
from features.events import EventLog, positions, read_log
from features.inventory import inventory
from features.labels import ChurnDefinition, active, inactivity_spells, labelled, subscribed, subscription_spells
from features.sources import Warehouse

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Panel:
    """One row per (account, as_of): features, and the label once known.

    `rows` has account_id, as_of (not in flat data without dates), churned (boolean, NA until the label has come due)
    and one column a feature. `definition` says what churn is, `observed_until` where knowledge ends, `left_out` which
    columns beyond the contract make no feature, and why.
    """

    rows: pd.DataFrame
    features: tuple[Feature, ...]
    definition: ChurnDefinition
    observed_until: pd.Timestamp | None
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def matured(self) -> pd.DataFrame:
        """The rows whose label is known: the only ones that train."""
        return self.rows[self.rows["churned"].notna()].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """Which dates the panel holds, and in how many parts it is computed."""

    history_days: int = 90
    observed_from: pd.Timestamp | None = None
    observed_until: pd.Timestamp | None = None
    today: pd.Timestamp | None = None
    partitions: int = 1
    descriptions: dict[str, dict[str, Any]] | None = None


def training_panel(
    warehouse: Warehouse, churn: ChurnDefinition, settings: PanelSettings, progress: Progress | None = None
) -> Panel:
    """Return the panel at every month's start, or at the user's own observations where churn is labelled.

    Raises
    ------
    DataError
        when the tables cannot say who churned, or history is shorter than the horizon.
    """
    if churn.kind == "labelled":
        return _observed_panel(warehouse, churn, settings, progress)
    until = settings.observed_until or observed_until(warehouse, settings.today)
    since = settings.observed_from or observed_from(warehouse)
    cutoffs = monthly_cutoffs(since, until, settings.history_days)
    if len(cutoffs) == 0 or cutoffs[0] + pd.Timedelta(days=churn.matures_days) > until:
        came = f"history from {since:%Y-%m-%d} to {until:%Y-%m-%d} that holds no matured label"
        expected = f"more than {settings.history_days + churn.matures_days} days of it"
        raise DataError.of(came, expected, "bring more history or shorten horizon_days or history_days")
    return _panel(warehouse, churn, settings, cutoffs, until, progress)


def panel_at(
    warehouse: Warehouse,
    churn: ChurnDefinition,
    settings: PanelSettings,
    as_of: pd.Timestamp,
    progress: Progress | None = None,
) -> Panel:
    """Return one row per account at risk at `as_of`; flat data gives every observation.

    Raises
    ------
    DataError
        when `as_of` lies after today and after all that is known, or no account is at risk then.
    """
    if churn.kind == "labelled":
        return _observed_panel(warehouse, churn, settings, progress)
    until = settings.observed_until or observed_until(warehouse, settings.today)
    last = until if settings.today is None else max(until, settings.today.normalize() + pd.Timedelta(days=1))
    if as_of > last:
        expected = f"at most {last:%Y-%m-%d}, where knowledge ends"
        raise DataError.of(f"an as-of date {as_of:%Y-%m-%d}", expected, "name an earlier one")
    return _panel(warehouse, churn, settings, pd.DatetimeIndex([as_of]), until, progress)


def _panel(
    warehouse: Warehouse,
    churn: ChurnDefinition,
    settings: PanelSettings,
    cutoffs: pd.DatetimeIndex,
    until: pd.Timestamp,
    progress: Progress | None,
) -> Panel:
    there = inventory(warehouse)
    features = described(available(there), settings.descriptions or {})
    accounts = warehouse.tables["accounts"].to_pyarrow().to_pandas()
    parts = partitions(accounts["account_id"].to_numpy(dtype=object), settings.partitions)
    frames = []
    for i, ids in enumerate(parts):
        log = read_log(warehouse, ids)
        spine = _labelled_spine(warehouse, log, churn, cutoffs, until)
        frames.append(_rows(spine, log, accounts, features))
        if progress:
            progress(f"panel: part {i + 1} of {len(parts)}")
    rows = pd.concat(frames, ignore_index=True)
    if rows.empty:
        dates = ", ".join(f"{cutoff:%Y-%m-%d}" for cutoff in cutoffs[:3])
        raise DataError.of(
            f"no account at risk at {dates}", "customers at that date", "choose a date within the history"
        )
    rows = rows.sort_values(["as_of", "account_id"], ignore_index=True)
    return Panel(rows, features, churn, until, there.left_out)


def partitions(account_ids: npt.NDArray[np.object_], n: int) -> list[npt.NDArray[np.object_]]:
    """Return the sorted ids in `n` parts of equal size, so that memory is bounded by one part's history."""
    return [part for part in np.array_split(np.sort(account_ids), max(1, n)) if len(part)]


def _labelled_spine(
    warehouse: Warehouse, log: EventLog, churn: ChurnDefinition, cutoffs: pd.DatetimeIndex, until: pd.Timestamp
) -> pd.DataFrame:
    if churn.kind == "inactivity":
        spells = inactivity_spells(log, churn.inactive_days)
        return labelled(active(log, cutoffs, churn.inactive_days), spells, churn, until)
    if "subscriptions" not in warehouse.tables:
        do = 'map it, or set [churn] definition = "inactivity"'
        raise DataError.of("no subscriptions table", "one, since churn is defined by subscription", do)
    table = warehouse.tables["subscriptions"]
    table = table.select("account_id", "start_date", "end_date", "recorded_at")
    subscriptions = table.to_pyarrow().to_pandas()
    subscriptions = subscriptions[subscriptions["account_id"].isin(log.accounts)]
    spells = subscription_spells(subscriptions, churn.grace_days)
    return labelled(subscribed(subscriptions, cutoffs), spells, churn, until)


def _rows(spine: pd.DataFrame, log: EventLog, accounts: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    spine = spine.sort_values(["account_id", "as_of"], ignore_index=True)
    code = positions(log.accounts, spine["account_id"].to_numpy(dtype=object))
    instants = pd.DatetimeIndex(spine["as_of"]).as_unit("us").asi8
    computed: dict[str, Any] = dict(event_features(log, features, code, instants))
    known = accounts.set_index("account_id").reindex(spine["account_id"])
    for feature in features:
        if isinstance(feature.compute, AccountColumn):
            computed[feature.name] = _typed(known[feature.compute.column], feature)
        if isinstance(feature.compute, DaysSince):
            since = pd.DatetimeIndex(spine["as_of"]) - pd.DatetimeIndex(known[feature.compute.column])
            days = np.asarray(since / pd.Timedelta(days=1), dtype=float)
            # What begins later is not known yet.
            computed[feature.name] = np.where(days > 0, days, np.nan)
        if isinstance(feature.compute, ObservedColumn):
            computed[feature.name] = _typed(spine[feature.compute.column], feature)
    keys = [name for name in ("account_id", "as_of", "churned") if name in spine]
    columns = pd.DataFrame({feature.name: computed[feature.name] for feature in features}, index=spine.index)
    return pd.concat([spine[keys], columns], axis=1)


def _typed(column: pd.Series[Any], feature: Feature) -> Any:
    if feature.kind == "number":
        return column.to_numpy(dtype=float, na_value=np.nan)
    return column.astype("str").where(column.notna()).to_numpy(dtype=object)


def _observed_panel(
    warehouse: Warehouse, churn: ChurnDefinition, settings: PanelSettings, progress: Progress | None
) -> Panel:
    """The panel at the user's own observations: flat, or with the features of the tables as of each observation."""
    if "observations" not in warehouse.tables:
        raise DataError.of(
            "no observations table", "one, since churn is labelled", "map it under [tables.observations]"
        )
    table = warehouse.tables["observations"]
    spine = table.to_pyarrow().to_pandas().astype({"churned": "boolean"})
    has_dates = bool(spine["as_of"].notna().any())
    if has_dates and spine["as_of"].isna().any():
        raise DataError.of("observations with and without as_of", "all or none dated", "fill as_of in")
    there = inventory(warehouse)
    features = described(available(there), settings.descriptions or {})
    if not has_dates:
        features = tuple(feature for feature in features if isinstance(feature.compute, ObservedColumn | AccountColumn))
    spine["as_of"] = spine["as_of"].astype("datetime64[us]") if has_dates else pd.Timestamp(0).as_unit("us")
    accounts = _accounts(warehouse, spine)
    frames = []
    parts = partitions(spine["account_id"].unique().astype(object), settings.partitions)
    for i, ids in enumerate(parts):
        part = spine[spine["account_id"].isin(ids)]
        frames.append(_rows(part, read_log(warehouse, ids), accounts, features))
        if progress:
            progress(f"panel: part {i + 1} of {len(parts)}")
    rows = pd.concat(frames, ignore_index=True).astype({"account_id": "str"})
    rows = rows if has_dates else rows.drop(columns="as_of")
    return Panel(rows, features, churn, settings.observed_until, there.left_out)


def _accounts(warehouse: Warehouse, spine: pd.DataFrame) -> pd.DataFrame:
    if "accounts" in warehouse.tables:
        accounts: pd.DataFrame = warehouse.tables["accounts"].to_pyarrow().to_pandas()
        return accounts
    return spine[["account_id"]].drop_duplicates()
