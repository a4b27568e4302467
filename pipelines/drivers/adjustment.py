"""Which covariates an effect is adjusted for, of the many that the causal order allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.drivers.covariates import Covariates, before_window, within_window
from pipelines.drivers.driver import Levels
from pipelines.drivers.nuisance import Binned, Floats
from pipelines.drivers.rows import DriverRows, Ints

STRONGEST = 20
"""Covariates kept for each of the two models, of those that tell most of the outcome or of the experience."""
RANKING_TREES = 30


@dataclass(frozen=True)
class Adjustment:
    """Everything known before the window, and how much each of it tells of the outcome."""

    rows: DriverRows
    base: Covariates
    binned: Binned
    outcome_gains: Floats
    seed: int

    @classmethod
    def of(cls, rows: DriverRows, seed: int) -> Adjustment:
        """Return what can be adjusted for in some driver rows."""
        base = before_window(rows)
        binned, due = Binned.of(base.matrix), np.flatnonzero(~np.isnan(rows.churned))
        churned = np.nan_to_num(rows.churned).astype(np.int64)
        return cls(rows, base, binned, binned.gains(churned, due, n_trees=RANKING_TREES, seed=seed), seed)

    def chosen(self, experience_gains: Floats, within: Sequence[str]) -> Covariates:
        """Return the covariates that tell most of the outcome or of the experience, and all columns of the window.

        Both sets together (double selection: Belloni, Chernozhukov and Hansen 2014): a covariate that matters to one of
        the two only would be missed by choosing for the other.
        """
        places = np.union1d(_strongest(self.outcome_gains), _strongest(experience_gains))
        return self.base.some(places).beside(within_window(self.rows, within))

    def strongest_families(self, experience_gains: Floats) -> list[str]:
        """Return the two families of features that confound most, by the product of what each tells of both."""
        both = [_shares(gains, self.base.families) for gains in (self.outcome_gains, experience_gains)]
        return sorted(both[0], key=lambda family: -both[0][family] * both[1][family])[:2]

    def experience_gains(self, contrast: Levels) -> Floats:
        """Return how much each covariate tells of whether an experience is bad or good."""
        known = np.flatnonzero((contrast.is_bad | contrast.is_good) & ~np.isnan(self.rows.churned))
        return self.binned.gains(contrast.is_bad.astype(np.int64), known, n_trees=RANKING_TREES, seed=self.seed)


def _strongest(gains: Floats) -> Ints:
    order = np.argsort(-gains, kind="stable")[:STRONGEST]
    return np.asarray(order[gains[order] > 0], dtype=np.int64)


def _shares(gains: Floats, families: Sequence[str]) -> dict[str, float]:
    total = max(float(gains.sum()), 1e-12)
    return {one: float(gains[[family == one for family in families]].sum()) / total for one in sorted(set(families))}
