"""The events of one account kept at hand, so that a new row costs what it tells of, not what is known already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.keyed_rows import key_of
from features.online import Relative, Rows, events_table, own_events, relative_events, row_events
from features.rules import Row

if TYPE_CHECKING:
    import pyarrow as pa

BY_THEMSELVES = frozenset(
    {"activities", "cases", "interventions", "internal_ratings", "subscriptions", "survey_responses", "transactions"}
)
"""Tables whose rows change nothing of what other rows tell of; an answer to an invitation does."""
MOST_PIECES = 16


@dataclass(frozen=True)
class AccountEvents:
    """What one account's own rows tell of.

    Attributes
    ----------
    account_id
        the account.
    table
        its events, with the columns of LOG_COLUMNS.
    keys
        sorted hashes of the tables and keys of its rows; they are of this process only.
    role_of
        the buying roles of its contacts.
    """

    account_id: str
    table: pa.Table
    keys: npt.NDArray[np.int64]
    role_of: Mapping[Any, Any]

    @classmethod
    def of(cls, account_id: str, rows: Rows) -> AccountEvents:
        """Return the events of all rows of an account, by table as `account_log` takes them."""
        keys = np.array([hash(key_of(name, row)) for name, own in rows.items() for row in own], dtype=np.int64)
        role_of = {contact["contact_id"]: contact.get("role") for contact in rows.get("contacts", ())}
        return cls(account_id, events_table(account_id, own_events(account_id, rows)), np.sort(keys), role_of)

    def extended(self, rows: Sequence[tuple[str, Row]]) -> AccountEvents | None:
        """Return the events with those of further rows, pairs of table and row.

        None where a row takes the place of another, or changes what others tell of: then all has to be read again.
        """
        import pyarrow as pa

        new = np.array([hash(key_of(name, row)) for name, row in rows], dtype=np.int64)
        at = np.searchsorted(self.keys, new)
        is_known = (at < len(self.keys)) & (self.keys[np.minimum(at, len(self.keys) - 1)] == new if len(at) else False)
        if np.any(is_known) or not all(_stands_alone(name, row) for name, row in rows):
            return None
        events = [event for name, row in rows for event in row_events(name, row, self.role_of)]
        table = pa.concat_tables([self.table, events_table(self.account_id, events)])
        if table["at"].num_chunks > MOST_PIECES:
            table = table.combine_chunks()
        return AccountEvents(self.account_id, table, np.sort(np.append(self.keys, new)), self.role_of)

    def beside(self, parent: str | None, around: Iterable[Relative]) -> pa.Table:
        """Return the events with those of the accounts around it, of which `parent` is the one above."""
        import pyarrow as pa

        events = list(relative_events(self.account_id, parent, around))
        return pa.concat_tables([self.table, events_table(self.account_id, events)]) if events else self.table


def _stands_alone(table: str, row: Row) -> bool:
    return table in BY_THEMSELVES and row.get("invitation_id") is None
