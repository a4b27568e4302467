"""The event log in hashed parts on disk, so that memory is bounded by the history of a part of the accounts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from features.compute import parts
from features.events import event_log
from features.labels import label_streams
from features.log import LOG_COLUMNS
from features.relatives import EXISTS
from features.sources import Warehouse
from features.streams import ACCOUNT

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

    from features.recipe import Recipe

# So many events are held in memory at once by each thread, some 60 bytes each.
EVENTS_A_BUCKET = 2_000_000
_LOOKS_AT = {
    "distinct_contacts": "contact_id",
    "distinct_touchpoints": "touchpoint",
    "current_text": "text",
    "distinct_texts": "text",
}
_OPTIONAL = frozenset({"text", "contact_id", "role", "touchpoint"})


def needed_events(warehouse: Warehouse, recipe: Recipe) -> ibis.Table:
    """Return the events that a recipe looks at, unsorted; every account has at least one."""
    windows = [part for feature in recipe.features for part in parts(feature.compute)]
    streams = {stream for window in windows for stream in window.streams} | set(label_streams(recipe.churn))
    log = event_log(warehouse)
    wanted = log["stream"].isin(sorted(streams | {ACCOUNT}))
    if ACCOUNT not in streams:
        wanted = wanted & ((log["stream"] != ACCOUNT) | (log["kind"] == EXISTS))
    needed: ibis.Table = log.filter(wanted)
    return needed


def bucket_count(n_events: int, threads: int) -> int:
    """Return into how many parts a log is cut, by how many events a thread may hold.

    >>> bucket_count(1_000, threads=2), bucket_count(20_000_000, threads=2)
    (1, 10)
    """
    return 1 if n_events < EVENTS_A_BUCKET // 10 else max(threads, -(-n_events // EVENTS_A_BUCKET))


def with_bucket(events: ibis.Table, n_buckets: int) -> ibis.Table:
    """Return the events with the number of their account's part."""
    digest = events["account_id"].hash() % n_buckets
    marked: ibis.Table = events.mutate(bucket=((digest + n_buckets) % n_buckets).cast("int32"))
    return marked


def needed_columns(recipe: Recipe) -> list[str]:
    """Return the log's columns that a recipe looks at: who and where only if they are told apart."""
    windows = [part for feature in recipe.features for part in parts(feature.compute)]
    looked_at = {_LOOKS_AT.get(window.aggregate) for window in windows}
    looked_at |= {"role"} if any(window.roles for window in windows) else set()
    return [name for name in LOG_COLUMNS if name not in _OPTIONAL or name in looked_at]


def write_buckets(warehouse: Warehouse, events: ibis.Table, recipe: Recipe, n_buckets: int, folder: Path) -> None:
    """Write the events that a recipe needs as Parquet, one folder a bucket; the engine spills rather than hold them."""
    marked = with_bucket(events.select(*needed_columns(recipe)), n_buckets)
    warehouse.connection.to_parquet(marked, folder, partition_by="bucket", row_group_size=250_000)


def bucket_events(folder: Path, bucket: int) -> pa.Table:
    """Return the events of one bucket, texts dictionary-encoded."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted((folder / f"bucket={bucket}").glob("*.parquet"))
    tables = []
    for file in files:
        # Equal texts are stored once; so they stay when they are read.
        texts = [field.name for field in pq.read_schema(file) if pa.types.is_string(field.type)]
        tables.append(pq.ParquetFile(file, read_dictionary=texts).read())
    events = pa.concat_tables(tables, promote_options="default") if tables else no_events()
    for name in (name for name in LOG_COLUMNS if name not in events.column_names):
        events = events.append_column(name, pa.nulls(events.num_rows, pa.string()))
    return events


def no_events() -> pa.Table:
    """Return no events at all."""
    import pyarrow as pa

    types = {"at": pa.timestamp("us"), "known_at": pa.timestamp("us"), "value": pa.float64()}
    return pa.schema([(name, types.get(name, pa.string())) for name in LOG_COLUMNS]).empty_table()


def of_accounts(warehouse: Warehouse, events: ibis.Table, account_ids: Iterable[str]) -> ibis.Table:
    """Return the events of some accounts."""
    import ibis
    import pyarrow as pa

    ids = pa.table({"account_id": pa.array(account_ids, pa.string())})
    wanted = warehouse.connection.create_table(ibis.util.gen_name("wanted"), ids, temp=True)
    kept: ibis.Table = events.semi_join(wanted, "account_id")
    return kept
