"""Word of mouth as parameters with their sources: what it adds to the value of accounts and to the revenue at risk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipelines.churn.encoder import FloatArray
from pipelines.experience.found import Found

TOPIC = "word of mouth"
DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Assumed:
    """A number that somebody has to believe: its usual value, the range it lies in, and who says so."""

    value: float
    low: float
    high: float
    source: str

    def drawn(self, rng: np.random.Generator, n: int) -> FloatArray:
        """Return (n,) draws of a triangle over the range, its top at the value."""
        if self.low >= self.high:
            return np.full(n, self.value)
        return rng.triangular(self.low, min(max(self.value, self.low), self.high), self.high, n)


QUOTED_GOOD = Assumed(9, 0, 9, "9 people, as articles quote without naming a study: a prior, not measured here")
QUOTED_BAD = Assumed(22, 9, 22, "22 people, as articles quote without naming a study: a prior, not measured here")
UNKNOWN = Assumed(0.0, 0.0, 0.0, "nothing is assumed until referrals are counted")


@dataclass(frozen=True, slots=True)
class WordOfMouth:
    """How people speak, and what comes of it; the numbers of people are often quoted, never measured here.

    Attributes
    ----------
    told_good, told_bad
        people whom a content customer tells, and a disappointed one.
    won_per_told, lost_per_told
        customers won or lost for each person told: nothing until the company says what its referrals show.
    """

    told_good: Assumed = QUOTED_GOOD
    told_bad: Assumed = QUOTED_BAD
    won_per_told: Assumed = UNKNOWN
    lost_per_told: Assumed = UNKNOWN


@dataclass(frozen=True, slots=True)
class Base:
    """What word of mouth is added to.

    Attributes
    ----------
    n_accounts, lifetime_value
        accounts served, and what one is worth on average without word of mouth.
    n_promoters, n_detractors
        accounts that speak well and ill in the year ahead.
    revenue_at_risk, expected_leavers
        without word of mouth, and how many accounts are expected to leave: they speak ill.
    """

    n_accounts: int
    lifetime_value: float
    n_promoters: float
    n_detractors: float
    revenue_at_risk: float = 0.0
    expected_leavers: float = 0.0


def with_word_of_mouth(base: Base, spoken: WordOfMouth, *, seed: int = 0) -> tuple[Found, ...]:
    """Return value with word of mouth, its good and bad part apart, revenue at risk with it, and what moves it most.

    Good: promoters x people told x customers won for each x lifetime value; bad: the same of detractors, taken off; to
    the revenue at risk comes what leavers keep from coming. Intervals are of the assumed ranges (draws of triangles):
    no more is known. With nothing won or lost it is plain lifetime value.
    """
    return tuple(_figures(base, spoken, np.random.default_rng(seed)))


def _figures(base: Base, spoken: WordOfMouth, rng: np.random.Generator) -> Iterator[Found]:
    names = ("told_good", "told_bad", "won_per_told", "lost_per_told")
    drawn = {name: getattr(spoken, name).drawn(rng, DRAWS) for name in names}
    usual = {name: np.array([getattr(spoken, name).value]) for name in names}
    for name, of in PARTS.items():
        low, high = np.quantile(of(base, drawn), [0.025, 0.975])
        yield Found(TOPIC, name, float(of(base, usual)[0]), float(low), float(high), "currency", "assumed",
                    n_accounts=base.n_accounts, sentence=_sources(spoken, name))  # fmt: skip
    yield from _tornado(base, spoken, usual)


def _sources(spoken: WordOfMouth, name: str) -> str:
    """Who says what a figure rests on."""
    good, bad = (spoken.told_good, spoken.won_per_told), (spoken.told_bad, spoken.lost_per_told)
    of = {"good word of mouth": good, "bad word of mouth": bad, "revenue at risk with word of mouth": bad}
    return "; ".join(dict.fromkeys(one.source for one in of.get(name, (*good, *bad))))


def _good(base: Base, of: dict[str, FloatArray]) -> FloatArray:
    return base.n_promoters * of["told_good"] * of["won_per_told"] * base.lifetime_value


def _bad(base: Base, of: dict[str, FloatArray]) -> FloatArray:
    return 0.0 - base.n_detractors * of["told_bad"] * of["lost_per_told"] * base.lifetime_value


def _value(base: Base, of: dict[str, FloatArray]) -> FloatArray:
    return base.n_accounts * base.lifetime_value + _good(base, of) + _bad(base, of)


def _at_risk(base: Base, of: dict[str, FloatArray]) -> FloatArray:
    return base.revenue_at_risk + base.expected_leavers * of["told_bad"] * of["lost_per_told"] * base.lifetime_value


PARTS: dict[str, Callable[[Base, dict[str, FloatArray]], FloatArray]] = {
    "good word of mouth": _good,
    "bad word of mouth": _bad,
    "lifetime value with word of mouth": _value,
    "revenue at risk with word of mouth": _at_risk,
}


def _tornado(base: Base, spoken: WordOfMouth, usual: dict[str, FloatArray]) -> Iterator[Found]:
    """By how much the value moves between the ends of each parameter's range, the others at their usual value."""
    moves = []
    for name in usual:
        one: Assumed = getattr(spoken, name)
        ends = [float(_value(base, usual | {name: np.array([end])})[0]) for end in (one.low, one.high)]
        moves.append(
            Found(TOPIC, f"moved by {name}", abs(ends[1] - ends[0]), min(ends), max(ends), "currency", "assumed",
                  n_accounts=base.n_accounts, sentence=f"lifetime value at {one.low:g} and {one.high:g}: {one.source}")
        )  # fmt: skip
    yield from sorted(moves, key=lambda one: -one.value)


def scaled(spoken: WordOfMouth, factor: float) -> WordOfMouth:
    """Return word of mouth that reaches so many times as many people.

    >>> scaled(WordOfMouth(), 2).told_good.value
    18
    """

    def times(one: Assumed) -> Assumed:
        return replace(one, value=one.value * factor, low=one.low * factor, high=one.high * factor)

    return replace(spoken, told_good=times(spoken.told_good), told_bad=times(spoken.told_bad))
