"""A driver: an experience that could be better, the two levels of it that are compared, and what it comes after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from features.compute import Windowed
from features.errors import ConfigError
from features.feature import Feature
from features.streams import INTERVENTION, OUTREACH

if TYPE_CHECKING:
    from pipelines.config import DriverSettings

WINDOW_DAYS = 90
"""How long before the as-of date an experience counts; what is adjusted for lies before it, the outcome after it."""
THIRDS = (1 / 3, 2 / 3)
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Driver:
    """One experience, by the feature that tells of it over the last 90 days.

    Attributes
    ----------
    feature
        its column of the panel.
    bad, good
        from where on it was bad, and from where on good, in the feature's unit; bad lies above good where more of it is
        worse. Without both, a count is compared as at least one against none, anything else as its worst third against
        its best.
    is_controllable
        whether the company decides on it.
    after
        drivers that come before it in time or cause, beyond what the tiers and steps say.
    """

    name: str
    feature: Feature
    bad: float | None = None
    good: float | None = None
    is_controllable: bool = True
    after: tuple[str, ...] = ()

    @property
    def is_present_or_absent(self) -> bool:
        """Whether having had it at all is what counts."""
        return self.bad is None and self.feature.unit == "count"


class Levels(NamedTuple):
    """Which rows had it bad and which good, where the two begin, and the contrast in words."""

    is_bad: Bools
    is_good: Bools
    bad: float
    good: float
    words: str


# The experiences of the catalogue by their feature: name, bad, good, and whether the company decides on it.
KNOWN: Mapping[str, tuple[str, float | None, float | None, bool]] = {
    "first_response_hours_median_90d": ("first_response", 24.0, 8.0, True),
    "resolution_hours_median_90d": ("resolution", None, None, True),
    "escalations_90d": ("escalation", None, None, True),
    "reopened_90d": ("reopened", None, None, True),
    "primary_left_90d": ("champion_exit", None, None, False),
    "owner_changes_90d": ("owner_change", None, None, True),
    "invitations_90d": ("survey_invitation", None, None, True),
}


def known_drivers(features: Sequence[Feature]) -> tuple[Driver, ...]:
    """Return the drivers that some features tell of: those known by name, and one for each kind of contact made by us.

    >>> from features.catalog import catalogue
    >>> [driver.name for driver in known_drivers(catalogue())][:3]
    ['first_response', 'resolution', 'escalation']
    """
    found = []
    for feature in features:
        if feature.name in KNOWN:
            name, bad, good, is_controllable = KNOWN[feature.name]
            found.append(Driver(name, feature, bad, good, is_controllable))
        elif _is_kind_of_ours(feature):
            found.append(Driver(feature.name.split("_", 1)[1].removesuffix(f"_{WINDOW_DAYS}d"), feature))
    return tuple(found)


def declared_drivers(features: Sequence[Feature], said: Mapping[str, DriverSettings]) -> tuple[Driver, ...]:
    """Return the known drivers as the settings change them, without those left out, and the settings' own.

    Raises
    ------
    ConfigError
        when the settings name a feature that is not there, one that is no experience, a window other than 90 days, or
        thresholds that say nothing.
    """
    drivers = {driver.name: driver for driver in known_drivers(features)}
    columns = {feature.name: feature for feature in features}
    for name, words in said.items():
        if words.is_left_out:
            drivers.pop(name, None)
            continue
        drivers[name] = _driver(name, words, drivers.get(name), columns)
    for driver in drivers.values():
        for earlier in driver.after:
            if earlier not in drivers:
                raise _wrong(driver.name, f"after = {earlier!r}", f"one of {', '.join(sorted(drivers))}")
    return tuple(drivers.values())


def levels(driver: Driver, values: npt.NDArray[np.float64]) -> Levels:
    """Return which rows had it bad and which good; rows where it is not known, or in between, are neither.

    >>> from features.catalog import catalogue
    >>> driver = known_drivers(catalogue())[0]
    >>> found = levels(driver, np.array([30.0, 12.0, 8.0, np.nan]))
    >>> found.is_bad.tolist(), found.is_good.tolist(), found.words
    ([True, False, False, False], [False, False, True, False], '24 hours or more against 8 hours or less')
    """
    if driver.is_present_or_absent:
        return Levels(values >= 1, values == 0, 1.0, 0.0, "at least one against none")
    bad, good = _thresholds(driver, values)
    unit = driver.feature.unit
    if bad > good:
        words = f"{bad:.3g} {unit} or more against {good:.3g} {unit} or less"
        return Levels(values >= bad, values <= good, bad, good, words)
    words = f"{bad:.3g} {unit} or less against {good:.3g} {unit} or more"
    return Levels(values <= bad, values >= good, bad, good, words)


def _thresholds(driver: Driver, values: npt.NDArray[np.float64]) -> tuple[float, float]:
    if driver.bad is not None and driver.good is not None:
        return driver.bad, driver.good
    known = values[~np.isnan(values)]
    if not len(known):
        return np.inf, -np.inf
    low, high = np.quantile(known, THIRDS)
    return (float(low), float(high)) if driver.feature.direction < 0 else (float(high), float(low))


def _is_kind_of_ours(feature: Feature) -> bool:
    compute = feature.compute
    return (
        isinstance(compute, Windowed)
        and compute.streams in ((OUTREACH,), (INTERVENTION,))
        and (compute.aggregate, compute.days) == ("count", WINDOW_DAYS)
        and compute.kind is not None
    )


def _driver(name: str, words: DriverSettings, known: Driver | None, columns: Mapping[str, Feature]) -> Driver:
    column = words.feature or (known.feature.name if known else None)
    if column is None or column not in columns:
        raise _wrong(name, f"feature = {column!r}", "a feature of your tables, as `perennial catalog --config` lists")
    feature = columns[column]
    if feature.tier not in ("operations", "perception", "behaviour"):
        why = "a consequence of the decision to leave" if feature.tier == "intent" else "what an account is"
        raise _wrong(name, f"{column}, {why} (tier {feature.tier})", "an experience: operations, perception, behaviour")
    if feature.kind != "number":
        raise _wrong(name, f"{column}, a category", "a number")
    bad, good = (
        (known.bad, known.good) if known and words.bad is None and words.good is None else (words.bad, words.good)
    )
    if (bad is None) != (good is None) or (bad is not None and bad == good):
        raise _wrong(name, f"bad = {bad} and good = {good}", "both, and different")
    controllable = words.is_controllable
    if controllable is None:
        controllable = known.is_controllable if known else True
    return Driver(name, feature, bad, good, controllable, tuple(words.after))


def _wrong(name: str, came: str, expected: str) -> Exception:
    return ConfigError.of(f"[drivers.{name}] with {came}", expected, "correct it in perennial.toml")
