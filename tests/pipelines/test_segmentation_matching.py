"""Ids that stay: which of the new segments is which of the champion's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.feature import Feature
from pipelines.segmentation import Segmentation, Wish, fit_segmentations
from pipelines.segmentation.matching import changes, matched, with_kept_ids

SPENT = Feature("spent_90d", "behaviour", "behaviour", "money", "Amount bought, last 90 days")
LEVELS = (1.0, 4.0, 7.0, 10.0)


def spending(*sizes: int, seed: int = 0) -> pd.DataFrame:
    """Accounts that buy about as much as others of their group, groups ten or more times apart."""
    rng = np.random.default_rng(seed)
    spent = np.exp(rng.normal(np.repeat(LEVELS[: len(sizes)], sizes), 0.4))
    return pd.DataFrame({"account_id": [f"A-{number}" for number in range(len(spent))], "spent_90d": spent})


def fitted(rows: pd.DataFrame, champion: Segmentation | None = None, **wish: object) -> Segmentation:
    wishes = {"behavioural": Wish(**wish)}  # type: ignore[arg-type]
    champions = None if champion is None else {"behavioural": champion}
    return fit_segmentations(rows, (SPENT,), wishes=wishes, champion=champions, seed=1)["behavioural"]


def place_of(found: Segmentation, spent: float) -> str:
    """The segment of an account that buys so much."""
    return found.segments[int(found.membership({"spent_90d": [spent]})[0].argmax())].id


def test_pairs_share_the_most_accounts_in_all() -> None:
    assert matched(np.array([[60, 50, 0], [0, 55, 5], [0, 0, 70]])) == {0: 0, 1: 1, 2: 2}


@pytest.mark.parametrize(
    ("shared", "expected"),
    [
        ([[51, 49]], {0: 0}),
        ([[50, 50]], {}),
        ([[40, 30, 30]], {}),
        ([[51], [49]], {0: 0}),
        ([[0, 0], [0, 0]], {}),
    ],
)
def test_a_segment_lives_on_only_where_most_of_both_is_the_same(
    shared: list[list[int]], expected: dict[int, int]
) -> None:
    assert matched(np.array(shared)) == expected


def test_a_segment_keeps_its_id_when_another_has_become_the_largest() -> None:
    first = fitted(spending(200, 120))
    assert (place_of(first, 3.0), place_of(first, 60.0)) == ("behavioural-1", "behavioural-2")
    later = fitted(spending(120, 200, seed=1), first)
    assert [segment.id for segment in later.segments] == ["behavioural-2", "behavioural-1"]
    assert (place_of(later, 3.0), place_of(later, 60.0)) == ("behavioural-1", "behavioural-2")


def test_a_new_segment_gets_an_id_that_was_never_in_use() -> None:
    first = fitted(spending(120, 120, 120))
    fewer = fitted(spending(160, 160, seed=1), first)
    again = fitted(spending(160, 160, 160, seed=2), fewer)
    low, middle, high = (place_of(first, float(np.exp(level))) for level in LEVELS[:3])
    assert {segment.id for segment in fewer.segments} == {low, middle}
    # by what served until now the accounts of today that buy most are of the middle, which therefore is not what it was
    assert {place_of(again, float(np.exp(level))) for level in LEVELS[1:3]} == {"behavioural-4", "behavioural-5"}
    assert place_of(again, float(np.exp(LEVELS[0]))) == low
    assert high not in {segment.id for segment in again.segments}
    assert again.last_number == 5


def test_ids_survive_a_release_without_segments() -> None:
    first = fitted(spending(200, 120))
    none = fitted(spending(300), first)
    assert [segment.id for segment in none.segments] == ["behavioural-all"]
    after = fitted(spending(200, 120, seed=2), none)
    assert [segment.id for segment in after.segments] == ["behavioural-3", "behavioural-4"]


def test_a_name_stays_with_its_id_and_a_persons_name_comes_before_it() -> None:
    first = fitted(spending(200, 120))
    retold = replace(
        first, segments=tuple(replace(one, found_name=f"Found {one.id}", name="said") for one in first.segments)
    )
    later = fitted(spending(120, 200, seed=1), retold, names={"behavioural-2": "Big spenders"})
    assert {one.id: one.name for one in later.segments} == {
        "behavioural-1": "Found behavioural-1",
        "behavioural-2": "Big spenders",
    }
    assert fitted(spending(120, 200, seed=2), later).segments[0].name == "Found behavioural-2"


def test_no_two_segments_have_one_name() -> None:
    first = fitted(spending(200, 120))
    alike = replace(first, segments=tuple(replace(one, found_name="High spent") for one in first.segments[:1]))
    one = replace(alike, segments=(alike.segments[0], first.segments[1]))
    later = fitted(spending(200, 120, 120, seed=1), one)
    assert len({segment.name for segment in later.segments}) == 3


def test_a_retrain_on_mostly_the_same_accounts_keeps_nearly_every_place() -> None:
    rows = spending(300, 250, 200)
    shuffled = rows.sample(frac=1, random_state=3)
    first, later = shuffled.iloc[40:], shuffled.iloc[:-40]
    champion = fitted(first)
    found = fitted(later, champion)
    ids = [[one.segments[i].id for i in one.membership(rows).argmax(axis=1)] for one in (champion, found)]
    assert np.mean(np.array(ids[0]) == np.array(ids[1])) > 0.97


def test_the_same_accounts_give_the_same_segmentation_whether_it_serves_already_or_not() -> None:
    rows = spending(200, 120)
    first = fitted(rows)
    assert fitted(rows, first).to_json() == first.to_json()


def segmentation(*ids: str) -> Segmentation:
    found = fitted(spending(*([60] * len(ids))), number=len(ids))
    return replace(found, segments=tuple(replace(one, id=own) for one, own in zip(found.segments, ids, strict=True)))


@pytest.mark.parametrize(
    ("shared", "new_ids", "said"),
    [
        ([[90, 5], [5, 90]], ("n-1", "n-2"), []),
        ([[60, 0, 38], [0, 90, 2]], ("n-1", "n-2", "n-3"), ["n-1 split into n-1 and n-3"]),
        ([[90], [80]], ("n-3",), ["n-1 and n-2 merged into n-3"]),
        (
            [[90, 0, 30], [0, 90, 30]],
            ("n-1", "n-2", "n-3"),
            ["n-3 is new: its accounts come from n-1 and n-2"],
        ),
        (
            [[90, 0], [30, 30], [0, 90]],
            ("n-1", "n-3"),
            ["n-2 is gone: its accounts are spread over n-1 and n-3"],
        ),
    ],
)
def test_what_became_of_segments_is_said(shared: list[list[int]], new_ids: tuple[str, ...], said: list[str]) -> None:
    old = segmentation(*[f"n-{number + 1}" for number in range(len(shared))])
    new = replace(old, segments=tuple(replace(old.segments[0], id=own) for own in new_ids))
    assert changes(np.array(shared), old, new) == said


def test_without_a_champion_nothing_changes() -> None:
    found = fitted(spending(200, 120))
    assert with_kept_ids(found, None, {}) is found
