"""Which way accounts go: the map, where it turns, hurts and delights, who owns it, and how it was meant to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.experience.told import Told
from serving.dashboard.asked import known
from serving.dashboard.blocks import Block, Choice, Form, Note, Page, Section
from serving.dashboard.board import Board
from serving.dashboard.charts.journey import journey, whose
from serving.dashboard.topics import answered, questions
from serving.dashboard.words import as_sentence

ASKS = ("segment",)
LEAD = "Which way accounts go, and where it hurts, turns or delights."
SCALES = ("csat", "nps", "ces")


def journeys(board: Board, asked: Mapping[str, str]) -> Page:
    """Return the page.

    Raises
    ------
    Refusal
        When a segment is asked for of which there is no map.
    """
    told = board.release.programme.journeys
    if told.why_not:
        return Page("Journeys", LEAD, [Section("", [Note(as_sentence(told.why_not), "refused")])])
    there = {one.topic for one in told.found}
    sections = [
        Section("The map", list(_map(board, told, asked)), "Loops are kept: hardly anybody goes straight."),
        *(answered(told, question) for question in questions("journeys") if question.topic in there),
    ]
    return Page("Journeys", f"{LEAD} As known before {told.as_of}.", sections)


def _map(board: Board, told: Told, asked: Mapping[str, str]) -> Iterator[Block]:
    groups = {str(one["group"]): one for one in told.maps}
    chosen = known(asked, "segment", groups) or next(iter(groups), "")
    if not chosen:
        yield Note("No map: no account met a touchpoint that the tables name.", "refused")
        return
    options = [(name, as_sentence(whose(one)).rstrip(".")) for name, one in groups.items()]
    yield Form("Whose journey", [Choice("segment", "Of", options, chosen)])
    found = groups[chosen]
    yield journey(found, _experience(board.release.programme.experience), _says(found))


def _says(found: Mapping[str, Any]) -> str:
    loops = sum(link["source"] == link["target"] for link in found["links"])
    widest = max(found["links"], key=lambda link: link["n"], default=None)
    said = f"Of {found['n_accounts']:,} accounts (counted)"
    if widest:
        said += f"; the widest flow is from {widest['source']} to {widest['target']}, {widest['n']:,} times"
    said += f"; {loops} touchpoints lead back to themselves" if loops else ""
    return (
        f"{said}. Green: answers better there than of all accounts beyond doubt, red: worse, amber: neither, grey: "
        "nobody is asked."
    )


def _experience(told: Told) -> dict[str, float]:
    """By touchpoint, how far its answers are from those of the whole survey, in standard errors; on one scale."""
    for scale in SCALES:
        found = [one for one in told.found if one.topic == "survey metrics" and one.figure == scale]
        whole = {one.group: one.value for one in found if one.group_by == "survey_type"}
        apart = {}
        for one in found:
            survey, _, touchpoint = one.group.partition(" / ")
            if one.group_by == "survey_type / touchpoint" and survey in whole and one.high > one.low:
                apart[touchpoint] = (one.value - whole[survey]) / ((one.high - one.low) / 3.92)
        if apart:
            return apart
    return {}
