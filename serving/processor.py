"""How a worker uses the processor: one account at a time, each on the thread that was asked for it."""

from __future__ import annotations

import sys

SWITCH_SECONDS = 0.001


def answer_alone() -> None:
    """Let this process compute each answer on one thread, and let a thread that answers not wait for one that loads.

    Waking further threads for the small matrix products of one account costs more than they do, many times more where
    other workers want the same cores. A release that is being loaded holds Python's lock for at most a millisecond at
    a time, a fifth of what Python itself would let it.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships without types

    threadpool_limits(1, user_api="blas")
    sys.setswitchinterval(SWITCH_SECONDS)
