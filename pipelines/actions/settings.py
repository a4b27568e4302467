"""What `[actions]` in the settings may say: the actions there are, their capacity, and rules that are never broken."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Day = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
FIVE_WAYS = "five ways to loyalty"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Eligible(_Section):
    """Which accounts an action is for; what is not said holds for all."""

    tiers: tuple[Literal["high", "medium", "low"], ...] = Field((), description="of risk")
    segments: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="by segmentation, names of segments; the account is in one of each"
    )
    roles: tuple[str, ...] = Field((), description="buying roles; a contact with one of them is there")
    drivers: tuple[str, ...] = Field((), description="drivers of churn; one of them is bad today")
    open_case: Literal["any", "none", "some"] = Field(
        "any", description="whether a case may, must not or has to be open"
    )


class Window(_Section):
    """When an action may be taken: so many days from a date, before it where negative; both days count."""

    around: Literal["sale", "anniversary", "renewal"]
    from_days: int = Field(ge=-365, le=365)
    to_days: int = Field(ge=-365, le=365)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Window:
        if self.to_days < self.from_days:
            raise ValueError(f"from_days {self.from_days} lies after to_days {self.to_days}: swap them")
        return self


class CulturalRule(_Section):
    """What is not done in some countries, always or between two days of the year."""

    countries: tuple[str, ...] = Field(min_length=1, description="as in the accounts table")
    actions: tuple[str, ...] = Field((), description="names of the catalogue; all if none is named")
    channels: tuple[str, ...] = Field((), description="all if none is named")
    from_day: Day | None = Field(None, description='such as "12-20"')
    to_day: Day | None = Field(None, description='such as "01-06"; the year may turn between them')
    why: str = Field("", description="said where it forbids")

    @model_validator(mode="after")
    def _both_days_or_none(self) -> CulturalRule:
        if (self.from_day is None) != (self.to_day is None):
            raise ValueError("from_day and to_day belong together: name both or neither")
        return self


class Action(_Section):
    """Something that can be done for an account."""

    kind: str | None = Field(None, description="of the interventions that tell what it does; its name if unset")
    words: str = Field("", description="what is done, as a person is told")
    channel: str = Field("", description="by which it reaches the account, such as phone or email")
    cost: float = Field(ge=0, description="of one, in the company's currency")
    hours: float = Field(0.0, ge=0, description="of the owner's time for one")
    most: int | None = Field(None, ge=0, description="at most so many in a round")
    is_automated: bool = Field(False, description="sent by a machine, not by a person")
    needs_consent: bool = Field(True, description="only with the account's consent to the channel")
    works_on: tuple[str, ...] = Field((), description="drivers of churn that it is meant to mend")
    rest_days: int = Field(90, ge=0, le=3650, description="not again for so long")
    eligible: Eligible = Eligible()
    window: Window | None = None
    assumed_points: float | None = Field(
        None,
        ge=0,
        le=100,
        description="churn points it is thought to save, until your own accounts tell; it is tested first",
    )


class Loop(_Section):
    """Which activities tell that feedback was acknowledged, acted on, and that the account was told."""

    acknowledged: tuple[str, ...] = ("feedback_acknowledged",)
    fixed: tuple[str, ...] = ("feedback_fixed",)
    told: tuple[str, ...] = ("feedback_told", "told_what_we_did")
    within_days: int = Field(90, ge=1, le=365, description="after which feedback counts as not closed")
    fixes: dict[str, str] = Field(
        default_factory=dict, description='by category of case, since when its root cause is mended: "2025-03-01"'
    )

    @model_validator(mode="after")
    def _fixes_are_dates(self) -> Loop:
        for category, day in self.fixes.items():
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
                raise ValueError(f"fixes.{category} = {day!r} is no date such as 2025-03-01")
        return self


class Playbook(_Section):
    """What is to be done when something happens to an account, and until when."""

    when: Literal["tier_rises", "severe_case", "champion_leaves", "renewal_nears", "low_score"]
    do: str = Field(description="what, as its owner is told")
    due_days: int = Field(3, ge=0, le=365)
    touchpoint: str | None = Field(None, description="whose owner does it; the account's owner if unset")
    days: int = Field(60, ge=1, le=365, description="renewal_nears: so long before; else: events of so many days count")


class Actions(_Section):
    """Whom to help, with what."""

    preset: Literal["five ways to loyalty"] | None = Field(None, description="a ready-made catalogue to begin with")
    catalogue: dict[str, Action] = Field(
        default_factory=dict, description="by name; those of the preset may be changed"
    )
    budget: float | None = Field(None, ge=0, description="of one round; unlimited if unset")
    hours: float | None = Field(None, ge=0, description="of people in one round, altogether")
    hours_per_owner: float | None = Field(None, ge=0, description="of each owner in one round")
    consent: dict[str, str] = Field(
        default_factory=dict, description="by channel, the yes-or-no column of the accounts table that holds consent"
    )
    do_not_contact: tuple[str, ...] = Field((), description="account ids")
    do_not_contact_column: str | None = Field(None, description="yes-or-no column of the accounts table")
    cultural: tuple[CulturalRule, ...] = ()
    rest_days: int = Field(14, ge=0, le=3650, description="no account is approached more often than that")
    holdout_share: float = Field(
        0.05, ge=0, le=0.5, description="of the accounts, never helped: what the whole programme is measured against"
    )
    seed: int = Field(0, ge=0, description="of the lot by which holdout and experiments are drawn")
    loop: Loop = Loop()
    playbooks: dict[str, Playbook] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _rules_name_what_is_there(self) -> Actions:
        names = set(self.all_actions)
        for rule in self.cultural:
            if unknown := sorted(set(rule.actions) - names):
                raise ValueError(f"cultural names {', '.join(unknown)}; expected some of {', '.join(sorted(names))}")
        return self

    @property
    def all_actions(self) -> dict[str, Action]:
        """The preset's actions, as the catalogue changes them, and the catalogue's own, in that order."""
        from pipelines.actions.presets import five_ways

        return (five_ways() if self.preset == FIVE_WAYS else {}) | dict(self.catalogue)
