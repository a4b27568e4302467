"""Worlds of money whose truth is known, and how often what is found of them is right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_trials import WORLDS_A_SEED, Trial, covered
from pipelines.experience.found import Found
from pipelines.experience.value.account_year import kind_of
from pipelines.experience.value.experience_return import Investment, experience_return
from pipelines.experience.value.net_retention import net_retention
from pipelines.experience.value.point_value import point_value
from pipelines.experience.value.price_acceptance import price_acceptance
from pipelines.experience.value.profit_sensitivity import lifetime_value, profit_sensitivity
from pipelines.experience.value.revenue import Between
from pipelines.experience.value.service_costs import service_costs

NPS_KEPT_MORE, CASE_SLOPE, RISE_HARM, RISE_SPARED = 0.12, -0.12, 8.0, 5.0
CHURN, GROWTH = 0.1, 0.03


def nps_year(seed: int, *, n: int = 1500, kept_more: float = 0.12, confounded: float = 0.0) -> pd.DataFrame:
    """A year in which promoters stay `kept_more` more often than detractors; accounts of the south answer worse by
    `confounded` points, and then leave more."""
    rng = np.random.default_rng(seed)
    opening = np.exp(rng.normal(6, 0.6, n))
    is_south = rng.random(n) < 0.5
    score = np.clip(np.round(7.5 + 2.2 * rng.standard_normal(n) - confounded * is_south), 0, 10)
    kind = kind_of(pd.Series(score))
    share = (kind == "promoter") + 0.5 * (kind == "passive")
    leaves = 0.25 - kept_more * share + 0.35 * is_south * bool(confounded)
    has_left = rng.random(n) < leaves
    closing = np.where(has_left, 0.0, opening * (1 + 0.05 * (kind == "promoter") + 0.1 * rng.standard_normal(n)))
    return pd.DataFrame(
        {"account_id": [f"A{i}" for i in range(n)], "region": np.where(is_south, "south", "north"),
         "score": score, "n_answers": 1, "kind": kind, "opening": opening,
         "survey_type": "periodic", "closing": closing, "has_left": has_left, "tenure_days": rng.uniform(0, 900, n),
         "references": rng.poisson(0.1 + 0.2 * (kind == "promoter")), "cases": rng.poisson(2 - (kind == "promoter"))}
    )  # fmt: skip


def nps_years(seed: int, *, n_years: int = 3, kept_more: float = 0.12, n: int = 700) -> pd.DataFrame:
    """Several years of the same accounts, who pay the same and mostly answer as they did; who left is gone."""
    years, rng = [], np.random.default_rng(1000 + seed)
    first = nps_year(seed, n=n, kept_more=kept_more)
    there = np.ones(n, dtype=bool)
    for place in range(n_years):
        score = np.clip(np.round(first["score"] + rng.normal(0, 0.7, n)), 0, 10)
        own = nps_year(10_000 * (place + 1) + seed, n=n, kept_more=0.0)
        kind = kind_of(pd.Series(score))
        share = (kind == "promoter") + 0.5 * (kind == "passive")
        has_left = rng.random(n) < 0.25 - kept_more * share
        growth = 1 + 0.05 * (kind == "promoter") + 0.1 * rng.standard_normal(n)
        closing = np.where(has_left, 0.0, first["opening"] * growth)
        told = own.assign(score=score, kind=kind, opening=first["opening"], closing=closing, has_left=has_left)
        years.append(told.assign(anniversary=n_years - 1 - place)[there])
        there &= ~has_left
    return pd.concat(years, ignore_index=True)


def price_rise_world(seed: int, *, n: int = 2500, harm: float = 8.0, spared: float = 5.0) -> pd.DataFrame:
    """Log-odds of leaving rise by `harm` for each uplift of 1, by `spared` less where the account was well served."""
    rng = np.random.default_rng(seed)
    score, uplift = rng.random(n), rng.uniform(0.0, 0.3, n)
    is_well = score >= np.median(score)
    odds = -2.5 + (harm - spared * is_well) * uplift
    return pd.DataFrame(
        {"account_id": [f"A{i // 2}" for i in range(n)], "uplift": uplift, "score": score,
         "paid": np.exp(rng.normal(5, 1, n)), "has_left": rng.random(n) < 1 / (1 + np.exp(-odds))}
    )  # fmt: skip


def case_year(seed: int, slope: float = -0.12, n: int = 800) -> pd.DataFrame:
    """Cases go down by `slope` (logarithm) for each point of score, and spread more than chance alone."""
    rng = np.random.default_rng(seed)
    score = np.clip(np.round(7 + 2 * rng.standard_normal(n)), 0, 10)
    opening = np.exp(rng.normal(6, 1, n))
    rate = np.exp(0.8 + slope * (score - 7) + 0.2 * (np.log(opening) - 6)) * rng.gamma(2.0, 0.5, n)
    return pd.DataFrame(
        {"score": score, "opening": opening, "tenure_days": rng.uniform(0, 900, n), "survey_type": "periodic",
         "cases": rng.poisson(rate)}
    )  # fmt: skip


def investment_world(seed: int) -> tuple[float, Investment]:
    """The true net gain of each account, and what an estimate makes of it."""
    rng = np.random.default_rng(seed)
    effect, value = rng.normal(1.0, 1.5), 3000.0
    cost = 30.0
    measured = Investment(500, cost, effect + rng.normal(0, 0.8), 0.8, value)
    return effect / 100 * value - cost, measured


def two_years(seed: int, n: int = 600) -> tuple[Between, Between]:
    """Return two years of accounts whose net retention is (1 - CHURN)(1 + GROWTH) whatever they pay."""
    rng = np.random.default_rng(seed)
    first = np.exp(rng.normal(6, 0.8, n))
    second = first * (rng.random(n) > CHURN) * (1 + GROWTH + 0.1 * rng.standard_normal(n))
    third = second * (rng.random(n) > CHURN) * (1 + GROWTH + 0.1 * rng.standard_normal(n))
    return _paid(first, second), _paid(second, third)


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed: of several worlds, so that shares of few seeds are not chance alone."""
    for own in range(WORLDS_A_SEED * seed, WORLDS_A_SEED * (seed + 1)):
        yield from _trials(own)


