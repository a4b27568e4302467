"""Engagement, shocks, contracts and incentives whose truth is known, and how often what is found is right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from experiments.benchmarks.experience_trials import WORLDS_A_SEED, Trial, covered
from pipelines.experience.engagement.engagement import engagement
from pipelines.experience.engagement.health import health
from pipelines.experience.engagement.hostages import hostages
from pipelines.experience.engagement.rented_loyalty import rented_loyalty
from pipelines.experience.engagement.robustness import robustness
from pipelines.experience.engagement.shock_foretold import AHEAD, shock_foretold
from pipelines.experience.engagement.transport import transported
from pipelines.experience.found import Found

OWN, QUALITY = ("logins", "posts", "wishes"), ("csat", "ces", "speed")
MULTIPLIED = "spared by engagement, multiplied"
World = tuple[pd.DataFrame, pd.DataFrame, float]


def shocked_quarters(seed: int, *, spared: float = 0.6, accounts: int = 1200, quarters: int = 3) -> pd.DataFrame:
    """A shock adds 1.2 to the log-odds of leaving, less `spared` for each standard deviation of engagement."""
    rng = np.random.default_rng(seed)
    n = accounts * quarters
    account = np.tile(np.arange(accounts), quarters)
    engaged = (2 + 0.8 * rng.standard_normal(accounts))[account] + 0.3 * rng.standard_normal(n)
    z = (engaged - engaged.mean()) / engaged.std()
    shocked = rng.random(n) < 0.25
    odds = -3.0 - 0.3 * z + shocked * (1.2 - spared * z)
    at = pd.Timestamp("2023-01-01") + pd.to_timedelta(90 * np.repeat(np.arange(quarters), accounts), unit="D")
    return pd.DataFrame(
        {"account_id": [f"A{i}" for i in account], "at": at, "left": rng.random(n) < 1 / (1 + np.exp(-odds)),
         "mrr": np.exp(rng.normal(5, 1, n)), "tenure_years": rng.random(n), "engaged": engaged, "shocked": shocked}
    )  # fmt: skip


def struck_quarters(seed: int, *, spared: float = 1.0, accounts: int = 1500, quarters: int = 6) -> pd.DataFrame:
    """In calm quarters mood decides who leaves; under a shock it is engagement, by `spared`, and mood no more.

    Without anything spared the two scores tell nothing apart under a shock.
    """
    rows = shocked_quarters(seed, spared=0.0, accounts=accounts, quarters=quarters)
    rng = np.random.default_rng(5000 + seed)
    z = (rows["engaged"] - rows["engaged"].mean()) / rows["engaged"].std()
    mood = rng.standard_normal(len(rows))
    odds = np.where(rows["shocked"], -1.8 - spared * z, -3.0 - 1.2 * mood)
    left = rng.random(len(rows)) < 1 / (1 + np.exp(-odds))
    return rows.assign(mood=mood, cases=0.0, left=left)


def contract_quarters(seed: int, *, held: float = 1.5, accounts: int = 1200, quarters: int = 4) -> pd.DataFrame:
    """Unhappy accounts leave more by 1.6 in log-odds, less `held` while a contract binds them."""
    rng = np.random.default_rng(seed)
    n = accounts * quarters
    account = np.tile(np.arange(accounts), quarters)
    unhappy, locked = rng.random(n) < 0.35, rng.random(n) < 0.6
    odds = -3.0 + unhappy * (1.6 - held * locked) - 0.2 * locked
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(90 * np.repeat(np.arange(quarters), accounts), unit="D")
    return pd.DataFrame(
        {"account_id": [f"A{i}" for i in account], "at": at, "left": rng.random(n) < 1 / (1 + np.exp(-odds)),
         "mrr": 100.0, "tenure_years": rng.random(n), "unhappy": unhappy.astype(float), "locked": locked,
         "mood": np.where(unhappy, 0.4, 0.8), "release_at": at + pd.Timedelta(days=200)}
    )  # fmt: skip


def incentive_quarters(seed: int, *, drop: float = 0.15, n: int = 3000) -> pd.DataFrame:
    """Those who are given an incentive are at risk; `drop` more of them leave when it ends."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(["none", "under", "ended"], n, p=[0.7, 0.15, 0.15])
    prob = np.select([kind == "none", kind == "under"], [0.05, 0.12], 0.12 + drop)
    at = pd.to_datetime("2024-01-01") + pd.to_timedelta(90 * rng.integers(0, 4, n), unit="D")
    return pd.DataFrame(
        {"account_id": [f"A{i // 2}" for i in range(n)], "at": at, "left": rng.random(n) < prob, "mrr": 50.0,
         "tenure_years": rng.random(n), "under": kind == "under", "ended": kind == "ended"}
    )  # fmt: skip


