"""How much is taken on at once, and how much of it from one caller; what is more is refused at once, never queued."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.errors import Refusal
from serving.routes import Rule

MOST_BUCKETS = 10_000
BUSY_SECONDS = 1


def to_nobody(_: int) -> None:
    """Tell nobody."""


class Rates:
    """A token bucket a caller: it holds `burst` requests, and `per_second` more come in.

    >>> rates = Rates(per_second=10, burst=2, clock=lambda: 0.0)
    >>> [rates.wait_seconds("crm") for _ in range(3)]
    [0.0, 0.0, 0.1]
    """

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.burst = float(burst)
        self.clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, caller: str) -> float:
        """Take one request out of the caller's bucket; return 0, or how long until there is one in it."""
        now = self.clock()
        left, at = self._buckets.pop(caller, (self.burst, now))
        left = min(self.burst, left + (now - at) * self.per_second)
        is_enough = left >= 1
        self._buckets[caller] = (left - is_enough, now)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return 0.0 if is_enough else (1 - left) / self.per_second

    def check(self, caller: str) -> None:
        """Take one request out of the caller's bucket.

        Raises
        ------
        Refusal
            When it is empty.
        """
        wait = self.wait_seconds(caller)
        if wait:
            seconds = math.ceil(wait)
            came = f"got more than {self.per_second:g} requests a second with one key"
            message = f"{came}; expected fewer; ask again in {seconds} s, or for many accounts at once"
            raise Refusal("rate_limited", message, headers={"Retry-After": str(seconds)})


class InFlight:
    """Counts the requests that are being answered in this worker, and how many of them are heavy.

    Parameters
    ----------
    counted
        told how many there are whenever that changes.
    """

    def __init__(self, most: int, most_heavy: int, counted: Callable[[int], object] = to_nobody) -> None:
        self.most = most
        self.most_heavy = most_heavy
        self.counted = counted
        self.now = 0
        self.heavy = 0

    @contextmanager
    def one(self, rule: Rule) -> Iterator[None]:
        """Count a request while it is answered.

        Raises
        ------
        Refusal
            When there are as many already as this worker takes on.
        """
        if not rule.is_work:
            yield
            return
        if self.now >= self.most or (rule.is_heavy and self.heavy >= self.most_heavy):
            message = f"got more requests at once than are answered; ask again in {BUSY_SECONDS} s"
            raise Refusal("too_many_requests", message, headers={"Retry-After": str(BUSY_SECONDS)})
        self._add(1, rule)
        try:
            yield
        finally:
            self._add(-1, rule)

    def _add(self, n: int, rule: Rule) -> None:
        self.now += n
        self.heavy += n * rule.is_heavy
        self.counted(self.now)
