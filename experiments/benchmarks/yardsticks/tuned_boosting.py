"""XGBoost, tuned by Optuna over 200 trials within each fold's training rows: `given.npz said.npz`.

Each trial is judged on the rows that `given` holds out within the training rows, inner fold by inner fold; the best is
refitted on all of them.
"""

import sys
import time
from typing import Any

import numpy as np
import optuna

TRIALS, MOST_TREES, PATIENCE = 200, 1500, 50


def main() -> None:
    """Tune, fit and predict, fold by fold."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    given = np.load(sys.argv[1])
    prob, seconds = np.full(len(given["y"]), np.nan), []
    for fold in range(int(given["n_folds"])):
        start = time.perf_counter()
        train, test = given[f"train_{fold}"], given[f"test_{fold}"]
        inner = [(given[f"learns_{fold}_{k}"], given[f"judges_{fold}_{k}"]) for k in range(int(given["n_inner"][fold]))]
        prob[test] = predicted(given["X"][train], given["y"][train], inner, given["X"][test])
        seconds.append(time.perf_counter() - start)
    np.savez(sys.argv[2], prob=prob, seconds=np.array(seconds))


def predicted(X: Any, y: Any, inner: Any, later: Any) -> Any:
    """The probabilities of later rows by the best of the trials; `inner` folds are places in the training rows."""
    import xgboost  # type: ignore[import-not-found]

    rows = xgboost.DMatrix(X, y)

    def loss(trial: optuna.Trial) -> float:
        found = xgboost.cv(
            chosen(trial), rows, MOST_TREES, folds=inner, early_stopping_rounds=PATIENCE, as_pandas=False
        )["test-logloss-mean"]
        trial.set_user_attr("trees", len(found))
        return float(found[-1])

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(loss, n_trials=TRIALS)
    best = xgboost.train(chosen(study.best_trial), rows, study.best_trial.user_attrs["trees"])
    return best.predict(xgboost.DMatrix(later))


def chosen(trial: Any) -> dict[str, Any]:
    """The settings of a trial."""
    return {
        "objective": "binary:logistic", "eval_metric": "logloss", "tree_method": "hist", "nthread": 2, "seed": 0,
        "max_depth": trial.suggest_int("max_depth", 1, 8),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        "min_child_weight": trial.suggest_float("min_child_weight", 1, 50, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 50, log=True),
    }  # fmt: skip


if __name__ == "__main__":
    main()
