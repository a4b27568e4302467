"""Pages that were made, as long as what they are made from serves."""

from __future__ import annotations

from collections import OrderedDict

from serving.dashboard.blocks import Page
from serving.dashboard.board import Board
from serving.dashboard.site import Asked, Entry


class KeptPages:
    """Makes pages; what only the release says is made once, and the pages asked for last are kept."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[tuple[str, str, tuple[tuple[str, str], ...]], Page] = OrderedDict()

    def of(self, entry: Entry, board: Board, asked: Asked) -> Page:
        """Return a page as it is now.

        Raises
        ------
        Refusal
            When what is asked for is not there.
        """
        if entry.is_live:
            return entry.build(board, asked)
        key = (entry.name, board.manifest.version, tuple(sorted(asked.items())))
        page = self._kept.pop(key, None) or entry.build(board, asked)
        self._kept[key] = page
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return page
