"""Customers as an asset: what they are worth at two dates, and the flows that lead from one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.churn.bootstrap import share_interval
from pipelines.experience.found import Found
from pipelines.experience.profit_sensitivity import FEWEST_ACCOUNTS, lifetime_value
from pipelines.experience.revenue import FLOWS, Between

TOPIC = "customer equity"
MONTHS_A_YEAR = 12
WORDS = {
    "lost": "accounts that left",
    "contraction": "accounts that pay less",
    "expansion": "accounts that pay more",
    "new": "accounts that had never been served before",
    "returned": "accounts that came back",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Accounts at the start of a year and those of them still there at its end."""

    n: int
    n_kept: int

    @property
    def share(self) -> float:
        """The yearly retention, 0 to 1."""
        return self.n_kept / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval."""
        return share_interval(self.share, float(np.sqrt(self.share * (1 - self.share) / self.n)), self.n)


def customer_equity(
    flows: Between, before: Kept, after: Kept, *, margin: float = 1.0, discount: float = 0.1
) -> tuple[Found, ...]:
    """Return the equity statement of a year: opening + flows = closing.

    Each account is worth its margin a year times what a unit of it is worth by yearly retention (`lifetime_value`).
    Flows are valued as at the opening; what a change of retention adds or takes is told apart, as reassessed.

    Parameters
    ----------
    flows
        revenue a month at the two dates.
    before, after
        retention in the year before the opening, and in the year before the closing.
    margin
        share of revenue that is kept.
    """
    if min(before.n, after.n) < FEWEST_ACCOUNTS:
        why = f"retention rests on {before.n} and {after.n} accounts; {FEWEST_ACCOUNTS} are needed at both dates"
        return (Found.refused(TOPIC, "closing equity", why),)
    return tuple(_statement(flows, before, after, MONTHS_A_YEAR * margin, discount))


def _statement(flows: Between, before: Kept, after: Kept, scale: float, discount: float) -> Iterator[Found]:
    then, now = (scale * lifetime_value(1.0, kept.share, discount) for kept in (before, after))
    accounts = flows.accounts
    yield _line("opening equity", flows.opening, then, _ends(before, scale, discount), int(accounts["was_there"].sum()))
    for name in FLOWS:
        n = int((accounts["flow"] == name).sum())
        yield _line(name, flows.flow(name), then, _ends(before, scale, discount), n, WORDS[name])
    said = f"retention was {100 * before.share:.1f} %, and is {100 * after.share:.1f} %"
    yield Found(TOPIC, "reassessed", flows.closing * (now - then), unit="currency", basis="assumed",
                sentence=f"{said}; no interval: a difference of two estimates told above and below")  # fmt: skip
    n_closing = int((accounts["closing"] > 0).sum())
    yield _line("closing equity", flows.closing, now, _ends(after, scale, discount), n_closing)


def _ends(kept: Kept, scale: float, discount: float) -> tuple[float, float]:
    low, high = kept.interval
    return scale * lifetime_value(1.0, low, discount), scale * lifetime_value(1.0, high, discount)


def _line(name: str, revenue: float, worth: float, ends: tuple[float, float], n: int, said: str = "") -> Found:
    low, high = sorted(revenue * end for end in ends)
    why = "the interval is that of retention"
    sentence = f"{said}; {why}" if said else why
    return Found(TOPIC, name, revenue * worth, low, high, "currency", "assumed", n_accounts=n, sentence=sentence)
