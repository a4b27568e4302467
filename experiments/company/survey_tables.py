"""The tables `survey_invitations` and `survey_responses`."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from experiments.company.arrays import NEVER, Array, identifiers, in_order, labels, timestamps
from experiments.company.rows import Rows
from experiments.company.surveys import N_NEED_ITEMS, Survey
from experiments.company.world import World

QUESTIONS = {
    "recommend": ("nps", 0, 10),
    "satisfaction": ("csat", 1, 5),
    "effort": ("ces", 1, 7),
    "trust": ("emotion", 1, 5),
    "feeling valued": ("emotion", 1, 5),
    **{f"q{item}": ("need", 1, 5) for item in range(N_NEED_ITEMS)},
}


def survey_rows(world: World, surveys: list[Survey]) -> tuple[Rows, Rows]:
    """Return invitations and responses, both in the order of time; a response names its invitation."""
    invitations = _invitations(world, surveys)
    shown = pd.DataFrame({"type": [survey.survey_type for survey in surveys]})
    shown["touchpoint"] = [survey.touchpoint for survey in surveys]
    return (
        Rows(invitations, partial(_invitation_table, shown)),
        Rows(_responses(invitations, surveys), partial(_response_table, shown)),
    )


def _invitations(world: World, surveys: list[Survey]) -> pd.DataFrame:
    """All invitations as numbers; `survey` and `place` say where their scores are."""
    sent = [
        pd.DataFrame(
            {
                "survey": np.int8(number),
                "place": np.arange(len(survey.account)),
                "account": survey.account,
                "sent": survey.sent,
                "contact": survey.contact,
                "answered": survey.answered,
            }
        )
        for number, survey in enumerate(surveys)
    ]
    invitations = pd.concat(sent)
    invitations = invitations[world.is_alive(invitations["account"].to_numpy(), invitations["sent"].to_numpy())]
    order = in_order(invitations["sent"].to_numpy(), invitations["account"].to_numpy())
    return invitations.take(order).reset_index(drop=True)


def _responses(invitations: pd.DataFrame, surveys: list[Survey]) -> pd.DataFrame:
    """All answers as numbers, one a row; those of an invitation stand in the order of the questions."""
    answered = invitations[invitations["answered"] != NEVER].rename_axis("invitation").reset_index()
    answers = pd.concat(
        [
            _answers(answered[answered["survey"] == number], scores, list(QUESTIONS).index(question))
            for number, survey in enumerate(surveys)
            for question, scores in survey.scores.items()
        ]
    )
    return answers.take(in_order(answers["answered"].to_numpy(), answers["invitation"].to_numpy())).reset_index(
        drop=True
    )


def _answers(invitations: pd.DataFrame, scores: Array, question: int) -> pd.DataFrame:
    answers = invitations.assign(question=np.int8(question), score=scores[invitations["place"].to_numpy()])
    return answers[answers["score"].notna()]


def _invitation_table(shown: pd.DataFrame, invitations: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "invitation_id": identifiers("I", invitations.index.to_numpy()),
            "account_id": identifiers("A", invitations["account"].to_numpy()),
            "sent_at": timestamps(invitations["sent"].to_numpy()),
            "contact_id": identifiers("C", invitations["contact"].to_numpy()),
            "survey_type": labels(shown["type"], invitations["survey"].to_numpy()),
            "touchpoint": labels(shown["touchpoint"], invitations["survey"].to_numpy()),
        }
    )


def _response_table(shown: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    question, survey = answers["question"].to_numpy(), answers["survey"].to_numpy()
    metrics, lowest, highest = zip(*QUESTIONS.values(), strict=True)
    return pd.DataFrame(
        {
            "response_id": identifiers("R", answers.index.to_numpy()),
            "account_id": identifiers("A", answers["account"].to_numpy()),
            "answered_at": timestamps(answers["answered"].to_numpy()),
            "metric": labels(metrics, question),
            "score": answers["score"].to_numpy(),
            "item": labels(list(QUESTIONS), question),
            "invitation_id": identifiers("I", answers["invitation"].to_numpy()),
            "contact_id": identifiers("C", answers["contact"].to_numpy()),
            "survey_type": labels(shown["type"], survey),
            "touchpoint": labels(shown["touchpoint"], survey),
            "scale_min": np.array(lowest)[question],
            "scale_max": np.array(highest)[question],
        }
    )
