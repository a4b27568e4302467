"""A whole company from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from experiments.company.messy import corrupted
from experiments.company.rows import Rows
from experiments.company.tables import company_tables, table_rows
from experiments.company.true_effects import effects_of
from experiments.company.truth import truth_of
from experiments.company.world import World, create
from experiments.company.worlds import parameters_of

MOST_ACCOUNTS = 20_000
"""Of larger companies the causal effects are not worked out: their truth is in `counterfactual`, for who wants it."""


class Company(NamedTuple):
    """The tables of the input contract by name, and the truth that no table shows."""

    tables: dict[str, pd.DataFrame]
    truth: dict[str, Any]


def simulate(
    n_accounts: int = 2000, years: int = 3, seed: int = 7, world: str = "default", strength: float = 1.0
) -> Company:
    """Return a simulated B2B company, observed for so many years up to 2026-01-01.

    `n_accounts` counts all accounts there ever were; a little over half of them are served at a time. `strength` is
    that of the hidden cause in the world `hidden`.

    Raises
    ------
    ValueError
        When fewer than one account or year is asked for, or a world that does not exist.

    >>> sorted(simulate(n_accounts=20, years=1).tables)[:3]
    ['account_changes', 'accounts', 'activities']
    """
    rows, truth = simulated_rows(created(n_accounts, years, seed, world, strength), seed, world)
    return Company({name: each.table() for name, each in rows}, truth)


def truth_with_effects(company: World, truth: dict[str, Any]) -> dict[str, Any]:
    """Return the truth with every driver's causal effect; of companies above `MOST_ACCOUNTS` accounts with None."""
    return truth | {"effects": effects_of(company) if len(company.firms) <= MOST_ACCOUNTS else None}


def simulated_rows(company: World, seed: int, world: str) -> tuple[Iterator[tuple[str, Rows]], dict[str, Any]]:
    """Return a company's tables one after another, as rows that are not yet spelled out, and its truth.

    The tables of the messy world are there at once: what is wrong with them is put into whole ones.
    """
    truth = truth_of(company, seed=seed, name=world)
    if world != "messy":
        return table_rows(company), truth
    tables, corruptions = corrupted(company_tables(company), seed)
    return ((name, Rows.of(table)) for name, table in tables.items()), truth | {"corruptions": corruptions}


def created(n_accounts: int, years: int, seed: int, world: str, strength: float) -> World:
    """Return the company behind the tables.

    Raises
    ------
    ValueError
        When fewer than one account or year is asked for, or a world that does not exist.
    """
    if n_accounts < 1 or years < 1:
        raise ValueError(f"got {n_accounts} accounts over {years} years; expected at least one of each; raise them")
    return create(parameters_of(world, strength), n_accounts, years=years, seed=seed)
