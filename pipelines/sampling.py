"""What it means for a run that rows of its panel were sampled, and what is said of it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from features.checks import Finding
from features.panel import Panel
from pipelines.account_draw import drawn

CURRENT_SHARE = "current_share"
"""Under this name the rows of a panel say (in `attrs`) which share of those that wait at the latest date they hold."""


def latest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per account: that of the latest as-of date, or the last given where there are no dates."""
    if "as_of" in rows:
        rows = rows[rows["as_of"] == rows["as_of"].max()]
    return rows.drop_duplicates("account_id", keep="last").reset_index(drop=True)


def current_rows(panel: Panel, seed: int) -> pd.DataFrame:
    """Return the latest row of every account, or of accounts drawn at random where those that stayed were sampled.

    Those that churned were all kept: as many of them are left out as of the others, or segments and quantiles would be
    of a crowd in which far too many churned.
    """
    rows = latest(panel.rows)
    if panel.kept_share == 1:
        return rows
    churned = rows["churned"].fillna(False).to_numpy(dtype=bool)
    return rows[~churned | (drawn(rows["account_id"], seed) < panel.kept_share)].reset_index(drop=True)


def sampling(panel: Panel) -> dict[str, Any]:
    """Return how rows were sampled, in numbers and in a sentence; nothing where all were read."""
    current_share = panel.rows.attrs.get(CURRENT_SHARE, 1.0)
    if panel.kept_share == current_share == 1:
        return {}
    n_churned, n_stayed = (int((panel.rows["churned"] == label).sum()) for label in (True, False))
    n_rows, sentences = panel.n_rows or n_churned + n_stayed, []
    if panel.kept_share < 1:
        sentences.append(
            f"{n_rows:,} rows have a label, more than most_rows: learnt from all {n_churned:,} that churned and from "
            f"{n_stayed:,} of the {n_rows - n_churned:,} others, accounts drawn at random; probabilities and figures "
            "are corrected to those of all rows"
        )
    if current_share < 1:
        sentences.append(
            f"segments, tiers and the reference are of {current_share:.1%} of the accounts whose label is not due yet, "
            "drawn at random"
        )
    kept = {"n_rows": n_rows, "n_kept": n_churned + n_stayed, "kept_share": panel.kept_share}
    return kept | {CURRENT_SHARE: current_share, "sentence": "; ".join(sentences)}


def sampling_finding(panel: Panel) -> list[Finding]:
    """Return a warning where rows were sampled."""
    said = sampling(panel)
    do = "raise most_rows under [model] where there is memory for more"
    return [Finding("panel", "churned", "warning", said["sentence"], said["n_rows"], do)] if said else []
