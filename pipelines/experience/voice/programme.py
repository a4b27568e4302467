"""All of the programme that is computed from answers, silence and roles, as one list of figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from pipelines.experience.found import Found
from pipelines.experience.voice.asymmetry import asymmetry
from pipelines.experience.voice.borne_out import borne_out
from pipelines.experience.voice.champions import champions
from pipelines.experience.voice.coverage import coverage
from pipelines.experience.voice.emotions import emotions
from pipelines.experience.voice.expectation import expectation
from pipelines.experience.voice.fading import fading
from pipelines.experience.voice.fatigue import contact_fatigue
from pipelines.experience.voice.gap_risk import combination_rule, experience_and_leaving
from pipelines.experience.voice.key_accounts import key_account_scores
from pipelines.experience.voice.late_answers import late_answers
from pipelines.experience.voice.metrics import survey_metrics
from pipelines.experience.voice.moving_bar import moving_bar
from pipelines.experience.voice.normal_band import normal_bands
from pipelines.experience.voice.perception import perception_gap
from pipelines.experience.voice.promises import promises
from pipelines.experience.voice.reasons import reasons
from pipelines.experience.voice.roles import roles
from pipelines.experience.voice.silence import silence
from pipelines.experience.voice.slow_leak import slow_leak
from pipelines.experience.voice.topics import topics
from pipelines.experience.voice.who_answers import population_scores

if TYPE_CHECKING:
    import pandas as pd

    from features.panel import Progress
    from pipelines.experience.inputs import ExperienceData

Question = Callable[["ExperienceData"], list[Found]]
QUESTIONS: Mapping[str, Question] = {
    "survey metrics": survey_metrics,
    "key accounts": key_account_scores,
    "who answers": population_scores,
    "contact fatigue": contact_fatigue,
    "late answers": late_answers,
    "normal bands": normal_bands,
    "silence": silence,
    "slow leaks": slow_leak,
    "coverage": coverage,
    "reasons borne out": borne_out,
    "expectation": expectation,
    "the moving bar": moving_bar,
    "experience and leaving": experience_and_leaving,
    "combination rule": combination_rule,
    "roles": roles,
    "champions": champions,
    "perception": perception_gap,
    "promises": promises,
    "emotions": emotions,
    "fading": fading,
    "penalty and reward": asymmetry,
    "reasons": reasons,
    "comments": topics,
}
"""What is asked, in the order in which it is told."""


def asked(attributed: pd.DataFrame | None = None, *, quoted: bool = True) -> dict[str, Question]:
    """Return every question by name.

    Parameters
    ----------
    attributed
        what a release's predictions rest on, see `reasons`; None: there is none.
    quoted
        whether accounts' own words are told.
    """
    own = {"reasons": partial(reasons, attributed=attributed), "comments": partial(topics, quoted=quoted)}
    return {**QUESTIONS, **own}


def programme(
    data: ExperienceData, tell: Progress | None = None, attributed: pd.DataFrame | None = None
) -> list[Found]:
    """Return the figures of every question, one after another; `tell` is told what is being asked."""
    found: list[Found] = []
    for name, ask in asked(attributed).items():
        if tell:
            tell(name)
        found += ask(data)
    return found
