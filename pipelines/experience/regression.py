"""Regressions whose errors count accounts, not rows: linear and logistic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.experience.clustered import Estimate, estimate

if TYPE_CHECKING:
    import pandas as pd


class Fit(Estimate):
    """A coefficient with its interval."""

    __slots__ = ()

    @property
    def interval(self) -> str:
        """The 95 % interval in words."""
        return f"{self.low:+.2f} to {self.high:+.2f}"


@dataclass(frozen=True)
class Regression:
    """Coefficients by the names of their columns, and their covariance with accounts as clusters."""

    names: tuple[str, ...]
    values: Any
    covariance: Any
    n: int
    n_accounts: int
    deviance: float

    def of(self, name: str) -> Fit:
        """Return the coefficient of a column."""
        return self.combined({name: 1.0})

    def combined(self, weights: dict[str, float]) -> Fit:
        """Return a weighted sum of coefficients."""
        w = np.array([weights.get(name, 0.0) for name in self.names])
        error = float(np.sqrt(max(w @ self.covariance @ w, 0.0)))
        found = estimate(float(w @ self.values), error, self.n, self.n_accounts)
        return Fit(found.value, found.error, found.low, found.high, found.n, found.n_accounts)


def linear(y: Any, X: pd.DataFrame, accounts: Any) -> Regression:
    """Return the least-squares fit of y on the columns of X; X holds its own constant."""
    import statsmodels.api as sm

    return _fitted(sm.OLS(np.asarray(y, dtype=float), X.to_numpy(dtype=float)), X, accounts)


def logit(y: Any, X: pd.DataFrame, accounts: Any) -> Regression:
    """Return the logistic fit of y (0 or 1) on the columns of X; X holds its own constant."""
    import statsmodels.api as sm

    model = sm.GLM(np.asarray(y, dtype=float), X.to_numpy(dtype=float), family=sm.families.Binomial())
    return _fitted(model, X, accounts)


def deviance_of(y: Any, X: pd.DataFrame) -> float:
    """Return minus twice the log-likelihood of the logistic fit of y (0 or 1) on the columns of X.

    >>> import pandas as pd
    >>> round(deviance_of([0, 1, 0, 1], pd.DataFrame({"constant": [1.0] * 4})), 3)
    5.545
    """
    from sklearn.linear_model import LogisticRegression

    said, columns = np.asarray(y, dtype=float), X.to_numpy(dtype=float)
    model = LogisticRegression(C=np.inf, fit_intercept=False, solver="newton-cholesky", tol=1e-8)
    log_odds = columns @ model.fit(columns, said).coef_[0]
    return float(2 * np.sum(np.logaddexp(0.0, log_odds) - said * log_odds))


def _fitted(model: Any, X: pd.DataFrame, accounts: Any) -> Regression:
    import pandas as pd

    codes, names = pd.factorize(np.asarray(accounts))
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": codes})
    deviance = float(getattr(fit, "deviance", np.nan))
    columns = tuple(str(name) for name in X)
    return Regression(columns, np.asarray(fit.params), np.asarray(fit.cov_params()), len(codes), len(names), deviance)
