"""Findings in words: what was found, of how many, how sure, and under which assumption."""

from __future__ import annotations

from pipelines.drivers.driver import Driver, Levels
from pipelines.drivers.effect import Effect
from pipelines.drivers.finding import Figure


def effect_sentence(driver: Driver, contrast: Levels, effect: Effect, hidden: Figure | None, horizon_days: int) -> str:
    """Return the effect of a driver in one sentence, with its assumption."""
    change = "raises" if effect.points > 0 else "lowers"
    assumed = f"no unmeasured common cause stronger than {_strength(hidden)}" if hidden else "no unmeasured common cause"
    found = (
        f"{driver.feature.sentence}, {contrast.words}: {change} churn within {horizon_days} days by "
        f"{abs(effect.points):.1f} points ({_range(effect)}; {effect.n_bad:,} account-quarters with it, "
        f"{effect.n_accounts:,} accounts). Estimated effect, assuming "
    )
    if hidden is None:
        return f"{found}{assumed}."
    weakest = hidden.low if effect.points > 0 else -hidden.high
    rest = "it would still be there" if weakest > 0 else "it might be nothing"
    return f"{found}no unmeasured common cause; were there one as strong as {_strength(hidden)}, {rest} ({hidden.low:.1f} to {hidden.high:.1f})."


def none_found_sentence(effect: Effect, horizon_days: int) -> str:
    """Return what can be said where no effect is found: at most so much."""
    return f"no effect found: churn within {horizon_days} days differs by {effect.low:.1f} to {effect.high:.1f} points"


def _strength(hidden: Figure) -> str:
    return hidden.sentence.removeprefix("if a common cause that nobody measured were as strong as ")


def _range(effect: Effect) -> str:
    low, high = sorted((effect.low, effect.high)) if effect.points > 0 else sorted((-effect.high, -effect.low))
    return f"{low:.1f} to {high:.1f}"
