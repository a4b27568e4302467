"""What a release found of its drivers, as pages ask for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.drivers.plain import ALL_DRIVERS, EVERYONE, PAIN, TOUCHPOINT, nested
from pipelines.release import Release
from serving.dashboard.shown import Shown

UNITS = {
    "percentage points of churn": "points",
    "money a month": "money",
    "% of accounts": "%",
    "% of answers": "%",
    "% of the churners expected": "%",
}
"""What is said shorter beside the words of a figure."""
SAVED = {"churners saved": "Churners saved", "revenue saved": "Revenue saved a month"}


@dataclass(frozen=True)
class DriverFigures:
    """One driver: what is said of it, and its figures."""

    about: dict[str, Any]

    @property
    def name(self) -> str:
        """Its name in the catalogue."""
        return str(self.about["driver"])

    @property
    def experience(self) -> str:
        """What the experience is, in words."""
        return str(self.about["experience"])

    @property
    def contrast(self) -> str:
        """The bad level and the good one that are compared."""
        return str(self.about["contrast"])

    @property
    def verdict(self) -> str:
        """What was found: cause, none found, withheld or refused."""
        return str(self.about["verdict"])

    @property
    def touchpoint(self) -> str:
        """Where most of it happens; "" where that is not known or costs nothing."""
        return next((one["group"] for one in self.about["figures"] if one["group_by"] == TOUCHPOINT), "")

    def figure(self, name: str, group: str = EVERYONE, group_by: str = "") -> Shown | None:
        """Return one of its figures, of everyone or a group; None where there is none of that name."""
        for one in self.about["figures"]:
            if one["figure"] == name and one["group"] == group and group_by in ("", one["group_by"]):
                return shown(one)
        return None

    def effects_by(self, group_by: str) -> Iterator[tuple[str, Shown]]:
        """Yield each group of a grouping with the effect in it."""
        for one in self.about["figures"]:
            if one["figure"] == "effect" and one["group_by"] == group_by:
                yield str(one["group"]), shown(one)


def drivers_of(release: Release) -> tuple[list[DriverFigures], list[Shown]]:
    """Return every driver, the largest effects first, and the figures of no one driver."""
    found = nested(release.drivers)
    others = [one for said in found if said["driver"] == ALL_DRIVERS for one in said["figures"]]
    return [DriverFigures(one) for one in found if one["driver"] != ALL_DRIVERS], [shown(one) for one in others]


def pains_of(release: Release) -> list[tuple[str, Shown]]:
    """Return each touchpoint with its share of low answers, the worst first."""
    none = [said for said in nested(release.drivers) if said["driver"] == ALL_DRIVERS]
    return [(str(one["group"]), shown(one)) for said in none for one in said["figures"] if one["figure"] == PAIN]


def shown(figure: dict[str, Any]) -> Shown:
    """Return a figure of a driver as it is shown."""
    name, unit = str(figure["figure"]), str(figure["unit"])
    return Shown(
        SAVED.get(name, name),
        _number(figure["value"]),
        UNITS.get(unit, unit),
        figure["basis"],
        _number(figure["low"]),
        _number(figure["high"]),
        _rests_on(figure),
        str(figure["sentence"] or ""),
    )


def _rests_on(figure: dict[str, Any]) -> str:
    n_bad, n_accounts = int(figure["n_bad"] or 0), int(figure["n_accounts"] or 0)
    if not n_accounts:
        return ""
    if figure["figure"] == PAIN:
        return f"{int(figure['n_rows']):,} answers, {n_accounts:,} accounts"
    if figure["figure"] in SAVED:
        return f"{n_bad:,} accounts that have it bad today; effect learnt from {n_accounts:,} accounts"
    had_it = f"{n_bad:,} account-dates that had it, " if n_bad else ""
    return f"{had_it}{n_accounts:,} accounts"


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
