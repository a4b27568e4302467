"""Arrays as columns of a table: identifiers, names behind codes, timestamps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

NEVER = np.iinfo(np.int64).max  # a moment that does not come, in seconds
UNKNOWN = -1  # the code of a value nobody knows
DAY = 86_400  # seconds
HOUR = 3_600  # seconds


def sigmoid(log_odds: Array) -> Array:
    """Return probabilities (0-1) for log-odds.

    >>> sigmoid(np.array([0.0, 2.0])).round(2).tolist()
    [0.5, 0.88]
    """
    return 1.0 / (1.0 + np.exp(-log_odds))


def step(values: Array, threshold: float, width: float) -> Array:
    """Return how far values (any shape) are past a threshold: 0 well below, 1 well above, smooth in between.

    >>> step(np.array([1.0, 3.0, 9.0]), 3.0, 0.1).tolist()
    [2.0611536181902037e-09, 0.5, 1.0]
    """
    return sigmoid(np.clip((values - threshold) / width, -40.0, 40.0))


def identifiers(prefix: str, numbers: Array) -> pd.api.extensions.ExtensionArray:
    """Return texts such as A-000001, NaN where the number is negative.

    >>> list(identifiers("A", np.array([0, 41])))
    ['A-0000001', 'A-0000042']
    """
    known = pa.array(numbers + 1, mask=numbers < 0)
    text = pc.ascii_lpad(known.cast(pa.large_string()), 7, "0")
    text = pc.binary_replace_slice(text, 0, 0, f"{prefix}-")
    named: pd.api.extensions.ExtensionArray = pd.array(text, dtype="str")
    return named


def labels(names: Iterable[str], codes: Array) -> pd.api.extensions.ExtensionArray:
    """Return the name behind every code, NaN for a negative one.

    >>> list(labels(["low", "high"], np.array([1, 0])))
    ['high', 'low']
    """
    named: pd.api.extensions.ExtensionArray = pd.array(list(names), dtype="str").take(codes, allow_fill=True)
    return named


def timestamps(seconds: Array) -> NDArray[np.datetime64]:
    """Return UTC timestamps for seconds since 1970, NaT for a moment that does not come.

    >>> timestamps(np.array([0, NEVER])).astype("datetime64[s]").tolist()
    [datetime.datetime(1970, 1, 1, 0, 0), None]
    """
    known = np.where(seconds == NEVER, 0, seconds).astype("datetime64[s]").astype("datetime64[us]")
    return np.where(seconds == NEVER, np.datetime64("NaT", "us"), known)


def scattered(counts: Array) -> tuple[Array, Array]:
    """Return the month and the account of every event that a grid of counts (months x accounts) stands for.

    >>> [codes.tolist() for codes in scattered(np.array([[0, 2], [1, 0]]))]
    [[0, 0, 1], [1, 1, 0]]
    """
    months, accounts = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), counts.shape[1])
    return months, accounts


def in_order(at: Array, accounts: Array) -> Array:
    """Return the places of events by time, then account; of those that agree in both, the earlier place first.

    >>> in_order(np.array([30, 10, 10]), np.array([0, 5, 4])).tolist()
    [2, 1, 0]
    """
    width = int(accounts.max(initial=0)) + 1
    # One number to sort by costs a third of two: seconds since 1970 times a billion accounts still fit.
    return np.argsort(at * width + accounts, kind="stable")
