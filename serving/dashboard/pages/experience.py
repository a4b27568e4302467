"""What accounts experience: what they say and do not say, what they expect, who they are, and how engaged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pipelines.experience.told import Told
from serving.dashboard.asked import known
from serving.dashboard.blocks import Choice, Form, Note, Page, Section
from serving.dashboard.board import Board
from serving.dashboard.topics import MONTH, WHOLE, answered, kind_in_words, questions
from serving.dashboard.words import as_sentence

LEAD = "What accounts say, what they do not say, what they expect, and what of it foretells leaving."


ASKS = ("by",)
BY = "survey_type / touchpoint"
SURVEYS = "survey metrics"


def experience(board: Board, asked: Mapping[str, str]) -> Page:
    """Return the page.

    Raises
    ------
    Refusal
        When groups are asked for that there are none of.
    """
    told = board.release.programme.experience
    if told.why_not:
        return Page("Experience", LEAD, [Section("", [Note(as_sentence(told.why_not), "refused")])])
    there = {one.topic for one in told.found}
    kinds = _kinds(told)
    by = known(asked, "by", kinds) or next((one for one in (BY, *kinds) if kinds.get(one, 0) > 1), "")
    form = Form("Which groups", [Choice("by", "Groups by", [(one, kind_in_words(one)) for one in kinds], by)])
    sections = [
        answered(told, question, [form], by) if question.topic == SURVEYS else answered(told, question)
        for question in questions("experience")
        if question.topic in there
    ]
    return Page("Experience", f"{LEAD} As known before {told.as_of}.", sections)


def _kinds(told: Told) -> dict[str, int]:
    """By what the answers of surveys are told apart, and how many groups one figure has at most."""
    counts = Counter((one.group_by, one.figure) for one in told.found if one.topic == SURVEYS)
    found: dict[str, int] = {}
    for (group_by, _), n in counts.items():
        if group_by not in WHOLE and not group_by.endswith(MONTH):
            found[group_by] = max(found.get(group_by, 0), n)
    return found
