"""The first look at a driver: its effect with the checks that every effect has to stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from pipelines.drivers.adjustment import Adjustment
from pipelines.drivers.causal_order import CausalOrder
from pipelines.drivers.covariates import Covariates
from pipelines.drivers.driver import Driver, Levels, levels
from pipelines.drivers.effect import Comparison, Effect, compared, effect_of
from pipelines.drivers.finding import Figure
from pipelines.drivers.groups import Labels
from pipelines.drivers.nuisance import Floats
from pipelines.drivers.overlap import comparable, refusal, share_left_out
from pipelines.drivers.placebo import shuffled
from pipelines.drivers.rows import DriverRows
from pipelines.drivers.second_opinion import disagreement, second_opinion
from pipelines.drivers.shape import Step, dose_steps, is_monotone, penalty_levels, reward_levels


@dataclass(frozen=True)
class Setting:
    """What all drivers of a run share: rows, order, covariates, and by grouping the group of each row."""

    rows: DriverRows
    order: CausalOrder
    adjustment: Adjustment
    labels: Mapping[str, Labels]
    later: Adjustment | None
    """Of the placebo's rows, where activity is known."""
    seed: int
    direct: bool = False


@dataclass(frozen=True)
class Estimate:
    """A driver after its first look: figures, and why it is refused or no one number stands for it, if so."""

    driver: Driver
    levels: Levels
    gains: Floats
    """How much each covariate before the window tells of the experience."""
    covariates: Covariates
    comparison: Comparison
    figures: tuple[Figure, ...]
    effect: Effect | None = None
    refused: str = ""
    withheld: str = ""


def estimate(setting: Setting, driver: Driver) -> Estimate:
    """Return the effect of a driver with its placebo, its second opinion, and its shape."""
    rows, seed = setting.rows, setting.seed
    contrast = levels(driver, _values(rows, driver))
    gains = setting.adjustment.experience_gains(contrast)
    covariates = setting.adjustment.chosen(gains, setting.order.within_window(driver))
    every = compared(rows, contrast, covariates, seed=seed)
    first = Estimate(driver, contrast, gains, covariates, every, (_share_bad(rows, contrast),))
    why = refusal(every, "account")
    if why:
        return replace(first, figures=(*first.figures, Figure.untold("effect", why)), refused=why)
    kept = comparable(every)
    effect, other = effect_of(kept), second_opinion(kept, covariates.rows(kept.rows))
    figures = [
        *first.figures,
        Figure.of("effect", effect, sentence=_left_out(every)),
        Figure.of("second opinion", other, basis="check", sentence=disagreement(effect, other) or "agrees"),
        _shuffled(setting, kept, effect),
    ]
    steps, shape = ((), []) if driver.is_present_or_absent else _shape(setting, driver, contrast, covariates)
    withheld = (
        "" if is_monotone(steps) else "more of it does harm in one place and good in another: no one number tells"
    )
    return replace(first, figures=(*figures, *shape), effect=effect, withheld=withheld)


def _shape(
    setting: Setting, driver: Driver, contrast: Levels, covariates: Covariates
) -> tuple[tuple[Step, ...], list[Figure]]:
    """The steps between thirds; and these with penalty and reward as figures."""
    rows = setting.rows
    steps, values = dose_steps(rows, driver, covariates, seed=setting.seed), _values(rows, driver)
    words = ("from the best third to the middle third", "from the middle third to the worst third")
    figures = [
        Figure("step", *step[:3], basis="check", n_rows=step.n_rows, n_accounts=step.n_accounts, sentence=sentence)
        for step, sentence in zip(steps, words, strict=False)
    ]
    for name, other in (("penalty", penalty_levels(contrast, values)), ("reward", reward_levels(contrast, values))):
        every = compared(rows, other, covariates, seed=setting.seed)
        why = refusal(every, "account")
        sentence = f"a {'bad' if name == 'penalty' else 'good'} experience against a normal one"
        told = Figure.untold(name, why) if why else Figure.of(name, effect_of(comparable(every)), sentence=sentence)
        figures.append(told)
    return steps, figures


def _values(rows: DriverRows, driver: Driver) -> Floats:
    return rows.now[driver.feature.name].to_numpy(dtype=float)


def _share_bad(rows: DriverRows, contrast: Levels) -> Figure:
    """How often it is bad today, with Wilson's interval."""
    from statsmodels.stats.proportion import proportion_confint

    n, n_bad = int(rows.is_latest.sum()), int((contrast.is_bad & rows.is_latest).sum())
    low, high = proportion_confint(n_bad, max(n, 1), method="wilson")
    return Figure(
        "share bad", 100 * n_bad / max(n, 1), 100 * float(low), 100 * float(high), unit="% of accounts",
        basis="counted", n_rows=n, n_bad=n_bad, n_accounts=n, sentence="had it bad in the 90 days up to now",
    )  # fmt: skip


def _shuffled(setting: Setting, kept: Comparison, effect: Effect) -> Figure:
    """The placebo of the experience dealt out at random."""
    value, low, high = shuffled(kept, setting.rows, setting.seed)
    words = "within what chance shows when it is dealt out at random"
    told = Figure.of("placebo shuffled", effect, basis="check")
    sentence = f"the effect is {'' if low <= effect.points <= high else 'not '}{words}"
    return replace(told, value=value, low=low, high=high, p_value=np.nan, sentence=sentence)


def _left_out(every: Comparison) -> str:
    share = share_left_out(every)
    return f"without the {share:.0%} of those that had it bad that have no counterpart" if share > 0 else ""
