"""The accounts before anything happens to them: planted segments and firmographics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.company.arrays import Array
from experiments.company.parameters import Parameters
from experiments.company.planted import REGIONS
from experiments.company.streams import Streams

N_OWNERS_PER_REGION = 5
SMALL = 0  # the first firmographic segment


@dataclass(frozen=True, slots=True)
class Firms:
    """One entry an account in every array; segments, industry, region, country and owner are codes."""

    segment: Array
    behaviour: Array
    needs: Array
    employees: Array
    annual_revenue: Array
    industry: Array
    region: Array
    country: Array
    is_public: Array
    is_owner_led: Array
    owner: Array
    neglect: Array
    """What makes it badly served and leave sooner, and nobody can observe (standard normal)."""
    frailty: Array
    """What makes it leave sooner or later and nobody can observe (standard normal)."""

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.segment)


def found_firms(parameters: Parameters, n_accounts: int, streams: Streams) -> Firms:
    """Return so many accounts with their segments and firmographics."""
    rng = streams.of("firms")
    segment = rng.choice(len(parameters.firms), n_accounts, p=[firm.share for firm in parameters.firms])
    firms = parameters.firms
    employees = np.maximum(1, np.round(_around([firm.employees for firm in firms], segment, 0.5, rng)))
    per_head = _around([firm.revenue_per_employee for firm in firms], segment, 0.2, rng)
    region = drawn(np.array([firm.regions for firm in firms])[segment], rng)
    return Firms(
        segment=segment,
        behaviour=drawn(np.array([kind.shares for kind in parameters.behaviours]).T[segment], rng),
        needs=rng.choice(len(parameters.needs), n_accounts, p=[need.share for need in parameters.needs]),
        employees=employees,
        annual_revenue=np.round(employees * per_head, -3),
        industry=drawn(np.array([firm.industries for firm in firms])[segment], rng),
        region=region,
        country=len(next(iter(REGIONS.values()))) * region + rng.integers(3, size=n_accounts),
        is_public=rng.random(n_accounts) < np.array([firm.public_prob for firm in firms])[segment],
        is_owner_led=rng.random(n_accounts) < np.array([firm.owner_led_prob for firm in firms])[segment],
        owner=N_OWNERS_PER_REGION * region + rng.integers(N_OWNERS_PER_REGION, size=n_accounts),
        frailty=rng.standard_normal(n_accounts),
        neglect=streams.of("neglect").standard_normal(n_accounts),
    )


def drawn(probabilities: Array, rng: np.random.Generator) -> Array:
    """Return one category code a row of probabilities (rows x categories; each row is scaled to sum to 1).

    >>> drawn(np.array([[0.0, 1.0], [1.0, 0.0]]), np.random.default_rng(0)).tolist()
    [1, 0]
    """
    bounds = np.cumsum(probabilities, axis=1)
    return np.asarray((rng.random((len(bounds), 1)) * bounds[:, -1:] >= bounds).sum(axis=1))


def _around(medians: list[float], codes: Array, spread: float, rng: np.random.Generator) -> Array:
    return np.asarray(np.array(medians)[codes] * np.exp(spread * rng.standard_normal(len(codes))))
