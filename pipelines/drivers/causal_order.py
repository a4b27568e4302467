"""The causal order, declared and not guessed: what an effect is adjusted for, and what it never is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from features import streams as s
from features.compute import parts
from features.errors import ConfigError
from features.feature import Feature
from pipelines.drivers.driver import WINDOW_DAYS, Driver

TIERS = ("context", "operations", "perception", "behaviour", "intent")
# Within a window of 90 days, by the streams that a feature is made of: what befalls an account comes before the cases
# it opens, these before the first response, that before all that is known when they are closed, and surveys about it.
STEPS: Mapping[str, int] = {
    s.CASE_OPENED: 1, s.CASE_URGENT: 1, s.CASE_RESPONDED: 2, s.CASE_CLOSED: 3, s.CASE_ESCALATED: 3, s.CASE_REOPENED: 3,
    s.INVITED: 4, s.ANSWERED: 4,
}  # fmt: skip
# What a stream tells of, whatever the tier of a feature that it has a part in: a share of all contacts that were ours
# falls when the account is used more.
STREAM_TIERS: Mapping[str, str] = {
    s.ACTIVITY: "behaviour", s.PURCHASE: "behaviour", s.RETURN: "behaviour", s.NPS: "perception",
    s.CSAT: "perception", s.CES: "perception", s.EMOTION: "perception", s.INTERNAL_RATING: "perception",
}  # fmt: skip


@dataclass(frozen=True)
class CausalOrder:
    """Which driver comes before which, and what follows for each one's adjustment set (Pearl's back-door criterion).

    Everything known before a driver's window opened is adjusted for, whatever its tier: it cannot be a consequence.
    Of what happened within the window only what comes before the driver is: earlier tiers, earlier steps of its tier,
    and the drivers that it is declared to come `after`. Anything later is a way by which the driver works, or a
    consequence of leaving: adjusting for it would take away what is looked for.
    """

    features: tuple[Feature, ...]
    drivers: tuple[Driver, ...]

    def __post_init__(self) -> None:
        """Refuse an order that goes in a circle."""
        try:
            TopologicalSorter({driver.name: driver.after for driver in self.drivers}).prepare()
        except CycleError as problem:
            circle = " after ".join(problem.args[1])
            do = "take one `after` out of [drivers]"
            raise ConfigError.of(f"drivers in a circle: {circle}", "an order", do) from None

    def within_window(self, driver: Driver, *, direct: bool = False) -> tuple[str, ...]:
        """Return the columns, as of the end of the window, that are adjusted for.

        With `direct` also what accounts felt meanwhile (tier perception): the effect that remains does not go through
        perception. That asks for more: nothing unmeasured may act on both perception and churn.
        """
        place, before, after = _place(driver.feature), self._ancestors(driver), self._descendants(driver)
        earlier = {feature.name for feature in self.features if _is_in_window(feature) and _place(feature) < place}
        if direct:
            earlier |= {feature.name for feature in self.features if feature.tier == "perception"}
        own = {driver.feature.name}
        columns = (earlier | {one.feature.name for one in before}) - {one.feature.name for one in after} - own
        return tuple(feature.name for feature in self.features if feature.name in columns)

    def unordered(self, driver: Driver) -> tuple[Driver, ...]:
        """Return the drivers of the same tier and step that are declared neither before nor after it."""
        related = {one.name for one in (*self._ancestors(driver), *self._descendants(driver), driver)}
        place = _place(driver.feature)
        return tuple(one for one in self.drivers if one.name not in related and _place(one.feature) == place)

    def _ancestors(self, driver: Driver) -> tuple[Driver, ...]:
        by_name = {one.name: one for one in self.drivers}
        found: dict[str, Driver] = {}
        open_names = list(driver.after)
        while open_names:
            one = by_name[open_names.pop()]
            if one.name not in found:
                found[one.name] = one
                open_names += one.after
        return tuple(found.values())

    def _descendants(self, driver: Driver) -> tuple[Driver, ...]:
        return tuple(one for one in self.drivers if driver in self._ancestors(one))


def same_source(one: Feature, other: Feature) -> bool:
    """Whether two features tell of the same events: then one says little beyond the other.

    >>> from features.catalog import catalogue
    >>> by_name = {feature.name: feature for feature in catalogue()}
    >>> same_source(by_name["first_response_hours_last"], by_name["first_response_hours_median_90d"])
    True
    """
    return _sources(one) == _sources(other)


def _sources(feature: Feature) -> frozenset[tuple[Sequence[str], str | None]]:
    return frozenset((part.streams, part.kind) for part in parts(feature.compute)[:1])


def _place(feature: Feature) -> tuple[int, int]:
    streams = [stream for part in parts(feature.compute) for stream in part.streams]
    tier = max(TIERS.index(STREAM_TIERS.get(stream, feature.tier)) for stream in (*streams, ""))
    is_done = TIERS[tier] == "operations"
    return tier, max((STEPS.get(stream, 0) for stream in streams), default=0) if is_done else 0


def _is_in_window(feature: Feature) -> bool:
    """Whether it tells of nothing but the 90 days of a driver's window; what an account is, it was before."""
    windows = [part.days for part in parts(feature.compute)]
    is_short = bool(windows) and all(days is not None and days <= WINDOW_DAYS for days in windows)
    return is_short and feature.tier != "context"
