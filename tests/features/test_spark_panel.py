"""The panel on Spark against the panel in one process: the same rows, to the bit."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.checks import fail_on_rejects, read_tables
from features.labels import ChurnDefinition
from features.mapping import Sources
from features.panel import PanelPlan, PanelSettings, arrow_rows, panel_files, training_plan
from features.sources import open_warehouse
from features.spark import SparkWarehouse, open_spark
from features.spark_panel import spark_rows
from features.warehouse import Warehouse

SUBSCRIPTION = ChurnDefinition("subscription", horizon_days=90, grace_days=30)
INACTIVITY = ChurnDefinition("inactivity", horizon_days=60, inactive_days=45)
# Of every way to make events one: values, attributes that change, late events, several events a row.
SOME = {"accounts", "account_changes", "activities", "cases", "subscriptions"}

ON_CLUSTER = """
import pickle
from pathlib import Path
from features.checks import read_tables
from features.spark import open_spark
from features.spark_panel import spark_rows

def named(batches):
    import os
    daemon = Path(f"/proc/{{os.getppid()}}/stat").read_text().rpartition(")")[2].split()
    executor = int(daemon[1])
    for batch in batches:
        yield batch.append_column("executor", [executor] * batch.num_rows)

recipe, sources = pickle.loads(Path({given!r}).read_bytes())
with open_spark(master, "600MB") as warehouse:
    read_tables(warehouse, sources)
    rows = spark_rows(warehouse, recipe)
    schema = ", ".join(f"`{{name}}` {{kind}}" for name, kind in rows.dtypes) + ", executor long"
    rows.mapInArrow(named, schema).write.parquet("file://" + {out!r})
"""


@pytest.fixture(scope="module")
def sources(company: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = tmp_path_factory.mktemp("company")
    for name, frame in company.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return Sources(location=str(folder), tables={name: {"source": f"{name}.parquet"} for name in company})


@pytest.fixture(scope="module")
def in_process(sources: Sources) -> Iterator[Warehouse]:
    with open_warehouse() as warehouse:
        fail_on_rejects(read_tables(warehouse, sources), "fail")
        yield warehouse


@pytest.fixture(scope="module")
def on_spark(sources: Sources, spark: str) -> Iterator[SparkWarehouse]:
    with open_spark(spark) as warehouse:
        fail_on_rejects(read_tables(warehouse, sources), "fail")
        yield warehouse


def expected(warehouse: Warehouse, plan: PanelPlan) -> pa.Table:
    rows = arrow_rows(panel_files(warehouse, plan, PanelSettings()), plan)
    assert len(rows) > 700
    assert 0 < sum(rows["churned"].drop_null().to_pylist()) < len(rows)
    return rows


def assert_same_bits(found: pa.Table, rows: pa.Table) -> None:
    found = found.sort_by([("as_of", "ascending"), ("account_id", "ascending")])
    assert found.schema.names == rows.schema.names
    for name in rows.schema.names:
        one, other = found[name].combine_chunks(), rows[name].combine_chunks()
        assert one.type == other.type, name
        assert one.is_null().equals(other.is_null()), name
        if pa.types.is_floating(one.type):
            # Two zeros are equal and their bits are not.
            one, other = (pa.array(np.asarray(each.fill_null(0)).view(np.int32)) for each in (one, other))
        assert one.equals(other), name


@pytest.mark.slow
def test_the_panel_on_spark_is_that_of_one_process_to_the_bit(on_spark: SparkWarehouse, in_process: Warehouse) -> None:
    plan = training_plan(in_process, SUBSCRIPTION, PanelSettings())
    assert len(plan.recipe.features) > 120
    assert training_plan(on_spark, SUBSCRIPTION, PanelSettings()) == plan
    assert_same_bits(spark_rows(on_spark, plan.recipe).toArrow(), expected(in_process, plan))


@pytest.mark.slow
def test_a_panel_by_inactivity_is_the_same_on_spark(on_spark: SparkWarehouse, in_process: Warehouse) -> None:
    plan = training_plan(in_process, INACTIVITY, PanelSettings())
    plan = replace(plan, recipe=replace(plan.recipe, features=plan.recipe.features[::20]))
    assert_same_bits(spark_rows(on_spark, plan.recipe).toArrow(), expected(in_process, plan))


@pytest.mark.slow
@pytest.mark.parametrize("names", [SOME, None])
def test_two_executors_of_a_cluster_make_the_panel_of_one_process(
    on_cluster: Callable[[str], str], sources: Sources, names: set[str] | None, tmp_path: Path
) -> None:
    tables = {name: table for name, table in sources.tables.items() if names is None or name in names}
    sources, given, out = sources.model_copy(update={"tables": tables}), tmp_path / "given", tmp_path / "panel"
    with open_warehouse() as warehouse:
        read_tables(warehouse, sources)
        plan = training_plan(warehouse, SUBSCRIPTION, PanelSettings())
        rows = expected(warehouse, plan)
    given.write_bytes(pickle.dumps((plan.recipe, sources)))
    on_cluster(ON_CLUSTER.format(given=str(given), out=str(out)))
    found = pa.concat_tables([pq.read_table(part) for part in sorted(out.glob("*.parquet"))])
    made = found.group_by("executor").aggregate([("account_id", "count_distinct")])["account_id_count_distinct"]
    assert len(made) == 2
    assert min(made.to_pylist()) > 20
    assert_same_bits(found.drop_columns(["executor"]), rows)
