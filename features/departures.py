"""When accounts left, and in which way: what a retention curve is learnt from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.events import event_log
from features.kept import LOG
from features.kept_log import CodedLog, coded_log
from features.labels import DAY, ChurnDefinition, label_streams, spell_ends
from features.log import EventLog, Int, to_log
from features.spark import SparkWarehouse
from features.streams import ACTIVITY, AUTO_RENEW

if TYPE_CHECKING:
    import pyarrow as pa

    from features.panel import PanelSettings
    from features.warehouse import Warehouse

CANCELLED, NOT_RENEWED, WENT_SILENT = WAYS = ("cancelled", "not renewed", "went silent")
SILENT_DAYS = 60
"""An account that did nothing for so long before its subscription ended went silent first."""
COLUMNS = ("account_id", "left_at", "way")


def departures(log: EventLog, churn: ChurnDefinition) -> pd.DataFrame:
    """Return account_id, left_at and way of every spell that ended.

    By inactivity all went silent. A subscription's end is one of silence where the account had been active and then was
    not for `SILENT_DAYS` before; else it was not renewed where it did not renew by itself, and cancelled where it did
    or nothing is said of that.
    """
    ends = spell_ends(log, churn)
    way = np.full(len(ends.at), WENT_SILENT, dtype=object)
    if churn.kind == "subscription":
        last_active, _ = _last_before(log, ACTIVITY, ends.account, ends.at)
        _, renews = _last_before(log, AUTO_RENEW, ends.account, ends.at)
        is_silent = ends.at - last_active > SILENT_DAYS * DAY
        way = np.where(is_silent, WENT_SILENT, np.where(renews == 0, NOT_RENEWED, CANCELLED))
    names = np.array(log.accounts, dtype=object)[ends.account]
    return pd.DataFrame({"account_id": names, "left_at": pd.to_datetime(ends.at, unit="us").as_unit("us"), "way": way})


def _last_before(log: EventLog, stream: str, account: Int, at: Int) -> tuple[Any, npt.NDArray[np.float64]]:
    """When the last event of a stream before each moment of an account was, and its value; NaN where there was none."""
    own = log.of_streams((stream,))
    events = pd.DataFrame({"account": log.owners(own), "at": log.at[own], "value": log.value[own]})
    events["last"] = events["at"].astype(np.float64)
    wanted = pd.DataFrame({"account": account, "at": at, "place": np.arange(len(at))})
    found = pd.merge_asof(
        wanted.sort_values("at"), events.sort_values("at"), on="at", by="account", allow_exact_matches=False
    ).sort_values("place")
    return found["last"].to_numpy(), found["value"].to_numpy()


def read_departures(warehouse: Warehouse, churn: ChurnDefinition, settings: PanelSettings) -> pd.DataFrame | None:
    """Return the departures of all accounts; None where churn is labelled, since labels do not tell when.

    Accounts go through in parts; only the departures are held of all of them.
    """
    if churn.kind == "labelled":
        return None
    if isinstance(warehouse, SparkWarehouse):
        return _spark_departures(warehouse, churn)
    folder = settings.folder or Path(mkdtemp(dir=warehouse.scratch))
    log = coded_log(warehouse, folder / LOG, settings.threads)
    return _together(departures(_events(log, bucket, _streams(churn)), churn) for bucket in range(log.n_buckets))


def _streams(churn: ChurnDefinition) -> frozenset[str]:
    return frozenset({*label_streams(churn), ACTIVITY, AUTO_RENEW})


def _together(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True).sort_values(["left_at", "account_id"], ignore_index=True)


def _events(log: CodedLog, bucket: int, streams: frozenset[str]) -> EventLog:
    """The events of some streams in a bucket."""
    columns = log.columns(bucket)
    wanted = np.array([stream in streams for stream, _, _ in log.coder.types] or [False])
    own = np.flatnonzero(wanted[columns.type]) if len(columns.type) else np.zeros(0, dtype=np.int64)
    some = {name: column.take(own) for name, column in columns._asdict().items() if column is not None}
    return log.events(type(columns)(**some))


def _spark_departures(warehouse: SparkWarehouse, churn: ChurnDefinition) -> pd.DataFrame:
    from features.spark_panel import spark_schema

    log = event_log(warehouse)
    own = log.filter(log["stream"].isin(sorted(_streams(churn))))
    frame = warehouse.session.sql(warehouse.connection.compile(own)).repartition("account_id")
    found = frame.mapInArrow(_task(churn), spark_schema(_schema())).toArrow()
    return _together([found.to_pandas().astype({"left_at": "datetime64[us]"})])


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(zip(COLUMNS, (pa.string(), pa.timestamp("us"), pa.string()), strict=True))


def _task(churn: ChurnDefinition) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        own = list(batches)
        if own:
            found = departures(to_log(pa.Table.from_batches(own)), churn)
            yield from pa.Table.from_pandas(found, schema=_schema(), preserve_index=False).to_batches()

    return rows
