"""Findings in words: what was found, of how many, how sure, and under which assumption."""

from __future__ import annotations

from pipelines.drivers.driver import Driver, Levels
from pipelines.drivers.effect import Effect
from pipelines.drivers.finding import Figure

HIDDEN = "were a common cause that nobody measured as strong as "


def effect_sentence(driver: Driver, contrast: Levels, effect: Effect, hidden: Figure | None, horizon_days: int) -> str:
    """Return the effect of a driver in one sentence, with its assumption.

    Parameters
    ----------
    hidden
        what a hidden common cause would leave of it, where that was looked into.
    """
    rises = effect.points > 0
    low, high = (effect.low, effect.high) if rises else (-effect.high, -effect.low)
    found = (
        f"{driver.feature.sentence}, {contrast.words}: {'raises' if rises else 'lowers'} churn within {horizon_days} "
        f"days by {abs(effect.points):.1f} points ({low:.1f} to {high:.1f}; {effect.n_bad:,} account-quarters with it, "
        f"{effect.n_accounts:,} accounts). Estimated effect, assuming no unmeasured common cause"
    )
    if hidden is None:
        return f"{found}."
    strength, left = hidden.sentence.removeprefix(HIDDEN), f"{hidden.low:.1f} to {hidden.high:.1f} points"
    if (hidden.low if rises else -hidden.high) > 0:
        return f"{found} stronger than {strength}: were there one as strong, {left}."
    return f"{found}: one as strong as {strength} could be all there is to it ({left})."


def none_found_sentence(effect: Effect, horizon_days: int) -> str:
    """Return what can be said where no effect is found: at most so much."""
    return f"no effect found: churn within {horizon_days} days differs by {effect.low:.1f} to {effect.high:.1f} points"
