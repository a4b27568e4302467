"""The three segmentations from end to end, on companies whose segments are known."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from features.catalog import Feature
from features.errors import DataError, ReleaseError
from pipelines.segmentation import Segmentation, Wish, fit_segmentations

ITEMS = tuple(f"need_{item}" for item in ("price", "service", "quality", "speed", "advice", "design"))
FEATURES = (
    Feature("employees", "firmographic", "context", "employees", "Employees"),
    Feature("industry", "firmographic", "context", "category", "Industry", "category"),
    Feature("activities_90d", "behaviour", "behaviour", "count", "Activities, last 90 days"),
    Feature("spent_90d", "behaviour", "behaviour", "money", "Amount bought, last 90 days"),
    Feature("cancel_visits", "behaviour", "intent", "count", "Visits to the cancellation page"),
    *(Feature(item, "experience", "context", "score", item) for item in ITEMS),
)
BASES = ("firmographic", "behavioural", "needs")


def company(n: int = 400, seed: int = 0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return accounts in two firmographic, three behavioural and three needs segments, and the true segments."""
    rng = np.random.default_rng(seed)
    size, habit, need = rng.integers(2, size=n), rng.choice(3, n, p=[0.5, 0.3, 0.2]), rng.integers(3, size=n)
    columns: dict[str, Any] = {
        "account_id": [f"A-{number}" for number in range(n)],
        "employees": np.exp(rng.normal(np.array([2.0, 6.0])[size], 0.7)),
        "industry": np.where(rng.random(n) < 0.9, np.array(["Retail", "Energy"])[size], "Farming"),
        "activities_90d": rng.poisson(np.array([6.0, 40.0, 200.0])[habit]).astype(float),
        "spent_90d": np.exp(rng.normal(np.array([4.0, 8.0, 5.0])[habit], 0.6)),
        "cancel_visits": rng.poisson(3.0, n).astype(float),
    }
    profiles = np.array([[5, 5, 3, 3, 2, 2], [2, 2, 5, 5, 3, 3], [3, 3, 2, 2, 5, 5]])[need]
    answers = np.clip(np.round(profiles + rng.normal(0, 0.7, (n, 6))), 1, 5)
    answers[rng.random((n, 6)) < 0.15] = np.nan
    return pd.DataFrame(columns | dict(zip(ITEMS, answers.T, strict=True))), {
        "firmographic": size,
        "behavioural": habit,
        "needs": need,
    }


ROWS, TRUTH = company()


@pytest.fixture(scope="module")
def found() -> dict[str, Segmentation]:
    return fit_segmentations(ROWS, FEATURES, seed=3)


def one(rows: pd.DataFrame, basis: str) -> Segmentation:
    """Return one basis' segmentation without fitting the others."""
    reads = {"firmographic": ("employees", "industry"), "behavioural": ("activities_90d", "spent_90d"), "needs": ITEMS}
    return fit_segmentations(rows, [feature for feature in FEATURES if feature.name in reads[basis]], seed=3)[basis]


@pytest.mark.parametrize("basis", BASES)
def test_true_segments_are_recovered_in_their_true_number(found: dict[str, Segmentation], basis: str) -> None:
    membership = found[basis].membership(ROWS)
    is_known = ~np.isnan(membership).any(axis=1)
    assert len(found[basis].segments) == len(set(TRUTH[basis]))
    assert adjusted_rand_score(TRUTH[basis][is_known], membership[is_known].argmax(axis=1)) > 0.85


@pytest.mark.parametrize("basis", BASES)
def test_memberships_are_probabilities_and_agree_with_the_sizes(found: dict[str, Segmentation], basis: str) -> None:
    membership = found[basis].membership(ROWS)
    segments = found[basis].segments
    assert membership.dtype == np.float64
    np.testing.assert_allclose(membership.sum(axis=1), 1.0, atol=1e-12)
    assert [segment.n for segment in segments] == np.bincount(membership.argmax(axis=1)).tolist()
    assert sum(segment.share for segment in segments) == pytest.approx(1.0)
    assert [segment.id for segment in segments] == [f"{basis}-{rank}" for rank in range(1, len(segments) + 1)]
    assert [segment.n for segment in segments] == sorted((segment.n for segment in segments), reverse=True)


def test_each_basis_reads_its_own_features_and_no_intent(found: dict[str, Segmentation]) -> None:
    read = {
        name: {column["name"] for column in segmentation.to_json()["preparation"]["columns"]}
        for name, segmentation in found.items()
    }
    assert read == {
        "firmographic": {"employees", "industry"},
        "behavioural": {"activities_90d", "spent_90d"},
        "needs": set(ITEMS),
    }


def test_a_need_stays_a_need_whatever_its_family() -> None:
    features = [replace(feature, family="behaviour") for feature in FEATURES if feature.name in ITEMS]
    found = fit_segmentations(ROWS.iloc[:60], features, seed=0)
    assert found["behavioural"].segments == ()
    assert len(found["needs"].segments) > 0


