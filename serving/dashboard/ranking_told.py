"""What predictions rest on, visibly apart from what causes churn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.churn.ranking import Ranking
from serving.dashboard.addresses import address
from serving.dashboard.blocks import Block, Note
from serving.dashboard.charts.heading import Heading
from serving.dashboard.charts.ranking import ranking
from serving.dashboard.table import Cell, Column, Link, Table

MOST_DRAWN = 12
PREDICTS = (
    "Predicts, does not cause. This says what the model looks at. What stands on top may be a mere sign of what is "
    "going on: to change it need not change churn."
)


def ranking_blocks(of: Ranking, asked: Mapping[str, str]) -> list[Block]:
    """Return the features that move predictions most, of a family and a tier where such are asked for."""
    wanted = [(name, asked[name]) for name in ("family", "tier") if name in asked]
    shown = [one for one in of.features if all(getattr(one, name) == value for name, value in wanted)]
    columns = [
        Column("feature", "Feature"),
        Column("family", "Family"),
        Column("tier", "Tier"),
        Column("mean_contribution", "Mean contribution (predicted), log-odds", "number"),
        Column("low", "From", "number"),
        Column("high", "To", "number"),
        Column("n", "Accounts", "number"),
    ]
    rows: list[Sequence[Cell | Link]] = [
        [one.sentence, one.family, one.tier, one.mean_contribution, one.low, one.high, of.n_accounts] for one in shown
    ]
    table = Table("ranking", "What predictions rest on (SHAP, mean size with 95 % interval)", columns, rows)
    note = Note(PREDICTS, "predicts", f"{address('definitions')}#term-importance", "What it means")
    if not shown:
        return [note, Note("Of no such feature is a contribution told.")]
    first = shown[0].sentence
    says = f"Predictions rest most on {first}; mean size of contributions to log-odds over {of.n_accounts:,} accounts."
    heading = Heading("ranking", "What predictions rest on (SHAP)", says)
    sizes = [(one.sentence, one.mean_contribution) for one in shown[:MOST_DRAWN]]
    return [note, ranking(heading, sizes, "Mean contribution (predicted, log-odds)", table)]