def _trials(seed: int) -> Iterator[Trial]:
    yield from _point_trials(seed)
    rises = _named(price_acceptance(price_rise_world(seed, n=4000)))
    yield _covers("price_acceptance", rises["harm of a rise, poorly served"], 0.1 * RISE_HARM)
    yield Trial("price_acceptance", "right", rises["harm spared by good experience"].verdict == "found")
    flat = _named(price_acceptance(price_rise_world(seed, spared=0.0)))
    yield Trial("price_acceptance", "false", flat["harm spared by good experience"].verdict == "found")
    yield _covers("service_costs", service_costs(case_year(seed), 50.0)[0], 100 * (np.exp(CASE_SLOPE) - 1))
    yield Trial("service_costs", "false", service_costs(case_year(seed, 0.0), 50.0)[0].verdict == "found")
    past, ahead = two_years(seed)
    counted, _, forecast = net_retention(past)
    yield _covers("net_retention", counted, 100 * (1 - CHURN) * (1 + GROWTH))
    yield _covers("net_retention_ahead", forecast, 100 * ahead.closing / ahead.opening)
    lost = int(np.random.default_rng(seed).binomial(800, 1 - 0.85))
    truth = lifetime_value(1e6, 0.86, 0.1) - lifetime_value(1e6, 0.85, 0.1)
    yield _covers("profit_sensitivity", profit_sensitivity(800, lost, 1e6)[1], truth)
    gain, measured = investment_world(seed)
    said = experience_return(measured, seed=seed)[0].sentence.split(":")[0]
    yield Trial("experience_return", "right", said == "test" or (said == "go") == (gain > 0))


def _point_trials(seed: int) -> Iterator[Trial]:
    year = nps_year(seed)
    truth = 12 * float(year["opening"].sum()) / 200 * NPS_KEPT_MORE
    yield _covers("point_value", _named(point_value(year))["retention, adjusted"], truth)
    for name, none in (("point_value", nps_year(seed, kept_more=0.0)), ("point_value.confounded", _confounded(seed))):
        found = _named(point_value(none, adjust_for=["region"]))["retention, adjusted"]
        yield Trial(name, "false", found.verdict == "found")
    years = nps_years(seed)
    worth = 12 * float(years.loc[years["anniversary"] == 0, "opening"].sum()) / 200 * NPS_KEPT_MORE
    yield _covers("point_value.several_years", _named(point_value(years))["retention, adjusted"], worth)
    flat = _named(point_value(nps_years(seed, kept_more=0.0)))["retention, adjusted"]
    yield Trial("point_value.several_years", "false", flat.verdict == "found")
    few = point_value(year[year["kind"] != "detractor"])[0]
    yield Trial("point_value.no_detractors", "refused", few.verdict == "refused")


def _confounded(seed: int) -> pd.DataFrame:
    return nps_year(seed, kept_more=0.0, confounded=2.0)


def _covers(name: str, found: Found, truth: float) -> Trial:
    return covered(name, found.low, found.high, truth)


def _named(found: tuple[Found, ...]) -> dict[str, Found]:
    return {one.figure: one for one in found}


def _paid(opening: np.ndarray, closing: np.ndarray) -> Between:
    return Between(pd.DataFrame({"opening": opening, "closing": closing}))
