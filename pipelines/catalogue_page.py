"""The catalogue of features as people read it: a table on a terminal, and a page of the docs.

`python -m pipelines.catalogue_page > docs/features.md` writes the page anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from features.catalog import Family, Feature, available, catalogue, described, to_dict
from features.engagement import BEYOND_USE, ROLE_GROUPS
from features.templates import LEAVING, MOST_KINDS

if TYPE_CHECKING:
    from pipelines.config import Settings

FAMILIES: Mapping[Family, str] = {
    "firmographic": "Firmographic: who the account is",
    "behaviour": "Behaviour: what it does",
    "experience": "Experience: how it is served, and what it says",
    "engagement": "Engagement: who acts, on both sides",
    "relationship": "Relationship: what is signed, and by whom it is looked after",
}
PIPE_WIDTH = 200

INTRODUCTION = """\
# Features

What is known of an account at a date. Every feature uses only what had happened, and was recorded, before that date;
a window of 90 days ends there. A table that you do not have takes its features away and nothing else:
`perennial catalog --config perennial.toml` lists those that your tables give, `--json` with what exactly is computed.

`tier` is the place in the order of causes: context, operations (what we do), perception (what is felt), behaviour (what
the account does), intent (what it does because it is leaving). A feature of tier intent predicts, and never counts as a
cause. Counts and sums over nothing are 0, everything else is missing. Ratios are shown as percentages. Where one of two
tables is lacking that would tell two features apart, only the first of them is there.

Say it in your own words with `[features.NAME]` in `perennial.toml`: `sentence`, `unit`, `family`, `tier`, `direction`.

This page is made from the declarations by `python -m pipelines.catalogue_page > docs/features.md`; a test holds it to
them.
"""


def listed_features(settings: Settings | None = None) -> tuple[Feature, ...]:
    """Return every declared feature, or with settings those that their tables give, in the company's own words."""
    if settings is None:
        return catalogue()
    from features.inventory import inventory
    from pipelines.engine import opened_tables

    with opened_tables(settings, lambda _: None) as warehouse:
        return described(available(inventory(warehouse)), settings.words)


def catalogue_json(features: Sequence[Feature]) -> str:
    """Return the declarations as JSON, what is computed included.

    >>> catalogue_json([Feature("age", "firmographic", "context", "days", "Age")])[:34]
    '[{"name": "age", "family": "firmog'
    """
    return json.dumps([to_dict(feature) for feature in features], ensure_ascii=False)


def catalogue_table(features: Sequence[Feature]) -> None:
    """Print the features to stdout, one row each."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("name", "family", "tier", "unit", "what it says", title=f"{len(features)} features")
    table.columns[0].no_wrap = True
    for feature in features:
        row = (feature.name, feature.family, feature.tier, feature.unit, feature.sentence)
        table.add_row(*(Text(cell) for cell in row))
    console = Console()
    # Cut to no width when a program reads it: a pipe has none.
    Console(width=None if console.is_terminal else PIPE_WIDTH).print(table)


def catalogue_page(features: Sequence[Feature]) -> str:
    """Return the features as a Markdown page, family by family, and what else tables make."""
    sections = [_section(family, [each for each in features if each.family == family]) for family in FAMILIES]
    return "\n".join([INTRODUCTION, *sections, _templates()])


def _section(family: Family, features: Sequence[Feature]) -> str:
    heading = f"## {FAMILIES[family]} ({len(features)})\n\n| name | tier | unit | what it says |\n|---|---|---|---|\n"
    rows = ((f"`{each.name}`", each.tier, each.unit, each.sentence) for each in features)
    return heading + "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows)


def _templates() -> str:
    """What is made of tables beyond the declared features, in words."""
    groups = "\n".join(f"- {words}: {', '.join(roles)}" for words, roles in ROLE_GROUPS.values())
    beyond = ", ".join(f"`{kind}`" for kind in BEYOND_USE)
    leaving = ", ".join(" with ".join(f"`{stem}`" for stem in stems) for stems in LEAVING)
    return f"""\
## What your own tables add

- Every further column of `accounts`: a feature of its name. Unless its changes are recorded it is taken as it is
  today for every date; the same goes for industry, country, region, plan, employees and annual_revenue.
- Every column of `observations`: a feature of its name, as it stands in the row.
- Every item asked about with metric `need`: `need_ITEM`, the importance last given to it.
- {MOST_KINDS} kinds of activity: `KIND_30d` and `KIND_90d` (how often), `KIND_recency_days` (time since the last).
  Those that speak of leaving come first, then the most frequent ones.
- {MOST_KINDS} kinds of what comes from our side (`direction` is `out`): `outreach_KIND_90d` and
  `outreach_KIND_recency_days`.
- {MOST_KINDS} kinds of `interventions`: `intervention_KIND_90d` and `intervention_KIND_recency_days`.

A kind of activity speaks of leaving, and its features have the tier intent, where words of it begin with
{leaving}.

Some activities that nobody has to do are known by their `event`:
{beyond}.
Translate yours in the mapping: `event = {{ column = "type", values = {{ "Webinar attended" = "webinar" }} }}`.

Contacts count by group where their `role` is known:

{groups}
"""


if __name__ == "__main__":
    sys.stdout.write(catalogue_page(catalogue()))
