"""Net revenue retention of the year that has passed, and of the year ahead."""

from __future__ import annotations

import numpy as np

from pipelines.churn.bootstrap import Z
from pipelines.churn.encoder import FloatArray
from pipelines.experience.found import Found
from pipelines.experience.revenue import Between

TOPIC = "net revenue retention"
FEWEST_ACCOUNTS = 50
LARGEST_SHARE = 0.5
"""One account with more of the revenue than that: its doing would be the forecast."""


def net_retention(flows: Between) -> tuple[Found, ...]:
    """Return the year's net and gross revenue retention (counted), and net revenue retention forecast a year ahead.

    Of 100 paid a month by accounts a year ago: what the same accounts pay now (net), and that without what any of them
    pays more (gross). The forecast is last year's ratio; its interval is of what will come: the ratio's own error, and
    the chance of the year ahead, in which accounts differ from it as much as last year in proportion to what they pay
    (ratio estimator, Cochran 1977, Sampling Techniques, equation 6.9).
    """
    accounts = flows.accounts[flows.accounts["opening"] > 0]
    opening, closing = (accounts[name].to_numpy(dtype=float) for name in ("opening", "closing"))
    if len(opening) < FEWEST_ACCOUNTS:
        why = f"{len(opening)} paying accounts a year ago; {FEWEST_ACCOUNTS} are needed"
        return (Found.refused(TOPIC, "net revenue retention", why),)
    net, gross = _ratio(opening, closing), _ratio(opening, np.minimum(closing, opening))
    n = len(opening)
    return (
        Found(TOPIC, "net revenue retention", *net, "% of revenue", n_accounts=n, sentence="of the year that passed"),
        Found(TOPIC, "gross revenue retention", gross[0], gross[1], min(gross[2], 100.0), "% of revenue", n_accounts=n,
              sentence="without what accounts pay more than a year ago"),
        _forecast(opening, closing, flows.accounts["closing"].to_numpy(dtype=float)),
    )  # fmt: skip


def _ratio(opening: FloatArray, closing: FloatArray) -> tuple[float, float, float]:
    """Percent, with its interval over accounts."""
    ratio, n = closing.sum() / opening.sum(), len(opening)
    # As if each account were left out once: a large one hides its own error less (jackknife).
    errors = (closing - ratio * opening) / (1 - opening / opening.sum())
    reach = Z * np.sqrt(errors @ errors * n / (n - 1)) / opening.sum()
    return 100 * ratio, 100 * max(ratio - reach, 0.0), 100 * (ratio + reach)


def _forecast(opening: FloatArray, closing: FloatArray, now: FloatArray) -> Found:
    name, now = "net revenue retention, year ahead", now[now > 0]
    largest = float(now.max(initial=0.0) / max(now.sum(), 1e-300))
    if len(now) < FEWEST_ACCOUNTS or largest > LARGEST_SHARE:
        came = f"{len(now)} paying accounts, the largest with {100 * largest:.0f} % of revenue"
        needed = f"{FEWEST_ACCOUNTS} and at most {100 * LARGEST_SHARE:.0f} % are needed"
        return Found.refused(TOPIC, name, f"{came}; {needed}")
    ratio = closing.sum() / opening.sum()
    errors = closing - ratio * opening
    ahead = errors @ errors / (opening @ opening) * (now @ now) / now.sum() ** 2
    reach = Z * float(np.sqrt(errors @ errors / opening.sum() ** 2 + ahead))
    value = 100 * ratio, 100 * max(ratio - reach, 0.0), 100 * (ratio + reach)
    said = "if the year ahead is like the last; in 19 of 20 such years it lies within"
    return Found(TOPIC, name, *value, "% of revenue", "predicted", n_accounts=len(now), sentence=said)
