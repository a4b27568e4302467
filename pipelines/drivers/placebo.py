"""Effects that must not be there: of the experience dealt out at random, and of a later one on what came before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.drivers.effect import POINTS, Comparison
from pipelines.drivers.rows import DriverRows

DEALS = 200
FALLEN = 0.5
"""An account's activity fell where it is less than this share of that of the quarter before."""
ACTIVITY = ("activities_90d", "purchases_90d")


def shuffled(comparison: Comparison, rows: DriverRows, seed: int) -> tuple[float, float, float]:
    """Return the effect, in percentage points, of the experience dealt out at random among the rows of each date.

    Its mean over many deals, and the range that nineteen in twenty of them keep to (low, high): an effect within that
    range is no more than chance would show. Everyone of a date having the same chance, the score of each deal is the
    difference in what churn was not expected.
    """
    rng = np.random.default_rng(seed)
    as_of = pd.factorize(rows.keys["as_of"])[0][comparison.rows]
    unexpected, n_bad = comparison.churned - comparison.expected, comparison.bad.sum()
    effects = np.zeros(DEALS)
    for date in np.unique(as_of):
        own = as_of == date
        rest, bad = unexpected[own], comparison.bad[own]
        if 0 < bad.sum() < len(bad):
            dealt = np.array([rest[rng.permutation(len(rest))[: bad.sum()]].mean() for _ in range(DEALS)])
            others = (rest.sum() - dealt * bad.sum()) / (len(bad) - bad.sum())
            effects += bad.sum() / n_bad * (dealt - others)
    low, high = np.quantile(POINTS * effects, [0.025, 0.975])
    return float(POINTS * effects.mean()), float(low), float(high)


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
