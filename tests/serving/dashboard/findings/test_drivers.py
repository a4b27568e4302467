"""The page of drivers: what it tells, what it refuses, and that it says what the API says."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from pipelines.churn.ranking import Ranking
from pipelines.drivers.finding import Figure, findings_table
from pipelines.drivers.whatif_levels import levels_table
from pipelines.release import Release
from serving.dashboard.blocks import Chart, Figures, Note, Page, Slider
from serving.dashboard.board import Board
from serving.dashboard.numbers import in_words, money
from serving.dashboard.pages.definitions import terms
from serving.dashboard.pages.drivers import drivers
from serving.drivers import DriverAnswers
from serving.errors import Refusal

HOSTILE = '</script><b onmouseover="x()">Small & "thrifty"</b>'


def blocks(page: Page) -> list[Any]:
    return [one for section in page.sections for one in (*section.blocks, *section.beside)]


def rows(page: Page, table: str) -> list[dict[str, Any]]:
    found = page.tables()[table]
    return [dict(zip([column.name for column in found.columns], row, strict=True)) for row in found.rows]


def figure(page: Page, label: str) -> Any:
    return next(
        one for block in blocks(page) if isinstance(block, Figures) for one in block.shown if one.label == label
    )


def notes(page: Page, kind: str) -> list[str]:
    return [block.text for block in blocks(page) if isinstance(block, Note) and block.kind == kind]


def test_causes_are_drawn_in_colour_what_was_not_found_grey_and_what_is_refused_stands_in_words(board: Board) -> None:
    page = drivers(board, {})
    (effects,) = (block for block in blocks(page) if isinstance(block, Chart) and block.name == "effects")
    assert {trace["marker"]["color"]: len(trace["x"]) for trace in effects.data} == {"--caused": 2, "--faint": 1}
    assert [(row["driver"].text, row["verdict"], row["why"]) for row in rows(page, "not-told")] == [
        ("<i>Mood</i>", "withheld", "More of it does harm in one place and good in another: no one number tells."),
        ("Champion left", "refused", "No account ever had it bad."),
    ]


def test_what_predicts_stands_beside_what_causes_and_says_that_it_does_not(board: Board) -> None:
    (causes,) = (section for section in drivers(board, {}).sections if section.title == "What causes churn")
    note, ranking = causes.beside
    assert isinstance(note, Note)
    assert (note.kind, note.text[:26]) == ("predicts", "Predicts, does not cause. ")
    assert isinstance(ranking, Chart)
    assert ranking.data[0]["marker"]["color"] == "--predicted"
    told = [row[0] for row in ranking.table.rows]
    assert told == [one.sentence for one in board.release.ranking.features]


def test_whether_an_effect_outlives_a_hidden_cause_is_said_in_words(board: Board) -> None:
    said = [row["in_words"] for row in rows(drivers(board, {}), "sensitivity")]
    assert said == [
        "Holds: were a common cause as strong as all of usage, 0.5 to 8.0 points would be left.",
        "Could be all there is to it: were a common cause as strong as all of usage, -0.5 to 6.5 points would be left.",
    ]


def test_penalty_and_reward_are_told_where_there_is_a_normal_level(board: Board) -> None:
    told = [(row["driver"].text, row["end"], row["effect"]) for row in rows(drivers(board, {}), "ends")]
    assert told == [("First response", "penalty", 2.5), ("First response", "reward", -0.4)]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"family": "engagement"}, ["mail"]),
        ({"tier": "operations", "touchpoint": "support"}, ["escalation"]),
        ({"segment": "engaged"}, ["escalation"]),
    ],
)
def test_filters_in_the_address_leave_what_they_ask_for(board: Board, asked: dict[str, str], told: list[str]) -> None:
    links = [row["driver"].href for row in rows(drivers(board, asked), "effects")]
    assert links == [f"/dashboard/drivers?driver={name}" for name in told]


def test_by_segmentation_each_group_is_told_and_a_refused_one_says_why(board: Board) -> None:
    page = drivers(board, {"segmentation": "firmographic"})
    assert [(row["group"], row["effect"]) for row in rows(page, "effects-escalation")] == [(HOSTILE, 6.5)]
    assert [(row["group"], row["why"]) for row in rows(page, "not-told")] == [
        ("Large", "Accounts had it bad 3 times only."),
        ("all accounts", "No account ever had it bad."),
    ]


def test_a_segment_of_another_segmentation_is_let_go_when_the_segmentation_changes(board: Board) -> None:
    page = drivers(board, {"segmentation": "engagement", "segment": "Large"})
    assert [row["group"] for row in rows(page, "effects-escalation")] == ["engaged"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"driver": "moon"}, "got driver 'moon'; expected one such as"),
        ({"segment": "Larg"}, "got segment 'Larg'; expected one such as 'Large'; leave it out for all"),
        ({"segmentation": "moods"}, "expected one such as 'engagement', 'firmographic'"),
        ({"touchpoint": "moon"}, "expected one such as .*'support'"),
        ({"to": "99"}, "got to '99'; expected one such as '0', '16', '8'"),
        ({"who": "Large"}, "got who 'Large'; expected one such as"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(board: Board, asked: dict[str, str], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        drivers(board, asked)


def test_a_driver_has_a_part_with_every_figure_of_it(board: Board) -> None:
    page = drivers(board, {"driver": "escalation"})
    told = rows(page, "driver")
    table = board.release.drivers.query("driver == 'escalation'")
    assert [row["figure"] for row in told] == table["figure"].tolist()
    assert [row["value"] for row in told if row["value"] is not None] == table["value"].dropna().tolist()
    assert {row["basis"] for row in told} == {"caused", "counted", "check", None}
    assert figure(page, "Effect on churn").rests_on == "210 account-dates that had it, 300 accounts"


def test_the_slider_answers_for_the_level_that_is_asked_for(board: Board) -> None:
    usual = drivers(board, {"driver": "first_response"})
    assert figure(usual, "Churners saved").value == 6.0
    other = drivers(board, {"driver": "first_response", "to": "16"})
    (slider,) = (
        field for block in blocks(other) for field in getattr(block, "fields", ()) if isinstance(field, Slider)
    )
    assert slider.steps == [("16", "16 hours or less"), ("8", "8 hours or less")]
    saved = figure(other, "Churners saved")
    assert (saved.value, saved.low, saved.high, saved.basis) == (4.0, 1.0, 7.0, "caused")
    assert figure(other, "Revenue saved a month").value == 16_000.0
    assert [row["churners"] for row in rows(other, "what-if")] == [4.0, 6.0]


def test_the_slider_answers_for_a_segment_or_says_why_not(board: Board) -> None:
    asked = {"driver": "escalation"}
    page = drivers(board, asked | {"who": f"firmographic: {HOSTILE}"})
    assert figure(page, "Churners saved").value == 2.25
    refused = drivers(board, asked | {"who": "firmographic: Large"})
    assert "Cannot be told: accounts had it bad 3 times only." in notes(refused, "refused")


def test_of_what_is_no_cause_nothing_is_saved_and_a_level_of_another_driver_is_let_go(board: Board) -> None:
    page = drivers(board, {"driver": "mail", "to": "16"})
    assert notes(page, "caution") == ["Of Mails nothing is known to be saved: none found. Below, what would save most."]
    assert figure(page, "Churners saved").value == 8.5


@pytest.mark.parametrize("asked", [{}, {"driver": "first_response"}, {"segmentation": "firmographic"}])
def test_pictures_are_such_as_plotly_draws(
    board: Board, asked: dict[str, str], check_charts: Callable[[Page], Any]
) -> None:
    drawn = check_charts(drivers(board, asked))
    assert {"ranking", "ends"} < set(drawn)
    assert len(drawn) == len(set(drawn))


def read(page: str) -> str:
    """Return what a person reads of numbers: whatever is smaller about their units."""
    return html.unescape(re.sub(r'<span class="unit">(.*?)</span>', r"\1", page))


def test_numbers_are_those_of_the_api_to_the_digit_shown(found_release: Release, pages: Any) -> None:
    answers = DriverAnswers(found_release.manifest, found_release.drivers, found_release.what_if)
    said = json.loads(answers.of())
    text = read(pages.get("/dashboard/drivers?driver=escalation&to=0").text)
    escalation = said["drivers"][0]
    by_name = {one["figure"]: one for one in escalation["figures"]}
    assert in_words(by_name["effect"]["value"], "points") in text
    ends = [in_words(by_name["churners saved"][end]) for end in ("low", "high")]
    assert f">{' to '.join(ends)}<" in text
    (level,) = escalation["what_if"]
    for one in level["figures"]:
        unit = "points" if one["figure"] == "effect" else one["unit"]
        shown = money(one["value"]) if one["figure"] == "revenue saved" else in_words(one["value"], unit)
        assert shown in text, one["figure"]
    segment = json.loads(answers.of(HOSTILE))["drivers"][0]["what_if"][0]["figures"][1]
    page = pages.get("/dashboard/drivers", params={"driver": "escalation", "who": f"firmographic: {HOSTILE}"})
    assert in_words(segment["value"], segment["unit"]) in read(page.text)


def test_every_table_is_a_csv_with_the_filters_of_its_page(pages: Any) -> None:
    reply = pages.get("/dashboard/drivers/effects.csv", params={"family": "engagement"})
    told = list(csv.DictReader(io.StringIO(reply.text)))
    assert [(row["driver"], row["effect"], row["verdict"]) for row in told] == [("Mails", "0.2", "none found")]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", "&lt;i&gt;Mood"),
        ("?driver=mood", "&lt;i&gt;Mood"),
        ("?segmentation=firmographic", "&lt;/script&gt;&lt;b onmouseover"),
    ],
)
def test_hostile_names_are_shown_and_never_used(pages: Any, query: str, shown: str) -> None:
    text = pages.get(f"/dashboard/drivers{query}").text
    assert "<b onmouseover" not in text
    assert "<i>Mood" not in text
    assert shown in text


@pytest.mark.parametrize("page", ["drivers?driver=first_response", "segments", "segments?segment=needs-1"])
def test_words_that_lead_to_a_definition_have_one(pages: Any, page: str) -> None:
    named = set(re.findall(r"/dashboard/definitions#term-([a-z-]+)", pages.get(f"/dashboard/{page}").text))
    assert named
    assert named <= set(terms())


def test_a_field_that_is_left_open_asks_for_nothing(pages: Any) -> None:
    assert pages.get("/dashboard/drivers?segment=&family=engagement&tier=").status_code == 200


def test_where_no_effect_can_be_told_the_page_says_why(found_release: Release, looked_at: Callable[..., Any]) -> None:
    flat = findings_table((), (Figure.untold("effect", "a single snapshot has no before and after"),))
    for table in (flat, pd.DataFrame()):
        release = replace(found_release, drivers=table, what_if=levels_table(()), ranking=Ranking())
        text = looked_at(release).get("/dashboard/drivers").text
        assert ("a single snapshot has no before and after" in text) == (table is flat)
        assert "No experience was found to cause churn" in text
        assert "Of no such feature is a contribution told." in text
