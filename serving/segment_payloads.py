"""What /api/segments answers: the champion's segments and what is told of them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from pipelines.segmentation.comparison import Comparison
from pipelines.segmentation.migration import Drift, Migration
from pipelines.segmentation.profile import Outcome
from pipelines.segmentation.segmentation import Evidence
from pipelines.segmentation.trait import Trait
from pipelines.segmentation.unanswered import Unanswered


class SegmentTold(BaseModel):
    """One segment: how large, how steady, what is special about it, and who is typical of it."""

    id: str = Field(description="kept from release to release where the segment is the same")
    name: str
    found_name: str = Field(description="what set it apart when it was first found")
    n: int = Field(description="accounts in it when the release was made")
    share: float = Field(ge=0, le=1, description="their share of the accounts whose place is known")
    stability: float | None = Field(description="how alike it comes out when accounts are drawn anew, 0 to 1")
    is_natural: bool = Field(description="false where it is a useful cut rather than a group that stands apart")
    traits: list[Trait] = Field(description="in what it differs from all accounts, the most striking first")
    outcomes: list[Outcome] = Field(description="its churn, revenue and experience, counted")
    typical: list[str] = Field(description="ids of the accounts that are most like it")


class SegmentationTold(BaseModel):
    """One segmentation, and what is told of it; null where there is nothing to tell."""

    name: str = Field(description="firmographic, behavioural or needs")
    why: str = Field(description="how many segments there are and why, or why none")
    segments: list[SegmentTold] = Field(description="the largest first")
    evidence: list[Evidence] = Field(description="the numbers of segments that were weighed")
    months: Migration | None = Field(description="who moved from month to month")
    releases: Migration | None = Field(description="who moved from the champion's segments to these")
    drift: Drift | None = Field(description="the segments' shares month by month")
    unanswered: Unanswered | None = Field(description="of needs: what is said of accounts that never answered")


class Segments(BaseModel):
    """The segments of a release, of all its segmentations or of one."""

    release: str
    as_of: str | None = Field(description="UTC date up to which was learnt; null if undated")
    segmentations: list[SegmentationTold]
    comparisons: list[Comparison] = Field(description="which segmentation tells most of which outcome")
