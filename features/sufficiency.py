"""Is there enough of the data, and does it give the answer away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.checks import Finding
from features.errors import DataError
from features.identity import numbered, twins
from features.panel import Panel
from features.tables import TABLES

if TYPE_CHECKING:
    from features.catalog import Feature
    from features.sources import Warehouse

FEW_CHURNERS = 100
MUCH_MISSING = 0.2
LEAK_AUC = 0.995
LEAK_AUC_TODAY = 0.95
SMALL_LEVEL = 5


def panel_findings(panel: Panel, min_churners: int) -> list[Finding]:
    """Return what stands in the way of an honest model of this panel: errors stop training, warnings do not."""
    matured = panel.matured
    findings = [*_history(panel), *_churners(matured, min_churners), *_features_at_all(panel, matured)]
    findings += [*_static(panel), *numbered(matured, panel.features), *twins(matured, panel.features)]
    if matured["churned"].nunique() == 2:
        findings += [*_missing(matured, panel.features), *_leaks(matured, panel.features)]
        findings += _leaks_of_today(matured, panel.features)
    return findings


def fail_on_errors(findings: list[Finding]) -> None:
    """Raise DataError with every finding that is an error."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        came = "; ".join(f"{finding.column}: {finding.what}" for finding in errors)
        raise DataError.of(came, "data that can carry a model", "; ".join(dict.fromkeys(e.do for e in errors)))


def events_after_the_end(warehouse: Warehouse) -> list[Finding]:
    """Return a warning for each table with events after their account's last subscription ended."""
    if "subscriptions" not in warehouse.tables:
        return []
    subscriptions = warehouse.tables["subscriptions"]
    runs = subscriptions.mutate(runs=subscriptions["end_date"].isnull().cast("int64"))
    last = runs.group_by("account_id").aggregate(ends_at=runs["end_date"].max(), n_running=runs["runs"].sum())
    ended = last.filter(last["n_running"] == 0)
    findings = []
    for name, column in (("activities", "occurred_at"), ("transactions", "occurred_at"), ("cases", "opened_at")):
        if name in warehouse.tables:
            events = warehouse.tables[name].select("account_id", at=column)
            joined = events.inner_join(ended.select("account_id", "ends_at"), "account_id")
            n = int(joined.filter(joined["at"] >= joined["ends_at"]).count().to_pyarrow().as_py())
            do = "look whether the end dates are right; what happens after the end of an account trains nothing"
            if n:
                findings.append(Finding(name, column, "warning", "after the account's last subscription ended", n, do))
    return findings


def _history(panel: Panel) -> Iterator[Finding]:
    if "as_of" not in panel.rows:
        what = "a snapshot without dates: the model is judged out of fold, not out of time"
        yield Finding("observations", "as_of", "info", what, len(panel.rows), "bring dated history to judge it in time")
        return
    first, last = panel.rows["as_of"].min(), panel.rows["as_of"].max()
    n_dates, days = int(panel.rows["as_of"].nunique()), int((last - first).days)
    yield Finding("panel", "as_of", "info", f"as-of dates from {first:%Y-%m-%d} to {last:%Y-%m-%d}", n_dates, "")
    horizon = panel.definition.horizon_days
    if n_dates > 1 and days < 2 * horizon:
        do = "bring more history or shorten the horizon"
        yield Finding(
            "panel", "as_of", "warning", f"{days} days of as-of dates, under two horizons of {horizon}", days, do
        )
    n_due = int(panel.rows["churned"].isna().sum())
    yield Finding("panel", "churned", "info", "rows whose label has not come due: they do not train", n_due, "wait")


def _churners(matured: pd.DataFrame, min_churners: int) -> Iterator[Finding]:
    churned = matured["churned"].astype(bool)
    n = int(matured.loc[churned, "account_id"].nunique())
    n_stayed = int(matured.loc[~churned, "account_id"].nunique())
    do = "bring more history, a longer horizon, or look at the churn definition"
    if n == 0 or n_stayed == 0:
        what = "one class only: " + ("no account churned" if n == 0 else "every account churned")
        yield Finding("panel", "churned", "error", what, max(n, n_stayed), do)
    elif n < min_churners:
        what = f"too few churners: {n} accounts churned, at least {min_churners} are needed"
        yield Finding("panel", "churned", "error", what, n, do)
    elif n < FEW_CHURNERS:
        what = f"few churners: {n} accounts churned within a horizon; intervals will be wide"
        yield Finding("panel", "churned", "warning", what, n, do)
    else:
        yield Finding("panel", "churned", "info", "accounts that churned within a horizon", n, "")


