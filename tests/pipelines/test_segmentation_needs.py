"""Response style: found where it is, not where it is not; and needs recovered either way."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from features.catalog import Feature
from pipelines.churn.encoder import FloatArray
from pipelines.segmentation.needs import NEEDS, prepare_needs
from pipelines.segmentation.response_style import has_response_style

ITEMS = [f"need_{number}" for number in range(8)]
FEATURES = [Feature(item, "experience", "context", "score", item) for item in ITEMS]
PROFILES = 0.9 * np.array([[1, 1, 1, 0, 0, -1, -1, -1], [-1, 0, -1, 1, 1, 1, 0, -1], [0, -1, 0, -1, -1, 0, 1, 2]])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Matrices this small are slower on two threads, by ten times when the other core is busy."""
    with threadpool_limits(1):
        yield


def survey(style: float, n: int = 500, missing: float = 0.15) -> tuple[dict[str, FloatArray], Any]:
    """Return answers 1 to 5 of three segments, shifted for each person by a style of this deviation."""
    rng = np.random.default_rng(1)
    segment = rng.integers(3, size=n)
    answers = 3 + PROFILES[segment] + rng.normal(0, 0.7, (n, 8)) + style * rng.normal(0, 1, (n, 1))
    answers = np.clip(np.round(answers), 1, 5)
    answers[rng.random((n, 8)) < missing] = np.nan
    return dict(zip(ITEMS, answers.T, strict=True)), segment


@pytest.mark.parametrize(("style", "is_found"), [(0.0, False), (0.8, True)])
def test_style_is_tested_for_and_needs_are_recovered(style: float, is_found: bool) -> None:
    rows, segment = survey(style)
    preparation = prepare_needs(rows, FEATURES, 0)
    prepared = preparation.encode(rows)
    mixture = NEEDS.fit(prepared, 3, 0)
    assert preparation.is_row_centred is is_found
    assert mixture is not None
    assert adjusted_rand_score(segment, mixture.assign(preparation.encode(rows))) > 0.75


def test_raw_answers_would_lose_the_needs_under_style() -> None:
    rows, segment = survey(0.8, missing=0.0)
    raw = NEEDS.fit(np.column_stack([*rows.values()]), 3, 0)
    assert raw is not None
    assert adjusted_rand_score(segment, raw.assign(np.column_stack([*rows.values()]))) < 0.5


def test_independent_answers_have_no_style_and_a_common_level_is_one() -> None:
    independent = np.random.default_rng(0).normal(0, 1, (400, 6))
    level = np.random.default_rng(1).normal(0, 1, (400, 1))
    assert not has_response_style(independent, seed=0)
    assert has_response_style(independent + level, seed=0)


def test_points_that_must_sum_to_a_hundred_have_no_style() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(6), 400)
    assert not has_response_style((shares - shares.mean(axis=0)) / shares.std(axis=0), seed=0)


def test_three_items_are_too_few_to_tell() -> None:
    level = np.random.default_rng(1).normal(0, 1, (400, 1))
    assert not has_response_style(level + np.zeros((400, 3)), seed=0)


def test_no_component_shrinks_upon_one_answer() -> None:
    rows, _ = survey(0.0)
    rows = rows | {"need_0": np.where(rows["need_1"] > 2, 5.0, 1.0)}
    prepared = prepare_needs(rows, FEATURES, 0).encode(rows)
    mixture = NEEDS.fit(prepared, 4, 0)
    assert mixture is not None
    assert mixture.covariances.min() > 0.01
