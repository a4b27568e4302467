"""The tables of the online store, as they are now; `serving/migrations` has how they came to be.

Times whose name ends in `_at`, and `since` and `claimed_until`, are seconds since 1970 (UTC).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

TABLES = MetaData()

ACCOUNT_ID = String(256)
BY_CHARACTER = Text().with_variant(Text(collation="C"), "postgresql")
"""Text in the order of its characters' numbers, whatever the database's language."""

FEATURE_ROWS = Table(
    "feature_rows",
    TABLES,
    Column("account_id", ACCOUNT_ID, primary_key=True),
    Column("as_of", String(32)),
    Column("row", Text, nullable=False),
)
"""The current feature row of every account, as JSON."""

PUBLISHED_ROWS = Table("published_rows", TABLES, Column("fingerprint", String(64), primary_key=True))
"""One row: the SHA-256 of the file that feature rows were last loaded from."""

SCORES = Table(
    "scores",
    TABLES,
    Column("account_id", ACCOUNT_ID, primary_key=True),
    Column("release", String(128), nullable=False),
    Column("as_of", String(32)),
    Column("computed_at", Float, nullable=False),
    Column("churn_prob", Float, nullable=False),
    Column("tier", String(8), nullable=False),
    Column("value_at_risk", Float),
    Column("answer", Text, nullable=False),
    Column("plain", Text, nullable=False),
    Index("scores_by_prob", "churn_prob"),
    Index("scores_by_time", "computed_at"),
)
"""The latest prediction of every account: `answer` is what `/predict` says with reasons, as JSON, `plain` without."""

LISTED = Table(
    "listed",
    TABLES,
    Column("account_id", ACCOUNT_ID, primary_key=True),
    Column("words", BY_CHARACTER, nullable=False),
    Column("name", Text),
    Column("owner", BY_CHARACTER),
    Column("plan", Text),
    Column("industry", Text),
    Column("tier", String(8), nullable=False),
    Column("churn_prob", Float, nullable=False),
    Column("churn_prob_low", Float),
    Column("churn_prob_high", Float),
    Column("percentile", Float),
    Column("value_at_risk", Float),
    Column("firmographic", String(64)),
    Column("behavioural", String(64)),
    Column("needs", String(64)),
    Column("as_of", String(32)),
    Column("release", String(128), nullable=False),
    Column("computed_at", Float, nullable=False),
    Column("former_prob", Float),
    Column("former_tier", String(8)),
    Column("former_as_of", String(32)),
    Column("former_release", String(128)),
    Column("change", Float),
    Index("listed_by_words", "words", "account_id"),
    Index("listed_by_owner", "owner", "churn_prob", "account_id"),
    Index("listed_by_prob", "churn_prob", "account_id"),
    Index("listed_by_change", "change", "account_id"),
    Index("listed_by_value", "value_at_risk", "account_id"),
    Index("listed_by_tier", "tier", "churn_prob", "account_id", "value_at_risk", "as_of", "former_tier"),
    Index("listed_by_firmographic", "firmographic", "churn_prob", "account_id", "value_at_risk"),
    Index("listed_by_behavioural", "behavioural", "churn_prob", "account_id", "value_at_risk"),
    Index("listed_by_needs", "needs", "churn_prob", "account_id", "value_at_risk"),
)
"""What lists show of every account with a score, in one narrow row.

`words` is what it is found by: name and id, casefolded, each word after a space. `firmographic`, `behavioural` and
`needs` are ids of segments. `former_...` is the latest score of a month before that of `as_of`, none where there was
none; `change` is what was added to `churn_prob` since. In PostgreSQL the indexes of `owner`, `change` and
`value_at_risk` have what is not known first, as SQLite has it.
"""

ACCOUNTS = Table(
    "accounts",
    TABLES,
    Column("account_id", ACCOUNT_ID, primary_key=True),
    Column("parent_account_id", ACCOUNT_ID),
    Column("created_at", BigInteger),
    Column("batch", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("since", Float),
    Column("refresh_at", Float, nullable=False),
    Column("claimed_until", Float, nullable=False),
    Index("accounts_by_parent", "parent_account_id"),
    Index("accounts_by_event", "since"),
    Index("accounts_by_refresh", "refresh_at"),
)
"""The accounts that are known, and when the features of each have to be computed anew.

`created_at` is in microseconds. `batch` numbers the filling that its history is from (0: none), `version` its live
rows. `since` is when the first event came that no row tells of yet, none where all do; `refresh_at` when time alone
makes its row stale; 0 in `claimed_until`: nobody is at it.
"""

HISTORIES = Table(
    "histories",
    TABLES,
    Column("account_id", ACCOUNT_ID, primary_key=True),
    Column("rows", LargeBinary, nullable=False),
)
"""Each account's rows of the contract's tables, as the batch knew them, compressed."""

FILLINGS = Table(
    "fillings",
    TABLES,
    Column("batch", BigInteger, primary_key=True),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("churn", Text, nullable=False),
)
"""Each time that histories were filled from the batch; `churn` is what churn is, as JSON."""

LIVE_ROWS = Table(
    "live_rows",
    TABLES,
    Column("table_name", String(32), primary_key=True),
    Column("row_key", ACCOUNT_ID, primary_key=True),
    Column("account_id", ACCOUNT_ID, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("row", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Index("live_rows_by_account", "account_id", "version"),
)
"""Rows that came over HTTP, by key; they take the place of the batch's rows with the same key.

`version` is that of the account since the row is there.
"""

API_KEYS = Table(
    "api_keys",
    TABLES,
    Column("key_id", String(32), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("label", String(128), nullable=False),
    Column("scopes", String(128), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("revoked_at", Float),
)
"""Who may ask what: SHA-256 of the secret, never the secret."""

WEBHOOKS = Table(
    "webhooks",
    TABLES,
    Column("message_id", String(64), primary_key=True),
    Column("account_id", ACCOUNT_ID, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(8), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("next_at", Float, nullable=False),
    Column("claimed_until", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Index("webhooks_by_time", "state", "next_at"),
    Index("webhooks_by_account", "account_id"),
)
"""Messages that go out: `state` is waiting, sent or dead."""

FORGOTTEN = Table(
    "forgotten",
    TABLES,
    Column("hash", String(64), primary_key=True),
    Column("salt", String(32), nullable=False),
    Column("forgotten_at", Float, nullable=False),
)
"""Accounts that were erased and must not come back: SHA-256 of a salt, the same in every row, and the id."""
