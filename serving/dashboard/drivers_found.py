"""What a release found of its drivers, as pages ask for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pipelines.drivers.plain import ALL_DRIVERS, EVERYONE, nested
from pipelines.release import Release
from serving.dashboard.shown import Shown


@dataclass(frozen=True)
class DriverFigures:
    """One driver: what is said of it, and its figures."""

    about: dict[str, Any]

    @property
    def name(self) -> str:
        """Its name in the catalogue."""
        return str(self.about["driver"])

    def figure(self, name: str, group: str = EVERYONE) -> Shown | None:
        """Return one of its figures, of everyone or a group; None where there is none of that name."""
        for one in self.about["figures"]:
            if one["figure"] == name and one["group"] == group:
                return shown(one)
        return None


def drivers_of(release: Release) -> tuple[list[DriverFigures], list[Shown]]:
    """Return every driver, the largest effects first, and the figures of no one driver."""
    found = nested(release.drivers)
    others = [one for said in found if said["driver"] == ALL_DRIVERS for one in said["figures"]]
    return [DriverFigures(one) for one in found if one["driver"] != ALL_DRIVERS], [shown(one) for one in others]


def shown(figure: dict[str, Any]) -> Shown:
    """Return a figure of a driver as it is shown."""
    n_bad, n_accounts = int(figure["n_bad"] or 0), int(figure["n_accounts"] or 0)
    rests_on = f"{n_bad:,} account-dates that had it, {n_accounts:,} accounts" if n_accounts else ""
    return Shown(
        str(figure["figure"]),
        _number(figure["value"]),
        str(figure["unit"]),
        figure["basis"],
        _number(figure["low"]),
        _number(figure["high"]),
        rests_on,
        str(figure["sentence"] or ""),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
