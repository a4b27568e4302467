"""A store that lists many accounts: those of a company, and others made like them."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from serving.listing import sought
from serving.store import Store
from serving.store_tables import LISTED

WORDS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ivy", "Juniper", "Larch", "Maple")
KINDS = ("Industries", "Holding", "Labs", "Logistics", "Partners", "Foods", "Systems", "Bank")
OWNERS = 150
AT_ONCE = 20_000


def many_listed(source: Path, target: Path, n_accounts: int, seed: int = 7) -> Store:
    """Return a copy of a SQLite store that lists so many accounts.

    Only the narrow table is filled up: of the others a page reads the rows of one account by its key.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(source) as held, sqlite3.connect(target) as copy:
        held.backup(copy)
    store = Store(f"sqlite:///{target}")
    with store.engine.connect() as connection:
        models = [dict(row._mapping) for row in connection.execute(select(LISTED))]
    rows = _made(models, n_accounts - len(models), random.Random(seed))  # noqa: S311  # no secret
    with store.alone() as connection:
        for index in LISTED.indexes:  # in order of each, a million rows are indexed in a tenth of the time
            index.drop(connection)
        while some := list(islice(rows, AT_ONCE)):
            connection.execute(insert(LISTED), some)
        for index in LISTED.indexes:
            index.create(connection)
    return store


def _made(models: list[dict[str, Any]], n: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for i in range(n):
        model = chance.choice(models)
        account_id, name = f"M-{i:07d}", f"{chance.choice(WORDS)} {chance.choice(KINDS)} {i % 997}"
        prob = min(model["churn_prob"] * chance.uniform(0.5, 1.5), 0.99)
        former = min(prob * chance.uniform(0.6, 1.4), 0.99) if i % 10 else None
        yield model | {
            "account_id": account_id,
            "name": name,
            "words": sought(account_id, name),
            "owner": f"owner {chance.randrange(OWNERS)}",
            "churn_prob": prob,
            "value_at_risk": None if model["value_at_risk"] is None else model["value_at_risk"] * chance.random(),
            "former_prob": former,
            "former_tier": chance.choice(("high", "medium", "low")) if former else None,
            "former_as_of": "2025-12-31" if former else None,
            "former_release": model["release"] if former else None,
            "change": prob - former if former else None,
        }


def remove(store: Store, file: Path) -> None:
    """Let go of a store and delete its files."""
    store.close()
    shutil.rmtree(file.parent)
