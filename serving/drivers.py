"""What a release found of its drivers, as the answers that go out: prepared once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pipelines.drivers.plain import ALL_DRIVERS, EVERYONE, TOUCHPOINT, nested
from pipelines.manifest import Manifest
from serving.errors import Refusal
from serving.nearest import such_as
from serving.payloads import DriverFigure, DriverFound, Drivers

if TYPE_CHECKING:
    import pandas as pd

OF_EVERYONE = (EVERYONE, TOUCHPOINT)


class DriverAnswers:
    """The findings of a release as JSON, over all accounts and for each group of them.

    Parameters
    ----------
    manifest
        of the release.
    table
        its findings, one row a figure; empty where there are none.
    what_if
        what better levels would save, one row a figure; None where nothing was asked.
    """

    def __init__(self, manifest: Manifest, table: pd.DataFrame, what_if: pd.DataFrame | None = None) -> None:
        said = {one["driver"]: one for one in nested(table)}
        none = said.pop(ALL_DRIVERS, {"figures": []})
        self._manifest = manifest
        levels = [] if what_if is None else nested(what_if, by=("driver", "to"))
        self._found = [DriverFound.model_validate(one | {"what_if": _of(name, levels)}) for name, one in said.items()]
        self._others = [DriverFigure.model_validate(figure) for figure in none["figures"]]
        figures = [*self._others, *(figure for one in self._found for figure in one.figures)]
        self._segments = sorted({figure.group for figure in figures if figure.group_by not in OF_EVERYONE})
        self._of_all = self._answer(None, lambda figure: figure.group_by in OF_EVERYONE)
        self._of_group = {name: self._answer(name, _is_of(name)) for name in {figure.group for figure in figures}}

    def of(self, segment: str | None = None) -> bytes:
        """Return the answer as JSON, encoded in UTF-8: over all accounts, or for one group of them.

        Raises
        ------
        Refusal
            When no figure is of that group.
        """
        if segment is None:
            return self._of_all
        if segment not in self._of_group:
            raise Refusal(
                "unknown_segment", f"got segment {segment!r}, of which there is no figure; {self._expected(segment)}"
            )
        return self._of_group[segment]

    def _answer(self, segment: str | None, is_wanted: Callable[[DriverFigure], bool]) -> bytes:
        found = [_part(one, is_wanted) for one in self._found]
        answer = Drivers(
            release=self._manifest.version,
            as_of=self._manifest.as_of,
            horizon_days=self._manifest.horizon_days,
            segment=segment,
            drivers=found,
            others=list(filter(is_wanted, self._others)),
        )
        return answer.model_dump_json().encode()

    def _expected(self, segment: str) -> str:
        if not self._segments:
            return "expected none, as this release tells no effect by segment; leave segment out"
        return f"expected one such as {such_as(segment, self._segments)}; leave segment out for all accounts"


def _of(driver: str, levels: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in levels if one["driver"] == driver]


def _part(found: DriverFound, is_wanted: Callable[[DriverFigure], bool]) -> DriverFound:
    """A driver with those of its figures that are wanted, and the levels of which there are such."""
    levels = [one.model_copy(update={"figures": list(filter(is_wanted, one.figures))}) for one in found.what_if]
    figures = list(filter(is_wanted, found.figures))
    return found.model_copy(update={"figures": figures, "what_if": [one for one in levels if one.figures]})


def _is_of(group: str) -> Callable[[DriverFigure], bool]:
    return lambda figure: figure.group == group
