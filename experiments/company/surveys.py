"""What accounts are asked and answer: a periodic survey, one after each case, and one on needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.company.arrays import DAY, HOUR, NEVER, Array, sigmoid
from experiments.company.calendar import delays
from experiments.company.cases import Cases
from experiments.company.service import slowness
from experiments.company.world import World

MONTHS_BETWEEN = 6
N_NEED_ITEMS = 10


@dataclass(frozen=True, slots=True)
class Survey:
    """One entry an invitation in every array; `answered` is NEVER where nobody did, a score NaN where it is missing."""

    survey_type: str
    touchpoint: str
    account: Array
    sent: Array
    contact: Array
    answered: Array
    scores: dict[str, Array]
    """Scores by question."""


def surveys(world: World, cases: Cases) -> list[Survey]:
    """Return all surveys: periodic (recommendation), after a case (satisfaction, effort), after onboarding (needs)."""
    return [_periodic(world), _after_cases(world, cases), _needs(world)]


def _periodic(world: World) -> Survey:
    """Every half year the primary contact and a user are asked; those who are dissatisfied answer less."""
    rng = world.streams.of("periodic survey")
    offset = rng.integers(MONTHS_BETWEEN, size=len(world.firms))
    months = np.arange(world.calendar.n_months)[:, None]
    month, account = np.nonzero(((months + offset) % MONTHS_BETWEEN == 0) & world.living())
    month, account = np.tile(month, 2), np.tile(account, 2)
    sent = world.calendar.moments(month, rng)
    half = len(month) // 2
    contact = np.concatenate(
        [world.people.primary(account[:half], sent[:half]), world.people.user(account[half:], sent[half:], rng)]
    )
    mood, engagement = _feelings(world, month, account)
    suffered = world.parameters.users_suffer * _was_slow(world, month, account) * (np.arange(len(month)) >= half)
    score = 7.6 + 1.5 * (mood - suffered) + 0.5 * engagement + 1.2 * rng.standard_normal(len(month))
    answers = rng.random(len(month)) < sigmoid(0.1 + 0.9 * mood + 0.6 * engagement)
    answered = _answered(world, account, sent, answers, rng)
    return Survey(
        "periodic", "account_management", account, sent, contact, answered, {"recommend": _scale(score, 0, 10)}
    )


def _after_cases(world: World, cases: Cases) -> Survey:
    """Most closed cases are followed by questions on satisfaction, effort and emotions; slow ones are rated worse."""
    rng = world.streams.of("case survey")
    asked = np.nonzero((cases.closed != NEVER) & (rng.random(len(cases.closed)) < 0.7))[0]
    account, contact = cases.account[asked], cases.contact[asked]
    sent = cases.closed[asked] + delays(rng, 2 * HOUR, spread=0.8, size=len(asked))
    mood, engagement = _feelings(world, cases.month[asked], account)
    surprise = world.parameters.expectation_weight * _surprise(world, cases)[asked]
    felt = mood - 0.9 * slowness(world.parameters, cases.wait_hours[asked]) - surprise
    scores = {
        "satisfaction": _scale(4.2 + 0.9 * felt + 0.6 * rng.standard_normal(len(asked)), 1, 5),
        "effort": _scale(5.4 + 1.1 * felt + 1.0 * rng.standard_normal(len(asked)), 1, 7),
        "trust": _scale(3.8 + 0.8 * felt + 0.7 * rng.standard_normal(len(asked)), 1, 5),
        "feeling valued": _scale(3.6 + 0.9 * felt + 0.8 * rng.standard_normal(len(asked)), 1, 5),
    }
    answers = rng.random(len(asked)) < sigmoid(0.2 + 0.6 * felt + 0.5 * engagement)
    return Survey("event", "support", account, sent, contact, _answered(world, account, sent, answers, rng), scores)


def _needs(world: World) -> Survey:
    """New accounts are asked once after onboarding, those from before the observation in its first quarter."""
    rng = world.streams.of("needs survey")
    account = np.arange(len(world.firms))
    waits = world.contracts.onboarding_days + rng.uniform(2, 25, len(account))
    is_new = world.contracts.start_month >= 0
    begin = np.where(is_new, world.contracts.created, world.calendar.starts[0] + 9 * HOUR)
    sent = begin + (np.where(is_new, waits, rng.uniform(0, 85, len(account))) * DAY).astype(np.int64)
    contact = world.people.primary(account, sent)
    answered = _answered(world, account, sent, rng.random(len(account)) < 0.8, rng)
    return Survey("event", "onboarding", account, sent, contact, answered, _need_scores(world, rng))


def _need_scores(world: World, rng: np.random.Generator) -> dict[str, Array]:
    """Importance of ten things from 1 to 5, each person with a scale of their own, an item in ten left out."""
    size = (len(world.firms), N_NEED_ITEMS)
    important = np.zeros((len(world.parameters.needs), N_NEED_ITEMS))
    for code, need in enumerate(world.parameters.needs):
        important[code, list(need.items)] = 1.0
    shift, stretch = 0.6 * rng.standard_normal((size[0], 1)), np.exp(0.25 * rng.standard_normal((size[0], 1)))
    latent = 1.5 * important[world.firms.needs] - 0.4 + 0.65 * rng.standard_normal(size)
    scores = _scale(3.0 + shift + stretch * latent, 1, 5)
    scores = np.where(rng.random(size) < 0.1, np.nan, scores)
    return {f"q{item}": scores[:, item] for item in range(N_NEED_ITEMS)}


def _was_slow(world: World, months: Array, accounts: Array) -> Array:
    """How slow responses were in a month, 0 where there was no case."""
    had_case = world.history.cases[months, accounts] > 0
    return slowness(world.parameters, world.history.response_hours[months, accounts]) * had_case


def _surprise(world: World, cases: Cases) -> Array:
    """By how much each wait (its logarithm, drawn in to -1 to 1) exceeds what the account was used to by then."""
    logs = pd.Series(np.log(cases.wait_hours))
    by_account = logs.groupby(cases.account)
    usual = by_account.transform(
        lambda waits: waits.ewm(alpha=world.parameters.expectation_learning, adjust=False).mean().shift()
    )
    return np.asarray((logs - usual).fillna(0.0).clip(-1, 1))


def _feelings(world: World, months: Array, accounts: Array) -> tuple[Array, Array]:
    return world.history.satisfaction[months, accounts], world.history.engagement[months, accounts]


def _answered(world: World, accounts: Array, sent: Array, answers: Array, rng: np.random.Generator) -> Array:
    """Answers come after a day or so, while the account is there."""
    at = sent + delays(rng, 16 * HOUR, spread=1.2, size=len(sent))
    return np.where(answers & world.is_alive(accounts, sent) & world.is_alive(accounts, at), at, NEVER)


def _scale(values: Array, lowest: int, highest: int) -> Array:
    return np.clip(np.round(values), lowest, highest)
