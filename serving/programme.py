"""What a release tells of experience, value and journeys, as it goes out: prepared once."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.experience.told import Told
from serving.errors import Refusal
from serving.nearest import such_as
from serving.programme_payloads import Figures, FigureTold, MapTold

FILTERS = ("topic", "group_by", "group")


class ToldAnswers:
    """One part of the programme as JSON: all of its figures, or those of a topic or of a group of accounts.

    Parameters
    ----------
    release
        its version.
    told
        what it tells.
    """

    def __init__(self, release: str, told: Told) -> None:
        self._empty = Figures(release=release, as_of=told.as_of, why_not=told.why_not, found=[])
        self._figures = [FigureTold.model_validate(one.as_dict()) for one in told.found]
        self._json = [figure.model_dump_json().encode() for figure in self._figures]

    def of(self, topic: str | None = None, group_by: str | None = None, group: str | None = None) -> bytes:
        """Return the answer as JSON, encoded in UTF-8.

        Raises
        ------
        Refusal
            When no figure is of that topic or group.
        """
        wanted: Sequence[int] = range(len(self._figures))
        for name, asked in zip(FILTERS, (topic, group_by, group), strict=True):
            if asked is not None:
                wanted = self._narrowed(wanted, name, asked)
        return _spliced(self._empty.model_dump_json().encode(), [self._json[place] for place in wanted])

    def _narrowed(self, places: Sequence[int], name: str, asked: str) -> Sequence[int]:
        found = [place for place in places if getattr(self._figures[place], name) == asked]
        if not found:
            there = list(dict.fromkeys(str(getattr(self._figures[place], name)) for place in places))
            raise _unknown(name, asked, there, "figure")
        return found


class JourneyAnswers(ToldAnswers):
    """What is told of journeys as JSON, with the maps of all accounts and of each segment."""

    def __init__(self, release: str, told: Told) -> None:
        super().__init__(release, told)
        self._maps = [MapTold.model_validate(one) for one in told.maps]
        self._maps_json = [one.model_dump_json().encode() for one in self._maps]

    def with_maps(
        self,
        topic: str | None = None,
        group_by: str | None = None,
        group: str | None = None,
        segment: str | None = None,
    ) -> bytes:
        """Return the answer as JSON, encoded in UTF-8; `segment` says of which group a map is wanted, None: of each.

        Raises
        ------
        Refusal
            When no figure is of that topic or group, or no map of that segment.
        """
        wanted = [place for place, one in enumerate(self._maps) if segment in (None, one.group)]
        if segment is not None and not wanted:
            raise _unknown("segment", segment, [one.group for one in self._maps], "map")
        maps = b",".join(self._maps_json[place] for place in wanted)
        return self.of(topic, group_by, group)[:-1] + b',"maps":[' + maps + b"]}"


def _spliced(empty: bytes, found: Sequence[bytes]) -> bytes:
    """The answer without figures, which ends with an empty list of them, with figures in it."""
    return empty.removesuffix(b"]}") + b",".join(found) + b"]}"


def _unknown(name: str, asked: str, there: Sequence[str], what: str) -> Refusal:
    came = f"got {name} {asked!r}, of which there is no {what}"
    expected = f"expected one such as {such_as(asked, there)}" if there else f"expected none, as there is no {what}"
    return Refusal(f"unknown_{name}", f"{came}; {expected}; leave {name} out for all")
