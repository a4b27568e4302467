"""One category as shares of levels: rare levels pooled, missing ones neutral."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.churn.encoder import Columns, FloatArray, levels_of
from pipelines.segmentation.number_column import BoolArray

OTHER = "(other)"
RARE_SHARE = 0.02
MOST_LEVELS = 20


@dataclass(frozen=True)
class CategoryColumn:
    """Which levels of a category count, and how common each is.

    Attributes
    ----------
    levels
        The most frequent first; "(other)" comes last where rare levels were pooled.
    shares
        Of the accounts whose level is known; the same order.
    """

    name: str
    levels: tuple[str, ...]
    shares: tuple[float, ...]

    @classmethod
    def fit(cls, name: str, values: list[str | None]) -> CategoryColumn | None:
        """Return the category's levels, or None where there is only one once the rare ones are pooled.

        A level is rare below 2 % of the accounts, or beyond the twentieth: an industry with one member is no industry.

        >>> CategoryColumn.fit("plan", ["basic"] * 60 + ["pro"] * 40 + ["trial", None]).levels
        ('basic', 'pro', '(other)')
        """
        counts = Counter(value for value in values if value is not None)
        total = counts.total()
        ranked = sorted(counts, key=lambda level: (-counts[level], level))
        kept = [level for level in ranked[:MOST_LEVELS] if counts[level] >= RARE_SHARE * total]
        shares = [counts[level] / total for level in kept]
        if len(kept) < len(ranked):
            kept, shares = [*kept, OTHER], [*shares, sum(counts[level] for level in set(ranked) - set(kept)) / total]
        return cls(name, tuple(kept), tuple(shares)) if len(kept) > 1 else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the level behind each encoded column."""
        return self.levels

    def encode(self, columns: Columns, n: int) -> tuple[FloatArray, BoolArray]:
        """Return 1 for the own level less each level's share, shape (n, levels), and whether there was one, shape (n,).

        A missing level is 0 throughout. One never seen counts as "(other)", or as 0 where nothing was pooled.

        >>> column = CategoryColumn("plan", ("basic", "pro"), (0.75, 0.25))
        >>> encoded, is_known = column.encode({"plan": ["pro", None, "gold"]}, 3)
        >>> encoded.tolist(), is_known.tolist()
        ([[-0.75, 0.75], [0.0, 0.0], [0.0, 0.0]], [True, False, True])
        """
        values = levels_of(columns[self.name]) if self.name in columns else [None] * n
        codes: dict[str | None, int] = {level: code for code, level in enumerate(self.levels)}
        pooled = codes.get(OTHER, -1)
        own = np.array([-1 if value is None else codes.get(value, pooled) for value in values], dtype=np.intp)
        encoded = np.eye(len(self.levels))[own] - np.array(self.shares)
        encoded[own < 0] = 0.0
        return encoded, np.array([value is not None for value in values], dtype=bool)

    def to_json(self) -> dict[str, Any]:
        """Return the column as plain JSON types."""
        return {"kind": "category", "name": self.name, "levels": list(self.levels), "shares": list(self.shares)}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> CategoryColumn:
        """Return the column that `to_json` wrote."""
        return cls(saved["name"], tuple(saved["levels"]), tuple(saved["shares"]))
