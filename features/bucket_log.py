"""Coded events of some accounts as the log that the walk takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.log import Coded, Codes, EventLog, Int, Type, in_order, ranks

if TYPE_CHECKING:
    from features.coder import Coder, Columns


@dataclass(frozen=True)
class Ranked:
    """What codes stand for, and how they rank: accounts, types and texts sorted, and the place of each code in that."""

    accounts: tuple[str, ...]
    account_rank: Codes
    types: tuple[Type, ...]
    type_rank: Codes
    texts: tuple[str, ...]
    text_rank: Codes

    @classmethod
    def of(cls, coder: Coder) -> Ranked:
        """Rank all codes that have been given out."""
        accounts, account_rank = _sorted(list(coder.accounts))
        texts, text_rank = _sorted(list(coder.texts))
        codes = list(coder.types)
        order = sorted(range(len(codes)), key=lambda code: [(part is not None, part or "") for part in codes[code]])
        types = tuple(codes[code] for code in order)
        return cls(accounts, account_rank, types, _inverse(np.array(order, dtype=np.int64)), texts, text_rank)

    def log(self, columns: Columns) -> EventLog:
        """Return events in order, of the accounts that have any."""
        present = np.sort(np.flatnonzero(np.bincount(self.account_rank[columns.account])))
        place = np.zeros(len(self.accounts), dtype=np.int32)
        place[present] = np.arange(len(present), dtype=np.int32)
        n = len(columns.at)
        contact, n_contacts = _dense(columns.contact, n)
        touchpoint, n_touchpoints = _dense(columns.touchpoint, n)
        found = Coded(
            owner=place[self.account_rank[columns.account]],
            at=columns.at,
            known_at=columns.at if columns.known_at is None else columns.known_at,
            type=self.type_rank[columns.type],
            value=np.full(n, np.nan) if columns.value is None else columns.value,
            text=_none(n) if columns.text is None else np.append(self.text_rank, np.int32(-1))[columns.text],
            contact=contact,
            touchpoint=touchpoint,
            what=ranks(self.types),
        )
        accounts = [self.accounts[each] for each in present.tolist()]
        return in_order(found, accounts, self.types, self.texts, max(n_contacts, n_touchpoints))


def _sorted(names: list[str]) -> tuple[tuple[str, ...], Codes]:
    order = np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.int64)
    return tuple(names[code] for code in order.tolist()), _inverse(order)


def _inverse(order: Int) -> Codes:
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank


def _dense(hashes: Int | None, n: int) -> tuple[Codes, int]:
    """Hashes as small numbers, -1 for 0."""
    if hashes is None:
        return _none(n), 0
    import pyarrow as pa

    found = pa.array(hashes).dictionary_encode()
    codes = np.arange(len(found.dictionary), dtype=np.int32)
    codes[found.dictionary.to_numpy() == 0] = -1
    return codes[found.indices.to_numpy()], len(codes)


def _none(n: int) -> Codes:
    return np.full(n, -1, dtype=np.int32)
