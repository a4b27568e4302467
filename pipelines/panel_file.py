"""The panel's Parquet files, read for training: every row, or a sample by label once there are too many to hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.account_draw import drawn
from pipelines.panel_sample import Counted, Draw

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BATCH_CELLS = 4_000_000


@dataclass(frozen=True)
class PanelRows:
    """What was read of a panel.

    Attributes
    ----------
    rows
        By as-of date and account: numbers as float32, text as categories, `churned` NA where it is not due yet.
    n_rows, n_waiting
        Rows with a label, and rows that wait for theirs, among all that there are.
    kept_share
        Of the rows that did not churn, the share that was read; 1 where none was left out.
    current_share
        The same of the rows at the latest date that wait for their label.
    """

    rows: pd.DataFrame
    n_rows: int
    n_waiting: int
    kept_share: float = 1.0
    current_share: float = 1.0


def read_panel_rows(files: Sequence[Path], names: Sequence[str], *, most_rows: int, seed: int) -> PanelRows:
    """Return the columns of that name of a panel's Parquet files: all rows, where there are at most `most_rows`.

    Where there are more, every row that churned is read, and of the others so many that about `most_rows` with a label
    remain, by accounts drawn at random. Of rows that wait for their label only those at the latest date are read, by
    accounts drawn where they alone are too many. The same rows in other files give the same sample. Rows that are left
    out are held for a moment only, a batch at a time. Without a column as_of the rows are of no date.
    """
    counted = Counted.of(_batches(files, [name for name in names if name in ("as_of", "churned")]))
    n_rows, n_waiting = counted.number(True, False), counted.number(None)
    if n_rows + n_waiting <= most_rows:
        return PanelRows(_frame(_batches(files, names)), n_rows, n_waiting)
    draw = Draw.of(counted, most_rows, seed)
    rows = _frame(batch.filter(draw.keeps(batch)) for batch in _batches(files, names))
    stayed, waiting = counted.number(False), counted.number(None, at=draw.latest)
    stayed_kept, waiting_kept = int((~rows["churned"]).sum()), int(rows["churned"].isna().sum())
    return PanelRows(rows, n_rows, n_waiting, _share(stayed_kept, stayed), _share(waiting_kept, waiting))


def read_account_rows(
    files: Sequence[Path], names: Sequence[str], *, since: pd.Timestamp, most_rows: int, seed: int
) -> pd.DataFrame:
    """Return the rows of a panel's Parquet files from a date on, of all accounts, or of some where they are too many.

    Accounts are drawn at random, whatever became of them, each with all its rows.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    of_late = pc.field("as_of") >= pa.scalar(since.to_pydatetime(), pa.timestamp("us"))
    counted = (batch.filter(of_late) for batch in _batches(files, ["as_of"]))
    share = min(1.0, most_rows / max(sum(batch.num_rows for batch in counted), 1))
    late = (batch.filter(of_late) for batch in _batches(files, names))
    if share == 1:
        return _frame(late)
    return _frame(batch.filter(pa.array(drawn(batch.column("account_id"), seed) < share)) for batch in late)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _batches(files: Sequence[Path], names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    for path in files:
        schema = pq.read_schema(path)
        texts = [field.name for field in schema if "string" in str(field.type) and field.name != "account_id"]
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            for batch in file.iter_batches(BATCH_CELLS // len(names), columns=names):
                yield batch.select(names)


def _frame(batches: Iterator[pa.RecordBatch]) -> pd.DataFrame:
    """Return the rows sorted, each column made on its own, so that no second copy of all is ever held."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.Table.from_batches(list(batches))
    by = [(name, "ascending") for name in ("as_of", "account_id") if name in table.schema.names]
    order = pc.sort_indices(table, sort_keys=by)
    columns = {}
    for name in table.schema.names:
        columns[name] = _column(table.column(name), order)
        table = table.drop_columns([name])
        # Arrow would keep what it freed for itself.
        pa.default_memory_pool().release_unused()
    return pd.DataFrame(columns, copy=False)


def _column(column: pa.ChunkedArray, order: pa.Array) -> Any:
    import pandas as pd
    import pyarrow.types as is_

    if is_.is_floating(column.type):
        return column.to_numpy()[order.to_numpy()].astype(np.float32, copy=False)
    taken = column.unify_dictionaries().combine_chunks().take(order)
    if is_.is_boolean(column.type):
        return pd.array(taken.to_numpy(zero_copy_only=False), dtype="boolean")
    found = taken.to_pandas()
    if is_.is_dictionary(column.type):
        found = found.cat.remove_unused_categories()
        return found.cat.reorder_categories(sorted(found.cat.categories))
    return found