def test_segments_are_named_by_what_sets_them_apart(found: dict[str, Segmentation]) -> None:
    names = {name: {segment.name for segment in segmentation.segments} for name, segmentation in found.items()}
    assert names["firmographic"] == {"Many employees, Energy", "Few employees, Retail"}
    assert names["behavioural"] == {
        "Few activities, low spent",
        "High spent, many activities",
        "Many activities, low spent",
    }
    assert any("rice matters more" in name for name in names["needs"])


@pytest.mark.parametrize("basis", BASES)
def test_one_row_scores_as_it_does_among_all(found: dict[str, Segmentation], basis: str) -> None:
    together = found[basis].membership(ROWS)
    for place in (0, 17, 399):
        alone = found[basis].membership({name: [ROWS[name].iloc[place]] for name in ROWS})
        np.testing.assert_allclose(alone[0], together[place], rtol=0, atol=1e-12)


@pytest.mark.parametrize("basis", BASES)
def test_json_holds_everything(found: dict[str, Segmentation], basis: str) -> None:
    saved = found[basis].to_json()
    restored = Segmentation.from_json(json.loads(json.dumps(saved, allow_nan=False)))
    assert restored.to_json() == saved
    assert restored.segments == found[basis].segments
    np.testing.assert_allclose(restored.membership(ROWS), found[basis].membership(ROWS), rtol=0, atol=1e-12)


def test_damaged_json_is_refused() -> None:
    with pytest.raises(ReleaseError, match="train again"):
        Segmentation.from_json({"name": "needs", "segments": [{"id": "needs-1"}]})


@pytest.mark.parametrize("basis", BASES)
def test_same_seed_same_segmentation(found: dict[str, Segmentation], basis: str) -> None:
    assert one(ROWS, basis).to_json()["mixture"] == found[basis].to_json()["mixture"]


def test_fitting_leaves_the_rows_alone() -> None:
    rows = ROWS.iloc[:60].copy()
    fit_segmentations(rows, FEATURES, seed=0)
    pd.testing.assert_frame_equal(rows, ROWS.iloc[:60])


@pytest.mark.parametrize(
    "changes",
    [
        {"employees": np.nan, "activities_90d": None},
        {"employees": np.inf, "spent_90d": -np.inf},
        {"employees": 1e300, "activities_90d": -1e300, "need_price": 10**400},
        {"industry": "Never heard of", "need_price": 99.0},
        {"industry": None, "employees": 0},
    ],
)
@pytest.mark.parametrize("basis", BASES)
def test_strange_values_score_to_probabilities(
    found: dict[str, Segmentation], basis: str, changes: dict[str, Any]
) -> None:
    account = {name: [ROWS[name].iloc[0]] for name in ROWS} | {name: [value] for name, value in changes.items()}
    membership = found[basis].membership(account)
    assert membership.sum() == pytest.approx(1.0)
    assert (membership >= 0).all()


@pytest.mark.parametrize("basis", BASES)
def test_an_account_of_which_nothing_is_known_is_nowhere(found: dict[str, Segmentation], basis: str) -> None:
    membership = found[basis].membership({"account_id": ["new"], "employees": [None], "industry": [""]})
    assert membership.shape == (1, len(found[basis].segments))
    assert np.isnan(membership).all()


def test_no_rows_score_to_no_memberships(found: dict[str, Segmentation]) -> None:
    assert found["needs"].membership(ROWS.iloc[:0]).shape == (0, 3)


def test_text_where_a_number_belongs_is_refused(found: dict[str, Segmentation]) -> None:
    with pytest.raises(DataError, match="employees"):
        found["firmographic"].membership({"employees": ["many"]})


def test_accounts_that_never_answered_are_unknown_and_change_nothing(found: dict[str, Segmentation]) -> None:
    silent = ROWS.iloc[:40].assign(**dict.fromkeys(ITEMS, np.nan))
    needs = one(pd.concat([ROWS, silent], ignore_index=True), "needs")
    assert needs.to_json()["mixture"] == found["needs"].to_json()["mixture"]
    assert sum(segment.n for segment in needs.segments) == len(ROWS)
    assert np.isnan(needs.membership(silent)).all()


def test_without_features_there_are_no_segments() -> None:
    for segmentation in fit_segmentations(ROWS, (), seed=0).values():
        assert segmentation.segments == ()
        assert "there is no feature" in segmentation.why
        assert segmentation.membership(ROWS).shape == (len(ROWS), 0)


def test_features_that_are_empty_everywhere_give_no_segments() -> None:
    needs = one(ROWS.assign(**dict.fromkeys(ITEMS, np.nan)), "needs")
    assert needs.segments == ()
    assert "empty for every account" in needs.why
    assert one(ROWS.drop(columns=list(ITEMS)), "needs").why == needs.why


