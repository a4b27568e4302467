"""The tables `survey_invitations` and `survey_responses`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.company.arrays import NEVER, Array, identifiers, labels, timestamps
from experiments.company.surveys import N_NEED_ITEMS, Survey
from experiments.company.world import World

QUESTIONS = {
    "recommend": ("nps", 0, 10),
    "satisfaction": ("csat", 1, 5),
    "effort": ("ces", 1, 7),
    **{f"q{item}": ("need", 1, 5) for item in range(N_NEED_ITEMS)},
}


def survey_tables(world: World, surveys: list[Survey]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return invitations and responses, both in the order of time; a response names its invitation."""
    invitations = _invitations(world, surveys)
    return _invitation_table(invitations), _response_table(invitations, surveys)


def _invitations(world: World, surveys: list[Survey]) -> pd.DataFrame:
    """All invitations as numbers; `survey` and `place` say where their scores are."""
    invitations = pd.concat(
        [
            pd.DataFrame(
                {
                    "survey": number,
                    "place": np.arange(len(survey.account)),
                    "account": survey.account,
                    "sent": survey.sent,
                    "contact": survey.contact,
                    "answered": survey.answered,
                }
            )
            for number, survey in enumerate(surveys)
        ]
    )
    alive = world.is_alive(invitations["account"].to_numpy(), invitations["sent"].to_numpy())
    invitations = invitations[alive].sort_values(["sent", "account", "survey", "place"], kind="stable")
    invitations["type"] = labels([survey.survey_type for survey in surveys], invitations["survey"].to_numpy())
    invitations["touchpoint"] = labels([survey.touchpoint for survey in surveys], invitations["survey"].to_numpy())
    return invitations.assign(number=np.arange(len(invitations)))


def _invitation_table(invitations: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "invitation_id": identifiers("I", invitations["number"].to_numpy()),
            "account_id": identifiers("A", invitations["account"].to_numpy()),
            "sent_at": timestamps(invitations["sent"].to_numpy()),
            "contact_id": identifiers("C", invitations["contact"].to_numpy()),
            "survey_type": invitations["type"].to_numpy(),
            "touchpoint": invitations["touchpoint"].to_numpy(),
        }
    )


def _response_table(invitations: pd.DataFrame, surveys: list[Survey]) -> pd.DataFrame:
    answered = invitations[invitations["answered"] != NEVER]
    answers = pd.concat(
        [
            _answers(answered[answered["survey"] == number], scores, list(QUESTIONS).index(question))
            for number, survey in enumerate(surveys)
            for question, scores in survey.scores.items()
        ]
    ).sort_values(["answered", "number", "question"], kind="stable")
    question = answers["question"].to_numpy()
    metrics, lowest, highest = zip(*QUESTIONS.values(), strict=True)
    return pd.DataFrame(
        {
            "response_id": identifiers("R", np.arange(len(answers))),
            "account_id": identifiers("A", answers["account"].to_numpy()),
            "answered_at": timestamps(answers["answered"].to_numpy()),
            "metric": labels(metrics, question),
            "score": answers["score"].to_numpy(),
            "item": labels(list(QUESTIONS), question),
            "invitation_id": identifiers("I", answers["number"].to_numpy()),
            "contact_id": identifiers("C", answers["contact"].to_numpy()),
            "survey_type": answers["type"].to_numpy(),
            "touchpoint": answers["touchpoint"].to_numpy(),
            "scale_min": np.array(lowest)[question],
            "scale_max": np.array(highest)[question],
        }
    )


def _answers(invitations: pd.DataFrame, scores: Array, question: int) -> pd.DataFrame:
    answers = invitations.assign(question=question, score=scores[invitations["place"].to_numpy()])
    return answers[answers["score"].notna()]
