"""The people of an account: who they are, and when each was last heard of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from features.rules import Row
from serving.dashboard.table import Cell, Column, Table

OWN = {"activities": "occurred_at", "cases": "opened_at", "survey_responses": "answered_at"}
"""What a contact does itself, and when; of activities those that the company did are left out."""
SILENT_DAYS = 90
NOBODY = "No contact of this account is known."


def people(rows: Mapping[str, list[Row]], until: datetime | None) -> Table:
    """Return who is there and who left, each with its role and its silence, the longest silent first within a role."""
    seen = _last_seen(rows, until)
    columns = [
        Column("contact", "Contact", "id"),
        Column("role", "Role"),
        Column("primary", "First to speak to"),
        Column("last_active", "Last active (counted)", "date"),
        Column("silent_days", "Silent, days (counted)", "number"),
        Column("state", "In words"),
    ]
    contacts = sorted(rows.get("contacts", ()), key=lambda row: (str(row.get("role") or "~"), str(row["contact_id"])))
    shown = [_shown(row, seen.get(row["contact_id"]), until) for row in contacts]
    note = "Active is whoever did something, opened a case or answered; what the company sent does not count."
    return Table("contacts", "Contacts by role", columns, shown, NOBODY, note)


def _last_seen(rows: Mapping[str, list[Row]], until: datetime | None) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for contact, at in _acts(rows):
        if until is None or at <= until:
            found[contact] = max(found.get(contact, at), at)
    return found


def _acts(rows: Mapping[str, list[Row]]) -> Iterator[tuple[str, datetime]]:
    for table, column in OWN.items():
        for row in rows.get(table, ()):
            if row.get("contact_id") and row.get("direction") != "out":
                yield row["contact_id"], row[column]


def _shown(row: Row, seen: datetime | None, until: datetime | None) -> list[Cell]:
    left = row.get("active_to")
    is_gone = left is not None and (until is None or left <= until)
    silent = None if seen is None or until is None or is_gone else (until - seen).days
    return [
        row["contact_id"],
        row.get("role"),
        {True: "yes", False: "no"}.get(bool(row["is_primary"])) if row.get("is_primary") is not None else None,
        f"{seen:%Y-%m-%d}" if seen else None,
        silent,
        f"left {left:%Y-%m-%d}" if is_gone else _state(silent, is_seen=seen is not None),
    ]


def _state(silent: int | None, *, is_seen: bool) -> str:
    if not is_seen:
        return "never heard of"
    return "silent" if silent is not None and silent >= SILENT_DAYS else "active"
