"""Features of spine rows from an event log: the declarations as a plan, walked, and put under their names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from features.aggregates import AGGREGATES, DAY, EVER
from features.catalog import Feature
from features.compute import Combined, Windowed, parts
from features.labels import Spine
from features.log import EventLog, Int, Type
from features.walk import DIFFERENCE, ITSELF, RATIO, Plan, walk

if TYPE_CHECKING:
    import pyarrow as pa

_OPERATIONS = {"-": DIFFERENCE, "/": RATIO}


def event_features(log: EventLog, features: Sequence[Feature], spine: Spine, places: Int) -> dict[str, pa.Array]:
    """Return the features of spine rows, one array a feature: numbers as float32, categories as text, null if missing.

    Parameters
    ----------
    log
        the events.
    features
        declarations with a computation.
    spine
        the rows, in order of account and date.
    places
        where in the arrays each of them goes.
    """
    values = walk(log, spine.account, spine.as_of, _planner(tuple(features)).of(log.types), places)
    return {feature.name: _column(feature, values[i], log) for i, feature in enumerate(features)}


def _column(feature: Feature, values: Any, log: EventLog) -> pa.Array:
    import pyarrow as pa

    if feature.kind == "number":
        return pa.array(values, mask=np.isnan(values))
    codes = np.where(np.isnan(values), -1, values).astype(np.int32)
    is_missing = codes < 0
    coded = pa.array(np.where(is_missing, 0, codes), mask=is_missing)
    return pa.DictionaryArray.from_arrays(coded, pa.array(log.texts, pa.string())).cast(pa.string())


class Planner:
    """What the walk has to do for some features, worked out once; over logs of any types.

    >>> from features.catalog import catalogue
    >>> planner = Planner([feature for feature in catalogue() if feature.name == "activities_30d"])
    >>> planner.of((("activity", "login", None), ("nps", None, None))).taken_from.tolist()
    [0, 1, 1]
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        leaves = sorted({part for feature in features for part in parts(feature.compute)}, key=_place)
        chosen = [_selection(leaf) for leaf in leaves]
        at = {leaf: i for i, leaf in enumerate(leaves)}
        columns = [_operands(feature, at) for feature in features]
        self._selections = list(dict.fromkeys(chosen))
        self._takers: dict[Type, Int] = {}
        self._rest = {
            "leaf_from": np.array([*(chosen.index(each) for each in self._selections), len(leaves)], dtype=np.int64),
            "aggregate": np.array([AGGREGATES.index(leaf.aggregate) for leaf in leaves], dtype=np.int64),
            "window": np.array([EVER if leaf.days is None else round(leaf.days * DAY) for leaf in leaves], np.int64),
            "parameter": np.array([np.nan if leaf.parameter is None else leaf.parameter for leaf in leaves], float),
            "operation": np.array([operation for operation, _, _ in columns], dtype=np.int64),
            "left": np.array([left for _, left, _ in columns], dtype=np.int64),
            "right": np.array([right for _, _, right in columns], dtype=np.int64),
        }

    def of(self, types: tuple[Type, ...]) -> Plan:
        """Return the plan over a log of these types."""
        takers = [self._takers_of(type_) for type_ in types]
        code = {kind: i for i, kind in enumerate(sorted({kind for _, kind, _ in types if kind is not None}))}
        return Plan(
            taken_from=np.cumsum([0, *map(len, takers)], dtype=np.int64),
            taker=np.concatenate([np.zeros(0, dtype=np.int64), *takers]),
            kind=np.array([-1 if kind is None else code[kind] for _, kind, _ in types], dtype=np.int32),
            **self._rest,
        )

    def _takers_of(self, type_: Type) -> Int:
        """Which selections take events of a type; the same types come again and again."""
        if type_ not in self._takers:
            taken = [i for i, selection in enumerate(self._selections) if _takes(selection, type_)]
            self._takers[type_] = np.array(taken, dtype=np.int64)
        return self._takers[type_]


_planner = lru_cache(maxsize=16)(Planner)


def _place(leaf: Windowed) -> tuple[Any, ...]:
    selection = (leaf.streams, leaf.kind or "", leaf.roles or ())
    return (*selection, leaf.days or np.inf, leaf.aggregate, leaf.parameter or 0.0)


def _selection(leaf: Windowed) -> tuple[Any, ...]:
    return leaf.streams, leaf.kind, leaf.roles


def _takes(selection: tuple[Any, ...], type_: Type) -> bool:
    streams, kind, roles = selection
    return type_[0] in streams and kind in (None, type_[1]) and (roles is None or type_[2] in roles)


def _operands(feature: Feature, at: dict[Windowed, int]) -> tuple[int, int, int]:
    compute = feature.compute
    if isinstance(compute, Combined):
        return _OPERATIONS[compute.operation], at[compute.left], at[compute.right]
    (leaf,) = parts(compute)
    return ITSELF, at[leaf], at[leaf]
