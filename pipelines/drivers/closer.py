"""The closer look at a driver: segments, hidden causes, placebo, the other order, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import norm

from pipelines.drivers.driver import Levels, levels
from pipelines.drivers.effect import Comparison, Effect, clustered_error, compared, effect_of
from pipelines.drivers.estimate import Estimate, Setting
from pipelines.drivers.finding import Figure
from pipelines.drivers.groups import ENGAGEMENT, group_effects, robustness
from pipelines.drivers.nuisance import Floats
from pipelines.drivers.overlap import comparable, refusal
from pipelines.drivers.rows import DriverRows
from pipelines.drivers.sensitivity import hidden_cause
from pipelines.drivers.wording import HIDDEN

DEPENDENT = 0.001
"""P-value from which on two drivers of one step are taken to depend on each other."""


def in_groups(setting: Setting, one: Estimate) -> list[Figure]:
    """Return the effect in each group, and how robust engaged accounts are."""
    figures = []
    for group_by, labels in setting.labels.items():
        for group, effect in group_effects(one.comparison, labels, group_by).items():
            if isinstance(effect, str):
                figures.append(Figure.untold("effect", effect, group_by, group))
            else:
                words = "the interval holds for all groups of this grouping together"
                figures.append(replace(Figure.of("effect", effect, sentence=words), group_by=group_by, group=group))
    ratio = robustness(one.comparison, setting.labels[ENGAGEMENT])
    if isinstance(ratio, str):
        return [*figures, Figure.untold("robustness", ratio)]
    words = "how many times as much it multiplies churn among engaged accounts as among others; below 1 they are robust"
    told = Figure("robustness", *ratio[:3], unit="times", n_rows=len(one.comparison.rows), n_bad=ratio.n_bad,
                  n_accounts=ratio.n_accounts, sentence=words)  # fmt: skip
    return [*figures, told]


def direct_effect(setting: Setting, one: Estimate) -> Figure:
    """Return the effect that does not go through perception."""
    every = _adjusted(setting, one, setting.order.within_window(one.driver, direct=True))
    why = refusal(every, "account")
    if why:
        return Figure.untold("direct effect", why)
    words = "not by way of what accounts feel, assuming that nothing unmeasured acts on both feeling and churn"
    return Figure.of("direct effect", effect_of(comparable(every)), sentence=words)


def under_hidden_cause(setting: Setting, one: Estimate) -> list[Figure]:
    """Return the interval under a hidden common cause as strong as the strongest family of covariates.

    Of the two families that confound most the one that, left out, would leave most open.
    """
    kept = comparable(one.comparison)
    within = np.isin(np.arange(len(setting.rows.keys)), kept.rows)
    same = Levels(one.levels.is_bad & within, one.levels.is_good & within, *one.levels[2:])
    found = {}
    for family in setting.adjustment.strongest_families(one.gains):
        fewer = compared(setting.rows, same, one.covariates.without_family(family), seed=setting.seed)
        found[family] = hidden_cause(kept, fewer)
    if not found or one.effect is None:
        return []
    family = max(found, key=lambda name: found[name].high - found[name].low)
    low, high = found[family]
    words = f"{HIDDEN}all {family} features together"
    told = replace(
        Figure.of("hidden cause", one.effect, basis="check", sentence=words), low=low, high=high, p_value=np.nan
    )
    return [told]


def later_on_earlier(setting: Setting, one: Estimate) -> list[Figure]:
    """Return the placebo: the experience of the quarter after on a fall of activity before it."""
    if setting.later is None:
        return []
    rows = setting.later.rows
    contrast = levels(one.driver, rows.now[one.driver.feature.name].to_numpy(dtype=float))
    covariates = setting.later.chosen(setting.later.experience_gains(contrast), ())
    every = compared(rows, contrast, covariates, seed=setting.seed)
    why = refusal(every, "account")
    if why:
        return [Figure.untold("placebo later", why)]
    effect = effect_of(comparable(every))
    passes = effect.low <= 0 <= effect.high
    words = (
        "passes: what comes later does not act on what came before"
        if passes
        else "fails: accounts that decline get it more or less often; the effect rests on what it is adjusted for"
    )
    unit = "percentage points of accounts whose activity fell by half"
    return [replace(Figure.of("placebo later", effect, basis="check", sentence=words), unit=unit)]


def other_order(setting: Setting, one: Estimate) -> list[Figure]:
    """Return the effect if drivers of its step that depend on it came before it; nothing where none does."""
    kept, rows = comparable(one.comparison), setting.rows
    unordered = setting.order.unordered(one.driver)
    related = [other for other in unordered if _depends(kept, rows.now[other.feature.name].to_numpy(dtype=float))]
    if not related:
        return []
    names = (*setting.order.within_window(one.driver), *(other.feature.name for other in related))
    every = _adjusted(setting, one, names)
    words = f"if {', '.join(other.name for other in related)} came before it; say so with `after` in [drivers]"
    why = refusal(every, "account")
    if why:
        return [Figure.untold("other order", f"{words}: {why}")]
    return [Figure.of("other order", effect_of(comparable(every)), sentence=words)]


def saved(rows: DriverRows, contrast: Levels, effect: Effect) -> list[Figure]:
    """Return churners and revenue saved within the horizon if those that have it bad today had it good."""
    now = rows.is_latest & contrast.is_bad
    n = int(now.sum())
    words = f"within {rows.horizon_days} days, if the {n:,} accounts that have it bad today had it good"
    sizes = {"churners saved": (float(n), "accounts")}
    if "mrr_now" in rows.now:
        sizes["revenue saved"] = (float(np.nansum(rows.now["mrr_now"][now])), "money a month")
    return [
        replace(
            Figure.of(name, effect, sentence=words), value=effect.points * size / 100, low=effect.low * size / 100,
            high=effect.high * size / 100, unit=unit, n_bad=n,
        )
        for name, (size, unit) in sizes.items()
    ]  # fmt: skip


def _adjusted(setting: Setting, one: Estimate, within: Sequence[str]) -> Comparison:
    """The rows of a driver, adjusted for what was before the window and for some columns within it."""
    covariates = setting.adjustment.chosen(one.gains, within)
    return compared(setting.rows, one.levels, covariates, seed=setting.seed)


def _depends(kept: Comparison, values: Floats) -> bool:
    """Whether another driver goes along with this one beyond what the covariates tell."""
    other = np.nan_to_num(values[kept.rows])
    scores = (kept.bad - kept.chance) * (other - other.mean())
    error = clustered_error(scores - scores.mean(), kept.account)
    return bool(error > 0 and 2 * norm.sf(abs(scores.mean()) / error) < DEPENDENT)
