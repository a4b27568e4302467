"""The segments planted in the simulated company: kinds of firm, of behaviour, of needs."""

from __future__ import annotations

from dataclasses import dataclass

INDUSTRIES = ("Retail", "Manufacturing", "Professional services", "Finance", "Software", "Logistics")
REGIONS = {
    "North": ("Sweden", "Denmark", "Finland"),
    "West": ("France", "Netherlands", "Belgium"),
    "Central": ("Germany", "Austria", "Switzerland"),
    "South": ("Italy", "Spain", "Portugal"),
}
PLANS = ("Basic", "Standard", "Premium")


@dataclass(frozen=True, slots=True)
class FirmSegment:
    """A kind of firm: medians, and probabilities in the order of INDUSTRIES and REGIONS."""

    name: str
    share: float
    employees: float
    revenue_per_employee: float
    industries: tuple[float, ...]
    regions: tuple[float, ...]
    public_prob: float
    owner_led_prob: float
    slowness: float
    """Added to the log of the first response time."""


@dataclass(frozen=True, slots=True)
class BehaviourSegment:
    """A way of using the product: its share within each kind of firm, and monthly rates."""

    name: str
    shares: tuple[float, ...]
    usage: float
    """Sittings a month."""
    actions: float
    """Actions a sitting."""
    breadth: int
    """Features in use, of ten."""
    cases: float
    """Cases a month."""
    seats: float
    engagement: float
    """Where its engagement settles."""


@dataclass(frozen=True, slots=True)
class NeedsSegment:
    """What an account buys for: the survey items it rates high, and how much certain things hurt it."""

    name: str
    share: float
    items: tuple[int, ...]
    price_weight: float = 0.3
    service_weight: float = 0.5
    outage_weight: float = 0.6


FIRMS = (
    FirmSegment(
        name="local",
        share=0.36,
        employees=11,
        revenue_per_employee=95e3,
        industries=(0.56, 0.08, 0.26, 0.01, 0.01, 0.08),
        regions=(0.1, 0.16, 0.14, 0.6),
        public_prob=0.01,
        owner_led_prob=0.92,
        slowness=0.75,
    ),
    FirmSegment(
        name="midsize",
        share=0.28,
        employees=110,
        revenue_per_employee=150e3,
        industries=(0.06, 0.64, 0.04, 0.02, 0.02, 0.22),
        regions=(0.1, 0.2, 0.6, 0.1),
        public_prob=0.06,
        owner_led_prob=0.25,
        slowness=0.0,
    ),
    FirmSegment(
        name="corporate",
        share=0.16,
        employees=1500,
        revenue_per_employee=230e3,
        industries=(0.1, 0.16, 0.04, 0.62, 0.03, 0.05),
        regions=(0.16, 0.6, 0.18, 0.06),
        public_prob=0.8,
        owner_led_prob=0.04,
        slowness=-0.5,
    ),
    FirmSegment(
        name="scale-up",
        share=0.2,
        employees=60,
        revenue_per_employee=650e3,
        industries=(0.03, 0.02, 0.08, 0.07, 0.79, 0.01),
        regions=(0.66, 0.16, 0.12, 0.06),
        public_prob=0.1,
        owner_led_prob=0.2,
        slowness=0.1,
    ),
)
BEHAVIOURS = (
    BehaviourSegment(
        name="quiet",
        shares=(0.34, 0.22, 0.12, 0.2),
        usage=1.2,
        actions=3,
        breadth=2,
        cases=0.18,
        seats=4,
        engagement=-0.25,
    ),
    BehaviourSegment(
        name="steady",
        shares=(0.3, 0.34, 0.28, 0.24),
        usage=3.4,
        actions=6,
        breadth=4,
        cases=0.45,
        seats=14,
        engagement=0.0,
    ),
    BehaviourSegment(
        name="power",
        shares=(0.14, 0.2, 0.18, 0.36),
        usage=9.0,
        actions=13,
        breadth=8,
        cases=0.75,
        seats=36,
        engagement=0.25,
    ),
    BehaviourSegment(
        name="struggling",
        shares=(0.18, 0.14, 0.12, 0.1),
        usage=1.9,
        actions=2,
        breadth=3,
        cases=1.8,
        seats=11,
        engagement=-0.15,
    ),
    BehaviourSegment(
        name="flagship",
        shares=(0.04, 0.1, 0.3, 0.1),
        usage=9.0,
        actions=15,
        breadth=10,
        cases=0.4,
        seats=160,
        engagement=0.2,
    ),
)
NEEDS = (
    NeedsSegment("price first", 0.28, (0, 1, 2), price_weight=2.2),
    NeedsSegment("service first", 0.3, (3, 4, 5), service_weight=1.7),
    NeedsSegment("reliability first", 0.22, (6, 7), outage_weight=1.8),
    NeedsSegment("partnership first", 0.2, (2, 8, 9)),
)
