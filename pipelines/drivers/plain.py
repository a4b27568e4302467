"""Findings as a program reads them: their words, and plain objects of their table; needs none of what finds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["cause", "none found", "withheld", "refused"]
Basis = Literal["caused", "counted", "predicted", "check"]
ALL_DRIVERS = "all drivers"
"""Stands in the place of a driver's name beside figures of no one driver."""
EVERYONE = "all"
TOUCHPOINT = "touchpoint"
MOMENT, PAIN, BOUND = "moment of truth", "pain point", "controllable bound"
"""Figures of places, and of all causes together."""


def nested(table: pd.DataFrame, by: Sequence[str] = ("driver",)) -> list[dict[str, Any]]:
    """Return one object a driver with its figures, in the order of the table; what is not known is None.

    Parameters
    ----------
    table
        one row a figure, as releases keep findings: what is said of the driver, then from the column `figure` on what
        is said of the figure; or empty, without columns.
    by
        the columns whose values set one object apart from another.

    >>> import pandas as pd
    >>> rows = [("cases", "cause", "effect", 3.5), ("cases", "cause", "hidden cause", float("nan"))]
    >>> nested(pd.DataFrame(rows, columns=["driver", "verdict", "figure", "value"]))
    [{'driver': 'cases', 'verdict': 'cause', 'figures': [{'figure': 'effect', 'value': 3.5}, \
{'figure': 'hidden cause', 'value': None}]}]
    """
    if table.empty:
        return []
    about = list(table.columns[: list(table.columns).index("figure")])
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in table.to_dict("records"):
        plain = {str(name): _plain(value) for name, value in row.items()}
        key = tuple(row[name] for name in by)
        one = found.setdefault(key, {name: plain[name] for name in about} | {"figures": []})
        one["figures"].append({name: value for name, value in plain.items() if name not in about})
    return list(found.values())


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is None or (isinstance(value, float) and not np.isfinite(value)) else value
