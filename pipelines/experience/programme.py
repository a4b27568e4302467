"""All of the programme that is computed from answers, silence and roles, as one list of figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from pipelines.experience.asymmetry import asymmetry
from pipelines.experience.champions import champions
from pipelines.experience.coverage import coverage
from pipelines.experience.emotions import emotions
from pipelines.experience.expectation import expectation
from pipelines.experience.fading import fading
from pipelines.experience.fatigue import contact_fatigue
from pipelines.experience.found import Found
from pipelines.experience.gap_risk import combination_rule, experience_and_leaving
from pipelines.experience.key_accounts import key_account_scores
from pipelines.experience.late_answers import late_answers
from pipelines.experience.metrics import survey_metrics
from pipelines.experience.moving_bar import moving_bar
from pipelines.experience.normal_band import normal_bands
from pipelines.experience.perception import perception_gap
from pipelines.experience.promises import promises
from pipelines.experience.reasons import reasons
from pipelines.experience.roles import roles
from pipelines.experience.silence import silence
from pipelines.experience.slow_leak import slow_leak
from pipelines.experience.topics import topics
from pipelines.experience.who_answers import population_scores

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


def programme(
    data: ExperienceData, tell: Progress | None = None, contributions: pd.DataFrame | None = None
) -> list[Found]:
    """Return the figures of every question, one after another.

    Parameters
    ----------
    tell
        is told what is being asked.
    contributions
        family, mean_contribution by feature of the champion, see `reasons`; None: there is none.
    """
    found: list[Found] = []
    for name, ask in QUESTIONS.items():
        if tell:
            tell(name)
        found += (partial(reasons, contributions=contributions) if ask is reasons else ask)(data)
    return found
