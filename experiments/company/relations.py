"""What passes between account and supplier and causes nothing: noise, and things that only go along with the causes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from experiments.company.activities import Stream, happenings
from experiments.company.world import World


@dataclass(frozen=True, slots=True)
class Contact:
    """Something that passes between the two at a monthly rate, which feelings may raise or lower (log-linear)."""

    event: str
    rate: float
    touchpoint: str
    channel: str
    direction: str = "in"
    by_engagement: float = 0.0
    by_satisfaction: float = 0.0


CONTACTS = (
    Contact("newsletter_sent", 0.5, "newsletter", "email", "out"),
    Contact("email_sent", 0.25, "account_management", "email", "out"),
    Contact("owner_changed", 0.02, "account_management", "email", "out"),
    Contact("webinar_attended", 0.04, "community", "web"),
    Contact("community_post", 0.1, "community", "web", by_engagement=0.8),
    Contact("feature_requested", 0.08, "product", "app", by_engagement=0.7),
    Contact("newsletter_opened", 0.15, "newsletter", "email", by_engagement=0.5),
    Contact("reference_given", 0.012, "account_management", "phone", by_satisfaction=1.2),
)


def relation_streams(world: World) -> Iterator[Stream]:
    """Yield mails, changes of owner, webinars, community posts, wishes, references and reviews."""
    yield from (_stream(world, contact) for contact in CONTACTS)
    yield _reviews(world)


def _stream(world: World, contact: Contact) -> Stream:
    history = world.history
    feelings = contact.by_engagement * history.engagement + contact.by_satisfaction * history.satisfaction
    accounts, at, rng = happenings(world, contact.event, contact.rate * np.exp(feelings))
    return Stream(
        events=(contact.event,),
        account=accounts,
        at=at,
        contact=world.people.user(accounts, at, rng),
        touchpoint=contact.touchpoint,
        channel=contact.channel,
        direction=contact.direction,
    )


def _reviews(world: World) -> Stream:
    """Reviews are held with those who had trouble: they go along with leaving and do nothing to it."""
    rng = world.streams.of("reviews")
    months, accounts = np.nonzero(world.history.plan.reviews & world.living())
    at = world.calendar.moments(months, rng)
    contact = world.people.primary(accounts, at)
    minutes = np.round(rng.uniform(30, 90, len(at)))
    place = "account_management"
    return Stream(("business_review_held",), accounts, at, None, contact, minutes, place, "meeting", "out")