def test_constant_columns_give_one_segment_and_say_so() -> None:
    found = one(ROWS.assign(employees=10.0, industry="Retail"), "firmographic")
    assert [segment.name for segment in found.segments] == ["All accounts"]
    assert "in which they differ" in found.why
    assert found.membership(ROWS).tolist() == [[1.0]] * len(ROWS)
    assert Segmentation.from_json(found.to_json()).to_json() == found.to_json()


def test_a_constant_column_among_others_is_left_out_and_named() -> None:
    found = one(ROWS.assign(spent_90d=7.0), "behavioural")
    assert len(found.segments) > 1
    assert found.why.endswith("left out as constant, mostly empty or told by another: spent_90d")


@pytest.mark.parametrize("basis", BASES)
def test_fewer_than_fifty_accounts_stay_together(basis: str) -> None:
    found = one(ROWS.iloc[:49], basis)
    assert len(found.segments) == 1
    assert "49 known accounts are too few" in found.why


@pytest.mark.parametrize("n", [0, 1])
def test_none_or_one_account_is_no_error(n: int) -> None:
    for segmentation in fit_segmentations(ROWS.iloc[:n], FEATURES, seed=0).values():
        assert segmentation.membership(ROWS.iloc[:n]).shape == (n, len(segmentation.segments))


@pytest.mark.parametrize(("basis", "column"), [("firmographic", "employees"), ("behavioural", "spent_90d")])
def test_one_account_a_million_times_larger_moves_no_other(
    found: dict[str, Segmentation], basis: str, column: str
) -> None:
    rows = ROWS.copy()
    rows.loc[5, column] *= 1e6
    moved = one(rows, basis).membership(rows).argmax(axis=1)
    others = np.arange(len(rows)) != 5
    assert adjusted_rand_score(found[basis].membership(ROWS).argmax(axis=1)[others], moved[others]) > 0.97


def test_an_industry_with_one_member_is_no_segment_and_no_level() -> None:
    rows = ROWS.copy()
    rows.loc[5, "industry"] = "Whaling"
    found = one(rows, "firmographic")
    assert "Whaling" not in json.dumps(found.to_json())
    assert min(segment.share for segment in found.segments) >= 0.05


def test_accounts_without_structure_stay_together() -> None:
    rng = np.random.default_rng(0)
    rows = ROWS.assign(**{item: np.clip(np.round(rng.normal(3, 1, len(ROWS))), 1, 5) for item in ITEMS})
    needs = one(rows, "needs")
    assert len(needs.segments) == 1
    assert needs.why.startswith("one segment")
    assert len(needs.to_json()["evidence"]) > 1


def test_there_are_at_most_as_many_segments_as_allowed() -> None:
    behaviours = [feature for feature in FEATURES if feature.family == "behaviour"]
    wishes = {"behavioural": Wish(most=2)}
    assert len(fit_segmentations(ROWS, behaviours, wishes=wishes, seed=0)["behavioural"].segments) == 2


def test_names_of_a_person_replace_those_found() -> None:
    wishes = {"behavioural": Wish(names={"behavioural-1": "Sleepers"})}
    behaviours = [feature for feature in FEATURES if feature.family == "behaviour"]
    found = fit_segmentations(ROWS, behaviours, wishes=wishes, seed=3)["behavioural"]
    assert [segment.name for segment in found.segments].count("Sleepers") == 1
    assert found.segments[0].name == "Sleepers"


@pytest.mark.parametrize("basis", BASES)
def test_an_account_unlike_any_fits_nowhere_and_those_learned_from_do(
    found: dict[str, Segmentation], basis: str
) -> None:
    strange = {"firmographic": {"employees": 1e9}, "behavioural": {"spent_90d": 1e12}, "needs": {"need_price": 500.0}}
    account = {name: [ROWS[name].iloc[0]] for name in ROWS} | {name: [x] for name, x in strange[basis].items()}
    assert found[basis].fits(account).tolist() == [False]
    assert found[basis].fits(ROWS).mean() > 0.99
    assert found[basis].fits({"account_id": ["new"]}).tolist() == [True]


def test_loading_and_scoring_need_no_learning_library(found: dict[str, Segmentation]) -> None:
    program = (
        "import json, sys; from pipelines.segmentation import Segmentation;"
        "print(Segmentation.from_json(json.load(sys.stdin)).membership({'employees': [10.0]}).tolist());"
        "assert not {'sklearn', 'scipy', 'numba'} & set(sys.modules), 'a learning library was imported'"
    )
    saved = json.dumps(found["firmographic"].to_json())
    answer = subprocess.run([sys.executable, "-c", program], input=saved, capture_output=True, text=True, check=True)
    expected = found["firmographic"].membership({"employees": [10.0]}).tolist()
    assert json.loads(answer.stdout) == expected
