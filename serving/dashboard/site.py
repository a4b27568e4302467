"""Which pages there are, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from serving.dashboard.account_list import ASKS as OF_ACCOUNTS
from serving.dashboard.blocks import Page
from serving.dashboard.board import Board
from serving.dashboard.pages.accounts import accounts
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
    is_live
        whether it shows more than the release says, so that it is made anew each time.
    """

    name: str
    title: str
    build: Callable[[Board, Asked], Page]
    asks: tuple[str, ...] = ()
    is_live: bool = False
    is_in_report: bool = True

    @property
    def href(self) -> str:
        """Where it is."""
        return PAGES if self.name == FIRST else f"{PAGES}/{self.name}"


FIRST = "overview"
SITE = (
    Entry(FIRST, "Overview", overview, is_live=True),
    Entry("drivers", "Drivers", drivers, asks=OF_DRIVERS),
    Entry("segments", "Segments", segments, asks=OF_SEGMENTS),
    Entry("journeys", "Journeys", journeys, asks=OF_JOURNEYS),
    Entry("experience", "Experience", experience, asks=OF_EXPERIENCE),
    Entry("accounts", "Accounts", accounts, OF_ACCOUNTS, is_live=True),
    Entry("value", "Value", value),
    Entry("trust", "Trust", trust),
    Entry("definitions", "Definitions", definitions),
)
BY_NAME = {entry.name: entry for entry in SITE}
