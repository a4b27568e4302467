"""What is true of a simulated company and no table shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from experiments.company.arrays import Array, identifiers
from experiments.company.parameters import Effects
from experiments.company.service import slowness
from experiments.company.world import World


@dataclass(frozen=True, slots=True)
class Driver:
    """A candidate cause: through which effects it works (`direct` or by way of a later tier), if any."""

    name: str
    tier: str
    direct: tuple[str, ...] = ()
    mediated: tuple[str, ...] = ()
    note: str = ""


SLOW = 0.5
DRIVERS = (
    Driver(
        "small_firm", "context", ("small_firm",), (), "confounds: small firms leave more and are served more slowly"
    ),
    Driver("young", "context", ("young",), (), "third to seventh month"),
    Driver("renewal_window", "context", ("renewal_window", "locked_in"), (), "multiplies bad experiences too"),
    Driver("first_response", "operations", ("slow_response",), ("dissatisfaction",), "past 24 hours, then saturated"),
    Driver("outage", "operations", ("outage",), ("dissatisfaction",), "most for reliability first"),
    Driver("billing_error", "operations", ("billing_error",), ("dissatisfaction",)),
    Driver("price_rise", "operations", ("price_rise",), (), "above 7 %, most for price first"),
    Driver("slow_onboarding", "operations", (), ("disengagement",), "above 45 days"),
    Driver("champion_exit", "operations", ("champion_exit",), ("disengagement",), "the primary contact leaves"),
    Driver("success_call", "operations", ("success_call",), (), "keeps accounts"),
    Driver("dissatisfaction", "perception", ("dissatisfaction",), (), "low satisfaction, seen in csat, ces and nps"),
    Driver(
        "disengagement", "behaviour", ("disengagement",), (), "low engagement, seen in use; engagement also protects"
    ),
    Driver("newsletter", "operations", note="noise"),
    Driver("email", "operations", note="noise"),
    Driver("owner_change", "operations", note="noise"),
    Driver("training_offer", "operations", note="noise, by lot"),
    Driver("escalation", "operations", note="goes along with slow responses"),
    Driver("reopened", "operations", note="noise"),
    Driver("resolution", "operations", note="goes along with slow responses"),
    Driver("survey_invitation", "operations", note="follows cases"),
    Driver("business_review", "operations", note="held with those that had trouble: confounded by indication"),
    Driver("internal_rating", "perception", note="sees satisfaction and engagement"),
    Driver("webinar_attended", "behaviour", note="noise"),
    Driver("community_post", "behaviour", note="goes along with engagement"),
    Driver("feature_requested", "behaviour", note="goes along with engagement"),
    Driver("reference_given", "behaviour", note="goes along with satisfaction"),
    Driver("cancellation_page_viewed", "intent", note="consequence of the decision"),
    Driver("data_export_requested", "intent", note="consequence of the decision"),
    Driver("discount_requested", "intent", note="consequence of the decision"),
)


def truth_of(world: World, *, seed: int, name: str) -> dict[str, Any]:
    """Return the truth as plain values for JSON: parameters (effects in log-odds), drivers, segments by account_id."""
    parameters = asdict(world.parameters)
    return {
        "seed": seed,
        "world": name,
        "parameters": parameters,
        "drivers": [_declared(driver, world.parameters.effects) for driver in DRIVERS],
        "journeys": [_journey(world)],
        "segments": _segments(world),
    }


def _journey(world: World) -> dict[str, Any]:
    """The planted journey, and how many accounts went all of it while they were served."""
    slow = (slowness(world.parameters, world.history.response_hours) > SLOW) & (world.history.cases > 0)
    after_outage = _now_or_last_month(world.shocks.outage)
    went = world.shocks.billing_error & _now_or_last_month(slow & after_outage) & world.living()
    return {
        "name": "let down three times",
        "steps": ["outage", "slow first response", "billing error"],
        "within": "each in the month of the one before or the next",
        "log_odds": world.parameters.effects.journey,
        "n_accounts": int(went.any(axis=0).sum()),
    }


def _now_or_last_month(grid: Array) -> Array:
    return np.asarray(grid | np.concatenate([np.zeros_like(grid[:1]), grid[:-1]]))


def _declared(driver: Driver, effects: Effects) -> dict[str, Any]:
    direct = {name: getattr(effects, name) for name in driver.direct}
    mediated = {name: getattr(effects, name) for name in driver.mediated}
    matters = any([*direct.values(), *mediated.values()])
    return {
        "name": driver.name,
        "tier": driver.tier,
        "matters": matters,
        "direct_log_odds": direct,
        "mediated_by_log_odds": mediated,
        "note": driver.note,
    }


def _segments(world: World) -> dict[str, dict[str, str]]:
    ids = list(identifiers("A", np.arange(len(world.firms))))
    codes = {
        "firmographic": (world.parameters.firms, world.firms.segment),
        "behavioural": (world.parameters.behaviours, world.firms.behaviour),
        "needs": (world.parameters.needs, world.firms.needs),
    }
    return {
        segmentation: dict(zip(ids, [kinds[code].name for code in members], strict=True))
        for segmentation, (kinds, members) in codes.items()
    }
