"""A panel kept on disk: only what changed is computed again, and the result is that of a computation from nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import DataError
from features.kept import Refreshed, refresh
from features.labels import ChurnDefinition
from features.panel import PanelSettings, training_plan
from features.panel_files import PanelFiles
from features.recipe import Recipe

SUBSCRIPTION = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
INACTIVITY = ChurnDefinition("inactivity", horizon_days=30, inactive_days=40)


@pytest.fixture(autouse=True)
def several_buckets(monkeypatch):
    monkeypatch.setattr("features.kept_log.bucket_count", lambda n_events, threads: 2)


@pytest.fixture
def company(small_company) -> dict[str, pd.DataFrame]:
    """Twelve accounts, four times the small company's."""
    copies = []
    for i in range(4):
        tables = {name: frame.copy() for name, frame in small_company.items()}
        for frame in tables.values():
            for column in frame.columns[:2]:
                if column.endswith("_id"):
                    frame[column] = frame[column] + str(i)
        copies.append(tables)
    return {name: pd.concat([tables[name] for tables in copies], ignore_index=True) for name in small_company}


def recipe_of(warehouse, churn: ChurnDefinition = SUBSCRIPTION) -> Recipe:
    return training_plan(warehouse, churn, PanelSettings()).recipe


def rows_in(done: Refreshed, recipe: Recipe) -> pd.DataFrame:
    tables = [pq.ParquetFile(file).read(columns=recipe.schema.names) for file in done.files]
    return pa.concat_tables(tables).sort_by([("as_of", "ascending"), ("account_id", "ascending")]).to_pandas()


@pytest.fixture
def from_nothing(tmp_path) -> Callable:
    def compute(warehouse, recipe: Recipe) -> pd.DataFrame:
        folder = tmp_path / f"fresh-{len(list(tmp_path.iterdir()))}"
        return rows_in(refresh(warehouse, recipe, folder), recipe)

    return compute


def refreshed(warehouse, recipe: Recipe, folder: Path, from_nothing: Callable) -> Refreshed:
    """Refresh, and hold the rows against those computed from nothing."""
    done = refresh(warehouse, recipe, folder)
    pd.testing.assert_frame_equal(rows_in(done, recipe), from_nothing(warehouse, recipe), check_exact=True)
    return done


def test_nothing_changed_computes_nothing(open_tables, company, tmp_path, from_nothing):
    warehouse = open_tables(company)
    recipe = recipe_of(warehouse)
    first = refreshed(warehouse, recipe, tmp_path / "kept", from_nothing)
    again = refreshed(open_tables(company), recipe, tmp_path / "kept", from_nothing)
    assert first.n_rows_computed == first.n_rows > 100
    assert again == replace(first, n_rows_computed=0, n_features_computed=0)


def test_a_new_date_computes_its_own_rows_only(open_tables, company, tmp_path, from_nothing):
    warehouse = open_tables(company)
    recipe = recipe_of(warehouse)
    refresh(warehouse, replace(recipe, cutoffs=recipe.cutoffs[:-1]), tmp_path / "kept")
    done = refreshed(warehouse, recipe, tmp_path / "kept", from_nothing)
    last = pd.Timestamp(recipe.cutoffs[-1], unit="us")
    assert done.n_rows_computed == (rows_in(done, recipe)["as_of"] == last).sum() == 8


def test_a_late_event_computes_the_rows_that_knew_it(open_tables, company, tmp_path, from_nothing):
    recipe = recipe_of(open_tables(company))
    refresh(open_tables(company), recipe, tmp_path / "kept")
    late = (
        company["activities"]
        .iloc[:1]
        .assign(
            activity_id="late",
            account_id="a2",
            occurred_at=pd.Timestamp("2024-05-03"),
            recorded_at=pd.Timestamp("2024-08-09"),
        )
    )
    changed = company | {"activities": pd.concat([company["activities"].assign(recorded_at=pd.NaT), late])}
    done = refreshed(open_tables(changed), recipe, tmp_path / "kept", from_nothing)
    # One account at all of its dates, since they are one walk; its rows before August stay as they are.
    assert done.n_rows_computed == 4