def _features_at_all(panel: Panel, matured: pd.DataFrame) -> Iterator[Finding]:
    for name, why in panel.left_out.items():
        yield Finding(
            "panel", name, "warning", f"no feature is made of it: {why}", len(matured), "nothing, if so meant"
        )
    constant = [f.name for f in panel.features if matured[f.name].nunique(dropna=False) < 2]
    do = "map columns or tables that tell accounts apart"
    if len(constant) == len(panel.features):
        yield Finding("panel", "-", "error", "no feature that differs between accounts", len(panel.features), do)
    else:
        for name in constant:
            yield Finding(
                "panel", name, "info", "the same for every row", len(matured), "nothing, if that is how it is"
            )


def _static(panel: Panel) -> Iterator[Finding]:
    names = [feature.name for feature in panel.features if feature.static]
    if names and "as_of" in panel.rows:
        what = f"static, taken as they are today for every date: {', '.join(names)}"
        do = "map their history as account_changes, or leave out what changes when an account leaves"
        yield Finding("accounts", names[0], "warning", what, len(names), do)


def _missing(matured: pd.DataFrame, features: tuple[Feature, ...]) -> Iterator[Finding]:
    for feature in features:
        share = float(matured[feature.name].isna().mean())
        if share > MUCH_MISSING:
            what = f"missing in {share:.0%} of the rows"
            n = int(matured[feature.name].isna().sum())
            yield Finding("panel", feature.name, "info", what, n, "nothing, if that is how it is")


def _leaks(matured: pd.DataFrame, features: tuple[Feature, ...]) -> Iterator[Finding]:
    churned = matured["churned"].to_numpy(dtype=bool)
    for feature in features:
        auc = single_column_auc(matured[feature.name], churned)
        if auc >= LEAK_AUC:
            what = f"it gives the label away: alone it tells churners from the others with an AUC of {auc:.3f}"
            do = f"leave it out ([tables.*] ignore = [{feature.name!r}]) unless it is truly known before the as-of date"
            yield Finding("panel", feature.name, "error", what, len(matured), do)


def _leaks_of_today(matured: pd.DataFrame, features: tuple[Feature, ...]) -> Iterator[Finding]:
    """Columns of accounts as they are today that tell who left at any time: their past values are not known.

    Held against whether an account ever left, one row an account: over all dates they would look harmless, since most
    rows of an account that left are from long before.
    """
    ever = matured.groupby("account_id")["churned"].any().astype(bool)
    if ever.all() or "as_of" not in matured:
        return
    last = matured.drop_duplicates("account_id", keep="last").set_index("account_id").loc[ever.index]
    for feature in features:
        if not feature.static:
            continue
        auc = single_column_auc(last[feature.name], ever.to_numpy())
        if auc >= LEAK_AUC_TODAY:
            what = f"as it is today it tells which accounts ever left (AUC {auc:.3f}): it was written after they did"
            do = f"leave it out ([tables.accounts] ignore = [{feature.name!r}])"
            yield Finding("accounts", feature.name, "error", what, len(last), do)


def events_after(warehouse: Warehouse, today: pd.Timestamp) -> list[Finding]:
    """Return a warning for each table with events dated after today; subscriptions may be booked ahead."""
    findings = []
    for name, declared in TABLES.items():
        happened, table = declared.happened, warehouse.tables.get(name)
        if happened and table is not None and name != "subscriptions":
            n = int(table.filter(table[happened] > today.to_pydatetime()).count().to_pyarrow().as_py())
            if n:
                do = "correct the dates; until then these rows come after all that is known"
                findings.append(Finding(name, happened, "warning", "dated after today", n, do))
    return findings


def single_column_auc(column: pd.Series, churned: np.ndarray) -> float:
    """Return how well one column alone orders churners before the others, from 0.5 to 1, missing as a value of its own.

    A number is taken in its better direction; a category's levels are ordered by their churn rate, rare ones pooled,
    and so is a number against being missing.

    >>> single_column_auc(pd.Series(["yes"] * 5 + ["no"] * 5), np.repeat([True, False], 5))
    1.0
    """
    from sklearn.metrics import roc_auc_score

    is_missing = column.isna().to_numpy()
    by_presence = _auc_of_levels(pd.Series(np.where(is_missing, "missing", "there")), churned)
    if not pd.api.types.is_numeric_dtype(column):
        return max(by_presence, _auc_of_levels(column.astype("str").where(~is_missing, "missing"), churned))
    there = column.to_numpy(dtype=float)[~is_missing]
    label = churned[~is_missing]
    if len(there) < len(column) / 2 or label.all() or not label.any():
        return by_presence
    auc = float(roc_auc_score(label, there))
    return max(by_presence, auc, 1 - auc)


def _auc_of_levels(levels: pd.Series, churned: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    sizes = levels.map(levels.value_counts())
    pooled = levels.where(sizes >= SMALL_LEVEL, "rare").to_numpy()
    rates = pd.Series(churned).groupby(pooled).mean()
    return float(roc_auc_score(churned, pd.Series(pooled).map(rates).to_numpy(dtype=float)))
