"""Which pages there are, in the order in which they are read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from serving.dashboard.account_list import ASKS as OF_ACCOUNTS
from serving.dashboard.blocks import Page
from serving.dashboard.board import Board
from serving.dashboard.pages.accounts import accounts
from serving.dashboard.pages.actions import ASKS_FOR as OF_ACTIONS
from serving.dashboard.pages.actions import actions
from serving.dashboard.pages.definitions import definitions
from serving.dashboard.pages.drivers import ASKS as OF_DRIVERS
from serving.dashboard.pages.drivers import drivers
from serving.dashboard.pages.experience import ASKS as OF_EXPERIENCE
from serving.dashboard.pages.experience import experience
from serving.dashboard.pages.journeys import ASKS as OF_JOURNEYS
from serving.dashboard.pages.journeys import journeys
from serving.dashboard.pages.overview import overview
from serving.dashboard.pages.segments import ASKS as OF_SEGMENTS
from serving.dashboard.pages.segments import segments
from serving.dashboard.pages.trust import trust
from serving.dashboard.pages.value import value
from serving.routes import PAGES

Asked = Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """A page of the site.

    Attributes
    ----------
    name
        in its address below /dashboard.
    asks
        what the query of its address may hold.
    keep_seconds
        how long a page that was made is shown: what only the release says, as long as it serves.
    """

    name: str
    title: str
    build: Callable[[Board, Asked], Page]
    asks: tuple[str, ...] = ()
    keep_seconds: float = math.inf
    is_in_report: bool = True

    @property
    def href(self) -> str:
        """Where it is."""
        return PAGES if self.name == FIRST else f"{PAGES}/{self.name}"


FIRST = "overview"
SECONDS = 10.0
"""Sums over a million accounts take a second, and nobody misses an account that was scored in the ten before."""
SITE = (
    Entry(FIRST, "Overview", overview, keep_seconds=SECONDS),
    Entry("drivers", "Drivers", drivers, asks=OF_DRIVERS),
    Entry("segments", "Segments", segments, asks=OF_SEGMENTS),
    Entry("journeys", "Journeys", journeys, asks=OF_JOURNEYS),
    Entry("experience", "Experience", experience, asks=OF_EXPERIENCE),
    Entry("accounts", "Accounts", accounts, OF_ACCOUNTS, keep_seconds=0.0),
    Entry("actions", "Actions", actions, asks=OF_ACTIONS, keep_seconds=SECONDS),
    Entry("value", "Value", value),
    Entry("trust", "Trust", trust, keep_seconds=SECONDS),
    Entry("definitions", "Definitions", definitions),
)
BY_NAME = {entry.name: entry for entry in SITE}