def item_world(seed: int, *, between: float = 0.3, n: int = 500) -> pd.DataFrame:
    """Two factors that correlate by `between`, three items each; some never answered."""
    rng = np.random.default_rng(seed)
    engaged = rng.standard_normal(n)
    served = between * engaged + np.sqrt(1 - between**2) * rng.standard_normal(n)
    items = pd.DataFrame({"account_id": [f"A{i}" for i in range(n)]})
    for name in OWN:
        items[name] = np.floor(np.exp(engaged + 0.6 * rng.standard_normal(n)))
    for name in QUALITY:
        items[name] = served + 0.6 * rng.standard_normal(n)
    return items.assign(csat=items["csat"].mask(rng.random(n) < 0.3))


def panel_world(seed: int, *, shift: float = 1.0, panel: int = 500, field: int = 3000) -> World:
    """A treatment lowers churn by 4 points, and by 6 more for each unit of engagement; the panel is more engaged."""
    rng = np.random.default_rng(seed)
    own = rng.normal(shift, 1.0, panel)
    other = rng.normal(0.0, 1.0, field)
    treated = rng.random(panel) < 0.5
    effect = np.clip(-0.04 - 0.06 * own, -0.25, 0.2)
    outcome = rng.random(panel) < np.clip(0.3 + 0.02 * own + effect * treated, 0, 1)
    rows = pd.DataFrame({"engaged": own, "treated": treated.astype(int), "outcome": outcome.astype(int)})
    return rows, pd.DataFrame({"engaged": other}), 100 * float(np.clip(-0.04 - 0.06 * other, -0.25, 0.2).mean())


def health_quarters(seed: int, *, engaged: float = -0.9, mood: float = -0.5, n: int = 4000) -> pd.DataFrame:
    """Risk falls with engagement and mood; whose mood is unknown is riskier; tenure does nothing."""
    rng = np.random.default_rng(seed)
    z, m = rng.standard_normal(n), rng.standard_normal(n)
    silent = rng.random(n) < 0.3
    odds = -2.5 + engaged * z + mood * m * ~silent + 0.7 * silent * (mood != 0)
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(90 * (np.arange(n) % 6), unit="D")
    return pd.DataFrame(
        {"account_id": [f"A{i // 6}" for i in range(n)], "at": at, "left": rng.random(n) < 1 / (1 + np.exp(-odds)),
         "engaged": z, "mood": np.where(silent, np.nan, m), "cases": rng.poisson(1.0, n).astype(float),
         "tenure_years": rng.random(n)}
    )  # fmt: skip


def trials(seed: int) -> Iterator[Trial]:
    """Yield what came of one seed: of several worlds, so that shares of few seeds are not chance alone."""
    for own in range(WORLDS_A_SEED * seed, WORLDS_A_SEED * (seed + 1)):
        yield from _trials(own)


def _trials(seed: int) -> Iterator[Trial]:
    yield from _moderation_trials("robustness", robustness(shocked_quarters(seed)), MULTIPLIED, 0.6)
    none = _named(robustness(shocked_quarters(seed, spared=0.0)))[MULTIPLIED]
    yield Trial("robustness", "false", none.verdict == "found")
    ahead, level = (_named(shock_foretold(struck_quarters(seed, spared=spared)))[AHEAD] for spared in (1.0, 0.0))
    yield Trial("shock_foretold", "right", ahead.verdict == "found")
    yield Trial("shock_foretold", "false", level.verdict == "found")
    now = contract_quarters(1000 + seed, accounts=200, quarters=1)
    yield from _moderation_trials("hostages", hostages(contract_quarters(seed), now).found, "held by a contract", 1.5)
    free = _named(hostages(contract_quarters(seed, held=0.0), now).found)["held by a contract"]
    yield Trial("hostages", "false", free.verdict == "found")
    rented = rented_loyalty(incentive_quarters(seed))
    yield from _moderation_trials("rented_loyalty", rented, "leave when it ends", 15.0)
    yield Trial("rented_loyalty", "false", rented_loyalty(incentive_quarters(seed, drop=0.0))[0].verdict == "found")
    yield Trial("engagement", "right", engagement(item_world(seed), OWN, QUALITY).found[0].verdict == "found")
    one = engagement(item_world(seed, between=1.0), OWN, QUALITY).found[0]
    yield Trial("engagement", "false", one.verdict == "found")
    panel, field, truth = panel_world(seed)
    carried = transported(panel, field, ["engaged"])[1]
    yield covered("transport", carried.low, carried.high, truth)
    far = transported(*panel_world(seed, shift=5.0)[:2], ["engaged"])[1]
    yield Trial("transport.no_overlap", "refused", far.verdict == "refused")
    weights = _named(health(health_quarters(seed))[1])
    yield covered("health", weights["weight of engaged"].low, weights["weight of engaged"].high, -0.9)
    yield Trial("health.useless", "false", weights["weight of tenure_years"].verdict == "found")


def _moderation_trials(name: str, told: tuple[Found, ...], figure: str, truth: float) -> Iterator[Trial]:
    found = _named(told)[figure]
    yield covered(name, found.low, found.high, truth)
    yield Trial(name, "right", found.verdict == "found")


def _named(found: tuple[Found, ...]) -> dict[str, Found]:
    return {one.figure: one for one in found}
