"""Whether there is anybody to compare with: accounts that had it bad beside like accounts that had it good."""

from __future__ import annotations

from pipelines.drivers.effect import Comparison

HIGHEST_CHANCE = 0.9
"""Where more than nine in ten such accounts have it bad, hardly any is left to compare with (Crump et al. 2009)."""
MOST_LEFT_OUT = 0.5
FEWEST_ROWS = 50
FEWEST_CHURNED = 10


def comparable(comparison: Comparison) -> Comparison:
    """Return the rows that have a counterpart: like accounts had the experience good as well as bad."""
    return comparison.among(comparison.chance <= HIGHEST_CHANCE)


def share_left_out(comparison: Comparison) -> float:
    """Share of the rows that had it bad of which hardly any like account had it good (0 to 1)."""
    is_bad = comparison.bad == 1
    return float((comparison.chance[is_bad] > HIGHEST_CHANCE).mean()) if is_bad.any() else 0.0


def refusal(comparison: Comparison, who: str) -> str | None:
    """Return why no effect can be told, None where one can.

    Parameters
    ----------
    comparison
        all rows at the two levels, those without counterpart too.
    who
        whose rows they are, such as "account" or "account of segment local": the subject of the sentence.
    """
    n_bad, n_good = int(comparison.bad.sum()), int((1 - comparison.bad).sum())
    if n_bad == 0 or n_good == 0:
        return f"no {who} ever had it {'bad' if n_bad == 0 else 'good'}"
    if min(n_bad, n_good) < FEWEST_ROWS:
        few, level = min((n_bad, "bad"), (n_good, "good"))
        return f"{who}s had it {level} {few} times only, fewer than {FEWEST_ROWS}"
    left_out = share_left_out(comparison)
    if left_out > MOST_LEFT_OUT:
        return f"of {left_out:.0%} of the {who}s that had it bad hardly any like one had it good"
    kept = comparable(comparison)
    if int(kept.bad.sum()) < FEWEST_ROWS:
        return (
            f"{int(kept.bad.sum())} {who}s that had it bad have a like one that had it good, fewer than {FEWEST_ROWS}"
        )
    n_churned = [int(kept.churned[kept.bad == level].sum()) for level in (0, 1)]
    if sum(n_churned) < FEWEST_CHURNED or n_churned[0] == 0:
        return f"{sum(n_churned)} {who}s among them churned, too few to tell an effect"
    return None
