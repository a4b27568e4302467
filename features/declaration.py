"""What a feature computes in plain JSON types, so that a release carries it; read back strictly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from features import streams
from features.compute import Combined, Compute, Windowed
from features.errors import PerennialError, ReleaseError

STREAMS = frozenset(value for name, value in vars(streams).items() if name.isupper())
# The compiled aggregates by name, so that who reads a release need not load the kernel: those that take a parameter,
# with its least and its greatest value, and the others.
WITH_PARAMETER: Mapping[str, tuple[float, float]] = {
    "quantile": (0, 1), "active_streak": (1, math.inf), "newly_silent": (1, math.inf),
    "decayed_total": (0.01, math.inf), "decayed_count": (0.01, math.inf), "decayed_mean": (0.01, math.inf),
    "expectation": (0, 1), "gap_to_expectation": (0, 1), "recovery_days": (0, 1),
    "share_below": (-math.inf, math.inf), "share_above": (-math.inf, math.inf),
}  # fmt: skip
WITHOUT_PARAMETER = frozenset(
    {
        "count", "total", "mean", "smallest", "largest", "first", "last", "current", "current_text", "spread", "slope",
        "active_days", "days_since_last", "days_since_first", "distinct_kinds", "distinct_contacts",
        "distinct_touchpoints", "distinct_texts", "mean_gap_days", "gap_ratio", "count_slope", "last_change",
        "last_change_share", "falling_streak", "unanswered_streak", "always_silent", "days_to_renewal",
    }
)  # fmt: skip


def plain_computation(compute: Compute) -> dict[str, Any]:
    """Return a computation as plain JSON types, without what is not set.

    >>> plain_computation(Windowed(("nps",), "last", days=90))
    {'streams': ['nps'], 'aggregate': 'last', 'days': 90}
    """
    if isinstance(compute, Combined):
        left, right = plain_computation(compute.left), plain_computation(compute.right)
        return {"operation": compute.operation, "left": left, "right": right}
    said = {name: _plain(getattr(compute, name)) for name in Windowed.__slots__}
    return {name: value for name, value in said.items() if value is not None}


def computation(plain: Any) -> Compute:
    """Return the computation that `plain_computation` wrote.

    Raises
    ------
    ReleaseError
        when it is not one, or names a stream or an aggregate that is not known here.
    """
    if isinstance(plain, Mapping) and "operation" in plain:
        refuse_unknown(plain, Combined.__slots__, "computation")
        if plain["operation"] not in ("-", "/"):
            raise unreadable(f"the operation {plain['operation']!r}")
        return Combined(plain["operation"], _windowed(plain.get("left")), _windowed(plain.get("right")))
    return _windowed(plain)


def refuse_unknown(plain: Any, names: Iterable[str], what: str) -> None:
    """Raise ReleaseError where something is no mapping or has keys beyond the names."""
    if not isinstance(plain, Mapping):
        raise unreadable(f"{plain!r} where a {what} has to be")
    unknown = sorted(map(str, set(plain) - set(names)))
    if unknown:
        raise unreadable(f"a {what} with unknown {', '.join(unknown)}")


def unreadable(came: str) -> PerennialError:
    """Return the ReleaseError of a declaration that cannot be read."""
    expected, do = "a declaration that this version can read", "train again, or use the version that wrote it"
    return ReleaseError.of(came, expected, do)


def _windowed(plain: Any) -> Windowed:
    refuse_unknown(plain, Windowed.__slots__, "computation")
    wrong = [name for name, is_sound in _SOUND.items() if not is_sound(plain.get(name))]
    if wrong:
        raise unreadable(f"a computation with {wrong[0]} {plain.get(wrong[0])!r}")
    aggregate, parameter = plain["aggregate"], plain.get("parameter")
    if not _fits(aggregate, parameter):
        raise unreadable(f"the aggregate {aggregate} with parameter {parameter!r}")
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return Windowed(**given)


def _fits(aggregate: str, parameter: float | None) -> bool:
    if parameter is None or aggregate not in WITH_PARAMETER:
        return parameter is None and aggregate in WITHOUT_PARAMETER
    least, most = WITH_PARAMETER[aggregate]
    return least <= parameter <= most


def _plain(value: Any) -> Any:
    """A list for a tuple, and one way of writing a number, so that 30.0 is 30."""
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(isinstance(each, str) for each in value)


_SOUND: Mapping[str, Callable[[Any], bool]] = {
    "streams": lambda value: _are_texts(value) and set(value) <= STREAMS,
    "aggregate": lambda value: isinstance(value, str) and value in {*WITH_PARAMETER, *WITHOUT_PARAMETER},
    "days": lambda value: value is None or (_is_number(value) and value > 0),
    "kind": lambda value: value is None or isinstance(value, str),
    "roles": lambda value: value is None or _are_texts(value),
    "parameter": lambda value: value is None or _is_number(value),
}
