"""What /api/actions answers: what `perennial actions` suggested last. And what may be sent to /interventions."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from serving.event_payloads import MOST_ROWS
from serving.payloads import StrictRequest
from serving.programme_payloads import FigureTold


class InterventionsRequest(StrictRequest):
    """What was decided for accounts, and what was done: rows of the contract's table `interventions`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "rows": [
                    {
                        "intervention_id": "I-17",
                        "account_id": "A-00042",
                        "assigned_at": "2026-01-31T09:30:00Z",
                        "kind": "success call",
                    }
                ]
            }
        }
    )

    rows: list[dict[str, Any]] = Field(
        min_length=1,
        max_length=MOST_ROWS,
        description="rows by column, as `perennial schema tables` describes them; times are UTC unless they say a zone",
    )


class Suggested(BaseModel):
    """What to do for an account; null where nothing is to be done."""

    account_id: str
    owner: str | None = Field(description="who looks after it")
    answer: str = Field(description="do, test first, do nothing, or held out", examples=["do"])
    action: str | None = Field(description="name in the catalogue of the settings")
    due: str | None = Field(description="UTC date by which")
    points: float | None = Field(description="points of churn that it saves, expected of this account")
    low: float | None = Field(description="lower end of the interval of `points`")
    high: float | None = Field(description="its upper end")
    worth: float | None = Field(description="what hangs on its staying, in the currency of the tables")
    cost: float | None = Field(description="of the action")
    expected_value: float | None = Field(description="effect times worth, less cost")
    driver: str | None = Field(description="the cause of churn that the action works on, where the account has it")
    evidence: str | None = Field(description="randomised, adjusted or assumed")
    why: str


class ExperimentTold(BaseModel):
    """Where an experiment stands; what has not come yet is null."""

    experiment: str = Field(description="its name; programme: all that is done, against those that stand aside")
    says: str = Field(description="planned, assigned, or as last read: helps, harms, goes on", examples=["helps"])
    kind: str | None = Field(description="of the action")
    planned: str | None = Field(description="UTC date")
    assigned: str | None = Field(description="UTC date on which it was drawn who is helped")
    read: str | None = Field(description="UTC date of the last reading")
    n_helped: int | None
    n_not: int | None = Field(description="accounts that take part and are not helped")
    detectable_points: float | None = Field(description="points of churn saved that it finds with 80 %")
    points: float | None = Field(description="points of churn saved, as last read")
    low: float | None = Field(description="lower end of the 95 % interval, which holds at all readings at once")
    high: float | None = Field(description="its upper end")
    n_accounts: int | None = Field(description="whose outcome was due")


class ActionsTold(BaseModel):
    """What was suggested last: how many of each answer, those asked for, and what is known of each action."""

    made: str | None = Field(description="when, in UTC; null where nothing was suggested yet")
    why_not: str = Field(description="why there is nothing; empty where there is something")
    counts: dict[str, int] = Field(description="accounts by answer, of the owner asked for")
    suggestions: list[Suggested] = Field(description="by what they are expected to bring, at most 1,000")
    n_not_to_disturb: int = Field(description="accounts that an action probably harms (80 %)")
    found: list[FigureTold] = Field(description="what is known of each action, of the closed loop, and of growth")
    experiments: list[ExperimentTold] = Field(description="where each experiment stands, as the ledger says")
    experiments_why_not: str = Field(description="why they cannot be told; empty where they can")
