"""The table `activities`, put together from streams of events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.company.arrays import UNKNOWN, Array, identifiers, in_order, labels, scattered, timestamps
from experiments.company.rows import Rows
from experiments.company.world import World


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


class Kind(NamedTuple):
    """What activities of one kind have in common."""

    event: str
    touchpoint: str
    channel: str
    direction: str


@dataclass(frozen=True, slots=True)
class Activities:
    """All activities as numbers, in the order of time; `kind` is the row of `kinds` that describes one."""

    kinds: pd.DataFrame
    codes: pd.DataFrame

    @classmethod
    def of(cls, world: World, streams: Iterable[Stream]) -> Activities:
        """Return what of the streams happened while the account was alive."""
        kinds: list[Kind] = []
        parts = []
        for stream in streams:
            parts.append(_codes(world, stream, len(kinds)))
            kinds += [Kind(event, stream.touchpoint, stream.channel, stream.direction) for event in stream.events]
        # A column at a time: one of them is there twice for a moment, not all.
        columns = {name: np.concatenate([part.pop(name) for part in parts]) for name in list(parts[0])}
        order = in_order(columns["at"], columns["account"])
        columns = {name: columns.pop(name)[order] for name in list(columns)}
        return cls(pd.DataFrame(kinds), pd.DataFrame(columns, copy=False))

    def rows(self) -> Rows:
        """Return the table `activities`."""
        return Rows(self.codes, self._spelled)

    def of_event(self, event: str) -> pd.DataFrame:
        """Return the codes of all activities of one event."""
        return self.codes[self.codes["kind"].isin(self.kinds.index[self.kinds["event"] == event])]

    def _spelled(self, codes: pd.DataFrame) -> pd.DataFrame:
        kind = codes["kind"].to_numpy()
        return pd.DataFrame(
            {
                "activity_id": identifiers("E", codes.index.to_numpy()),
                "account_id": identifiers("A", codes["account"].to_numpy()),
                "occurred_at": timestamps(codes["at"].to_numpy()),
                "event": labels(self.kinds["event"], kind),
                "contact_id": identifiers("C", codes["contact"].to_numpy()),
                "touchpoint": labels(self.kinds["touchpoint"], kind),
                "channel": labels(self.kinds["channel"], kind),
                "direction": labels(self.kinds["direction"], kind),
                "value": codes["value"].to_numpy(),
            }
        )


def happenings(world: World, purpose: str, rates: Array | float) -> tuple[Array, Array, np.random.Generator]:
    """Return account and moment of events that happen at monthly rates (months x accounts), and a stream of luck."""
    rng = world.streams.of(purpose + " times")
    months, accounts = scattered(world.counts(purpose, rates))
    return accounts, world.calendar.moments(months, rng), rng


def _codes(world: World, stream: Stream, first_kind: int) -> dict[str, Array]:
    """A stream's events while the account was alive, in types as small as may be; kinds count over all streams."""
    alive = np.nonzero(world.is_alive(stream.account, stream.at))[0]
    n = len(alive)
    return {
        "account": stream.account[alive].astype(np.int32),
        "at": stream.at[alive],
        "kind": np.full(n, first_kind, np.int16) + (0 if stream.kind is None else stream.kind[alive].astype(np.int16)),
        "contact": np.full(n, UNKNOWN, np.int32) if stream.contact is None else stream.contact[alive].astype(np.int32),
        "value": np.full(n, np.nan) if stream.value is None else stream.value[alive].astype(np.float64),
    }
