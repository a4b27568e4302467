"""The rows that break the contract: found again where they are listed, and left out of what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features.parts import ROW_BITS
from features.tables import Table

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from features.warehouse import Warehouse

REJECT_COLUMNS = ("table", "file", "row", "key", "column", "came", "expected", "do")


@dataclass(frozen=True, slots=True)
class Breach:
    """Rows that break one rule: how many, which, what they hold, what was expected and what to do."""

    column: str
    n: int
    rows: ibis.Table
    came: Any
    what: str
    expected: str
    do: str


def repeats(rows: ibis.Table, key: tuple[str, ...]) -> Breach | None:
    """Return the rows whose key stood in an earlier row; None where there are none."""
    keys = rows.select(*key)
    counted = keys.group_by(list(key)).aggregate(_n=keys.count())
    again = counted.filter(counted["_n"] > 1)
    n = again.aggregate(n=(again["_n"] - 1).sum()).to_pyarrow().to_pylist()[0]["n"]
    if not n:
        return None
    again = rows.group_by(list(key)).aggregate(_n=rows.count(), _first=rows["_row"].min())
    again = again.filter(again["_n"] > 1).rename({f"_key_{name}": name for name in key})
    # Keys without a value are the same key: an observation without a date.
    same = [rows[name].identical_to(again[f"_key_{name}"]) for name in key]
    found = rows.inner_join(again, same)
    found = found.filter(found["_row"] > found["_first"])
    do = "remove the repeats"
    return Breach(", ".join(key), int(n), found, found[key[0]], "the key stood before", "a key of its own", do)


def strangers(rows: ibis.Table, accounts: ibis.Table) -> Breach | None:
    """Return the rows of accounts that the table of accounts does not have; None where there are none."""
    # An account of its own name is none that accounts knows: the join would lose it silently.
    found = rows.filter(rows["account_id"].notnull()).anti_join(accounts, "account_id")
    owners = rows.select("account_id").filter(rows["account_id"].notnull())
    n = owners.anti_join(accounts, "account_id").count().to_pyarrow().as_py()
    if not n:
        return None
    do = "add the account, or leave its rows out"
    came = found["account_id"]
    return Breach("account_id", int(n), found, came, "no such account", "an account of accounts", do)


def reject_rows(table: Table, breach: Breach, files: Sequence[str]) -> pd.DataFrame:
    """Return the rejects of a breach, in the order of the source's files: REJECT_COLUMNS and `_row`."""
    found = breach.rows
    key = found[table.key[0]].cast("string")
    for part in table.key[1:]:
        key = key + " " + found[part].cast("string").fill_null("")
    # Of the same number engines make different texts.
    came = breach.came if breach.came.type().is_floating() else breach.came.cast("string")
    rejects: pd.DataFrame = found.select(_row=found["_row"], key=key, came=came).to_pyarrow().to_pandas()
    rejects = rejects.sort_values("_row", ignore_index=True).assign(
        table=table.name, column=breach.column, expected=breach.expected, do=breach.do
    )
    place, rejects["row"] = np.divmod(rejects["_row"].to_numpy(), 1 << ROW_BITS)
    rejects["file"] = np.array(files, dtype=object)[place]
    if came.type().is_floating():
        rejects["came"] = rejects["came"].map(str, na_action="ignore").astype(object)
    return rejects[[*REJECT_COLUMNS, "_row"]]


def without(warehouse: Warehouse, rows: ibis.Table, rejects: Iterable[pd.DataFrame]) -> ibis.Table:
    """Return the rows that are not among the rejects."""
    import ibis
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = pd.unique(pd.concat([frame["_row"] for frame in rejects]))
    path = warehouse.scratch / f"{ibis.util.gen_name('rejected')}.parquet"
    pq.write_table(pa.table({"_row": pa.array(numbers, pa.int64())}), path)
    sound: ibis.Table = rows.anti_join(warehouse.written(path), "_row")
    return sound
