"""Features of spine rows from an event log: the declarations, handed to the kernel and put together again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.aggregates import AGGREGATES, DAY, EVER, Float, Int, Plan, walk
from features.catalog import Feature
from features.compute import Combined, Windowed, parts
from features.events import EventLog


def event_features(log: EventLog, features: Sequence[Feature], accounts: Int, as_of: Int) -> dict[str, Float]:
    """Return the features that rest on events, one array a feature, a value a spine row.

    Parameters
    ----------
    log
        the events.
    features
        declarations; those that do not rest on events are passed over.
    accounts, as_of
        the spine: positions in `log.accounts`, ascending, and instants (microseconds), ascending in each account.
    """
    ours = [feature for feature in features if parts(feature.compute)]
    leaves = sorted({part for feature in ours for part in parts(feature.compute)}, key=_by_selection)
    if not leaves:
        return {}
    values = walk(log, accounts, as_of, _plan(leaves, log))
    computed = {leaf: values[:, i] for i, leaf in enumerate(leaves)}
    return {feature.name: _value(feature, computed) for feature in ours}


def _by_selection(leaf: Windowed) -> tuple[str, ...]:
    return (*leaf.streams, "|", leaf.kind or "", leaf.aggregate, str(leaf.days))


def _value(feature: Feature, computed: dict[Windowed, Float]) -> Float:
    compute = feature.compute
    if isinstance(compute, Combined):
        return _combined(compute, computed[compute.left], computed[compute.right])
    assert isinstance(compute, Windowed)  # noqa: S101 - the caller keeps only what rests on events
    return computed[compute]


def _plan(columns: list[Windowed], log: EventLog) -> Plan:
    """Return what the kernel has to do for the aggregates, which must be ordered by selection."""
    chosen = [(column.streams, column.kind) for column in columns]
    selections = list(dict.fromkeys(chosen))
    types = log.types or (("", None),)
    holds = [[stream in streams and kind in (None, own) for stream, own in types] for streams, kind in selections]
    return Plan(
        selections=np.array(holds, dtype=bool).reshape(len(selections), len(types)),
        selection=np.array([selections.index(each) for each in chosen], dtype=np.int64),
        aggregate=np.array([AGGREGATES.index(column.aggregate) for column in columns], dtype=np.int64),
        window=np.array([EVER if column.days is None else column.days * DAY for column in columns], dtype=np.int64),
    )


def _combined(compute: Combined, left: Float, right: Float) -> Float:
    """Return the difference or the ratio, NaN where the divisor is zero or either is missing.

    >>> _combined(Combined("/", Windowed(("nps",), "count"), Windowed(("invited",), "count")),
    ...         np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    array([0.25,  nan])
    """
    if compute.operation == "-":
        return left - right
    return np.divide(left, right, out=np.full_like(left, np.nan), where=(right != 0) & ~np.isnan(right))
