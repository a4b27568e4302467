"""The months one after another: what happens, what is felt, who decides to leave."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from experiments.company.arrays import DAY, NEVER, Array
from experiments.company.calendar import Calendar
from experiments.company.calls import assigned_calls, is_called
from experiments.company.churn import drifted, monthly_hazard, price_harm, standing_risk
from experiments.company.contracts import Contracts
from experiments.company.firms import Firms
from experiments.company.parameters import Parameters
from experiments.company.plan import Plan, planned
from experiments.company.service import Service, slowness
from experiments.company.shocks import Shocks
from experiments.company.states import Month, States, Tendencies, chosen, first_states, next_states, onboarded
from experiments.company.streams import Streams

SETTLING_MONTHS = 12


@dataclass(frozen=True, slots=True)
class History:
    """What came to pass: one entry an account for the leaving, grids of months x accounts for the rest."""

    decided: Array
    """Second of the decision to leave."""
    leaves: Array
    """First second without service, a midnight."""
    plan: Plan
    cases: Array
    response_hours: Array
    satisfaction: Array
    engagement: Array
    calls: Array
    hazard: Array


@dataclass(slots=True)
class Life:
    """All accounts on their way through the months."""

    parameters: Parameters
    firms: Firms
    contracts: Contracts
    shocks: Shocks
    calendar: Calendar
    streams: Streams
    decided: Array = field(init=False)
    leaves: Array = field(init=False)
    starts: dict[int, States] = field(init=False, default_factory=dict)
    """The states at the start of some months, where they are to be lived on from."""

    def lived(self, keep: Collection[int] = ()) -> History:
        """Return the history of all accounts over all months; the states at the start of months to `keep` are kept."""
        n = len(self.firms)
        self.decided, self.leaves = np.full(n, NEVER), np.full(n, NEVER)
        tendencies, service = self.tendencies, self.service
        served = [self._served(service, month) for month in range(self.calendar.n_months)]
        plan = planned(self.parameters, self.shocks, _grid([cases for cases, _ in served]), self.streams)
        states = self._settled(first_states(self.parameters, tendencies, self.streams), tendencies, service)
        rows = []
        for month, (cases, hours) in enumerate(served):
            if month in keep:
                self.starts[month] = states
            states = onboarded(self.parameters, states, tendencies, month=month)
            hazard = self._hazard(states, tendencies, month)
            self._decide(hazard, month)
            served_yet = self.leaves > self.calendar.starts[month]
            # Nobody knows yet who has decided to leave: such accounts are called like all others.
            calls = assigned_calls(self.parameters, plan, served_yet, month=month, streams=self.streams)
            rows.append((cases, hours, states.satisfaction, states.engagement, calls, hazard))
            states = self._after(states, self._happened(cases, hours, calls, month), tendencies, month)
        grids = map(_grid, zip(*rows, strict=True))
        return History(self.decided, self.leaves, plan, *grids)

    def hazards(self, first: int, cases: Array, hours: Array, calls: Array) -> Array:
        """Return the hazards (months x accounts) of living on from a month that was kept, with what then happens."""
        states, tendencies, found = self.starts[first], self.tendencies, []
        for i, month in enumerate(range(first, first + len(cases))):
            states = onboarded(self.parameters, states, tendencies, month=month)
            found.append(self._hazard(states, tendencies, month))
            states = self._after(states, self._happened(cases[i], hours[i], calls[i], month), tendencies, month)
        return np.stack(found)

    @property
    def tendencies(self) -> Tendencies:
        """Where each account's states return to."""
        return Tendencies.of(self.parameters, self.firms, self.contracts)

    @property
    def service(self) -> Service:
        """How each account is served."""
        return Service.of(self.parameters, self.firms, self.contracts, streams=self.streams)

    def _settled(self, fresh: States, tendencies: Tendencies, service: Service) -> States:
        """Give the established a past, with the luck of the last months, so that month 0 is like any other.

        Who would have left in that past is replaced by someone to whom nothing has happened yet.
        """
        past, nobody = fresh, np.zeros(len(self.firms))
        for month in range(max(0, self.calendar.n_months - SETTLING_MONTHS), self.calendar.n_months):
            rng = self.streams.of("settling", month)
            stays = rng.random(len(self.firms)) >= self._hazard(past, tendencies, month)
            past = chosen(stays, past, fresh)
            past = self._after(past, self._happened(*self._served(service, month), nobody, month), tendencies, month)
        return chosen(self.contracts.start_month < 0, past, fresh)

    def _served(self, service: Service, month: int) -> tuple[Array, Array]:
        return (
            service.cases(self.shocks, month, self.streams),
            service.response_hours(self.parameters.response_spread, month, self.streams),
        )

    def _is_staying(self, month: int) -> Array:
        return np.asarray((self.contracts.start_month < month) & (self.decided == NEVER))

    def _hazard(self, states: States, tendencies: Tendencies, month: int) -> Array:
        parameters = drifted(self.parameters, month)
        standing = standing_risk(parameters, self.firms, self.contracts, month=month)
        standing = standing + price_harm(parameters, self.shocks, tendencies, month=month)
        window = self.contracts.is_renewal_window(month)
        return monthly_hazard(parameters, states, tendencies, standing=standing, window=window)

    def _decide(self, hazard: Array, month: int) -> None:
        """Let some decide to leave, who then give notice and are gone some weeks later."""
        rng = self.streams.of("decisions", month)
        decides = (rng.random(len(hazard)) < hazard) & self._is_staying(month)
        at = self.calendar.moments(np.full(len(hazard), month), rng)
        notice = rng.integers(*self.parameters.notice_days, len(hazard), endpoint=True)
        self.decided = np.where(decides, at, self.decided)
        self.leaves = np.where(decides, (at // DAY + notice) * DAY, self.leaves)

    def _happened(self, cases: Array, hours: Array, calls: Array, month: int) -> Month:
        has_case = cases > 0
        present = self.contracts.start_month <= month
        slow = slowness(self.parameters, hours) * has_case
        return Month(
            slow=slow * present,
            quick=(has_case - slow) * present,
            outage=self.shocks.outage[month] * present,
            billing_error=self.shocks.billing_error[month] * present,
            wane=self.shocks.wane[month] * present,
            champion_exit=self.shocks.champion_leaves_month == month,
            call=is_called(calls) * present,
        )

    def _after(self, states: States, happened: Month, tendencies: Tendencies, month: int) -> States:
        rng = self.streams.of("luck", month)
        luck = (rng.standard_normal(len(self.firms)), rng.standard_normal(len(self.firms)))
        return next_states(self.parameters, states, happened, tendencies=tendencies, luck=luck)


def _grid(rows: Sequence[Array]) -> Array:
    """Stack months into the smallest type that loses nothing that matters."""
    kind = np.float32 if rows[0].dtype.kind == "f" else np.int16
    return np.stack([row.astype(kind) for row in rows])
