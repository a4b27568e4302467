"""One simulated company with its whole past, from which the tables are written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.company.arrays import Array
from experiments.company.calendar import Calendar
from experiments.company.contracts import Contracts, lapses, sign_contracts
from experiments.company.firms import Firms, found_firms
from experiments.company.life import History, Life
from experiments.company.parameters import Parameters
from experiments.company.people import People, employ
from experiments.company.shocks import Shocks, befall
from experiments.company.streams import Streams


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is true; tables show only what a company could have recorded of it."""

    parameters: Parameters
    calendar: Calendar
    streams: Streams
    firms: Firms
    contracts: Contracts
    shocks: Shocks
    history: History
    people: People
    pauses: Array
    resumes: Array
    """Seconds between which an account had no service; equal where it never paused."""

    def is_alive(self, accounts: Array, at: Array) -> Array:
        """Return whether each account's subscription runs at a moment that is observed."""
        paused = (at >= self.pauses[accounts]) & (at < self.resumes[accounts])
        started = at >= np.maximum(self.contracts.created[accounts], self.calendar.starts[0])
        return np.asarray(started & ~paused & (at < self.last_seconds[accounts]))

    @property
    def last_seconds(self) -> Array:
        """The first second at which nothing more of an account is known: it has left, or the observation is over."""
        return np.minimum(self.history.leaves, self.calendar.end)

    def living(self) -> Array:
        """Return in which months (months x accounts) an account is served, if only for a part."""
        months = np.arange(self.calendar.n_months)[:, None]
        return np.asarray(
            (self.contracts.start_month <= months) & (self.history.leaves > self.calendar.starts[:-1, None])
        )

    def counts(self, purpose: str, rates: Array | float) -> Array:
        """Return how often something happens a month (months x accounts), at given monthly rates."""
        shape = (self.calendar.n_months, len(self.firms))
        return np.asarray(self.streams.of(purpose).poisson(np.broadcast_to(rates, shape)) * self.living())


def create(parameters: Parameters, n_accounts: int, *, years: int, seed: int) -> World:
    """Return a company of so many accounts, observed for so many years."""
    calendar, streams = Calendar.of(years), Streams(seed)
    firms = found_firms(parameters, n_accounts, streams)
    contracts = sign_contracts(parameters, firms, calendar, streams=streams)
    shocks = befall(parameters, firms, contracts, calendar=calendar, streams=streams)
    history = Life(parameters, firms, contracts, shocks, calendar, streams).lived()
    last = np.minimum(history.leaves, calendar.end)
    pauses, resumes = lapses(parameters, contracts, last, rng=streams.of("lapses"))
    return World(
        parameters=parameters,
        calendar=calendar,
        streams=streams,
        firms=firms,
        contracts=contracts,
        shocks=shocks,
        history=history,
        people=employ(contracts, shocks, last, streams=streams),
        pauses=pauses,
        resumes=resumes,
    )
