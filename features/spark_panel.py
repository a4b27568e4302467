"""The panel on Spark: the same log, the same recipe, a part of the accounts to each task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.coded_log import EVENTS_A_BUCKET
from features.compute import parts
from features.events import event_log
from features.labels import label_streams
from features.log import to_log
from features.recipe import Recipe
from features.relatives import EXISTS
from features.spark import SparkWarehouse
from features.streams import ACCOUNT

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa


def needed_events(warehouse: SparkWarehouse, recipe: Recipe) -> ibis.Table:
    """Return the events that a recipe looks at, unsorted; every account has at least one."""
    windows = [part for feature in recipe.features for part in parts(feature.compute)]
    streams = {stream for window in windows for stream in window.streams} | set(label_streams(recipe.churn))
    log = event_log(warehouse)
    wanted = log["stream"].isin(sorted(streams | {ACCOUNT}))
    if ACCOUNT not in streams:
        wanted = wanted & ((log["stream"] != ACCOUNT) | (log["kind"] == EXISTS))
    needed: ibis.Table = log.filter(wanted)
    return needed


def spark_rows(warehouse: SparkWarehouse, recipe: Recipe) -> Any:
    """Return the panel's rows as a Spark DataFrame, computed where it is read; the bits are those of one process."""
    connection = warehouse.connection
    events = needed_events(warehouse, recipe)
    n_parts = max(1, -(-connection.execute(events.count()) // EVENTS_A_BUCKET))
    frame = warehouse.session.sql(connection.compile(events))
    # Adaptive execution would join small parts again, and with them their memory.
    spread = frame.repartition(max(n_parts, warehouse.session.sparkContext.defaultParallelism), "account_id")
    return spread.mapInArrow(_task(recipe), spark_schema(recipe.schema))


def _task(recipe: Recipe) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        own = list(batches)
        if own:
            yield from recipe.rows(to_log(pa.Table.from_batches(own))).to_batches()

    return rows


def spark_frame(warehouse: SparkWarehouse, files: Sequence[Path]) -> Any:
    """Return Parquet files as a Spark DataFrame."""
    return warehouse.session.read.parquet(*(f"file://{file.resolve()}" for file in files))


def spark_schema(schema: pa.Schema) -> Any:
    """Return an Arrow schema as Spark's, with times without a zone."""
    import pyarrow as pa
    from pyspark.sql import types

    kinds = {
        pa.string(): types.StringType(),
        pa.bool_(): types.BooleanType(),
        pa.float32(): types.FloatType(),
        pa.float64(): types.DoubleType(),
        pa.timestamp("us"): types.TimestampNTZType(),
    }
    return types.StructType([types.StructField(field.name, kinds[field.type]) for field in schema])
