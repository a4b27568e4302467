"""One category as columns of 0 and 1: rare levels pooled, missing ones neutral."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.churn.encoder import Columns, FloatArray, coded, level_counts
from pipelines.segmentation.number_column import BoolArray

OTHER = "(other)"
RARE_SHARE = 0.02
MOST_LEVELS = 20


@dataclass(frozen=True)
class CategoryColumn:
    """Which levels of a category count, the most frequent first; "(other)" is last where rare ones were pooled."""

    name: str
    levels: tuple[str, ...]

    @classmethod
    def fit(cls, name: str, values: Any) -> CategoryColumn | None:
        """Return the category's levels, or None where there is only one once the rare ones are pooled.

        A level is rare below 2 % of the accounts, or beyond the twentieth: an industry with one member is no industry.

        >>> CategoryColumn.fit("plan", ["basic"] * 60 + ["pro"] * 40 + ["trial", None]).levels
        ('basic', 'pro', '(other)')
        """
        counts = level_counts(values)
        total = sum(counts.values())
        ranked = sorted(counts, key=lambda level: (-counts[level], level))
        kept = [level for level in ranked[:MOST_LEVELS] if counts[level] >= RARE_SHARE * total]
        kept += [OTHER] if len(kept) < len(ranked) else []
        return cls(name, tuple(kept)) if len(kept) > 1 else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the level behind each encoded column."""
        return self.levels

    def encode(self, columns: Columns, n: int, *, cuts: bool = True) -> tuple[FloatArray, BoolArray]:
        """Return 1 for the own level, else 0, shape (n, levels), and whether there was one, shape (n,).

        A missing level is 0 throughout. One never seen counts as "(other)", or as missing where nothing was pooled.

        >>> column = CategoryColumn("plan", ("basic", "pro"))
        >>> encoded, is_known = column.encode({"plan": ["pro", None, "gold"]}, 3)
        >>> encoded.tolist(), is_known.tolist()
        ([[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]], [True, False, True])
        """
        levels, positions = coded(columns[self.name] if self.name in columns else [None] * n)
        places: dict[str | None, int] = {level: place for place, level in enumerate(self.levels)}
        pooled = places.get(OTHER, -1)
        # the last entry is what position -1 finds
        of_level = np.array([-1 if level is None else places.get(level, pooled) for level in [*levels, None]])
        own, is_known = of_level[positions], np.array([level is not None for level in [*levels, None]])[positions]
        encoded = np.zeros((n, len(self.levels)))
        encoded[np.flatnonzero(own >= 0), own[own >= 0]] = 1.0
        return encoded, is_known

    def to_json(self) -> dict[str, Any]:
        """Return the column as plain JSON types."""
        return {"kind": "category", "name": self.name, "levels": list(self.levels)}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> CategoryColumn:
        """Return the column that `to_json` wrote."""
        return cls(saved["name"], tuple(saved["levels"]))
