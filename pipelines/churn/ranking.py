"""What predictions rest on, feature by feature: it predicts, and says nothing of causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Ranked:
    """A feature, and how much it moves predictions: mean size of its contribution (SHAP, log-odds), 95 % interval."""

    feature: str
    sentence: str
    family: str
    tier: str
    mean_contribution: float
    low: float
    high: float


@dataclass(frozen=True)
class Ranking:
    """All features, the one that moves predictions most first, and over how many accounts that is a mean."""

    n_accounts: int = 0
    features: tuple[Ranked, ...] = ()

    @classmethod
    def of(cls, contributions: pd.DataFrame) -> Ranking:
        """Return the ranking of mean contributions, as training reckons them.

        >>> import pandas as pd
        >>> row = ("seats", "Seats", "firmographic", "context", 0.5, 0.4, 0.6)
        >>> frame = pd.DataFrame([row], columns=list(Ranked.__annotations__))
        >>> Ranking.of(frame).features[0].mean_contribution
        0.5
        """
        rows = contributions[list(Ranked.__annotations__)].to_dict("records")
        ranked = tuple(Ranked(**{str(name): value for name, value in row.items()}) for row in rows)
        return cls(int(contributions.attrs.get("n_accounts", 0)), ranked)
