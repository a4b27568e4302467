"""What the programme tells, in the form in which releases keep it: figures, maps, and in words why there are none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.experience.found import EVERYONE, Found

NOT_COMPUTED = "the experience programme was not computed"


@dataclass(frozen=True)
class Told:
    """What one part of the programme tells.

    Attributes
    ----------
    as_of
        UTC date before which all of it was known; None where nothing is told.
    maps
        of journeys: one a group of accounts, as graphs that JSON can hold.
    why_not
        why nothing is told; empty where something is.
    """

    as_of: str | None = None
    found: tuple[Found, ...] = ()
    maps: tuple[Mapping[str, Any], ...] = ()
    why_not: str = NOT_COMPUTED

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Told:
        """Return what `as_dict` told of."""
        found = tuple(Found.of(one) for one in said["found"])
        return cls(said["as_of"], found, tuple(said["maps"]), said["why_not"])

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it.

        >>> Told("2026-01-31", (Found("nps", "nps", 12.0),), why_not="").as_dict()["found"][0]["value"]
        12.0
        """
        found = [one.as_dict() for one in self.found]
        return {"as_of": self.as_of, "why_not": self.why_not, "found": found, "maps": list(self.maps)}

    @property
    def sentence(self) -> str:
        """How much is told, in words.

        >>> Told("2026-01-31", (Found("t", "f", 1.0), Found.refused("t", "g", "why")), why_not="").sentence
        '1 figure as known before 2026-01-31, and 1 refused'
        """
        if self.why_not:
            return self.why_not
        n_refused = sum(one.verdict == "refused" for one in self.found)
        n = len(self.found) - n_refused
        maps = f", {len(self.maps):,} maps" if self.maps else ""
        return f"{n:,} figure{'s' * (n != 1)}{maps} as known before {self.as_of}, and {n_refused:,} refused"


@dataclass(frozen=True)
class Programme:
    """What the programme tells of experience and engagement, of value, and of journeys: each a file of a release."""

    experience: Told = field(default_factory=Told)
    value: Told = field(default_factory=Told)
    journeys: Told = field(default_factory=Told)

    @classmethod
    def untold(cls, why_not: str) -> Programme:
        """Return a programme without a figure, and why it is so."""
        return cls(*(Told(why_not=why_not) for _ in PARTS))

    @classmethod
    def load(cls, folder: Path) -> Programme:
        """Return the programme of a folder."""
        return cls(*(Told.of(json.loads((folder / f"{part}.json").read_bytes())) for part in PARTS))

    def save(self, folder: Path) -> None:
        """Write its files into a folder."""
        for part, told in self.parts():
            text = json.dumps(told.as_dict(), indent=1, allow_nan=False, ensure_ascii=False)
            (folder / f"{part}.json").write_text(text, encoding="utf-8")

    def parts(self) -> Iterator[tuple[str, Told]]:
        """Yield the name of each part and what it tells."""
        for part in PARTS:
            yield part, getattr(self, part)

    def metrics(self) -> dict[str, float]:
        """Return the figures of all accounts that are told and finite, by part, topic and figure.

        >>> of_all, of_role = Found("nps", "nps", 12.0), Found("nps", "nps", 9.0, group_by="role")
        >>> told = Told("2026-01-31", (of_all, of_role), why_not="")
        >>> Programme(experience=told).metrics()
        {'experience.nps.nps': 12.0}
        """
        return {
            _name(part, one.topic, one.figure): one.value
            for part, told in self.parts()
            for one in told.found
            if one.group_by == EVERYONE and np.isfinite(one.value)
        }


PARTS = ("experience", "value", "journeys")


def or_refused(topic: str, ask: Callable[[], Iterable[Found]]) -> tuple[Found, ...]:
    """Return what is found, or where that fails one figure that is refused and says why.

    >>> or_refused("nps", lambda: [Found("nps", "nps", 1 / 0)])[0].sentence
    'it could not be computed (ZeroDivisionError: division by zero)'
    """
    try:
        return tuple(ask())
    except Exception as problem:  # a figure that fails, whatever of, must not take the release with it
        return (Found.refused(topic, "all figures", f"it could not be computed ({type(problem).__name__}: {problem})"),)


def _name(*words: str) -> str:
    """A name that MLflow takes."""
    return ".".join("".join(one if one.isalnum() else "_" for one in word) for word in words)
