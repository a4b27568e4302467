"""Live events, what was computed from them, keys of callers, and messages that go out."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Make the tables."""
    _scores()
    _accounts()
    _live_rows()
    _keys_and_forgotten()
    _webhooks()


def _scores() -> None:
    op.create_table(
        "scores",
        sa.Column("account_id", sa.String(256), primary_key=True),
        sa.Column("release", sa.String(128), nullable=False),
        sa.Column("as_of", sa.String(32)),
        sa.Column("computed_at", sa.Float, nullable=False),
        sa.Column("churn_prob", sa.Float, nullable=False),
        sa.Column("tier", sa.String(8), nullable=False),
        sa.Column("value_at_risk", sa.Float),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("plain", sa.Text, nullable=False),
    )
    op.create_index("scores_by_prob", "scores", ["churn_prob"])
    op.create_index("scores_by_time", "scores", ["computed_at"])


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.String(256), primary_key=True),
        sa.Column("parent_account_id", sa.String(256)),
        sa.Column("created_at", sa.BigInteger),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("since", sa.Float),
        sa.Column("refresh_at", sa.Float, nullable=False),
        sa.Column("claimed_until", sa.Float, nullable=False),
    )
    op.create_index("accounts_by_parent", "accounts", ["parent_account_id"])
    op.create_index("accounts_by_event", "accounts", ["since"])
    op.create_index("accounts_by_refresh", "accounts", ["refresh_at"])
    op.create_table(
        "histories",
        sa.Column("account_id", sa.String(256), primary_key=True),
        sa.Column("rows", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "fillings",
        sa.Column("batch", sa.BigInteger, primary_key=True),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("churn", sa.Text, nullable=False),
    )


def _live_rows() -> None:
    op.create_table(
        "live_rows",
        sa.Column("table_name", sa.String(32), primary_key=True),
        sa.Column("row_key", sa.String(256), primary_key=True),
        sa.Column("account_id", sa.String(256), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
    )
    op.create_index("live_rows_by_account", "live_rows", ["account_id", "version"])


def _keys_and_forgotten() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(32), primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("label", sa.String(128), nullable=False),
        sa.Column("scopes", sa.String(128), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("revoked_at", sa.Float),
    )
    op.create_table(
        "forgotten",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("forgotten_at", sa.Float, nullable=False),
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("message_id", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.String(256), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("next_at", sa.Float, nullable=False),
        sa.Column("claimed_until", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
    )
    op.create_index("webhooks_by_time", "webhooks", ["state", "next_at"])
    op.create_index("webhooks_by_account", "webhooks", ["account_id"])
