"""What a caller may send as the value of a feature."""

from __future__ import annotations

import math
from typing import Any

Value = bool | int | float | str | None
LONGEST_TEXT = 1_000
LONGEST_NAME = 200
MOST_FEATURES = 1_000


def feature_value(came: Any) -> Value:
    """Return the value if a feature can have it.

    >>> feature_value(float("inf"))
    Traceback (most recent call last):
    ValueError: got inf; expected a finite number; send null where a value is not known
    """
    if came is None or isinstance(came, bool):
        return came
    if isinstance(came, str):
        if len(came) > LONGEST_TEXT:
            raise ValueError(f"got a text of {len(came)} characters; expected {LONGEST_TEXT} at most; shorten it")
        return came
    if not isinstance(came, int | float):
        kind = "a list" if isinstance(came, list) else "an object"
        raise ValueError(f"got {kind}; expected a number, text, true, false or null; send one value a feature")
    if not _is_finite(came):
        shown = came if isinstance(came, float) else "a number beyond 1.8e308"
        raise ValueError(f"got {shown}; expected a finite number; send null where a value is not known")
    return came


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def few_enough(came: Any) -> Any:
    """Return features as they came, unless there are too many: pydantic would first list what is wrong with each.

    >>> few_enough(dict.fromkeys(map(str, range(1001))))
    Traceback (most recent call last):
    ValueError: got 1001 features; expected 1000 at most; send what the release reads
    """
    if isinstance(came, dict) and len(came) > MOST_FEATURES:
        raise ValueError(f"got {len(came)} features; expected {MOST_FEATURES} at most; send what the release reads")
    return came
