"""Who is held out: by account, or by time with a gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from features.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

Positions = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

TEST_SHARE = 0.25
SEARCH_SHARE = 0.5
SEARCH_BLOCKS = 3


class Fold(NamedTuple):
    """Positions of the rows to learn from, and of the rows to be judged on."""

    train: Positions
    test: Positions


@dataclass(frozen=True)
class Split:
    """Folds, how they were cut, and that in a sentence for the model card.

    No row is in two test parts.
    """

    folds: tuple[Fold, ...]
    how: Literal["out_of_fold", "out_of_time"]
    sentence: str


def out_of_fold(accounts: Any, churned: Any, *, n_folds: int = 5, seed: int = 0) -> Split:
    """Return folds in which every account is held out once, whole, and churners are spread evenly.

    With one row per account these are scikit-learn's stratified folds of the same seed.

    Raises
    ------
    ModelError
        When fewer than `n_folds` accounts churned, or stayed.
    """
    from sklearn.model_selection import StratifiedKFold

    _, first, account = np.unique(np.asarray(accounts, dtype=str), return_index=True, return_inverse=True)
    order = np.argsort(first)
    ever = np.zeros(len(first), dtype=bool)
    np.logical_or.at(ever, account, np.asarray(churned, dtype=bool))
    _require_accounts(int(ever.sum()), int((~ever).sum()), n_folds)
    folder = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    held_out = [order[test] for _, test in folder.split(order, ever[order])]
    folds = tuple(_fold_of(np.isin(account, group)) for group in held_out)
    return Split(folds, "out_of_fold", f"{n_folds} folds, every account held out once with all its rows")


def _require_accounts(n_churned: int, n_stayed: int, needed: int) -> None:
    if min(n_churned, n_stayed) < needed:
        raise ModelError.of(
            f"{n_churned:,} accounts that churned and {n_stayed:,} that stayed",
            f"at least {needed} of each",
            "use a longer history or a longer horizon",
        )


def _fold_of(test: Bools) -> Fold:
    return Fold(np.flatnonzero(~test), np.flatnonzero(test))


def out_of_time(as_of: Any, gap_days: float, *, test_share: float = TEST_SHARE, n_blocks: int = 1) -> Split:
    """Return folds that are judged on later cutoffs than they learn from, with a gap in between.

    The gap is the label window. Whoever predicts at a cutoff knows the outcome of an earlier cutoff only once its
    horizon has passed: on the first of June, with a horizon of 90 days, the newest accounts whose outcome is known are
    those of early March. A fold without that gap learns from outcomes nobody had yet, and promises what production
    cannot keep.

    The latest `test_share` of the cutoffs (at least one) is cut into `n_blocks` blocks. Each is a test part; what it
    learns from is every row with `as_of + gap_days` at or before the block's first cutoff (an expanding window). A
    block that nothing can be learnt for is left out, so there may be fewer folds, or none.

    >>> import pandas as pd
    >>> months = pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"])
    >>> [(fold.train.tolist(), fold.test.tolist()) for fold in out_of_time(months, 31).folds]
    [([0, 1, 2], [3])]
    >>> [(fold.train.tolist(), fold.test.tolist()) for fold in out_of_time(months, 60).folds]
    [([0], [3])]
    """
    times = np.asarray(as_of, dtype="datetime64[us]")
    cutoffs = np.unique(times[~np.isnat(times)])
    n_test = max(n_blocks, 1, round(len(cutoffs) * test_share))
    gap = np.timedelta64(round(gap_days * 86_400_000_000), "us")
    blocks = [block for block in np.array_split(cutoffs[-n_test:], n_blocks) if len(block)]
    cut = [Fold(np.flatnonzero(times + gap <= block[0]), np.flatnonzero(np.isin(times, block))) for block in blocks]
    folds = tuple(fold for fold in cut if len(fold.train))
    return Split(folds, "out_of_time", _told(times, folds, gap_days))


def _told(times: npt.NDArray[np.datetime64], folds: tuple[Fold, ...], gap_days: float) -> str:
    if not folds:
        return "no cutoff lies far enough before another"
    spans = [f"{str(times[f.test].min())[:10]} to {str(times[f.test].max())[:10]}" for f in folds]
    learnt = str(times[folds[-1].train].max())[:10]
    return (
        f"judged on as-of dates {', '.join(spans)}; the last learnt from as-of dates up to {learnt}, "
        f"at least {gap_days:g} days before"
    )


def evaluation_split(rows: pd.DataFrame, gap_days: float, *, n_folds: int = 5, seed: int = 0) -> Split:
    """Return how rows are held out to be judged: the latest quarter of cutoffs, or accounts where there is no time.

    Raises
    ------
    ModelError
        When too few accounts churned, or stayed.
    """
    return _in_time_or_by_account(rows, _timed(rows, gap_days, TEST_SHARE, 1), n_folds, seed)


def search_split(rows: pd.DataFrame, gap_days: float, *, n_folds: int = 5, seed: int = 0) -> Split:
    """Return how rows are held out to choose complexity and calibration: three expanding windows, or accounts.

    Raises
    ------
    ModelError
        When too few accounts churned, or stayed.
    """
    return _in_time_or_by_account(rows, _timed(rows, gap_days, SEARCH_SHARE, SEARCH_BLOCKS), n_folds, seed)


def rolling_origins(rows: pd.DataFrame, gap_days: float, n_origins: int) -> Split:
    """Return folds that go on through the later half of the cutoffs: each learns from all that was known at its origin.

    There may be fewer, or none, where an origin has nothing to learn from or only one outcome on either side.
    """
    found = _timed(rows, gap_days, SEARCH_SHARE, n_origins)
    return found or Split((), "out_of_time", "there is one cutoff only")


def _timed(rows: pd.DataFrame, gap_days: float, test_share: float, n_blocks: int) -> Split | None:
    """Return the split in time, reduced to folds that have both outcomes on both sides; None where there is no time."""
    if "as_of" not in rows or rows["as_of"].nunique() < 2:
        return None
    split = out_of_time(rows["as_of"], gap_days, test_share=test_share, n_blocks=n_blocks)
    churned = rows["churned"].to_numpy(dtype=bool)
    kept = tuple(fold for fold in split.folds if _both(churned[fold.train]) and _both(churned[fold.test]))
    return Split(kept, split.how, split.sentence)


def _both(churned: Bools) -> bool:
    return bool(churned.any() and not churned.all())


def _in_time_or_by_account(rows: pd.DataFrame, timed: Split | None, n_folds: int, seed: int) -> Split:
    if timed and timed.folds:
        return timed
    split = out_of_fold(rows["account_id"], rows["churned"].to_numpy(dtype=bool), n_folds=n_folds, seed=seed)
    why = "no dates" if timed is None else "too few cutoffs to hold out later ones"
    return Split(split.folds, split.how, f"{split.sentence}, because there are {why}")
