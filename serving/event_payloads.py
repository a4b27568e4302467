"""What may be sent to /events and what is answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from features.tables import TABLES
from serving.payloads import Detail, StrictRequest

MOST_ROWS = 1_000
TAKEN = tuple(
    name
    for name, table in TABLES.items()
    if name != "observations" and any(column.name == "account_id" for column in table.columns)
)
"""Tables of which live rows are taken: all whose rows are of an account, but for ready-made snapshots."""

TableName = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class EventsRequest(StrictRequest):
    """Rows of one table of the contract, each whole: a row takes the place of the one with the same key."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "table": "cases",
                "rows": [{"case_id": "C-17", "account_id": "A-00042", "opened_at": "2026-01-31T09:30:00Z"}],
            }
        }
    )

    table: TableName = Field(description="a table of the contract", json_schema_extra={"enum": list(TAKEN)})
    rows: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MOST_ROWS,
        description="rows by column, as `perennial schema tables` describes them; times are UTC unless they say a zone",
    )


class RowTaken(BaseModel):
    """What became of one row."""

    row: int = Field(ge=0, description="its place in the request, from 0")
    key: str | None = Field(description="the value of the table's key; null where it could not be read or is too long")
    status: Literal["accepted", "duplicate", "rejected"] = Field(
        description="accepted: stored, new or in place of another; duplicate: it was stored already, just so"
    )
    problems: list[Detail] = Field([], description="why it was rejected")


class EventsTaken(BaseModel):
    """What became of the rows: what is accepted is on disk, and scores follow within a second."""

    table: str
    accepted: int
    duplicate: int
    rejected: int
    results: list[RowTaken] = Field(description="one for each row, in the order sent")
