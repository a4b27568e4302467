"""Pages are kept as long as what they show holds."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from serving.dashboard.blocks import Page
from serving.dashboard.kept_pages import KeptPages
from serving.dashboard.site import Entry


def board(version: str) -> Any:
    return SimpleNamespace(manifest=SimpleNamespace(version=version))


@pytest.mark.parametrize(("seconds", "made"), [(math.inf, 2), (10.0, 3), (0.0, 5)])
def test_a_page_is_made_anew_when_its_time_is_over_or_another_release_serves(seconds: float, made: int) -> None:
    count, now = [0], [0.0]

    def build(_: Any, __: Any) -> Page:
        count[0] += 1
        return Page(str(count[0]), "", [])

    pages, entry = KeptPages(9, lambda: now[0]), Entry("a", "A", build, keep_seconds=seconds)
    for moment, version in ((0.0, "v1"), (1.0, "v1"), (9.0, "v1"), (11.0, "v1"), (11.0, "v2")):
        now[0] = moment
        shown = pages.of(entry, board(version), {})
    assert count[0] == made
    assert shown.title == str(made)


def test_only_so_many_are_kept() -> None:
    built: list[str] = []

    def build(_: Any, asked: Any) -> Page:
        built.append(asked["of"])
        return Page("", "", [])

    pages, entry = KeptPages(2), Entry("a", "A", build)
    for of in ("x", "y", "z", "y", "x"):
        pages.of(entry, board("v1"), {"of": of})
    assert built == ["x", "y", "z", "x"]
