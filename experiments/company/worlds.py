"""The worlds a company can live in: the default one, and those that differ from it in one respect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from types import MappingProxyType

from experiments.company.parameters import Consequences, Effects, Parameters


def _null() -> Parameters:
    """Leaving is a constant hazard and comes without warning: nothing causes it, nothing foretells it."""
    silenced = {field.name: 0.0 for field in fields(Effects)} | {"base": -3.9}
    unforeseen = Consequences(silent_share=1.0, cancellation_views=0, export_prob=0, discount_prob=0, usage_left=1.0)
    return replace(Parameters(), effects=Effects(**silenced), consequences=unforeseen)


WORLDS: Mapping[str, Callable[[], Parameters]] = MappingProxyType(
    {"default": Parameters, "null": _null, "messy": Parameters}
)


def parameters_of(world: str) -> Parameters:
    """Return the parameters of a world by its name.

    Raises
    ------
    ValueError
        When there is no world of that name.

    >>> parameters_of("null").effects.champion_exit
    0.0
    """
    if world not in WORLDS:
        raise ValueError(f"got world {world!r}; expected one of {', '.join(WORLDS)}; choose one of these")
    return WORLDS[world]()
