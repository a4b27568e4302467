"""From driver rows to findings: estimate, check, control false discoveries, look closer at what remains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import false_discovery_control, norm

from pipelines.drivers.causal_order import CausalOrder
from pipelines.drivers.covariates import Covariates, before_window, within_window
from pipelines.drivers.driver import Driver, Levels, levels
from pipelines.drivers.effect import Comparison, Effect, clustered_error, compared, effect_of
from pipelines.drivers.finding import Figure, Finding
from pipelines.drivers.groups import ENGAGEMENT, Labels, engagement_labels, group_effects, robustness
from pipelines.drivers.nuisance import Floats, strongest
from pipelines.drivers.overlap import comparable, refusal, share_left_out
from pipelines.drivers.placebo import later_rows, shuffled
from pipelines.drivers.rows import DriverRows, Ints
from pipelines.drivers.second_opinion import disagreement, second_opinion
from pipelines.drivers.sensitivity import hidden_cause
from pipelines.drivers.shape import dose_steps, is_monotone, penalty_levels, reward_levels
from pipelines.drivers.wording import effect_sentence, none_found_sentence

FALSE_DISCOVERY_RATE = 0.05
DEPENDENT = 0.001
"""P-value from which on two drivers of one step are taken to depend on each other."""


@dataclass(frozen=True)
class Setting:
    """What all drivers of a run share."""

    rows: DriverRows
    order: CausalOrder
    base: Covariates
    outcome_places: Ints
    """Places in `base` of the covariates that tell most of churn."""
    labels: Mapping[str, Labels]
    seed: int
    direct: bool = False


@dataclass(frozen=True)
class _Estimated:
    """A driver after its first look: figures, or why there are none."""

    driver: Driver
    levels: Levels
    covariates: Covariates
    places: Ints
    figures: tuple[Figure, ...]
    comparison: Comparison | None = None
    effect: Effect | None = None
    refused: str | None = None
    withheld: str | None = None


def find_drivers(
    rows: DriverRows,
    drivers: Sequence[Driver],
    labels: Mapping[str, Labels],
    *,
    seed: int,
    threads: int = 2,
    direct: bool = False,
) -> tuple[Finding, ...]:
    """Return what is found of each driver, those with the largest effects first.

    Parameters
    ----------
    labels
        by segmentation the segment of each driver row when the window opened, None where it is not known.
    direct
        whether effects that do not go through perception are looked for too.

    Raises
    ------
    ConfigError
        when the drivers are declared to follow one another in a circle.
    """
    order, base = CausalOrder(rows.features, tuple(drivers)), before_window(rows)
    due = ~np.isnan(rows.churned)
    places = strongest(base, np.nan_to_num(rows.churned).astype(np.int64), due, seed)
    groups = {**labels, ENGAGEMENT: engagement_labels(rows)}
    setting = Setting(rows, order, base, places, groups, seed, direct)
    with ThreadPoolExecutor(threads) as pool:
        estimated = list(pool.map(lambda driver: _estimated(setting, driver), drivers))
        q_values = _q_values([None if one.refused or one.effect is None else one.effect.p_value for one in estimated])
        found = list(pool.map(lambda pair: _finding(setting, *pair), zip(estimated, q_values, strict=True)))
    return tuple(sorted(found, key=_largest_first))


def _estimated(setting: Setting, driver: Driver) -> _Estimated:
    """The effect of a driver with its first checks."""
    rows, seed = setting.rows, setting.seed
    values = rows.now[driver.feature.name].to_numpy(dtype=float)
    contrast = levels(driver, values)
    covariates = setting.base.beside(within_window(rows, setting.order.within_window(driver)))
    places = _with_window(setting, covariates)
    every = compared(rows, contrast, covariates, places, seed=seed)
    first = _Estimated(driver, contrast, covariates, places, (_share_bad(rows, contrast),), every)
    why = refusal(every, "account")
    if why:
        return replace(first, figures=(*first.figures, Figure.untold("effect", why)), refused=why)
    kept = comparable(every)
    effect = effect_of(kept)
    other = second_opinion(kept, covariates.some(places).rows(kept.rows))
    words = disagreement(effect, other)
    figures = [
        *first.figures,
        Figure.of("effect", effect, sentence=_left_out(every)),
        Figure.of("placebo shuffled", effect_of(shuffled(kept, rows, seed)), basis="check"),
        *([Figure.of("second opinion", other, basis="check", sentence=words or "agrees")] if other else []),
    ]
    withheld = None
    if not driver.is_present_or_absent:
        shape, withheld = _shape(setting, driver, contrast, covariates, values)
        figures += shape
    return replace(first, figures=tuple(figures), effect=effect, withheld=withheld)


def _shape(
    setting: Setting, driver: Driver, contrast: Levels, covariates: Covariates, values: Floats
) -> tuple[list[Figure], str | None]:
    """Thirds, penalty and reward; and why no one number stands for them, if it does not."""
    rows, seed, places = setting.rows, setting.seed, _with_window(setting, covariates)
    steps = dose_steps(rows, driver, covariates, places, seed=seed)
    figures = [
        Figure("step", step.points, step.low, step.high, basis="check", n_rows=step.n_rows, n_accounts=step.n_accounts,
               sentence=words)
        for step, words in zip(steps, ("best third to middle third", "middle third to worst third"), strict=False)
    ]  # fmt: skip
    for name, other in (("penalty", penalty_levels(contrast, values)), ("reward", reward_levels(contrast, values))):
        every = compared(rows, other, covariates, places, seed=seed)
        why = refusal(every, "account")
        figures.append(Figure.untold(name, why) if why else Figure.of(name, effect_of(comparable(every))))
    turns = None if is_monotone(steps) else "more of it does harm in one place and good in another: no one number tells"
    return figures, turns


def _finding(setting: Setting, one: _Estimated, q_value: float) -> Finding:
    """The verdict on a driver, with a closer look where an effect is found."""
    if one.refused or one.effect is None or one.comparison is None:
        return Finding(one.driver, one.levels, "refused", one.refused or "", np.nan, one.figures)
    kept = comparable(one.comparison)
    bad_rows = kept.rows[kept.bad == 1]
    figures = [*one.figures, *_in_groups(setting, one.comparison)]
    if setting.direct:
        figures.append(_direct(setting, one))
    if one.withheld:
        return Finding(one.driver, one.levels, "withheld", one.withheld, q_value, tuple(figures), bad_rows)
    if q_value > FALSE_DISCOVERY_RATE:
        words = none_found_sentence(one.effect, setting.rows.horizon_days)
        return Finding(one.driver, one.levels, "none found", words, q_value, tuple(figures), bad_rows)
    figures += [*_hidden_cause(setting, one, kept), *_later(setting, one), *_other_order(setting, one, kept)]
    figures += _saved(setting.rows, one.levels, one.effect)
    hidden = next((figure for figure in figures if figure.figure == "hidden cause"), None)
    words = effect_sentence(one.driver, one.levels, one.effect, hidden, setting.rows.horizon_days)
    return Finding(one.driver, one.levels, "cause", words, q_value, tuple(figures), bad_rows)


def _with_window(setting: Setting, covariates: Covariates) -> Ints:
    """Places of what tells of churn, and of all that came before the driver within the window."""
    return np.concatenate([setting.outcome_places, np.arange(len(setting.base.names), len(covariates.names))])


def _q_values(p_values: Sequence[float | None]) -> list[float]:
    """Benjamini and Hochberg (1995), over the drivers that have an effect estimated."""
    known = [p for p in p_values if p is not None]
    adjusted = iter(false_discovery_control(known).tolist() if known else [])
    return [np.nan if p is None else next(adjusted) for p in p_values]


def _share_bad(rows: DriverRows, contrast: Levels) -> Figure:
    """How often it is bad today."""
    now = rows.is_latest
    n, n_bad = int(now.sum()), int((contrast.is_bad & now).sum())
    low, high = _wilson(n_bad, n)
    return Figure("share bad", 100 * n_bad / max(n, 1), low, high, unit="% of accounts", basis="counted", n_rows=n,
                  n_bad=n_bad, n_accounts=n, sentence="accounts with the bad experience in the last 90 days")  # fmt: skip


def _in_groups(setting: Setting, every: Comparison) -> list[Figure]:
    figures = []
    for group_by, labels in setting.labels.items():
        for group, effect in group_effects(every, labels, group_by).items():
            if isinstance(effect, str):
                figures.append(Figure.untold("effect", effect, group_by, group))
            else:
                words = "interval holds for all groups of this grouping together"
                figures.append(replace(Figure.of("effect", effect, sentence=words), group_by=group_by, group=group))
    ratio = robustness(every, setting.labels[ENGAGEMENT])
    if isinstance(ratio, str):
        return [*figures, Figure.untold("robustness", ratio)]
    words = "how many times as much it multiplies churn among engaged accounts as among others; below 1 they are robust"
    return [
        *figures,
        Figure("robustness", ratio.times, ratio.low, ratio.high, unit="times", n_rows=len(every.rows),
               n_bad=ratio.n_bad, n_accounts=ratio.n_accounts, sentence=words),
    ]  # fmt: skip


def _direct(setting: Setting, one: _Estimated) -> Figure:
    names = setting.order.within_window(one.driver, direct=True)
    covariates = setting.base.beside(within_window(setting.rows, names))
    every = compared(setting.rows, one.levels, covariates, _with_window(setting, covariates), seed=setting.seed)
    why = refusal(every, "account")
    words = "not by way of what accounts feel; assumes that nothing unmeasured acts on both feeling and churn"
    return Figure.untold("direct effect", why) if why else Figure.of(
        "direct effect", effect_of(comparable(every)), sentence=words
    )


def _hidden_cause(setting: Setting, one: _Estimated, kept: Comparison) -> list[Figure]:
    """What a hidden common cause as strong as the strongest family of covariates would leave."""
    chosen = one.covariates.some(one.places)
    mask = np.isin(np.arange(len(setting.rows.keys)), kept.rows)
    narrowed = Levels(one.levels.is_bad & mask, one.levels.is_good & mask, *one.levels[2:])
    without = {}
    for family in sorted(set(chosen.families)):
        fewer = chosen.without_family(family)
        if fewer.names:
            places = np.arange(len(fewer.names))
            without[family] = compared(setting.rows, narrowed, fewer, places, seed=setting.seed)
    found = hidden_cause(kept, without)
    if found is None:
        return []
    words = f"if a common cause that nobody measured were as strong as all {found.family} features together"
    effect = one.effect
    assert effect is not None  # noqa: S101
    return [
        Figure("hidden cause", effect.points, found.low, found.high, basis="check", n_rows=len(kept.rows),
               n_bad=effect.n_bad, n_accounts=effect.n_accounts, sentence=words)
    ]  # fmt: skip


def _later(setting: Setting, one: _Estimated) -> list[Figure]:
    """The placebo of a later experience on an earlier fall of activity."""
    rows = later_rows(setting.rows)
    if rows is None:
        return []
    contrast = levels(one.driver, rows.now[one.driver.feature.name].to_numpy(dtype=float))
    base = before_window(rows)
    due = ~np.isnan(rows.churned)
    places = strongest(base, np.nan_to_num(rows.churned).astype(np.int64), due, setting.seed)
    every = compared(rows, contrast, base, places, seed=setting.seed)
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


def _other_order(setting: Setting, one: _Estimated, kept: Comparison) -> list[Figure]:
    """The effect if drivers of the same step that it depends on came before it."""
    related = [
        other
        for other in setting.order.unordered(one.driver)
        if _depends(kept, setting.rows.now[other.feature.name].to_numpy(dtype=float))
    ]
    if not related:
        return []
    names = setting.order.within_window(one.driver) + tuple(other.feature.name for other in related)
    covariates = setting.base.beside(within_window(setting.rows, names))
    every = compared(setting.rows, one.levels, covariates, _with_window(setting, covariates), seed=setting.seed)
    words = f"if {', '.join(other.name for other in related)} came before it; say so with `after` in [drivers]"
    why = refusal(every, "account")
    if why:
        return [Figure.untold("other order", f"{words}: {why}")]
    return [Figure.of("other order", effect_of(comparable(every)), sentence=words)]


def _depends(kept: Comparison, values: Floats) -> bool:
    """Whether another driver goes along with this one beyond what the covariates tell."""
    other = np.nan_to_num(values[kept.rows])
    scores = (kept.bad - kept.chance) * (other - other.mean())
    error = clustered_error(scores - scores.mean(), kept.account)
    return bool(error > 0 and 2 * norm.sf(abs(scores.mean()) / error) < DEPENDENT)


def _saved(rows: DriverRows, contrast: Levels, effect: Effect) -> list[Figure]:
    """Churners and revenue saved within the horizon if those that have it bad today had it good."""
    now = rows.is_latest & contrast.is_bad
    n = int(now.sum())
    words = f"within {rows.horizon_days} days, if the {n:,} accounts that have it bad today had it good"
    shares = [bound / 100 for bound in (effect.points, effect.low, effect.high)]
    sizes = {"churners saved": (float(n), "accounts")}
    if "mrr_now" in rows.now:
        sizes["revenue saved"] = (float(np.nansum(rows.now["mrr_now"][now])), "money a month")
    return [
        Figure(name, *(share * size for share in shares), unit=unit, n_rows=effect.n_bad + effect.n_good,
               n_bad=n, n_accounts=effect.n_accounts, sentence=words)
        for name, (size, unit) in sizes.items()
    ]  # fmt: skip


def _left_out(every: Comparison) -> str:
    share = share_left_out(every)
    return f"without the {share:.0%} of those that had it bad that have no counterpart" if share > 0 else ""


def _wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, in percent."""
    from statsmodels.stats.proportion import proportion_confint

    if n == 0:
        return np.nan, np.nan
    low, high = proportion_confint(successes, n, method="wilson")
    return 100 * float(low), 100 * float(high)


def _largest_first(finding: Finding) -> tuple[int, float]:
    order = {"cause": 0, "withheld": 1, "none found": 2, "refused": 3}
    effect = finding.figure("effect")
    return order[finding.verdict], -abs(effect.value) if effect and effect.value == effect.value else 0.0
