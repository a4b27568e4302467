"""What /api/experience, /api/value and /api/journeys answer: the figures of the experience programme, and maps."""

from __future__ import annotations

from pydantic import BaseModel, Field

from pipelines.experience.found import Basis, Verdict


class FigureTold(BaseModel):
    """One figure; its numbers are null where it is refused, and the sentence says why."""

    topic: str = Field(description="the question that it answers", examples=["survey metrics", "revenue at risk"])
    figure: str = Field(description="what is told", examples=["nps"])
    value: float | None = Field(description="in `unit`")
    low: float | None = Field(description="lower end of the 95 % interval; null where there is none")
    high: float | None = Field(description="its upper end")
    unit: str
    basis: Basis = Field(description="associated goes along with, and is not shown to cause; assumed is a parameter's")
    group_by: str = Field(description="all, or what accounts are grouped by: a segmentation, touchpoint, role, month")
    group: str = Field(description="whom it is of: all, or one such group")
    n: int = Field(description="answers or events it rests on; 0 where it rests on accounts alone")
    n_accounts: int
    verdict: Verdict = Field(description="told: a number to read; refused: none, and why; the others answer a question")
    sentence: str


class Figures(BaseModel):
    """What a release tells of experience and engagement, or of value."""

    release: str
    as_of: str | None = Field(description="UTC date before which all of it was known; null where nothing is told")
    why_not: str = Field(description="why nothing is told; empty where something is")
    found: list[FigureTold]


class Place(BaseModel):
    """A touchpoint on a map."""

    touchpoint: str = Field(description="`first contact` and `left` are the ends")
    n: int = Field(description="visits")
    n_accounts: int


class Way(BaseModel):
    """A link of a map, from one touchpoint to the next; a loop where both are the same."""

    source: str
    target: str
    n: int = Field(description="how often accounts went this way")
    n_accounts: int
    prob: float = Field(ge=0, le=1, description="share of those that left the source which went this way (counted)")
    low: float | None = Field(description="lower end of its 95 % interval")
    high: float | None = Field(description="its upper end")
    wait_days: float | None = Field(description="mean days from one visit to the next")
    wait_low: float | None = Field(description="lower end of its 95 % interval")
    wait_high: float | None = Field(description="its upper end")


class MapTold(BaseModel):
    """Which way a group of accounts goes."""

    group_by: str = Field(description="all, or a segmentation")
    group: str = Field(description="all, or a segment")
    n_accounts: int
    n_hidden: int = Field(description="links of too few moves or accounts to be told")
    nodes: list[Place]
    links: list[Way]


class JourneysTold(Figures):
    """What a release tells of journeys."""

    maps: list[MapTold] = Field(description="of all accounts, then of each segment")
