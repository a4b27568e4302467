"""All tables of a simulated company."""

from __future__ import annotations

import pandas as pd

from experiments.company.accounts import account_changes_table, accounts_table, touchpoints_table
from experiments.company.activities import activities_table
from experiments.company.care import internal_ratings_table, interventions_table
from experiments.company.cases import cases_table, opened_cases
from experiments.company.leaving import leaving_streams
from experiments.company.money import subscriptions_table, transactions_table
from experiments.company.people import contacts_table
from experiments.company.relations import relation_streams
from experiments.company.survey_tables import survey_tables
from experiments.company.surveys import surveys
from experiments.company.trouble import trouble_streams
from experiments.company.usage import usage_streams
from experiments.company.world import World


def company_tables(world: World) -> dict[str, pd.DataFrame]:
    """Return the tables of the input contract by name; events stand in the order of time."""
    cases = opened_cases(world)
    invitations, responses = survey_tables(world, surveys(world, cases))
    streams = [
        *usage_streams(world),
        *relation_streams(world),
        *trouble_streams(world),
        *leaving_streams(world),
    ]
    accounts, activities = accounts_table(world), activities_table(world, streams)
    return {
        "accounts": accounts,
        "account_changes": account_changes_table(accounts, activities),
        "contacts": contacts_table(world.people),
        "subscriptions": subscriptions_table(world),
        "transactions": transactions_table(world),
        "activities": activities,
        "cases": cases_table(world, cases),
        "survey_invitations": invitations,
        "survey_responses": responses,
        "internal_ratings": internal_ratings_table(world),
        "touchpoints": touchpoints_table(),
        "interventions": interventions_table(world),
    }
