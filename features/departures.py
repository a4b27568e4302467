"""When accounts left, and in which way: what a retention curve is learnt from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.downgrades import STREAMS as DOWNGRADE_STREAMS
from features.downgrades import downgraded, last_before
from features.events import event_log
from features.kept import LOG
from features.kept_log import CodedLog, coded_log
from features.labels import DAY, ChurnDefinition, Ends, label_streams, spell_ends
from features.log import EventLog, to_log
from features.spark import SparkWarehouse
from features.streams import ACTIVITY, AUTO_RENEW, END_REASON

if TYPE_CHECKING:
    import pyarrow as pa

    from features.panel import PanelSettings
    from features.warehouse import Warehouse

CANCELLED, DOWNGRADED, NOT_RENEWED, WENT_SILENT = WAYS = ("cancelled", "downgraded", "not renewed", "went silent")
SILENT_DAYS = 60
"""An account that did nothing for so long before its subscription ended went silent first."""
COLUMNS = ("account_id", "left_at", "way", "reason")


def departures(log: EventLog, churn: ChurnDefinition) -> pd.DataFrame:
    """Return account_id, left_at, way and reason of every spell that ended.

    By inactivity all went silent. The end of a subscription is of the first of these ways that fits, and so of one:
    it went silent where the account had been active and then was not for `SILENT_DAYS` before; it was downgraded where
    the account had been cut (see `downgrades`); it was not renewed where it did not renew by itself; else it was
    cancelled. The reason is the one that the account gave, None where it gave none.
    """
    ends = spell_ends(log, churn)
    way = np.full(len(ends.at), WENT_SILENT, dtype=object)
    reason = np.full(len(ends.at), None, dtype=object)
    if churn.kind == "subscription":
        way, reason = _ways(log, ends), _reasons(log, ends)
    names = np.array(log.accounts, dtype=object)[ends.account]
    left_at = pd.to_datetime(ends.at, unit="us").as_unit("us")
    return pd.DataFrame({"account_id": names, "left_at": left_at, "way": way, "reason": pd.array(reason, dtype="str")})


def _ways(log: EventLog, ends: Ends) -> npt.NDArray[Any]:
    last_active, _ = last_before(log, ACTIVITY, ends)
    _, renews = last_before(log, AUTO_RENEW, ends)
    is_silent = ends.at - last_active > SILENT_DAYS * DAY
    fits = [is_silent, downgraded(log, ends), renews == 0]
    return np.select(fits, [WENT_SILENT, DOWNGRADED, NOT_RENEWED], CANCELLED).astype(object)


def _reasons(log: EventLog, ends: Ends) -> npt.NDArray[Any]:
    """The reason that was given for each end, the first by name where several subscriptions ended at once."""
    own = log.of_streams((END_REASON,))
    said = np.array([kind for _, kind, _ in log.types], dtype=object)[log.type[own]]
    given = pd.DataFrame({"account": log.owners(own), "at": log.at[own], "reason": said})
    given = given.sort_values("reason").drop_duplicates(["account", "at"])
    wanted = pd.DataFrame({"account": ends.account, "at": ends.at})
    found = wanted.merge(given, on=["account", "at"], how="left")["reason"]
    return found.astype(object).where(found.notna(), None).to_numpy()


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
    return frozenset({*label_streams(churn), ACTIVITY, AUTO_RENEW, END_REASON, *DOWNGRADE_STREAMS})


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
    return _together([found.to_pandas().astype({"left_at": "datetime64[us]", "reason": "str"})])


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(zip(COLUMNS, (pa.string(), pa.timestamp("us"), pa.string(), pa.string()), strict=True))


def _task(churn: ChurnDefinition) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        own = list(batches)
        if own:
            found = departures(to_log(pa.Table.from_batches(own)), churn)
            yield from pa.Table.from_pandas(found, schema=_schema(), preserve_index=False).to_batches()

    return rows