def test_a_day_of_new_events_after_the_last_date_computes_nothing(open_tables, company, tmp_path, from_nothing):
    recipe = recipe_of(open_tables(company))
    refresh(open_tables(company), recipe, tmp_path / "kept")
    new = (
        company["activities"]
        .iloc[:5]
        .assign(activity_id=[f"new{i}" for i in range(5)], occurred_at=pd.Timestamp("2024-12-31 10:00"))
    )
    done = refreshed(
        open_tables(company | {"activities": pd.concat([company["activities"], new])}),
        recipe,
        tmp_path / "kept",
        from_nothing,
    )
    assert done.n_rows_computed == 0


@pytest.mark.parametrize("what", ["changed", "gone", "new"])
def test_a_changed_account_computes_its_own_rows(open_tables, company, tmp_path, from_nothing, what):
    recipe = recipe_of(open_tables(company))
    refresh(open_tables(company), recipe, tmp_path / "kept")
    tables = {name: frame.copy() for name, frame in company.items()}
    if what == "changed":
        tables["accounts"].loc[tables["accounts"]["account_id"] == "c1", "industry"] = "retail"
    if what == "gone":
        tables = {name: frame[frame["account_id"] != "c1"] for name, frame in tables.items()}
    if what == "new":
        more = [frame[frame["account_id"] == "c1"].assign(account_id="z9") for frame in tables.values()]
        for frame in more:
            frame[frame.columns[0]] = frame[frame.columns[0]] + "z" if frame.columns[0] != "account_id" else "z9"
        tables = {n: pd.concat([f, m], ignore_index=True) for (n, f), m in zip(tables.items(), more, strict=True)}
    done = refreshed(open_tables(tables), recipe, tmp_path / "kept", from_nothing)
    assert done.n_rows_computed == (0 if what == "gone" else len(recipe.cutoffs))


def test_labels_that_come_due_are_computed_without_any_new_event(open_tables, company, tmp_path, from_nothing):
    warehouse = open_tables(company)
    recipe = recipe_of(warehouse)
    earlier = replace(recipe, observed_until=recipe.cutoffs[-3])
    refresh(warehouse, earlier, tmp_path / "kept")
    done = refreshed(warehouse, recipe, tmp_path / "kept", from_nothing)
    assert done.n_rows_computed > 0


def test_what_happens_after_a_date_changes_the_label_of_its_rows(open_tables, company, tmp_path, from_nothing):
    recipe = recipe_of(open_tables(company), INACTIVITY)
    refresh(open_tables(company), recipe, tmp_path / "kept")
    activities = company["activities"]
    silent = activities[~((activities["account_id"] == "a1") & (activities["occurred_at"] >= "2024-06-02"))]
    done = refreshed(open_tables(company | {"activities": silent}), recipe, tmp_path / "kept", from_nothing)
    rows = rows_in(done, recipe).set_index(["account_id", "as_of"])
    # Active until 29 May, and so lost on 8 July.
    assert rows.loc[("a1", pd.Timestamp("2024-07-01")), "churned"]


def test_a_feature_declared_anew_is_computed_alone(open_tables, company, tmp_path, from_nothing):
    warehouse = open_tables(company)
    recipe = recipe_of(warehouse)
    features = list(recipe.features)
    place = next(i for i, feature in enumerate(features) if feature.name == "activities_30d")
    refresh(warehouse, replace(recipe, features=tuple(features[:place] + features[place + 1 :])), tmp_path / "kept")
    features[0] = replace(features[0], sentence="Said in other words")
    done = refreshed(warehouse, replace(recipe, features=tuple(features)), tmp_path / "kept", from_nothing)
    assert done.n_features_computed == 1
    features[place] = replace(features[place], compute=replace(features[place].compute, days=31))
    again = refreshed(warehouse, replace(recipe, features=tuple(features)), tmp_path / "kept", from_nothing)
    assert again.n_features_computed == 1


