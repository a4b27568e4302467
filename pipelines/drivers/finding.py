"""What is found of a driver: figures, each with its unit, interval and number of rows, and a verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pipelines.drivers.driver import Driver, Levels
from pipelines.drivers.effect import Effect
from pipelines.drivers.plain import ALL_DRIVERS, EVERYONE, Basis, Verdict
from pipelines.drivers.rows import Ints

if TYPE_CHECKING:
    import pandas as pd

POINTS_UNIT = "percentage points of churn"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and what it rests on.

    Attributes
    ----------
    figure
        effect, direct effect, penalty, reward, other order, second opinion, hidden cause, placebo shuffled, placebo
        later, step, robustness, share bad, churners saved, revenue saved, SHAP importance.
    group_by, group
        whom it is of: `all`, a segmentation and one of its segments, or engagement.
    basis
        caused (an effect), counted, predicted, or a check of an effect.
    n_rows, n_bad, n_accounts
        account-dates it rests on, those of them with the bad experience, accounts.
    """

    figure: str
    value: float
    low: float = np.nan
    high: float = np.nan
    unit: str = POINTS_UNIT
    basis: Basis = "caused"
    group_by: str = EVERYONE
    group: str = EVERYONE
    n_rows: int = 0
    n_bad: int = 0
    n_accounts: int = 0
    p_value: float = np.nan
    sentence: str = ""

    @classmethod
    def of(cls, figure: str, effect: Effect, *, basis: Basis = "caused", sentence: str = "") -> Figure:
        """Return the figure of an effect on everyone."""
        return cls(
            figure, effect.points, effect.low, effect.high, basis=basis, n_rows=effect.n_bad + effect.n_good,
            n_bad=effect.n_bad, n_accounts=effect.n_accounts, p_value=effect.p_value, sentence=sentence,
        )  # fmt: skip

    @classmethod
    def untold(cls, figure: str, why: str, group_by: str = EVERYONE, group: str = EVERYONE) -> Figure:
        """Return the figure that cannot be told, and why."""
        return cls(figure, np.nan, group_by=group_by, group=group, sentence=why)


@dataclass(frozen=True)
class Finding:
    """All that is found of one driver; `bad_rows` are the places of the driver rows whose effect is told."""

    driver: Driver
    levels: Levels
    verdict: Verdict
    sentence: str
    q_value: float
    figures: tuple[Figure, ...]
    bad_rows: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def figure(self, name: str) -> Figure | None:
        """Return the figure of that name over everyone, None where there is none."""
        return next((one for one in self.figures if one.figure == name and one.group_by == EVERYONE), None)


def findings_table(findings: Sequence[Finding], others: Sequence[Figure] = ()) -> pd.DataFrame:
    """Return one row a figure, with what is said of its driver: the form in which releases keep findings.

    `others` are figures of no one driver.
    """
    import pandas as pd

    rows = [_said(finding) | asdict(figure) for finding in findings for figure in finding.figures]
    rows += [{"driver": ALL_DRIVERS} | asdict(figure) for figure in others]
    return pd.DataFrame(rows, columns=[*COLUMNS, *Figure.__slots__])


def _said(finding: Finding) -> dict[str, object]:
    feature, levels = finding.driver.feature, finding.levels
    driver = (finding.driver.name, feature.sentence, levels.words, feature.tier, feature.family)
    found = (finding.driver.is_controllable, finding.verdict, finding.sentence, finding.q_value)
    where = (feature.name, feature.unit, levels.bad, levels.good)
    return dict(zip(COLUMNS, (*driver, *found, *where), strict=True))


COLUMNS = (
    "driver", "experience", "contrast", "tier", "family", "is_controllable", "verdict", "verdict_sentence", "q_value",
    "feature", "feature_unit", "bad", "good",
)  # fmt: skip
