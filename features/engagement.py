"""Who acts on both sides, who is gone, and who does more than it has to."""

from collections.abc import Mapping
from functools import partial

from features.compute import Compute, Windowed
from features.feature import Feature, Tier
from features.streams import ACTIVITY, CONTACT_GONE, CONTACT_JOINED, CONTACT_LEFT, INTERVENTION, OUTREACH

# Contacts by what they have to say in whether the account stays: how a group is called, and its buying roles.
ROLE_GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "buyers": ("buyers", ("Decision Maker", "Economic Buyer", "Economic Decision Maker")),
    "users": ("business users", ("Business User",)),
    "sponsors": ("executive sponsors", ("Executive Sponsor",)),
}
# Activities that nobody has to do: their event, a name for its number, and how that is said.
BEYOND_USE: Mapping[str, tuple[str, str]] = {
    "reference": ("references", "References given"),
    "event": ("events", "Events attended"),
    "webinar": ("webinars", "Webinars attended"),
    "community": ("community", "Contributions to the community"),
    "beta": ("beta_tests", "Beta tests taken part in"),
}

done = partial(Windowed, (ACTIVITY,))
by_us = partial(Windowed, (OUTREACH,))
on_both_sides = partial(Windowed, (ACTIVITY, OUTREACH))
helped = partial(Windowed, (INTERVENTION,))
came, left, gone = (partial(Windowed, (stream,), "count") for stream in (CONTACT_JOINED, CONTACT_LEFT, CONTACT_GONE))
last_left = partial(Windowed, (CONTACT_LEFT,), "days_since_last")


def _engagement(name: str, tier: Tier, unit: str, sentence: str, compute: Compute, direction: int = 0) -> Feature:
    return Feature(name, "engagement", tier, unit, sentence, direction=direction, compute=compute)


def _acts(name: str, sentence: str, compute: Compute, direction: int = -1) -> Feature:
    return _engagement(name, "behaviour", "count", sentence, compute, direction)


def _effort(name: str, unit: str, sentence: str, compute: Compute) -> Feature:
    return _engagement(name, "operations", unit, sentence, compute)


def _there(name: str, sentence: str, joined: Windowed, lost: Windowed) -> Feature:
    return _engagement(name, "context", "count", sentence, joined - lost, -1)


def _moved(name: str, unit: str, sentence: str, compute: Compute, direction: int = 1) -> Feature:
    return _engagement(name, "operations", unit, sentence, compute, direction)


def _of_group(group: str) -> tuple[Feature, ...]:
    """How many contacts of a group act, are there, and have left."""
    words, roles = ROLE_GROUPS[group]
    return (
        _acts(f"active_{group}_90d", f"Different {words} active, last 90 days",
              done("distinct_contacts", 90, roles=roles)),
        _there(f"{group}_now", f"Known {words} that are still there", came(roles=roles), gone(roles=roles)),
        _moved(f"{group}_left_365d", "count", f"{words.capitalize()} that left, last 365 days", left(365, roles=roles)),
    )  # fmt: skip


ACTING = (
    *(_acts(f"active_contacts_{d}d", f"Different persons active, last {d} days", done("distinct_contacts", d))
      for d in (30, 90)),
    _acts("silent_contacts_90d", "Persons active in the last 180 days, but not in the last 90",
          done("distinct_contacts", 180) - done("distinct_contacts", 90), 1),
    _acts("activities_per_contact_90d", "Activities for each active person, last 90 days",
          done("count", 90) / done("distinct_contacts", 90), 0),
    _acts("touchpoints_90d", "Different touchpoints used, last 90 days", done("distinct_touchpoints", 90)),
    *(_acts(f"{name}_365d", f"{words}, last 365 days", done("count", 365, kind=kind))
      for kind, (name, words) in BEYOND_USE.items()),
)  # fmt: skip

OUR_EFFORT = (
    _effort("outreach_90d", "count", "Contacts made by us, last 90 days", by_us("count", 90)),
    _effort("outreach_recency_days", "days", "Time since the last contact made by us", by_us("days_since_last")),
    _effort("outreach_contacts_90d", "count", "Different persons contacted by us, last 90 days",
            by_us("distinct_contacts", 90)),
    _effort("outreach_share_90d", "ratio", "Share that is ours of all that both sides did, last 90 days",
            by_us("count", 90) / on_both_sides("count", 90)),
    _effort("interventions_180d", "count", "Retention measures taken, last 180 days", helped("count", 180)),
    _effort("intervention_recency_days", "days", "Time since the last retention measure", helped("days_since_last")),
    _effort("intervention_cost_365d", "money", "Cost of retention measures, last 365 days", helped("total", 365)),
)  # fmt: skip

PERSONS = (
    _there("contacts_now", "Known contacts that are still there", came(), gone()),
    _moved("contacts_joined_180d", "count", "Contacts that came, last 180 days", came(180), 0),
    _moved("contacts_left_180d", "count", "Contacts that left, last 180 days", left(180)),
    *(_moved(f"primary_left_{d}d", "count", f"Primary contacts that left, last {d} days", left(d, kind="primary"))
      for d in (90, 180)),
    _moved("contact_left_recency_days", "days", "Time since the last contact left", last_left(), -1),
)  # fmt: skip

FEATURES = (*ACTING, *OUR_EFFORT, *PERSONS, *(feature for group in ROLE_GROUPS for feature in _of_group(group)))
