"""The rows effects are learnt from: an account at a quarter's start, and the same account a quarter before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelError, PerennialError
from features.feature import Feature
from pipelines.account_draw import drawn

MOST_ROWS = 200_000
"""More rows than this are brought down to about so many, by accounts drawn at random."""
FOLDS = 5
KEYS = ("account_id", "as_of", "churned")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DriverRows:
    """Accounts at quarter starts at which they were served, and had been at the quarter's start before.

    Attributes
    ----------
    keys
        account_id, as_of, churned (1, 0, NaN while it is not due).
    now
        features as of `as_of`: what happened in the quarter before it.
    before
        features as of the quarter's start before that: what is adjusted for.
    features
        the declarations of both's columns.
    horizon_days
        how far after `as_of` churn counts.
    kept_share
        share of accounts that was read; 1 where none was left out.
    """

    keys: pd.DataFrame
    now: pd.DataFrame
    before: pd.DataFrame
    features: tuple[Feature, ...]
    horizon_days: int
    kept_share: float = 1.0

    @cached_property
    def account(self) -> Ints:
        """Each row's account as a number."""
        return np.asarray(pd.factorize(self.keys["account_id"])[0], dtype=np.int64)

    @property
    def churned(self) -> npt.NDArray[np.float64]:
        """1, 0, or NaN while it is not due."""
        return self.keys["churned"].to_numpy(dtype=float, na_value=np.nan)

    def folds(self, seed: int) -> Ints:
        """Return a fold (0 to 4) for each row, all rows of an account in one."""
        account = self.account
        rng = np.random.default_rng(seed)
        return np.asarray((rng.permutation(account.max(initial=0) + 1) % FOLDS)[account])

    @property
    def is_latest(self) -> npt.NDArray[np.bool_]:
        """The rows at the latest date: the accounts of today."""
        return np.asarray(self.keys["as_of"] == self.keys["as_of"].max())


def read_driver_rows(
    files: Sequence[Path], features: Sequence[Feature], *, horizon_days: int, seed: int, most_rows: int = MOST_ROWS
) -> DriverRows:
    """Return the rows of a panel's Parquet files at quarter starts.

    Raises
    ------
    ModelError
        when the panel has no two quarter starts one after the other, or no account at both.
    """
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    panel = ds.dataset(list(files))
    as_of = pc.field("as_of")
    is_quarter = (pc.day(as_of) == 1) & pc.is_in(pc.month(as_of), value_set=_months())
    n = panel.count_rows(filter=is_quarter)
    share = min(1.0, most_rows / max(n, 1))
    names = [*KEYS, *(feature.name for feature in features)]
    tables = []
    for batch in panel.to_batches(columns=names, filter=is_quarter):
        tables.append(batch if share == 1 else batch.filter(_kept(batch, share, seed)))
    frame = _frame(tables, panel.schema, names)
    return pair_quarters(frame, tuple(features), horizon_days=horizon_days, kept_share=share)


def pair_quarters(
    panel: pd.DataFrame, features: tuple[Feature, ...], *, horizon_days: int, kept_share: float = 1.0
) -> DriverRows:
    """Return the rows of a panel at quarter starts beside the same accounts' rows a quarter before.

    >>> at = pd.to_datetime(["2025-01-01", "2025-04-01"])
    >>> panel = pd.DataFrame({"account_id": ["A", "A"], "as_of": at, "churned": [False, True]})
    >>> pair_quarters(panel, (), horizon_days=90).keys["churned"].tolist()
    [1.0]

    Raises
    ------
    ModelError
        when there is no account at two quarter starts one after the other.
    """
    if "as_of" not in panel:
        raise _no_rows("rows without dates")
    quarters = panel[(panel["as_of"].dt.day == 1) & panel["as_of"].dt.month.isin([1, 4, 7, 10])]
    quarters = quarters.sort_values(["as_of", "account_id"], ignore_index=True)
    earlier = quarters["as_of"] - pd.DateOffset(months=3)
    names = [feature.name for feature in features]
    place = pd.Series(np.arange(len(quarters)), index=pd.MultiIndex.from_frame(quarters[["account_id", "as_of"]]))
    found = place.reindex(pd.MultiIndex.from_arrays([quarters["account_id"], earlier])).to_numpy()
    there = ~np.isnan(found)
    if not there.any():
        raise _no_rows("no account at two quarter starts one after the other")
    now = quarters[there].reset_index(drop=True)
    before = quarters.iloc[found[there].astype(int)].reset_index(drop=True)
    keys = now[["account_id", "as_of"]].assign(
        churned=now["churned"].astype("Float64").to_numpy(float, na_value=np.nan)
    )
    return DriverRows(keys, now[names], before[names], features, horizon_days, kept_share)


def _months() -> object:
    import pyarrow as pa

    return pa.array([1, 4, 7, 10])


def _kept(batch: object, share: float, seed: int) -> object:
    import pyarrow as pa

    return pa.array(drawn(batch.column("account_id"), seed) < share)  # type: ignore[attr-defined]


def _frame(batches: Sequence[object], schema: object, names: Sequence[str]) -> pd.DataFrame:
    import pyarrow as pa

    fields = pa.schema([schema.field(name) for name in names])  # type: ignore[attr-defined]
    table = pa.Table.from_batches(batches, fields)
    frame: pd.DataFrame = table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get, self_destruct=True)
    return frame


def _no_rows(came: str) -> PerennialError:
    expected = "accounts at two quarter starts, so that what happened between lies before the outcome"
    return ModelError.of(came, expected, "bring dated tables of a year or more; a single snapshot has no before")
