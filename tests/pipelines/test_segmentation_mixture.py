"""The plain mixture against scikit-learn's and SciPy's."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from pipelines.segmentation.behavioural import BEHAVIOURAL
from pipelines.segmentation.kmeans import kmeans_mixture
from pipelines.segmentation.mixture import Mixture

RNG = np.random.default_rng(0)
X = np.vstack([RNG.normal(0, 1, (150, 3)), RNG.normal(2.5, 0.6, (80, 3))])


@pytest.mark.parametrize("shape", ["full", "tied"])
def test_posterior_and_bic_equal_those_of_scikit_learn(shape: str) -> None:
    model = GaussianMixture(3, covariance_type=shape, random_state=0).fit(X)
    covariances = model.covariances_ if shape == "full" else np.tile(model.covariances_, (3, 1, 1))
    mixture = Mixture.of_numbers(model.weights_, model.means_, covariances, model._n_parameters())
    np.testing.assert_allclose(mixture.posterior(X), model.predict_proba(X), atol=1e-10)
    assert mixture.bic(X) == pytest.approx(model.bic(X))


def test_free_parameters_are_counted_as_scikit_learn_counts_them() -> None:
    found = BEHAVIOURAL.fit(X, 2, 0)
    shape = "tied" if np.array_equal(found.covariances[0], found.covariances[1]) else "full"
    assert found.n_parameters == GaussianMixture(2, covariance_type=shape).fit(X)._n_parameters()


def test_missing_values_are_left_out_of_the_likelihood() -> None:
    means, variances = np.array([[0.0, 1.0], [2.0, -1.0]]), np.array([[1.0, 4.0], [0.5, 2.0]])
    mixture = Mixture.of_numbers(np.array([0.3, 0.7]), means, variances, 9)
    logs = np.log([0.3, 0.7]) + norm.logpdf(1.2, means[:, 0], np.sqrt(variances[:, 0]))
    expected = np.exp(logs - logsumexp(logs))
    np.testing.assert_allclose(mixture.posterior(np.array([[1.2, np.nan]]))[0], expected, atol=1e-12)


def test_density_is_that_of_scipy() -> None:
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
    mixture = Mixture.of_numbers(np.ones(1), np.array([[1.0, -1.0]]), covariance[None], 5)
    rows = RNG.normal(0, 2, (20, 2))
    log_likelihood = multivariate_normal([1.0, -1.0], covariance).logpdf(rows).sum()
    assert mixture.bic(rows) == pytest.approx(5 * np.log(20) - 2 * log_likelihood)


def test_nearest_centre_is_most_probable() -> None:
    labels = KMeans(3, n_init=5, random_state=0).fit(X).labels_
    np.testing.assert_array_equal(kmeans_mixture(X, 3, 0).assign(X), labels)


def test_extreme_rows_keep_probabilities_that_sum_to_one() -> None:
    far = np.array([[1e6, -1e6, 1e6], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(BEHAVIOURAL.fit(X, 3, 0).posterior(far).sum(axis=1), 1.0)


@pytest.mark.parametrize("is_full", [False, True])
def test_many_rows_have_the_same_bits_as_few(is_full: bool) -> None:
    rows = np.column_stack([RNG.normal(0, 1, (2500, 3)), np.eye(2)[RNG.integers(2, size=2500)]])
    rows[::7, 1] = np.nan
    covariances = np.array([np.cov(X.T), np.eye(3)]) if is_full else np.array([[1.0, 2.0, 0.5], [1.5, 1.0, 1.0]])
    mixture = Mixture(np.array([0.4, 0.6]), X[:2], covariances, 9, np.log([[0.2, 0.8], [0.5, 0.5]]))
    together = mixture.log_joint(rows)
    np.testing.assert_array_equal(together[:40], mixture.log_joint(rows[:40]))
    np.testing.assert_array_equal(together[7:8], mixture.log_joint(rows[7:8]))
