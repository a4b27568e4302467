"""A narrow row of every account with a score, to list from."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"

BY_CHARACTER = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INDEXES = {
    "words": ["words", "account_id"],
    "prob": ["churn_prob", "account_id"],
    "tier": ["tier", "churn_prob", "account_id", "value_at_risk", "as_of", "former_tier"],
    "firmographic": ["firmographic", "churn_prob", "account_id", "value_at_risk"],
    "behavioural": ["behavioural", "churn_prob", "account_id", "value_at_risk"],
    "needs": ["needs", "churn_prob", "account_id", "value_at_risk"],
}
MAY_BE_UNKNOWN = {
    "owner": ["owner", "churn_prob", "account_id"],
    "change": ["change", "account_id"],
    "value": ["value_at_risk", "account_id"],
}


def upgrade() -> None:
    """Make the table, list what is scored, and have names and segments follow as accounts are computed anew."""
    op.create_table(
        "listed",
        sa.Column("account_id", sa.String(256), primary_key=True),
        sa.Column("words", BY_CHARACTER, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("owner", BY_CHARACTER),
        sa.Column("plan", sa.Text),
        sa.Column("industry", sa.Text),
        *_of_score(),
        *_former(),
    )
    for name, columns in INDEXES.items():
        op.create_index(f"listed_by_{name}", "listed", columns)
    # In both databases what is not known is in order before all else.
    is_postgres = op.get_bind().dialect.name == "postgresql"
    for name, (unknown, *others) in MAY_BE_UNKNOWN.items():
        first: Any = sa.column(unknown).nulls_first() if is_postgres else unknown
        op.create_index(f"listed_by_{name}", "listed", [first, *others])
    op.execute(
        "INSERT INTO listed (account_id, words, tier, churn_prob, value_at_risk, as_of, release, computed_at) "
        "SELECT account_id, ' ' || lower(account_id), tier, churn_prob, value_at_risk, as_of, release, computed_at "
        "FROM scores"
    )
    op.execute("UPDATE accounts SET refresh_at = 0")


def _of_score() -> list[sa.Column[Any]]:
    return [
        sa.Column("tier", sa.String(8), nullable=False),
        sa.Column("churn_prob", sa.Float, nullable=False),
        sa.Column("churn_prob_low", sa.Float),
        sa.Column("churn_prob_high", sa.Float),
        sa.Column("percentile", sa.Float),
        sa.Column("value_at_risk", sa.Float),
        sa.Column("firmographic", sa.String(64)),
        sa.Column("behavioural", sa.String(64)),
        sa.Column("needs", sa.String(64)),
        sa.Column("as_of", sa.String(32)),
        sa.Column("release", sa.String(128), nullable=False),
        sa.Column("computed_at", sa.Float, nullable=False),
    ]


def _former() -> list[sa.Column[Any]]:
    return [
        sa.Column("former_prob", sa.Float),
        sa.Column("former_tier", sa.String(8)),
        sa.Column("former_as_of", sa.String(32)),
        sa.Column("former_release", sa.String(128)),
        sa.Column("change", sa.Float),
    ]
