"""The input contract: tables, columns, types, units, meaning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["id", "text", "category", "number", "timestamp", "flag"]

ROLES = (
    "Business User",
    "Decision Maker",
    "Economic Buyer",
    "Economic Decision Maker",
    "Evaluator",
    "Executive Sponsor",
    "Influencer",
    "Technical Buyer",
    "Other",
)
METRICS = ("nps", "csat", "ces", "need", "emotion")
SURVEY_TYPES = ("periodic", "event", "tracking")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the contract: what it holds and which values it may take."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What a value of this column has to be, in words.

        >>> Column("mrr", "number", "monthly recurring revenue", minimum=0).expected
        'a number of at least 0'
        """
        if self.values:
            return "one of " + ", ".join(self.values)
        words = {"number": "a number", "timestamp": "a date or time", "flag": "true or false"}.get(self.kind, "a text")
        if self.minimum is not None and self.maximum is not None:
            return f"{words} between {self.minimum:g} and {self.maximum:g}"
        return words if self.minimum is None else f"{words} of at least {self.minimum:g}"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the contract.

    `happened` is the column with the time a row's event happened, `order` lists pairs of columns (earlier, later)
    that must not be the other way round. Rows of an `is_open` table keep columns beyond the contract's.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    happened: str | None = None
    order: tuple[tuple[str, str], ...] = ()
    is_open: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the columns that no row may lack.

        >>> TABLES["contacts"].required
        ('contact_id', 'account_id')
        """
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column | None:
        """The declaration of a column, None for one beyond the contract."""
        return next((column for column in self.columns if column.name == name), None)


def _id(name: str, meaning: str) -> Column:
    return Column(name, "id", meaning, required=True)


def _at(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, "timestamp", meaning + " (UTC)", required=required)


ACCOUNT = _id("account_id", "the account it belongs to")
CONTACT = Column("contact_id", "id", "the contact it came from")
TOUCHPOINT = Column("touchpoint", "category", "the touchpoint where it happened")
RECORDED = _at("recorded_at", "when the source came to know it; the later of this and its own time decides")


def _declared(tables: Iterable[Table]) -> dict[str, Table]:
    return {table.name: table for table in tables}


TABLES: dict[str, Table] = _declared(
    [
        Table(
            "accounts",
            "the customers: companies (B2B) or persons (B2C)",
            ("account_id",),
            (
                _id("account_id", "the account"),
                Column("name", "text", "what people call it"),
                Column("parent_account_id", "id", "the account it is part of"),
                _at("created_at", "when it became a customer"),
                Column("industry", "category", "industry"),
                Column("country", "category", "country"),
                Column("region", "category", "region or sales area"),
                Column("employees", "number", "number of employees", minimum=0),
                Column("annual_revenue", "number", "its own revenue a year, in the company's currency", minimum=0),
                Column("owner", "category", "who looks after it"),
                Column("plan", "category", "plan or contract type"),
            ),
            is_open=True,
        ),
        Table(
            "account_changes",
            "the recorded history of columns of accounts, one change a row",
            ("change_id",),
            (
                _id("change_id", "the change"),
                ACCOUNT,
                _at("changed_at", "when it changed", required=True),
                Column("column", "category", "the column of accounts", required=True),
                Column("old_value", "text", "what it was before; empty: nothing"),
                Column("new_value", "text", "what it is since then; empty: nothing"),
                RECORDED,
            ),
        ),
        Table(
            "contacts",
            "the persons at an account",
            ("contact_id",),
            (
                _id("contact_id", "the contact"),
                ACCOUNT,
                Column("role", "category", "buying role", values=ROLES),
                Column("is_primary", "flag", "whether it is the first person to speak to"),
                _at("active_from", "since when the person is there"),
                _at("active_to", "when the person left"),
            ),
            order=(("active_from", "active_to"),),
        ),
        Table(
            "subscriptions",
            "what an account has signed up for",
            ("subscription_id",),
            (
                _id("subscription_id", "the subscription"),
                ACCOUNT,
                _at("start_date", "first day of service", required=True),
                _at("end_date", "first day without service; empty while it runs"),
                Column("mrr", "number", "revenue a month, in the company's currency", minimum=0),
                Column("quantity", "number", "seats or units", minimum=0),
                Column("plan", "category", "plan"),
                Column("is_auto_renew", "flag", "whether it renews by itself"),
                Column("billing_period_months", "number", "months from one renewal to the next", minimum=0),
                Column("end_reason", "category", "why it ended, as the account said; empty where it did not"),
                RECORDED,
            ),
            happened="start_date",
            order=(("start_date", "end_date"),),
        ),
        Table(
            "transactions",
            "what an account bought or returned",
            ("transaction_id",),
            (
                _id("transaction_id", "the transaction"),
                ACCOUNT,
                _at("occurred_at", "when it happened", required=True),
                Column("amount", "number", "its value; a return is negative", required=True),
                Column("product", "category", "product"),
                Column("is_return", "flag", "whether it is a return"),
                RECORDED,
            ),
            happened="occurred_at",
        ),
        Table(
            "activities",
            "what an account or the company did",
            ("activity_id",),
            (
                _id("activity_id", "the activity"),
                ACCOUNT,
                _at("occurred_at", "when it happened", required=True),
                Column("event", "category", "what was done", required=True),
                CONTACT,
                TOUCHPOINT,
                Column("channel", "category", "by which channel"),
                Column("direction", "category", "in: by the account; out: by the company", values=("in", "out")),
                Column("value", "number", "how much of it"),
                RECORDED,
            ),
            happened="occurred_at",
        ),
        Table(
            "cases",
            "what an account asked for help with",
            ("case_id",),
            (
                _id("case_id", "the case"),
                ACCOUNT,
                _at("opened_at", "when it was opened", required=True),
                _at("first_response_at", "when it was first answered"),
                _at("closed_at", "when it was solved"),
                Column("priority", "category", "priority"),
                Column("category", "category", "what it is about"),
                Column("is_escalated", "flag", "whether it was escalated"),
                Column("reopened_count", "number", "how often it was opened again", minimum=0),
                CONTACT,
                TOUCHPOINT,
                RECORDED,
            ),
            happened="opened_at",
            order=(("opened_at", "first_response_at"), ("opened_at", "closed_at")),
        ),
        Table(
            "survey_invitations",
            "who was asked",
            ("invitation_id",),
            (
                _id("invitation_id", "the invitation"),
                ACCOUNT,
                _at("sent_at", "when it was sent", required=True),
                CONTACT,
                Column("survey_type", "category", "kind of survey", values=SURVEY_TYPES),
                TOUCHPOINT,
                RECORDED,
            ),
            happened="sent_at",
        ),
        Table(
            "survey_responses",
            "what was answered, one score a row",
            ("response_id",),
            (
                _id("response_id", "the answer"),
                ACCOUNT,
                _at("answered_at", "when it was given", required=True),
                Column("metric", "category", "what is measured", required=True, values=METRICS),
                Column("score", "number", "the score, on the scale from scale_min to scale_max", required=True),
                Column("item", "category", "the question"),
                Column("invitation_id", "id", "the invitation that led to it"),
                CONTACT,
                Column("survey_type", "category", "kind of survey", values=SURVEY_TYPES),
                TOUCHPOINT,
                Column("scale_min", "number", "lowest score that could be given"),
                Column("scale_max", "number", "highest score that could be given"),
                Column("comment", "text", "what was said"),
                RECORDED,
            ),
            happened="answered_at",
            order=(("scale_min", "scale_max"),),
        ),
        Table(
            "internal_ratings",
            "how the company's own people rate an account",
            ("rating_id",),
            (
                _id("rating_id", "the rating"),
                ACCOUNT,
                _at("rated_at", "when it was given", required=True),
                Column("score", "number", "the score", required=True),
                Column("rater", "category", "who gave it"),
                TOUCHPOINT,
                RECORDED,
            ),
            happened="rated_at",
        ),
        Table(
            "touchpoints",
            "where account and company meet",
            ("touchpoint",),
            (
                _id("touchpoint", "the touchpoint"),
                Column("name", "text", "what people call it"),
                Column("stage", "category", "stage of the journey"),
                Column("owner", "category", "who answers for it"),
                Column("promise_metric", "category", "what is promised there"),
                Column("promise_threshold", "number", "the value that keeps the promise"),
            ),
        ),
        Table(
            "interventions",
            "what was done to keep an account",
            ("intervention_id",),
            (
                _id("intervention_id", "the intervention"),
                ACCOUNT,
                _at("assigned_at", "when it was decided", required=True),
                Column("kind", "category", "what it is", required=True),
                Column("assigned_by", "category", "who decided", values=("random", "model", "human")),
                Column("propensity", "number", "probability with which it was assigned", minimum=0, maximum=1),
                Column("is_holdout", "flag", "whether it was withheld on purpose"),
                _at("delivered_at", "when it was done"),
                Column("cost", "number", "what it cost", minimum=0),
                RECORDED,
            ),
            happened="assigned_at",
            order=(("assigned_at", "delivered_at"),),
        ),
        Table(
            "observations",
            "ready-made snapshots: the label, and any columns",
            ("account_id", "as_of"),
            (
                ACCOUNT,
                Column("churned", "flag", "whether the account left within the horizon", required=True),
                _at("as_of", "the date the snapshot speaks of"),
            ),
            is_open=True,
        ),
    ]
)


def tables_schema() -> dict[str, Any]:
    """Return the contract as JSON Schema, one definition a table.

    >>> tables_schema()["$defs"]["touchpoints"]["required"]
    ['touchpoint']
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The tables that Perennial reads",
        "$defs": {name: _table_schema(table) for name, table in TABLES.items()},
    }


def _table_schema(table: Table) -> dict[str, Any]:
    return {
        "type": "object",
        "description": table.meaning,
        "properties": {column.name: _column_schema(column) for column in table.columns},
        "required": list(table.required),
        "additionalProperties": table.is_open,
    }


def _column_schema(column: Column) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": column.meaning, "type": "string"}
    if column.kind == "number":
        schema |= {"type": "number"}
    if column.kind == "flag":
        schema |= {"type": "boolean"}
    if column.kind == "timestamp":
        schema |= {"format": "date-time"}
    if column.values:
        schema |= {"enum": list(column.values)}
    bounds = {"minimum": column.minimum, "maximum": column.maximum}
    return schema | {name: bound for name, bound in bounds.items() if bound is not None}