def test_dates_that_were_not_asked_for_in_between_are_not_stale(open_tables, company, tmp_path, from_nothing):
    recipe = recipe_of(open_tables(company))
    refresh(open_tables(company), recipe, tmp_path / "kept")
    tables = {name: frame[frame["account_id"] != "b3"] for name, frame in company.items()}
    new = tables["activities"].iloc[:1].assign(activity_id="n", account_id="a0", occurred_at=pd.Timestamp("2024-02-20"))
    tables["activities"] = pd.concat([tables["activities"], new])
    refresh(open_tables(tables), replace(recipe, cutoffs=recipe.cutoffs[-1:]), tmp_path / "kept")
    refreshed(open_tables(tables), recipe, tmp_path / "kept", from_nothing)


def test_another_definition_of_churn_makes_everything_new(open_tables, company, tmp_path, from_nothing):
    warehouse = open_tables(company)
    refresh(warehouse, recipe_of(warehouse), tmp_path / "kept")
    recipe = recipe_of(warehouse, INACTIVITY)
    done = refreshed(warehouse, recipe, tmp_path / "kept", from_nothing)
    assert done.n_rows_computed == done.n_rows


@pytest.mark.parametrize("n_written", [0, 1, 5])
def test_a_run_that_was_killed_half_way_leaves_nothing_stale(
    open_tables, company, tmp_path, from_nothing, monkeypatch, n_written
):
    warehouse = open_tables(company)
    recipe = recipe_of(warehouse)
    refresh(warehouse, recipe, tmp_path / "kept")
    changed = {name: frame.copy() for name, frame in company.items()}
    own = changed["activities"]["account_id"].str.startswith("a")
    changed["activities"].loc[own, "value"] += 1.0
    with monkeypatch.context() as patched:
        patched.setattr(PanelFiles, "write_rows", killed_after(n_written, PanelFiles.write_rows))
        with pytest.raises(KeyboardInterrupt):
            refresh(open_tables(changed), recipe, tmp_path / "kept")
    # Whether the change is there to stay, or was taken back meanwhile.
    for tables in (company, changed):
        refreshed(open_tables(tables), recipe, tmp_path / "kept", from_nothing)


def killed_after(n_calls: int, work: Callable) -> Callable:
    left = iter(range(n_calls))

    def call(*given: object) -> object:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return work(*given)

    return call


def test_a_feature_that_was_being_written_when_a_run_was_killed_is_written_again(
    open_tables, company, tmp_path, from_nothing, monkeypatch
):
    warehouse = open_tables(company)
    recipe = recipe_of(warehouse)
    place = next(i for i, feature in enumerate(recipe.features) if feature.name == "activities_30d")
    other = replace(recipe.features[place], compute=replace(recipe.features[place].compute, days=31))
    redeclared = replace(recipe, features=(*recipe.features[:place], other, *recipe.features[place + 1 :]))
    refresh(warehouse, recipe, tmp_path / "kept")
    with monkeypatch.context() as patched:
        patched.setattr(PanelFiles, "write_rows", killed_after(3, PanelFiles.write_rows))
        with pytest.raises(KeyboardInterrupt):
            refresh(warehouse, redeclared, tmp_path / "kept")
    done = refreshed(warehouse, recipe, tmp_path / "kept", from_nothing)
    assert done.n_features_computed == 1


def test_two_runs_at_once_are_refused(open_tables, company, tmp_path):
    warehouse = open_tables(company)
    with PanelFiles(tmp_path / "kept").alone(), pytest.raises(DataError, match="another run at work"):
        refresh(warehouse, recipe_of(warehouse), tmp_path / "kept")


def test_random_changes_one_after_the_other_are_those_of_a_fresh_computation(
    open_tables, company, tmp_path, from_nothing
):
    rng = np.random.default_rng(1)
    recipe = recipe_of(open_tables(company))
    tables = {name: frame.copy() for name, frame in company.items()}
    for _ in range(4):
        activities = tables["activities"]
        kept = activities[rng.random(len(activities)) > 0.01]
        moved = kept["occurred_at"].where(rng.random(len(kept)) > 0.01, kept["occurred_at"] + pd.Timedelta(days=40))
        tables["activities"] = kept.assign(occurred_at=moved)
        dates = tuple(sorted(rng.choice(recipe.cutoffs, 4, replace=False).tolist()))
        refreshed(open_tables(tables), replace(recipe, cutoffs=dates), tmp_path / "kept", from_nothing)
