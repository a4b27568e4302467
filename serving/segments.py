"""A release's segments and what is told of them, as the answers that go out: prepared once."""

from __future__ import annotations

import json

from pipelines.explain_segments import told
from pipelines.release import BASES, Release
from serving.errors import Refusal


class SegmentAnswers:
    """The segments of a release as JSON, of all its segmentations and of each."""

    def __init__(self, release: Release) -> None:
        self._of_all = _json(release, None)
        self._of_each = {name: _json(release, name) for name in release.segmentations}

    def of(self, segmentation: str | None = None) -> bytes:
        """Return the answer as JSON, encoded in UTF-8.

        Raises
        ------
        Refusal
            When there is no such segmentation.
        """
        if segmentation is None:
            return self._of_all
        if segmentation not in self._of_each:
            expected = ", ".join(BASES)
            raise Refusal(
                "unknown_segmentation",
                f"got segmentation {segmentation!r}; expected one of {expected}; leave it out for all three",
            )
        return self._of_each[segmentation]


def _json(release: Release, only: str | None) -> bytes:
    return json.dumps(told(release, only), allow_nan=False, ensure_ascii=False).encode()
