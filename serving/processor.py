"""How a worker uses memory and processor: no more libraries than it needs, each answer on the thread that is asked."""

from __future__ import annotations

import importlib
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


def import_lightgbm() -> None:
    """Import LightGBM without its interface to scikit-learn, which costs a worker 65 MB and a second and is not used.

    LightGBM does without scikit-learn where it is not installed, and is told so while it is imported.
    """
    if "sklearn" in sys.modules or "lightgbm" in sys.modules:
        importlib.import_module("lightgbm")
        return
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # Python's own sign for what cannot be imported
    try:
        importlib.import_module("lightgbm")
    finally:
        del sys.modules["sklearn"]
