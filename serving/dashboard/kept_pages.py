"""Pages that were made, as long as what they are made from serves."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from serving.dashboard.blocks import Page
from serving.dashboard.board import Board
from serving.dashboard.site import Asked, Entry

Key = tuple[str, str, tuple[tuple[str, str], ...]]


class KeptPages:
    """Makes pages; those that were asked for last are kept, each as long as its entry says and its release serves."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.clock = clock
        self._kept: OrderedDict[Key, tuple[Page, float]] = OrderedDict()

    def of(self, entry: Entry, board: Board, asked: Asked) -> Page:
        """Return a page as it is now, or was a moment ago.

        Raises
        ------
        Refusal
            When what is asked for is not there.
        """
        key = (entry.name, board.manifest.version, tuple(sorted(asked.items())))
        kept = self._kept.pop(key, None)
        if kept is None or self.clock() >= kept[1]:
            kept = entry.build(board, asked), self.clock() + entry.keep_seconds
        self._kept[key] = kept
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return kept[0]
