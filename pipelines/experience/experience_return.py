"""Whether an investment in experience pays: its return, the probability of a loss, and go, test or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.churn.bootstrap import Z
from pipelines.experience.found import Found, Verdict

TOPIC = "return on an investment"
DRAWS = 20_000
SURE_OF_GAIN, SURE_OF_LOSS = 0.1, 0.9
"""Probabilities of a loss up to which it is a go, and from which on it is a no."""
Decision = Literal["go", "test", "no"]
VERDICTS: dict[Decision, Verdict] = {"go": "found", "test": "cannot tell", "no": "none found"}


@dataclass(frozen=True, slots=True)
class Investment:
    """What is spent on some accounts, and what it is thought to do.

    Attributes
    ----------
    n_accounts
        accounts that get it.
    cost
        of one account, in the company's currency.
    effect_points, effect_error
        churn prevented within the horizon, in percentage points, and its standard error: of a driver's effect, or a
        trial's.
    value, value_error
        of an account kept, and its standard error.
    """

    n_accounts: int
    cost: float
    effect_points: float
    effect_error: float
    value: float
    value_error: float = 0.0


def decision(loss_prob: float) -> Decision:
    """Return go, test or no for a probability of a loss.

    >>> decision(0.02), decision(0.5), decision(0.97)
    ('go', 'test', 'no')
    """
    return "go" if loss_prob <= SURE_OF_GAIN else "no" if loss_prob >= SURE_OF_LOSS else "test"


def experience_return(one: Investment, *, seed: int = 0) -> tuple[Found, ...]:
    """Return the net gain with its interval, the return on what is spent, and the probability of a loss.

    Draws of effect and value as normal around their estimates. It is caused as far as the effect is.
    """
    if not all(np.isfinite([one.effect_points, one.effect_error, one.value, one.cost])) or one.n_accounts < 1:
        why = "no effect, value or cost is known of it; find the effect first, as perennial drivers or a trial does"
        return (Found.refused(TOPIC, "net gain", why),)
    rng = np.random.default_rng(seed)
    effect = rng.normal(one.effect_points, one.effect_error, DRAWS) / 100
    value = np.maximum(rng.normal(one.value, one.value_error, DRAWS), 0.0)
    net = one.n_accounts * (effect * value - one.cost)
    spent = one.n_accounts * one.cost
    loss = float((net < 0).mean())
    said = decision(loss)
    low, high = np.quantile(net, [0.025, 0.975])
    expected = one.n_accounts * (one.effect_points / 100 * one.value - one.cost)
    reach = Z * np.sqrt(loss * (1 - loss) / DRAWS)
    ratio, least, most = (100 * float(gain) / spent if spent > 0 else np.nan for gain in (expected, low, high))
    return (
        Found(TOPIC, "net gain", expected, float(low), float(high), "currency", "caused", n_accounts=one.n_accounts,
              verdict=VERDICTS[said], sentence=f"{said}: a loss has a probability of {100 * loss:.0f} %"),
        Found(TOPIC, "return", ratio, least, most, "% of what is spent", "caused", n_accounts=one.n_accounts,
              sentence="" if spent > 0 else "nothing is spent"),
        Found(TOPIC, "probability of a loss", 100 * loss, 100 * max(loss - reach, 0.0), 100 * min(loss + reach, 1.0),
              "%", "caused", n_accounts=one.n_accounts, sentence="the interval is of the draws"),
    )  # fmt: skip
