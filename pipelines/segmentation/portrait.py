"""What is told of a segmentation to people: who its segments are, how they move and drift, and who never answered."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.segmentation.migration import Drift, Migration
from pipelines.segmentation.profile import Profile
from pipelines.segmentation.unanswered import Unanswered


@dataclass(frozen=True)
class Portrait:
    """What is told of a segmentation beside its segments.

    Attributes
    ----------
    profiles
        One a segment, in their order.
    months, releases
        Who moved from month to month, and from the champion's segments to these; None where there is no other.
    drift
        The segments' shares month by month; None without dates.
    unanswered
        Of needs: the accounts that never answered; None where all did.
    """

    profiles: tuple[Profile, ...] = ()
    months: Migration | None = None
    releases: Migration | None = None
    drift: Drift | None = None
    unanswered: Unanswered | None = None
