"""Whether making a driver good pays: its effect, what an account is worth, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.errors import ConfigError
from pipelines.churn.bootstrap import Z
from pipelines.experience.found import Found
from pipelines.experience.value.experience_return import Investment, experience_return


def returns_of(found: tuple[Found, ...], drivers: pd.DataFrame, name: str, cost: float) -> Iterator[Found]:
    """Yield whether making one driver good pays, by its effect and what an account is worth by the closing equity.

    Raises
    ------
    ConfigError
        when the champion holds no such driver.
    """
    own = drivers[(drivers["driver"] == name) & (drivers["group_by"] == "all")] if len(drivers) else drivers
    if own.empty:
        known = ", ".join(sorted(set(drivers["driver"]))) if len(drivers) else "none; train and promote first"
        raise ConfigError.of(f"--driver {name!r}", f"a driver of the champion ({known})", "name one of them")
    effect = own[own["figure"] == "effect"]
    worth = _worth(found)
    if effect.empty or worth is None or not np.isfinite(effect["value"].iloc[0]):
        why = f"no effect of {name} is told, or no account's worth is: {own['verdict_sentence'].iloc[0]}"
        yield Found.refused("return on an investment", "net gain", why)
        return
    row = effect.iloc[0]
    error = float(row["high"] - row["low"]) / (2 * Z)
    share = own.loc[own["figure"] == "share bad", "value"]
    n = max(round(worth[1] * float(share.iloc[0]) / 100), 1) if len(share) else int(row["n_bad"])
    yield from experience_return(Investment(n, cost, float(row["value"]), error, worth[0]))


def _worth(found: tuple[Found, ...]) -> tuple[float, int] | None:
    """What an account is worth by the closing equity, and how many there are."""
    for one in found:
        if one.figure == "closing equity" and one.verdict != "refused" and one.n_accounts:
            return one.value / one.n_accounts, one.n_accounts
    return None
