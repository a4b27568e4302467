"""Assignments of a kind of action as rows: what was known just before, and whether the account stayed a horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.feature import Feature
from pipelines.actions.trial import Trial
from pipelines.churn.encoder import Encoder

KEYS = ("account_id", "as_of")
BY_LOT = "random"
MOST_A_HELPED = 10
"""Rows of those that were not helped, for each that was: more hardly tell more."""


@dataclass(frozen=True, eq=False)
class Assignments:
    """Rows of one kind: account_id, assigned_at, as_of (of features), helped, stayed (1, 0), chance (NaN: unknown)."""

    kind: str
    rows: pd.DataFrame

    def trial(self, encoder: Encoder, features: pd.DataFrame) -> Trial:
        """Return what uplift is learnt from; `features` are the panel's rows, one an assignment, in the same order."""
        return Trial(
            encoder.transform({str(name): features[name] for name in features}),
            self.rows["helped"].to_numpy(dtype=np.int64),
            self.rows["stayed"].to_numpy(dtype=np.int64),
            np.asarray(pd.factorize(self.rows["account_id"])[0], dtype=np.int64),
            self.rows["chance"].to_numpy(dtype=np.float64),
        )


@dataclass(frozen=True, eq=False)
class Followed:
    """What says whether accounts stayed: departures (account_id, left_at), the horizon, until when all are known."""

    departures: pd.DataFrame
    horizon_days: int
    until: pd.Timestamp

    def with_outcome(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows whose horizon is over, with `stayed`; `assigned_at` says when it begins."""
        horizon = pd.Timedelta(days=self.horizon_days)
        due = rows[rows["assigned_at"] + horizon <= self.until].reset_index(drop=True)
        left = self.departures[["account_id", "left_at"]].astype({"account_id": "str"})
        pairs = due[["account_id", "assigned_at"]].reset_index().merge(left, on="account_id")
        within = (pairs["left_at"] >= pairs["assigned_at"]) & (pairs["left_at"] <= pairs["assigned_at"] + horizon)
        return due.assign(stayed=1 - due.index.isin(pairs.loc[within, "index"]).astype(np.int64))

    def is_there(self, rows: pd.DataFrame) -> pd.Series:
        """Whether each account had not left between its `as_of` and its `assigned_at`."""
        left = self.departures[["account_id", "left_at"]].astype({"account_id": "str"})
        pairs = rows[["account_id", "as_of", "assigned_at"]].reset_index().merge(left, on="account_id")
        between = (pairs["left_at"] >= pairs["as_of"]) & (pairs["left_at"] < pairs["assigned_at"])
        return ~pd.Series(rows.index.isin(pairs.loc[between, "index"]), index=rows.index)


def trial_rows(kind: str, interventions: pd.DataFrame, panel: pd.DataFrame, followed: Followed) -> Assignments:
    """Return the assignments of a kind that were drawn by lot, held out or not.

    Parameters
    ----------
    panel
        account_id and as_of of its rows; what is known of an assignment is the latest row at or before it.
    """
    own = interventions[(interventions["kind"] == kind) & (interventions["assigned_by"] == BY_LOT)]
    is_held = own["is_holdout"].astype("boolean").fillna(False).astype(bool)
    helped = (~is_held).astype(np.int64)
    chance = own["propensity"].to_numpy(dtype=float, na_value=np.nan)
    # By lot, but with a chance that nobody wrote down: it is the share that was drawn.
    chance = np.where(np.isfinite(chance), chance, helped.mean() if len(own) else np.nan)
    rows = own[["account_id", "assigned_at"]].assign(helped=helped, chance=chance)
    rows = rows[(rows["chance"] > 0) & (rows["chance"] < 1)]
    return Assignments(kind, followed.with_outcome(_with_cutoff(rows, panel)))


def logged_rows(
    kind: str, interventions: pd.DataFrame, panel: pd.DataFrame, followed: Followed, *, seed: int
) -> Assignments:
    """Return the assignments of a kind that somebody decided on, beside accounts that were not helped in that month.

    Those are given a moment of the month drawn from when others were helped, and have to be there at it: who was helped
    on the 20th had not left on the 10th.
    """
    of_kind = interventions[interventions["kind"] == kind]
    by_lot = of_kind["assigned_by"] == BY_LOT
    is_held = of_kind["is_holdout"].astype("boolean").fillna(False).astype(bool)
    own = _with_cutoff(of_kind[~by_lot & ~is_held][["account_id", "assigned_at"]], panel)
    own = own.sort_values("assigned_at").drop_duplicates(list(KEYS))
    if own.empty:
        return Assignments(kind, followed.with_outcome(own.assign(helped=0, chance=np.nan)))
    touched = pd.MultiIndex.from_frame(_with_cutoff(of_kind[["account_id", "assigned_at"]], panel)[list(KEYS)])
    months = panel[panel["as_of"].isin(own["as_of"].unique())]
    others = months[~pd.MultiIndex.from_frame(months[list(KEYS)]).isin(touched)]
    rng = np.random.default_rng(seed)
    some = np.sort(rng.permutation(len(others))[: MOST_A_HELPED * len(own)])
    others = others.iloc[some].reset_index(drop=True)
    after = (own["assigned_at"] - own["as_of"]).to_numpy()
    others = others.assign(assigned_at=others["as_of"] + rng.choice(after, len(others)))
    others = others[followed.is_there(others)]
    rows = pd.concat([own.assign(helped=1), others.assign(helped=0)], ignore_index=True)
    return Assignments(kind, followed.with_outcome(rows.assign(chance=np.nan)))


def panel_keys(files: Sequence[Path]) -> pd.DataFrame:
    """Return account_id and as_of of all rows of a panel's Parquet files."""
    import pyarrow.dataset as ds

    keys: pd.DataFrame = ds.dataset(list(files)).to_table(columns=list(KEYS)).to_pandas()
    return keys.astype({"account_id": "str"})


def panel_rows_at(files: Sequence[Path], keys: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """Return the features of some rows of a panel's files, in the order of `keys` (account_id, as_of)."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    wanted = pd.MultiIndex.from_frame(keys[list(KEYS)])
    names = [*KEYS, *(feature.name for feature in features)]
    parts = []
    for batch in ds.dataset(list(files)).to_batches(columns=names):
        own = batch.select(list(KEYS)).to_pandas().astype({"account_id": "str"})
        parts.append(batch.filter(pa.array(pd.MultiIndex.from_frame(own).isin(wanted))))
    table = pa.Table.from_batches(parts)
    found: pd.DataFrame = table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    index = pd.MultiIndex.from_frame(found[list(KEYS)].astype({"account_id": "str"}))
    return found.iloc[index.get_indexer(wanted)].drop(columns=list(KEYS)).reset_index(drop=True)


def _with_cutoff(rows: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """The rows with the as-of date of the latest panel row at or before each, those without one left out."""
    cutoffs = np.sort(panel["as_of"].unique())
    place = np.searchsorted(cutoffs, rows["assigned_at"].to_numpy(), side="right") - 1
    own = rows[place >= 0].assign(
        account_id=lambda frame: frame["account_id"].astype("str"), as_of=cutoffs[place[place >= 0]]
    )
    known = pd.MultiIndex.from_frame(own[list(KEYS)]).isin(pd.MultiIndex.from_frame(panel[list(KEYS)]))
    return own[known].reset_index(drop=True)
