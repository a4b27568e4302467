"""Whether the robustness score says better than the health score who leaves when the next shock comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.churn.bootstrap import Z
from pipelines.churn.encoder import FloatArray
from pipelines.experience.engagement.health import FEWEST_LATE, fitted_health, split_in_time
from pipelines.experience.engagement.robustness import robustness_scores, why_no_robustness
from pipelines.experience.found import Found
from pipelines.experience.judged import judged

TOPIC, UNIT = "robustness", "AUC, 0.5 is chance"
AHEAD = "robustness ahead of health under a shock"


def shock_foretold(rows: pd.DataFrame) -> tuple[Found, ...]:
    """Return how well each score ranks who leaves after a shock that neither has seen, and by how much they differ.

    Both are fitted to the first two thirds of the quarters. Of the accounts that a shock struck later, the AUC: how
    often one that left had the worse score than one that stayed. Errors are those of DeLong and others (1988,
    Biometrics 44), summed by account.

    Parameters
    ----------
    rows
        of `engaged_quarters`.
    """
    early, late = split_in_time(rows) if len(rows) else (rows, rows)
    struck = late[late["shocked"].astype(bool)].reset_index(drop=True) if len(late) else late
    why = why_no_robustness(early) or _few(struck)
    if why:
        return (Found.refused(TOPIC, AHEAD, why),)
    scores = {
        "robustness score": robustness_scores(early, struck)["robustness"].to_numpy(dtype=float),
        "health score": fitted_health(early).score(struck),
    }
    return tuple(_told(struck, scores))


def _few(struck: pd.DataFrame) -> str | None:
    n_left = int(struck["left"].sum())
    if min(n_left, len(struck) - n_left) >= FEWEST_LATE:
        return None
    return f"{n_left} of {len(struck)} left after a later shock; {FEWEST_LATE} that left and that stayed are needed"


def _told(struck: pd.DataFrame, scores: dict[str, FloatArray]) -> Iterator[Found]:
    left, accounts = struck["left"].to_numpy(dtype=bool), struck["account_id"].astype(str).to_numpy()
    frame = Found(TOPIC, "", np.nan, unit=UNIT, basis="predicted", n=int(left.sum()),
                  n_accounts=len(np.unique(accounts)),
                  sentence="of accounts struck later than was learnt from")  # fmt: skip
    ranked = {name: _ranking(left, -score) for name, score in scores.items()}
    for name, (area, influence) in ranked.items():
        reach = Z * _error(influence, accounts)
        told = replace(frame, figure=f"{name} under a shock", value=area)
        yield replace(told, low=max(area - reach, 0.0), high=min(area + reach, 1.0))
    (robust, of_robust), (healthy, of_healthy) = ranked.values()
    yield judged(replace(frame, figure=AHEAD, unit="AUC"), robust - healthy, _error(of_robust - of_healthy, accounts))


def _ranking(left: np.ndarray, risk: FloatArray) -> tuple[float, FloatArray]:
    """The AUC of a risk, and how much each row moves it."""
    ranks = pd.Series(risk).rank().to_numpy()
    n_left, n_stayed = int(left.sum()), int((~left).sum())
    above = (ranks[left] - pd.Series(risk[left]).rank().to_numpy()) / n_stayed
    below = 1 - (ranks[~left] - pd.Series(risk[~left]).rank().to_numpy()) / n_left
    area = float(above.mean())
    influence = np.zeros(len(risk))
    influence[left], influence[~left] = (above - area) / n_left, (below - area) / n_stayed
    return area, influence


def _error(influence: FloatArray, accounts: np.ndarray) -> float:
    return float(np.sqrt((pd.Series(influence).groupby(accounts).sum() ** 2).sum()))
