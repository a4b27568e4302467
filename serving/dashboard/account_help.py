"""What would help most: the experiences that cause churn and that an account has bad today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pipelines.churn.wording import said
from pipelines.drivers.plain import EVERYONE
from pipelines.release import Release
from serving.dashboard.addresses import address
from serving.dashboard.drivers_found import DriverFigures, drivers_of
from serving.dashboard.shown import Shown
from serving.dashboard.table import Cell, Column, Link, Table
from serving.feature_values import Value
from serving.payloads import Membership

NONE_BAD = "It has none of the experiences bad today that were found to cause churn."
NO_LEVELS = (
    "This release does not say from where on an experience is bad, so it cannot be told which of them this account "
    "has: train again."
)


class Bad(NamedTuple):
    """An experience that an account has bad: what it is now, and its effect, among whom."""

    driver: DriverFigures
    now: float
    among: str
    effect: Shown


class Helps(NamedTuple):
    """What an account has bad, the largest effects first, and the experiences of which that is not known."""

    bad: list[Bad]
    unknown: list[str]
    is_told: bool


def helps(
    release: Release, values: Mapping[str, Value], segments: Mapping[str, Membership | None] | None = None
) -> Helps:
    """Return which causes of churn an account has, by its feature row; effects are of its segments where told there."""
    causes = [one for one in drivers_of(release)[0] if one.about["verdict"] == "cause"]
    told = [one for one in causes if one.about.get("feature") and one.about.get("bad") is not None]
    groups = [place.name for place in (segments or {}).values() if place]
    bad, unknown = [], []
    for driver in told:
        now = values.get(driver.about["feature"])
        if now is None or isinstance(now, str):
            unknown.append(str(driver.about["experience"]))
        elif is_bad(float(now), driver.about["bad"], driver.about["good"]):
            bad += [Bad(driver, float(now), *found) for found in _effect(driver, groups)]
    return Helps(sorted(bad, key=lambda one: -one.effect.value), unknown, bool(told) or not causes)


def is_bad(now: float, bad: float, good: float) -> bool:
    """Return whether a value is as bad as what was compared, which may lie above the good one or below it.

    >>> is_bad(30.0, 24.0, 8.0), is_bad(12.0, 24.0, 8.0), is_bad(2.0, 3.0, 9.0)
    (True, False, True)
    """
    return now >= bad if bad > good else now <= bad


def _effect(driver: DriverFigures, groups: Sequence[str]) -> Iterator[tuple[str, Shown]]:
    """The effect among the first of the groups where one is told, or among everyone, if it does harm."""
    for group in (*groups, EVERYONE):
        found = driver.figure("effect", group)
        if found and found.is_told:
            if found.value > 0:
                yield "all accounts" if group == EVERYONE else group, found
            return


def help_table(found: Helps) -> Table:
    """Return the table of what would help most."""
    columns = [
        Column("experience", "Experience"),
        Column("now", "This account, now"),
        Column("contrast", "Compared"),
        Column("effect", "Effect (caused), points", "number"),
        Column("interval", "95 % interval", "id"),
        Column("among", "Among"),
        Column("n", "Rests on"),
        Column("controllable", "Yours to change"),
    ]
    empty = NONE_BAD if found.is_told else NO_LEVELS
    return Table("helps", "Causes of churn that it has today", columns, [_row(one) for one in found.bad], empty)


def _row(one: Bad) -> list[Cell | Link]:
    about = one.driver.about
    effect = one.effect
    return [
        Link(str(about["experience"]), address("drivers", driver=one.driver.name)),
        said(one.now, str(about.get("feature_unit") or "")),
        str(about["contrast"]),
        effect.value,
        f"{effect.low:+.1f} to {effect.high:+.1f}" if effect.has_interval else None,
        one.among,
        effect.rests_on,
        "yes" if about["is_controllable"] else "no",
    ]
