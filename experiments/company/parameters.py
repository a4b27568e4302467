"""Every number the simulated company is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from experiments.company.planted import BEHAVIOURS, FIRMS, NEEDS, BehaviourSegment, FirmSegment, NeedsSegment


@dataclass(frozen=True, slots=True)
class Effects:
    """Log-odds of deciding to leave within a month; every one but `base` may be switched off."""

    base: float = -6.8
    small_firm: float = 0.7
    """Confounder: small firms leave more, and are served more slowly."""
    young: float = 1.0
    """In the third to the seventh month."""
    renewal_window: float = 1.3
    """In the month before and of a yearly renewal."""
    locked_in: float = -0.5
    """With a yearly contract, outside that window."""
    dissatisfaction: float = 3.4
    """Perception: satisfaction below its threshold."""
    slow_response: float = 0.6
    """Directly, beyond what it does to satisfaction; times the needs segment's weight."""
    outage: float = 1.0
    billing_error: float = 1.3
    champion_exit: float = 3.2
    price_rise: float = 1.8
    """A rise above the threshold; times the needs segment's weight."""
    disengagement: float = 2.0
    """Engagement below its threshold."""
    success_call: float = -0.8
    journey: float = 0.5
    """An outage, then a slow response, then a billing error, within a month of each other: beyond what each does."""
    frailty: float = 0.2
    """Spread of what nobody can observe, and what has nothing to do with any experience."""
    hidden: float = 0.0
    """Of a trait that nobody observes and that goes along with bad service: 1 is as strong as being a small firm."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """What the decision to leave does before the account is gone."""

    silent_share: float = 0.4
    cancellation_views: float = 1.6
    export_prob: float = 0.5
    discount_prob: float = 0.35
    usage_left: float = 0.5


@dataclass(frozen=True, slots=True)
class Parameters:
    """One simulated company; shares and probabilities are per account and month unless named otherwise."""

    firms: tuple[FirmSegment, ...] = FIRMS
    behaviours: tuple[BehaviourSegment, ...] = BEHAVIOURS
    needs: tuple[NeedsSegment, ...] = NEEDS
    effects: Effects = field(default_factory=Effects)
    consequences: Consequences = field(default_factory=Consequences)

    expected_churn: float = 0.021
    """Arrivals replace so many a month."""
    notice_days: tuple[int, int] = (12, 55)
    yearly_share: float = 0.6
    lapse_prob: float = 0.3
    """Of yearly contracts that do not renew themselves, once in their life."""

    # operations
    response_hours: float = 9.0
    response_spread: tuple[float, float] = (0.4, 0.5)
    """Of the team in a month, of the account in a month; on the log scale. What is usual, the firm's size decides: a
    trait that no table tells would act on later responses too, and so confound what an earlier one does."""
    slow_hours: float = 24.0
    outage_prob: float = 0.05
    billing_error_prob: float = 0.03
    champion_exit_prob: float = 0.014
    price_rise_prob: float = 0.5
    price_rise_range: tuple[float, float] = (0.02, 0.16)
    steep_rise: float = 0.07
    onboarding_days: float = 28.0
    slow_onboarding_days: float = 45.0

    # drift: from a month on (None: never), log-odds more for everyone, and times the harm of a slow response
    drift_month: int | None = None
    drift_base: float = 0.0
    drift_slow: float = 1.0

    # perception
    satisfaction_memory: float = 0.85
    satisfaction_spread: float = 0.2
    slow_hurts: float = 0.9
    outage_hurts: float = 0.5
    billing_hurts: float = 0.5
    quick_pleases: float = 0.12
    dissatisfied_below: float = -0.9
    users_suffer: float = 0.8
    """What a slow response takes off the answers of those who use it, in the month; buyers answer by satisfaction."""
    expectation_weight: float = 0.3
    """What a wait longer than the account is used to takes off an answer after the case, beyond what it does anyway."""
    expectation_learning: float = 0.3
    """By how much of each surprise what an account is used to moves."""

    # engagement
    engagement_memory: float = 0.85
    engagement_spread: float = 0.16
    wane_prob: float = 0.022
    wane_drop: float = 1.5
    slow_onboarding_costs: float = 0.9
    champion_exit_costs: float = 0.3
    disengaged_below: float = -0.9
    usage_response: float = 0.7
    engaged_above: float = 0.0
    moderation: float = 0.0
    """Share of a bad experience's harm that engaged accounts are spared."""
    renewal_multiplies: float = 0.8
    """How much more a bad experience harms in the renewal window."""
    exposure_memory: float = 0.7

    # interventions
    call_weights: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    """By firmographic segment, what a success call does there beside `success_call`: 0 nothing, below 0 it harms."""
    trial_prob: float = 0.02
    trial_propensity: float = 0.5
    first_trial_month: int = 6
    rescue_prob: float = 0.35
    """In a quarter, of accounts that had trouble in the half year before it."""
    review_probs: tuple[float, float] = (0.12, 0.5)
    """In a quarter, of accounts without and with such trouble."""
    many_cases: int = 4
    """In a quarter: as many tell of trouble too."""
