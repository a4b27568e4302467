"""How many segments are chosen, and by what."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from threadpoolctl import threadpool_limits

from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.behavioural import fit_behavioural
from pipelines.segmentation.category_column import CategoryColumn
from pipelines.segmentation.choice import choose
from pipelines.segmentation.integrated_likelihood import bic, integrated_likelihood
from pipelines.segmentation.kmeans import kmeans_mixture
from pipelines.segmentation.mixture import Mixture
from pipelines.segmentation.number_column import NumberColumn
from pipelines.segmentation.preparation import Preparation
from pipelines.segmentation.stability import stability

BIC = bic(Preparation(()))
NUMBERS = tuple(NumberColumn(name, False, -99.0, 99.0, 0.0, 1.0, 0.0) for name in ("x", "y"))
PLAN = CategoryColumn("plan", ("basic", "pro"), (0.5, 0.5))


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
    choice = choose(clouds(*sizes), fit_behavioural, criterion=BIC, max_segments=6, seed=0)
    assert choice.mixture is not None
    assert sorted(np.bincount(choice.mixture.assign(clouds(*sizes)))) == sorted(sizes)
    assert choice.why.startswith(f"{len(sizes)} segments")


def test_one_round_cloud_is_one_segment() -> None:
    choice = choose(clouds(200), fit_behavioural, criterion=BIC, max_segments=6, seed=0)
    assert choice.mixture is None
    assert "is a clear gain" in choice.why


def test_a_segment_below_five_percent_is_not_made() -> None:
    choice = choose(clouds(200, 100, 9), fit_behavioural, criterion=BIC, max_segments=6, seed=0)
    assert choice.mixture is not None
    assert np.bincount(choice.mixture.assign(clouds(200, 100, 9))).min() >= 0.05 * 309


def test_a_split_that_does_not_come_back_is_not_made() -> None:
    def by_chance(X: FloatArray, k: int, seed: int) -> Mixture:
        rng = np.random.default_rng(seed)
        return Mixture(np.full(k, 1 / k), rng.normal(0, 1, (k, 2)), np.full((k, 2), 1.0 / k), k)

    choice = choose(clouds(300), by_chance, criterion=BIC, max_segments=3, seed=0)
    assert choice.mixture is None


def test_an_algorithm_that_finds_nothing_leaves_one_segment() -> None:
    choice = choose(clouds(200), lambda X, k, seed: None, criterion=BIC, max_segments=4, seed=0)
    assert (choice.mixture, choice.evidence) == (None, ())


def test_stability_is_one_for_clear_clouds_and_low_for_cuts_through_one() -> None:
    two, five = clouds(100, 100), clouds(200)
    assert stability(two, kmeans_mixture(two, 2, 0), kmeans_mixture, seed=0) == 1.0
    assert stability(five, kmeans_mixture(five, 5, 0), kmeans_mixture, seed=0) < 0.7


def test_evidence_covers_every_number_tried() -> None:
    evidence = choose(clouds(100, 100), kmeans_mixture, criterion=BIC, max_segments=4, seed=0).evidence
    assert [tried.n_segments for tried in evidence] == [1, 2, 3, 4]
    assert evidence[1].gain_share > 0.5


def test_spherical_bic_would_cut_a_long_cloud_and_integrated_likelihood_does_not() -> None:
    long = np.random.default_rng(0).normal(0, 1, (300, 2)) * [5.0, 1.0]
    integrated = integrated_likelihood(Preparation(NUMBERS))
    assert kmeans_mixture(long, 2, 0).bic(long) < kmeans_mixture(long, 1, 0).bic(long)
    assert integrated(long, kmeans_mixture(long, 2, 0)) > integrated(long, kmeans_mixture(long, 1, 0))


def test_the_levels_of_a_category_alone_are_no_segments() -> None:
    plans = np.random.default_rng(0).choice(["basic", "pro"], 300)
    encoded, _ = PLAN.encode({"plan": plans}, 300)
    rows = np.column_stack([np.random.default_rng(1).normal(0, 0.3, (300, 2)), encoded])
    integrated = integrated_likelihood(Preparation((*NUMBERS, PLAN)))
    assert np.unique(plans[kmeans_mixture(rows, 2, 0).assign(rows) == 0]).size == 1
    assert integrated(rows, kmeans_mixture(rows, 2, 0)) > integrated(rows, kmeans_mixture(rows, 1, 0))


def test_integrated_likelihood_of_one_cloud_is_its_bic() -> None:
    rows = clouds(200)
    normal = multivariate_normal(rows.mean(axis=0), np.cov(rows.T, bias=True) + 0.01 * np.eye(2))
    expected = 5 * np.log(200) - 2 * normal.logpdf(rows).sum()
    assert integrated_likelihood(Preparation(NUMBERS))(rows, kmeans_mixture(rows, 1, 0)) == pytest.approx(expected)
