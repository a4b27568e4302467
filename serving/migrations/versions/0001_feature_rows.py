"""The current feature row of every account, and the published file that they come from."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the tables; stores from before there were migrations have them."""
    op.create_table(
        "feature_rows",
        sa.Column("account_id", sa.String(256), primary_key=True),
        sa.Column("as_of", sa.String(32)),
        sa.Column("row", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table("published_rows", sa.Column("fingerprint", sa.String(64), primary_key=True), if_not_exists=True)
