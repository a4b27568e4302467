"""The page of segments and that of one segment: what they tell, what they refuse, and that the API says the same."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipelines.release import Release
from pipelines.segmentation.segmentation import Segmentation
from serving.dashboard.blocks import Chart, Figures, Note, Page
from serving.dashboard.board import Board
from serving.dashboard.numbers import in_words, money
from serving.dashboard.pages.segments import segments
from serving.errors import Refusal
from serving.segments import SegmentAnswers


def blocks(page: Page) -> list[Any]:
    return [one for section in page.sections for one in (*section.blocks, *section.beside)]


def chart(page: Page, name: str) -> Chart:
    return next(block for block in blocks(page) if isinstance(block, Chart) and block.name == name)


def refused(page: Page) -> list[str]:
    return [block.text for block in blocks(page) if isinstance(block, Note) and block.kind == "refused"]


def test_three_segmentations_stand_side_by_side_with_sizes_and_why_so_many(board: Board) -> None:
    page = segments(board, {})
    cards = next(block for block in blocks(page) if isinstance(block, Figures)).shown
    assert [(one.label, one.value) for one in cards] == [("Firmographic", 2), ("Behavioural", 1), ("Needs", 2)]
    assert cards[1].sentence == "One segment: no split is a gain."
    sizes = page.tables()["sizes"].rows
    assert [(row[2], row[5]) for row in sizes] == [
        (150, "a cut"),
        (100, "a cut"),
        (250, "all in one"),
        (150, "a cut"),
        (100, "a cut"),
    ]


def test_the_one_that_tells_most_of_churn_is_looked_at_first(board: Board) -> None:
    assert [one.title for one in segments(board, {}).sections] == [
        "Three ways to group accounts",
        "Which tells most",
        "The needs segments",
        "How they fare",
        "Who moves",
        "Who never answered",
    ]
    assert "Latest NPS answer: Cannot be told: 40 accounts are known in full (at least 100)." in refused(
        segments(board, {})
    )


def test_profiles_are_a_heat_map_with_its_numbers_beside(board: Board) -> None:
    drawn = chart(segments(board, {"segmentation": "firmographic"}), "profiles")
    first, second = drawn.data[0]["z"]
    assert first[0] == 1.25
    assert second[0] == -0.5
    assert drawn.data[0]["text"] == [["+1.2", ""], ["-0.5", ""]]
    assert drawn.data[0]["colorscale"][1] == [0.5, "--middle"]
    assert [row[1] for row in drawn.table.rows] == ["Seats", "<u>Plan</u>: free"]


def test_churn_by_segment_stands_with_interval_beside_all_accounts(board: Board) -> None:
    drawn = chart(segments(board, {"segmentation": "firmographic"}), "outcome-1")
    assert drawn.data[0]["x"] == [20.0, 4.0]
    assert drawn.layout["shapes"][0]["x0"] == 10.0
    assert [row[1:] for row in drawn.table.rows] == [[0.2, 0.15, 0.26, 0.1, 150], [0.04, 0.02, 0.08, 0.1, 100]]


def test_who_moved_adds_up_to_who_was_there(board: Board) -> None:
    drawn = chart(segments(board, {"segmentation": "firmographic"}), "moves-months")
    link, node = drawn.data[0]["link"], drawn.data[0]["node"]
    assert sum(link["value"]) == 200
    assert (link["source"][0], link["target"][0], link["value"][0]) == (0, 2, 90)
    assert node["color"][0] == node["color"][2]
    assert node["label"][-1] == "left"
    told = {(row[0], row[1]): row[3] for row in drawn.table.rows}
    assert told[("2 Large", "left")] == 0.02


def test_never_answered_shares_are_counted_corrected_and_bounded(board: Board) -> None:
    page = segments(board, {"segmentation": "needs"})
    assert page.tables()["unanswered"].rows[0][1:] == [0.6, 0.55, 0.5, 0.6, 0.24, 0.84]
    figures = [block for block in blocks(page) if isinstance(block, Figures)]
    assert figures[1].shown[0].value == 0.4


def test_where_there_is_no_structure_the_page_says_so(board: Board) -> None:
    page = segments(board, {"segmentation": "behavioural"})
    assert "One segment: no split is a gain." in refused(page)
    assert "profiles" not in page.tables()


def test_a_release_without_any_segments_has_a_page_too(found_release: Release, looked_at: Callable[..., Any]) -> None:
    none = {name: Segmentation(name, (), "nothing to go by") for name in found_release.segmentations}
    bare = replace(found_release, segmentations=none, portraits={}, comparisons=())
    text = looked_at(bare).get("/dashboard/segments").text
    assert "There are no segments." in text
    assert "Nothing can be compared" in text


def test_a_segment_has_a_page_of_its_own(board: Board) -> None:
    page = segments(board, {"segment": "firmographic-1"})
    figures = next(block for block in blocks(page) if isinstance(block, Figures)).shown
    assert [one.label for one in figures] == ["Accounts", "Share", "Stability", "Churned within 90 days", "Revenue"]
    assert figures[3].sentence == "Of all accounts 10 %."
    assert [row[0].href for row in page.tables()["typical"].rows] == [
        "/dashboard/accounts/A-0001",
        "/dashboard/accounts/A%2F2%20%3Cx%3E",
    ]
    assert [row[4] for row in page.tables()["effects"].rows] == [6.5]
    assert [(row[1], row[2]) for row in page.tables()["goes"].rows][1:] == [("2 Large", 8), ("left", 2)]
    assert [row[1] for row in page.tables()["came"].rows] == [140, 10]


def test_a_segment_of_which_no_effect_can_be_told_says_why(board: Board) -> None:
    page = segments(board, {"segment": "firmographic-2"})
    assert page.tables()["not-told"].rows[0][-1] == "Accounts had it bad 3 times only."
    assert page.tables()["traits"].rows == []
    assert "No effect is told of this segment." in refused(segments(board, {"segment": "needs-1"}))


@pytest.mark.parametrize("asked", [{"segment": "needs-9"}, {"segmentation": "moods"}])
def test_what_is_not_there_is_refused_with_what_is(board: Board, asked: dict[str, str]) -> None:
    with pytest.raises(Refusal, match=r"expected one such as .*needs"):
        segments(board, asked)


@pytest.mark.parametrize("asked", [{}, {"segmentation": "firmographic"}, {"segment": "needs-1"}])
def test_pictures_are_such_as_plotly_draws(
    board: Board, asked: dict[str, str], check_charts: Callable[[Page], Any]
) -> None:
    assert check_charts(segments(board, asked))


def test_numbers_are_those_of_the_api_to_the_digit_shown(found_release: Release, pages: Any) -> None:
    said = json.loads(SegmentAnswers(found_release).of())
    text = html.unescape(pages.get("/dashboard/segments?segmentation=firmographic").text)
    for segmentation in said["segmentations"]:
        for segment in segmentation["segments"]:
            assert segment["id"] in text
            assert f">{in_words(segment['share'], 'share')}<" in text
    for one in said["comparisons"][0]["told"]:
        assert f">{in_words(one['share'], 'share')}<" in text
    first = said["segmentations"][0]["segments"][0]
    own = html.unescape(pages.get(f"/dashboard/segments?segment={first['id']}").text)
    for outcome in first["outcomes"]:
        said = in_words if outcome["unit"] == "share" else lambda value, _: money(value)
        ends = [said(outcome[end], outcome["unit"]) for end in ("low", "high")]
        assert said(outcome["value"], outcome["unit"]) in own
        assert " to ".join(ends) in own
    assert f">{in_words(first['traits'][0]['effect'])}<" in own


def test_every_table_is_a_csv(pages: Any) -> None:
    reply = pages.get("/dashboard/segments/sizes.csv")
    told = list(csv.DictReader(io.StringIO(reply.text)))
    assert [row["n"] for row in told] == ["150", "100", "250", "150", "100"]
    assert pages.get("/dashboard/segments/traits.csv?segment=firmographic-1").status_code == 200


@pytest.mark.parametrize("query", ["?segmentation=firmographic", "?segment=firmographic-1"])
def test_hostile_names_are_shown_and_never_used(pages: Any, query: str) -> None:
    text = pages.get(f"/dashboard/segments{query}").text
    assert "<b onmouseover" not in text
    assert "<u>Plan" not in text
    assert "&lt;b onmouseover" in text
