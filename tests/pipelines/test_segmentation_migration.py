"""Who moved from month to month, and how segments drift, on a panel small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.feature import Feature
from pipelines.segmentation import Segmentation, fit_segmentations
from pipelines.segmentation.migration import between_months, between_releases, drift, placed

SPENT = Feature("spent_90d", "behaviour", "behaviour", "money", "Amount bought, last 90 days")
LOW, HIGH = 5.0, 2000.0
MONTHS = pd.date_range("2025-01-01", periods=3, freq="MS")


@pytest.fixture(scope="module")
def found() -> Segmentation:
    rng = np.random.default_rng(0)
    spent = np.exp(rng.normal(np.repeat(np.log([LOW, HIGH]), [180, 120]), 0.4))
    rows = pd.DataFrame({"account_id": [f"A-{number}" for number in range(300)], "spent_90d": spent})
    return fit_segmentations(rows, (SPENT,), seed=0)["behavioural"]


def panel(spent_by_account: dict[str, list[float | None]]) -> pd.DataFrame:
    """Rows in any order of accounts; None where the account is no customer, NaN where nothing is known."""
    rows = [
        {"account_id": account, "as_of": month, "spent_90d": spent}
        for account, values in spent_by_account.items()
        for month, spent in zip(MONTHS, values, strict=True)
        if spent is not None
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=1, ignore_index=True)


MOVED = panel(
    {
        "a": [LOW, LOW, LOW],
        "b": [LOW, HIGH, HIGH],
        "c": [HIGH, HIGH, None],
        "d": [HIGH, LOW, None],
        "e": [None, None, HIGH],
        "f": [LOW, np.nan, LOW],
    }
)


def test_moves_are_counted_from_each_month_to_the_next(found: Segmentation) -> None:
    moved = between_months(found, placed(found, MOVED))
    assert moved is not None
    assert moved.sources == ("behavioural-1", "behavioural-2")
    assert moved.targets == ("behavioural-1", "behavioural-2", "left")
    # a-a, a-a and b out, d out; then c and b remain, c leaves, d comes and leaves; f is not known in between
    assert moved.counts == ((2, 1, 1), (1, 2, 1))
    assert (moved.since, moved.until) == ("2025-01-01", "2025-03-01")
    assert moved.sentences[0].startswith("66.7% of accounts that remain are in the same segment a month later (6 ")
    assert moved.sentences[1] == "the largest move is from behavioural-1 to behavioural-2: 1 times, and 1 times back"


def test_only_the_last_twelve_moves_count(found: Segmentation) -> None:
    months = pd.date_range("2023-01-01", periods=20, freq="MS")
    rows = pd.DataFrame({"account_id": "a", "as_of": months, "spent_90d": LOW})
    moved = between_months(found, placed(found, rows))
    assert moved is not None
    assert np.sum(moved.counts) == 12
    assert moved.since == "2023-08-01"


def test_one_date_has_no_moves_and_no_drift(found: Segmentation) -> None:
    at = placed(found, MOVED[MOVED["as_of"] == MONTHS[0]])
    assert between_months(found, at) is None
    assert drift(found, at) is None


def test_shares_are_told_month_by_month_and_a_shift_is_said(found: Segmentation) -> None:
    still = panel({f"a{number}": [LOW if number < 50 else HIGH] * 3 for number in range(100)})
    calm = drift(found, placed(found, still))
    assert calm is not None
    assert (calm.shares[0], calm.n) == ((0.5, 0.5), (100, 100, 100))
    assert calm.psi == 0
    assert calm.sentence.startswith("no shift from 2025-01-01 to 2025-03-01")
    first, last = ([LOW if number < few else HIGH for number in range(100)] for few in (50, 5))
    gone = panel({f"a{number}": [first[number], HIGH, last[number]] for number in range(100)})
    shifted = drift(found, placed(found, gone))
    assert shifted is not None
    one, other = np.array([50.5, 50.5]) / 101, np.array([5.5, 95.5]) / 101
    assert shifted.psi == pytest.approx(((other - one) * np.log(other / one)).sum())
    assert shifted.sentence.startswith("the segments have shifted")
    assert "from 50% to 5% of the accounts" in shifted.sentence


def test_accounts_unlike_any_are_a_share_of_each_month(found: Segmentation) -> None:
    strange = panel({"a": [LOW, LOW, LOW], "b": [HIGH, HIGH, 1e12]})
    told = drift(found, placed(found, strange))
    assert told is not None
    assert told.unlike == (0.0, 0.0, 0.5)


def test_of_releases_it_is_said_how_many_accounts_keep_their_segment(found: Segmentation) -> None:
    rows = {"spent_90d": np.array([LOW] * 3 + [HIGH, np.nan])}
    moved = between_releases(found, "2025-01-01-abc", found, rows)
    assert moved.counts == ((3, 0), (0, 1))
    assert moved.sentences == ("100.0% of 4 accounts keep the segment that they have in 2025-01-01-abc (counted)",)
    nobody = between_releases(found, "2025-01-01-abc", found, {"spent_90d": np.array([np.nan])})
    assert nobody.sentences == ("no account has a place in both",)
