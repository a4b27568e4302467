"""How many segments are chosen, and by what."""

from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.behavioural import BEHAVIOURAL
from pipelines.segmentation.category_column import CategoryColumn
from pipelines.segmentation.choice import Choice, Wish, choose
from pipelines.segmentation.firmographic import firmographic_learner
from pipelines.segmentation.kmeans import kmeans_mixture
from pipelines.segmentation.mixture import Mixture
from pipelines.segmentation.needs import NEEDS
from pipelines.segmentation.no_structure import against_no_structure
from pipelines.segmentation.number_column import NumberColumn
from pipelines.segmentation.preparation import Preparation, row_centred
from pipelines.segmentation.stability import MixtureFit, stability

NUMBERS = tuple(NumberColumn(name, False, -99.0, 99.0, 0.0, 1.0, 0.0) for name in ("x", "y"))
PLAN = CategoryColumn("plan", ("basic", "pro"))
TWO_NUMBERS = Preparation(NUMBERS)


def chosen(X: FloatArray, fit: MixtureFit, wish: Wish = Wish()) -> Choice:  # noqa: B008 - it is frozen
    return choose(X, fit, TWO_NUMBERS, wish, seed=0)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Matrices this small are slower on two threads, by ten times when the other core is busy."""
    with threadpool_limits(1):
        yield


def clouds(*sizes: int) -> FloatArray:
    """Return round clouds of these sizes, far apart on a line of two dimensions."""
    rng = np.random.default_rng(0)
    return np.vstack([rng.normal((10.0 * place, 0.0), 1.0, (size, 2)) for place, size in enumerate(sizes)])


@pytest.mark.parametrize("sizes", [(100, 100), (120, 90, 60), (80, 70, 60, 50)])
def test_clear_clouds_are_counted(sizes: tuple[int, ...]) -> None:
    choice = chosen(clouds(*sizes), BEHAVIOURAL.fit, Wish(most=6))
    assert choice.mixture is not None
    assert sorted(np.bincount(choice.mixture.assign(clouds(*sizes)))) == sorted(sizes)
    assert choice.why.startswith(f"{len(sizes)} segments")


def test_one_round_cloud_is_one_segment() -> None:
    choice = chosen(clouds(200), BEHAVIOURAL.fit, Wish(most=6))
    assert choice.mixture is None
    assert "is a clear gain" in choice.why


def test_a_segment_below_five_percent_is_not_made() -> None:
    choice = chosen(clouds(200, 100, 9), BEHAVIOURAL.fit, Wish(most=6))
    assert choice.mixture is not None
    assert np.bincount(choice.mixture.assign(clouds(200, 100, 9))).min() >= 0.05 * 309


def test_a_split_that_does_not_come_back_is_not_made() -> None:
    def by_chance(X: FloatArray, k: int, seed: int) -> Mixture:
        rng = np.random.default_rng(seed)
        return Mixture.of_numbers(np.full(k, 1 / k), rng.normal(0, 1, (k, 2)), np.full((k, 2), 1.0 / k), k)

    choice = chosen(clouds(300), by_chance, Wish(most=3))
    assert choice.mixture is None


def test_an_algorithm_that_finds_nothing_leaves_one_segment() -> None:
    choice = chosen(clouds(200), lambda X, k, seed: None, Wish(most=4))
    assert (choice.mixture, choice.evidence) == (None, ())


def test_stability_is_one_for_clear_clouds_and_low_for_cuts_through_one() -> None:
    two, five = clouds(100, 100), clouds(200)
    assert stability(two, kmeans_mixture(two, 2, 0), kmeans_mixture, seed=0) == (1.0, (1.0, 1.0))
    assert stability(five, kmeans_mixture(five, 5, 0), kmeans_mixture, seed=0).together < 0.7


def test_evidence_covers_every_number_tried() -> None:
    evidence = chosen(clouds(100, 100), kmeans_mixture, Wish(most=4)).evidence
    assert [tried.n_segments for tried in evidence] == [1, 2, 3, 4]
    assert evidence[1].gain_share > 0.5


def test_a_person_sets_the_number_and_it_stays_set() -> None:
    choice = chosen(clouds(100, 100), BEHAVIOURAL.fit, Wish(number=3))
    assert choice.mixture is not None
    assert len(choice.mixture.weights) == 3
    assert choice.why.startswith("3 segments: set in the settings")
    assert min(choice.each) < 0.75
    assert chosen(clouds(100, 100), BEHAVIOURAL.fit, Wish(number=1)).mixture is None


def test_more_segments_than_accounts_are_one_and_said_so() -> None:
    choice = chosen(clouds(4, 4), BEHAVIOURAL.fit, Wish(number=20))
    assert choice.mixture is None
    assert "20 were set" in choice.why


def test_columns_that_only_correlate_are_no_structure_and_clouds_are() -> None:
    rng = np.random.default_rng(0)
    skewed = np.exp(rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 500))
    for rows, expected in ((skewed, False), (clouds(250, 250), True)):
        split = kmeans_mixture(rows, 2, 0)
        assert against_no_structure(rows, split, BEHAVIOURAL.fit, TWO_NUMBERS, seed=0).is_structure is expected


def test_the_levels_of_a_category_alone_are_no_segments() -> None:
    plans = np.random.default_rng(0).choice(["basic", "pro"], 300)
    encoded, _ = PLAN.encode({"plan": plans}, 300)
    rows = np.column_stack([np.random.default_rng(1).normal(0, 0.3, (300, 2)), encoded])
    fit = firmographic_learner(Preparation((*NUMBERS, PLAN))).fit
    whole, split = fit(rows, 1, 0), fit(rows, 2, 0)
    assert whole is not None
    assert split is None or whole.bic(rows) < split.bic(rows)


def test_latent_classes_of_numbers_and_levels_are_recovered() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=600)
    numbers = rng.normal(0, 1, (600, 2)) + 1.5 * truth[:, None]
    is_pro = rng.random(600) < np.where(truth == 1, 0.9, 0.1)
    rows = np.column_stack([numbers, ~is_pro, is_pro])
    mixture = firmographic_learner(Preparation((*NUMBERS, PLAN))).fit(rows, 2, 0)
    assert mixture is not None
    own = mixture.assign(rows)
    assert max((own == truth).mean(), (own != truth).mean()) > 0.9
    assert np.sort(np.exp(mixture.log_probs[:, 1])) == pytest.approx([0.1, 0.9], abs=0.06)


def test_answers_less_their_own_mean_have_a_cloud_to_compare_with() -> None:
    answers = np.random.default_rng(0).normal(0, 1, (400, 4))
    answers[::9, 2] = np.nan
    centred = row_centred(answers)
    numbers = tuple(NumberColumn(name, False, -99.0, 99.0, 0.0, 1.0, None) for name in "abcd")
    split = NEEDS.fit(centred, 2, 0)
    assert split is not None
    against = against_no_structure(centred, split, NEEDS.fit, Preparation(numbers, is_row_centred=True), seed=0)
    assert not against.is_structure
