"""Effects that must not be there: of the experience dealt out at random, and of a later one on what came before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.drivers.effect import Comparison
from pipelines.drivers.rows import DriverRows

FALLEN = 0.5
"""An account's activity fell where it is less than this share of that of the quarter before."""
ACTIVITY = ("activities_90d", "purchases_90d")


def shuffled(comparison: Comparison, rows: DriverRows, seed: int) -> Comparison:
    """Return the comparison with the experience dealt out at random among the rows of each date."""
    rng = np.random.default_rng(seed)
    as_of = pd.factorize(rows.keys["as_of"])[0][comparison.rows]
    bad, chance = comparison.bad.copy(), np.empty(len(comparison.bad))
    for date in np.unique(as_of):
        own = np.flatnonzero(as_of == date)
        bad[own] = rng.permutation(bad[own])
        chance[own] = bad[own].mean()
    return replace(comparison, bad=bad, chance=chance)


def later_rows(rows: DriverRows) -> DriverRows | None:
    """Return rows whose experience is that of the quarter after, and whose outcome is a fall of activity before it.

    What comes later cannot act on what came before. Where it seems to, the experience is given to accounts that decline
    (as reviews are), and its effect rests on whether the covariates tell all of that. None where no activity is known.
    """
    name = next((name for name in ACTIVITY if name in rows.now), None)
    if name is None:
        return None
    keys = rows.keys
    place = pd.Series(np.arange(len(keys)), index=pd.MultiIndex.from_frame(keys[["account_id", "as_of"]]))
    after = pd.MultiIndex.from_arrays([keys["account_id"], keys["as_of"] + pd.DateOffset(months=3)])
    found = place.reindex(after).to_numpy()
    there = ~np.isnan(found)
    if not there.any():
        return None
    fell = _fell(rows.now[name], rows.before[name])[there]
    return replace(
        rows,
        keys=keys[there].reset_index(drop=True).assign(churned=fell),
        now=rows.now.iloc[found[there].astype(int)].reset_index(drop=True),
        before=rows.before[there].reset_index(drop=True),
    )


def _fell(now: pd.Series, before: pd.Series) -> npt.NDArray[np.float64]:
    """1 where less than half remains, 0 where more does, NaN where there was nothing to lose."""
    had = before.to_numpy(dtype=float, na_value=np.nan)
    has = now.fillna(0).to_numpy(dtype=float)
    return np.where(had > 0, (has < FALLEN * had).astype(float), np.nan)
