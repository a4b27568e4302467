"""All that is known of one account: its rows in the store, its feature row, and what is predicted of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, Table, select

from features.rules import Row as TableRow
from serving.about import About
from serving.account_rows import rows_of
from serving.dashboard.board import Board
from serving.errors import Refusal
from serving.payloads import Prediction
from serving.predictor import Predictor
from serving.scores import Score, scores_of
from serving.store import Store
from serving.store_tables import ACCOUNTS, LISTED
from serving.vocabulary import FeatureRow


@dataclass(frozen=True)
class Known:
    """An account.

    Attributes
    ----------
    rows
        by table of the contract, those of the batch and live ones.
    row
        its current feature row; None where it has none, as who is no customer.
    prediction
        by the release that serves; None where its features cannot be read, or are not there.
    listed
        its row of the list, with the score of an earlier month; None where it has no kept score.
    """

    account_id: str
    about: About
    rows: Mapping[str, list[TableRow]]
    row: FeatureRow | None
    prediction: Prediction | None
    listed: Row[Any] | None

    @property
    def title(self) -> str:
        """What it is called."""
        return self.about.name or self.account_id


def known(board: Board, account_id: str) -> Known:
    """Return what is known of an account.

    Raises
    ------
    Refusal
        When it is not known at all, as who was forgotten.
    """
    store = board.store
    if store is None or "\0" in account_id:
        raise _unknown(account_id)
    row = store.rows([account_id]).get(account_id)
    with store.snapshot() as connection:
        kept = scores_of(connection, [account_id]).get(account_id)
        listed = _own(connection, LISTED, account_id)
        if row is None and kept is None and _own(connection, ACCOUNTS, account_id) is None:
            raise _unknown(account_id)
        rows = rows_of(connection, [account_id])[account_id]
    return Known(account_id, About.of(rows), rows, row, _predicted(board, store, row, kept), listed)


def _own(connection: Connection, table: Table, account_id: str) -> Row[Any] | None:
    return connection.execute(select(table).where(table.c.account_id == account_id)).one_or_none()


def _predicted(board: Board, store: Store, row: FeatureRow | None, kept: Score | None) -> Prediction | None:
    """The answer that was kept, where it is of this release and this row; else one computed now."""
    if row is None:
        return None
    if kept and store.kept_answers([kept.account_id], board.manifest.version):
        try:
            return Prediction.model_validate_json(kept.answer)
        except ValidationError:
            pass  # kept by an earlier version of the service
    predictor = board.predictor or Predictor(board.release)
    if predictor.vocabulary.unreadable(row.values):
        return None
    return predictor.predict([row], [True])[0]


def _unknown(account_id: str) -> Refusal:
    came = f"got account {account_id[:60]!r}, of which nothing is known"
    return Refusal("unknown_account", f"{came}; expected one of the accounts' page; look for it there")
