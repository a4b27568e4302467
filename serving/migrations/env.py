"""What Alembic runs to migrate: the revisions, over the connection that it is given."""

from __future__ import annotations

from alembic import context

from serving.store_tables import TABLES

context.configure(connection=context.config.attributes["connection"], target_metadata=TABLES)
with context.begin_transaction():
    context.run_migrations()
