"""Who is helped, by lot: the same accounts for the same seed whatever their order, and in balance over strata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipelines.account_draw import drawn
from pipelines.drivers.nuisance import Bools

if TYPE_CHECKING:
    import pandas as pd

HOLDOUT = "standing holdout"


def by_lot(accounts: pd.DataFrame, name: str, *, share: float, seed: int) -> Bools:
    """Return which accounts an experiment helps: of each stratum the share, to within one cluster.

    Each has the same chance, the share: the number in each stratum is rounded by a lot that all strata have in common
    (systematic rounding), and within it those with the lowest hash of name, cluster and seed are chosen.

    Parameters
    ----------
    accounts
        account_id, cluster (decided on together), stratum.
    name
        of the experiment: another one draws others.
    """
    clusters = accounts.groupby("cluster", sort=True).agg(stratum=("stratum", "min"))
    lots = drawn(_named(name, clusters.index), seed)
    order = np.lexsort((lots, clusters["stratum"].to_numpy().astype(str)))
    strata, sizes = np.unique(clusters["stratum"].to_numpy().astype(str), return_counts=True)
    first = np.concatenate([[0], np.cumsum(sizes)])
    offset = float(drawn([name], seed)[0])
    until = np.floor(share * first + offset).astype(int)
    helped = np.zeros(len(clusters), dtype=bool)
    for place in range(len(strata)):
        n = until[place + 1] - until[place]
        helped[order[first[place] : first[place] + n]] = True
    chosen = dict(zip(clusters.index, helped.tolist(), strict=True))
    return np.array([chosen[cluster] for cluster in accounts["cluster"]], dtype=bool)


def is_held_out(clusters: object, *, share: float, seed: int) -> Bools:
    """Return which accounts stand aside from the whole programme: by their cluster and the seed alone, so for good.

    >>> is_held_out(["A1", "A2", "A3", "A4"], share=0.5, seed=0).tolist()
    [True, False, True, True]
    """
    return np.asarray(drawn(_named(HOLDOUT, clusters), seed) < share)


def _named(name: str, clusters: object) -> list[str]:
    return [f"{name}\n{cluster}" for cluster in clusters]  # type: ignore[attr-defined]  # any sequence of ids
