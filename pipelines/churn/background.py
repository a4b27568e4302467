"""Trees that say how many of all rows reach each leaf: what contributions are measured against.

TreeSHAP weighs the two sides of a split by the rows that reached them in training, which LightGBM keeps in its text.
Where rows were sampled by their label these are not those of all rows, and every contribution would say how an account
differs from a crowd in which far too many churned.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.churn.encoder import FloatArray, Matrix

CHUNK_CELLS = 4_000_000

Counts = npt.NDArray[np.int64]


def counting_all_rows(text: str, X: Matrix, weights: FloatArray) -> str:
    """Return a model in LightGBM's text format whose counts are those of rows X, each standing for so many.

    Predictions are the same; the base of the contributions becomes the weighted mean of the raw log-odds.
    """
    import lightgbm

    reached = _reached(lightgbm.Booster(model_str=text), X, weights)
    head, *trees = text.split("\nTree=")
    # The sizes of the trees' texts change; where they are not told, LightGBM finds the trees itself.
    head = re.sub(r"^tree_sizes=.*\n", "", head, flags=re.MULTILINE)
    return "\nTree=".join([head, *(_recounted(*pair) for pair in zip(trees, reached, strict=True))])


def _reached(booster: Any, X: Matrix, weights: FloatArray) -> FloatArray:
    """Return (trees, leaves) the weight of the rows in each leaf."""
    trees = booster.num_trees()
    reached = np.zeros((trees, booster.params["num_leaves"]))
    size = max(1, CHUNK_CELLS // trees)
    for start in range(0, len(X), size):
        part = slice(start, start + size)
        leaves = booster.predict(X[part], pred_leaf=True).reshape(-1, trees)
        for tree in range(trees):
            reached[tree] += np.bincount(leaves[:, tree], weights[part], minlength=reached.shape[1])
    return reached


def _recounted(tree: str, reached: FloatArray) -> str:
    left, right = _children(tree, "left_child"), _children(tree, "right_child")
    leaves = np.maximum(1, np.round(reached[: len(left) + 1])).astype(np.int64)
    inner = np.zeros(len(left), dtype=np.int64)
    # A node comes after its parent. A child below 0 is a leaf, counted from -1 downward.
    for node in range(len(left) - 1, -1, -1):
        inner[node] = sum(inner[child] if child >= 0 else leaves[~child] for child in (left[node], right[node]))
    return _with(_with(tree, "leaf_count", leaves), "internal_count", inner)


def _children(tree: str, side: str) -> Counts:
    found = re.search(rf"^{side}=(.*)$", tree, flags=re.MULTILINE)
    return np.array(found[1].split() if found else [], dtype=np.int64)


def _with(tree: str, key: str, counts: Counts) -> str:
    return re.sub(rf"^{key}=.*$", f"{key}={' '.join(map(str, counts))}", tree, flags=re.MULTILINE)
