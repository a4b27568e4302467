"""What accounts experience: what they say and do not say, what they expect, who they are, and how engaged."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.experience.told import Told
from serving.dashboard.asked import known
from serving.dashboard.blocks import Choice, Form, Note, Page, Section
from serving.dashboard.board import Board
from serving.dashboard.topics import WHOLE, answered, kind_in_words, questions
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
    kinds = [one for one in _kinds(told) if one not in WHOLE]
    by = known(asked, "by", kinds) or (BY if BY in kinds else "")
    form = Form("Which groups", [Choice("by", "Groups by", [(one, kind_in_words(one)) for one in kinds], by)])
    sections = [
        answered(told, question, [form] if question.topic == SURVEYS else (), by)
        for question in questions("experience")
        if question.topic in there
    ]
    return Page("Experience", f"{LEAD} As known before {told.as_of}.", sections)


def _kinds(told: Told) -> list[str]:
    """By what the answers of surveys are told apart."""
    return list(dict.fromkeys(one.group_by for one in told.found if one.topic == SURVEYS))
