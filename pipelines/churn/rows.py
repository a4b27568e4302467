"""A few accounts, each as names and values: encoded at once, and as columns where those are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.churn.encoder import Encoded, Encoder, IntArray, Matrix, level_of, rounded

Values = Mapping[str, Any]


class Rows(Encoded):
    """Rows as columns: a service that answers for one account would else make two hundred columns to read thirty.

    Values are numbers, truth values, text for categories, or None; what a row leaves out is None. The matrix is what
    `Encoder.transform` makes of the same columns.

    >>> from features.catalog import Feature
    >>> seats = Feature("seats", "firmographic", "context", "seats", "Seats")
    >>> rows = Rows([{"seats": 3}, {}], Encoder((seats,), {}))
    >>> rows.matrix.tolist(), rows["seats"].tolist()
    ([[3.0], [nan]], [3.0, nan])
    """

    def __init__(self, rows: Sequence[Values], encoder: Encoder) -> None:
        self.rows = rows
        self.encoder = encoder
        self.matrix: Matrix = _encoded(rows, encoder)
        self._columns: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        if name not in self._columns:
            # numpy reads None as NaN when it is told the type
            kind: Any = object if name in self.encoder.levels else np.float64
            self._columns[name] = np.array([row.get(name) for row in self.rows], dtype=kind)
        return self._columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.encoder.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.encoder.places)

    def __len__(self) -> int:
        return len(self.encoder.places)

    def at(self, positions: IntArray) -> Rows:
        """Return some of the rows."""
        return self if len(positions) == len(self.rows) else Rows([self.rows[i] for i in positions], self.encoder)


def _encoded(rows: Sequence[Values], encoder: Encoder) -> Matrix:
    found = np.array([_line(row, encoder) for row in rows], dtype=np.float64)
    return rounded(found.reshape(len(rows), len(encoder.places)))


def _line(row: Values, encoder: Encoder) -> list[float | None]:
    line: list[Any] = list(map(row.get, encoder.places))
    for name, codes in encoder.codes.items():
        place = encoder.places[name]
        level = level_of(line[place])
        line[place] = None if level is None else codes.get(level)
    return line
