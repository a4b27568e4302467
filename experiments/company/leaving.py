"""What those do who have decided to leave, before they are gone: the consequences of the decision."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.company.activities import Stream, happenings
from experiments.company.arrays import DAY, NEVER, Array
from experiments.company.world import World


def leaving_streams(world: World) -> Iterator[Stream]:
    """Yield views of the cancellation page, data exports and requests for a discount, some by those who stay."""
    rng = world.streams.of("leaving")
    consequences = world.parameters.consequences
    speaking = np.nonzero(
        (world.history.decided != NEVER) & (rng.random(len(world.firms)) >= consequences.silent_share)
    )[0]
    counts = {
        "cancellation_page_viewed": rng.poisson(consequences.cancellation_views, len(speaking)),
        "data_export_requested": (rng.random(len(speaking)) < consequences.export_prob).astype(np.int64),
        "discount_requested": (rng.random(len(speaking)) < consequences.discount_prob).astype(np.int64),
    }
    for event, count in counts.items():
        yield _stream(world, event, *_before_leaving(world, np.repeat(speaking, count), rng))
    for event, rate in (
        ("cancellation_page_viewed", 0.004),
        ("data_export_requested", 0.008),
        ("discount_requested", 0.008),
    ):
        yield _stream(world, event, *happenings(world, "idle " + event, rate)[:2])


def _before_leaving(world: World, accounts: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Spread over the notice, with the hour of the day of the decision."""
    decided, leaves = world.history.decided[accounts], world.history.leaves[accounts]
    days = (rng.random(len(accounts)) * ((leaves - decided) // DAY)).astype(np.int64)
    minutes = rng.integers(-120, 120, len(accounts))
    return accounts, decided + days * DAY + np.where(days > 0, 60 * minutes, 60 * np.abs(minutes))


def _stream(world: World, event: str, accounts: Array, at: Array) -> Stream:
    touchpoint, channel = ("renewal", "email") if event == "discount_requested" else ("product", "app")
    contact = world.people.primary(accounts, at)
    return Stream((event,), accounts, at, contact=contact, touchpoint=touchpoint, channel=channel)
