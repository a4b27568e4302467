"""All tables of a simulated company."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from experiments.company.accounts import account_changes_table, accounts_table, touchpoints_table
from experiments.company.activities import Activities, Stream
from experiments.company.care import internal_ratings_table, interventions_table
from experiments.company.cases import case_rows, opened_cases
from experiments.company.leaving import leaving_streams
from experiments.company.money import subscriptions_table, transaction_rows
from experiments.company.people import contacts_table
from experiments.company.relations import relation_streams
from experiments.company.rows import Rows
from experiments.company.survey_tables import survey_rows
from experiments.company.surveys import surveys
from experiments.company.trouble import trouble_streams
from experiments.company.usage import usage_streams
from experiments.company.world import World


def company_tables(world: World) -> dict[str, pd.DataFrame]:
    """Return the tables of the input contract by name; events stand in the order of time."""
    return {name: rows.table() for name, rows in table_rows(world)}


def table_rows(world: World) -> Iterator[tuple[str, Rows]]:
    """Yield the name and the rows of each table; whoever lets go of one before the next never holds two big ones."""
    yield "accounts", Rows.of(accounts_table(world))
    yield "contacts", Rows.of(contacts_table(world.people))
    yield "subscriptions", Rows.of(subscriptions_table(world))
    yield "transactions", transaction_rows(world)
    yield from _activities(world)
    yield from _cases(world)
    yield "internal_ratings", Rows.of(internal_ratings_table(world))
    yield "touchpoints", Rows.of(touchpoints_table())
    yield "interventions", Rows.of(interventions_table(world))


def _activities(world: World) -> Iterator[tuple[str, Rows]]:
    activities = Activities.of(world, _streams(world))
    yield "activities", activities.rows()
    yield "account_changes", Rows.of(account_changes_table(world, activities.of_event("owner_changed")))


def _streams(world: World) -> Iterator[Stream]:
    yield from usage_streams(world)
    yield from relation_streams(world)
    yield from trouble_streams(world)
    yield from leaving_streams(world)


def _cases(world: World) -> Iterator[tuple[str, Rows]]:
    cases = opened_cases(world)
    yield "cases", case_rows(world, cases)
    invitations, responses = survey_rows(world, surveys(world, cases))
    yield "survey_invitations", invitations
    yield "survey_responses", responses
