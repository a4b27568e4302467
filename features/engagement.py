"""Who acts on both sides, and who is gone."""

from features.catalog import Feature, Tier
from features.compute import Compute, Windowed
from features.events import ACTIVITY, CONTACT_GONE, CONTACT_JOINED, CONTACT_LEFT, INTERVENTION, OUTREACH


def _engagement(name: str, tier: Tier, unit: str, sentence: str, compute: Compute, direction: int = 0) -> Feature:
    return Feature(name, "engagement", tier, unit, sentence, direction=direction, compute=compute)


FEATURES = (
    _engagement(
        "active_contacts_90d",
        "behaviour",
        "count",
        "Different persons active, last 90 days",
        Windowed((ACTIVITY,), "distinct_contacts", 90),
        -1,
    ),
    _engagement(
        "touchpoints_90d",
        "behaviour",
        "count",
        "Different touchpoints used, last 90 days",
        Windowed((ACTIVITY,), "distinct_touchpoints", 90),
        -1,
    ),
    _engagement(
        "outreach_90d", "operations", "count", "Contacts made by us, last 90 days", Windowed((OUTREACH,), "count", 90)
    ),
    _engagement(
        "contacts_now",
        "context",
        "count",
        "Known contacts that are still there",
        Windowed((CONTACT_JOINED,), "count") - Windowed((CONTACT_GONE,), "count"),
        -1,
    ),
    _engagement(
        "contacts_left_180d",
        "operations",
        "count",
        "Contacts that left, last 180 days",
        Windowed((CONTACT_LEFT,), "count", 180),
        1,
    ),
    _engagement(
        "interventions_180d",
        "operations",
        "count",
        "Retention measures taken, last 180 days",
        Windowed((INTERVENTION,), "count", 180),
    ),
)
