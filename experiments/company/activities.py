"""The table `activities`, put together from streams of events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.company.accounts import TOUCHPOINTS
from experiments.company.arrays import UNKNOWN, Array, identifiers, labels, scattered, timestamps
from experiments.company.world import World

PLACES = tuple(row[0] for row in TOUCHPOINTS)
CHANNELS = ("app", "email", "phone", "web", "meeting")
DIRECTIONS = ("in", "out")


@dataclass(frozen=True, slots=True)
class Stream:
    """Events that share touchpoint, channel and direction; `kind` says for each which of the `events` it is."""

    events: tuple[str, ...]
    account: Array
    at: Array
    kind: Array | None = None
    contact: Array | None = None
    value: Array | None = None
    touchpoint: str = "product"
    channel: str = "app"
    direction: str = "in"

    def codes(self, names: list[str]) -> dict[str, Array]:
        """Return the stream's columns as numbers; `names` are the events of all streams."""
        size = len(self.at)
        codes = np.array([names.index(event) for event in self.events])
        return {
            "account": self.account,
            "at": self.at,
            "event": codes[np.zeros(size, dtype=np.int64) if self.kind is None else self.kind],
            "contact": np.full(size, UNKNOWN) if self.contact is None else self.contact,
            "value": np.full(size, np.nan) if self.value is None else self.value,
            "touchpoint": np.full(size, PLACES.index(self.touchpoint)),
            "channel": np.full(size, CHANNELS.index(self.channel)),
            "direction": np.full(size, DIRECTIONS.index(self.direction)),
        }


def happenings(world: World, purpose: str, rates: Array | float) -> tuple[Array, Array, np.random.Generator]:
    """Return account and moment of events that happen at monthly rates (months x accounts), and a stream of luck."""
    rng = world.streams.of(purpose + " times")
    months, accounts = scattered(world.counts(purpose, rates))
    return accounts, world.calendar.moments(months, rng), rng


def activities_table(world: World, streams: Iterable[Stream]) -> pd.DataFrame:
    """Return the table `activities`: what happened while the account was alive, in the order of time."""
    streams = list(streams)
    names = sorted({event for stream in streams for event in stream.events})
    parts = [stream.codes(names) for stream in streams]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    alive = np.nonzero(world.is_alive(columns["account"], columns["at"]))[0]
    order = alive[np.lexsort((columns["event"][alive], columns["account"][alive], columns["at"][alive]))]
    columns = {name: column[order] for name, column in columns.items()}
    return pd.DataFrame(
        {
            "activity_id": identifiers("E", np.arange(len(order))),
            "account_id": identifiers("A", columns["account"]),
            "occurred_at": timestamps(columns["at"]),
            "event": labels(names, columns["event"]),
            "contact_id": identifiers("C", columns["contact"]),
            "touchpoint": labels(PLACES, columns["touchpoint"]),
            "channel": labels(CHANNELS, columns["channel"]),
            "direction": labels(DIRECTIONS, columns["direction"]),
            "value": columns["value"],
        }
    )
