"""scikit-survival's random survival forest, run in an environment of its own: `given.npz said.npy`."""

import sys

import numpy as np

TREES, LEAF = 200, 15


def main() -> None:
    """Fit on what is given, and write the probabilities of having stayed."""
    from sksurv.ensemble import RandomSurvivalForest  # type: ignore[import-not-found]

    given = np.load(sys.argv[1])
    outcome = np.array(list(zip(given["left"], np.maximum(given["days"], 0.5), strict=True)), dtype="?,f8")
    forest = RandomSurvivalForest(TREES, min_samples_leaf=LEAF, max_features="sqrt", n_jobs=2, random_state=0)
    # Whole weeks: a forest keeps a curve with a step for every time at which anybody left.
    outcome["f1"] = np.ceil(outcome["f1"] / 7) * 7
    forest.fit(given["X"], outcome)
    steps = forest.predict_survival_function(given["test"], return_array=True)
    place = np.searchsorted(forest.unique_times_, given["at"], side="right") - 1
    np.save(sys.argv[2], np.where(place >= 0, steps[:, np.maximum(place, 0)], 1.0))


if __name__ == "__main__":
    main()
