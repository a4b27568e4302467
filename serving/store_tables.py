"""The tables of the online store, as they are now; `serving/migrations` has how they came to be."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, String, Table, Text

TABLES = MetaData()

FEATURE_ROWS = Table(
    "feature_rows",
    TABLES,
    Column("account_id", String(256), primary_key=True),
    Column("as_of", String(32)),
    Column("row", Text, nullable=False),
)
PUBLISHED_ROWS = Table("published_rows", TABLES, Column("fingerprint", String(64), primary_key=True))
