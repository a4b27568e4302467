"""What is asked of the service and what it answers, with units, ranges and examples."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from features.catalog import Family, Tier
from pipelines.drivers.plain import Basis, Verdict
from serving.feature_values import LONGEST_NAME, MOST_FEATURES, Value, feature_value, few_enough

MOST_ACCOUNTS = 1_000

Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]
AccountId = Annotated[str, StringConstraints(min_length=1, max_length=256)]
FeatureValue = Annotated[
    Value, PlainValidator(feature_value), WithJsonSchema({"type": ["number", "string", "boolean", "null"]})
]


class StrictRequest(BaseModel):
    """What is asked: its fields and no others, each of its own type."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _only_fields(cls, came: Any) -> Any:
        """One error for all alien fields: a body of four megabytes holds 300,000 of them."""
        alien = sorted(came.keys() - cls.model_fields.keys()) if isinstance(came, dict) else []
        if alien:
            more = f" and {len(alien) - 3} more" if len(alien) > 3 else ""
            shown = ", ".join(repr(name[:LONGEST_NAME]) for name in alien[:3])
            raise ValueError(
                f"got the fields {shown}{more}; expected only {', '.join(cls.model_fields)}; leave them out"
            )
        return came


def _only(field: str) -> dict[str, Any]:
    """In JSON Schema: this field has a value, and the other way of naming an account has none."""
    other = "features" if field == "account_id" else "account_id"
    return {"required": [field], "properties": {field: {"not": {"type": "null"}}, other: {"type": "null"}}}


class PredictRequest(StrictRequest):
    """One account: by its id where the service holds its feature row, or by features sent along."""

    model_config = ConfigDict(  # BentoML knows no "examples"
        json_schema_extra={"example": {"account_id": "A-00042"}, "oneOf": [_only("account_id"), _only("features")]}
    )

    account_id: AccountId | None = Field(None, description="an account whose feature row the service holds")
    features: Annotated[dict[Name, FeatureValue] | None, BeforeValidator(few_enough)] = Field(
        None,
        min_length=1,
        max_length=MOST_FEATURES,
        description="the account's features by name; one that is left out or null counts as not known",
        examples=[{"plan": "pro", "seats": 12, "nps_last": None}],
    )
    explain: bool = Field(True, description="whether the answer carries the reasons for the prediction")

    @model_validator(mode="after")
    def _names_one_account(self) -> Self:
        if (self.account_id is None) == (self.features is None):
            came = "neither account_id nor features" if self.account_id is None else "both account_id and features"
            raise ValueError(f"got {came}; expected exactly one of them; send the one you have")
        return self


class PredictBatchRequest(StrictRequest):
    """Up to a thousand accounts, each asked for as in a single prediction."""

    accounts: list[PredictRequest] = Field(min_length=1, max_length=MOST_ACCOUNTS, fail_fast=True)


class Detail(BaseModel):
    """One thing that is wrong, and where."""

    where: str = Field(description="place in the request", examples=["accounts.3.features.seats"])
    problem: str


class Error(BaseModel):
    """Why there is no answer."""

    code: str = Field(description="stable, for programs", examples=["unknown_account"])
    message: str = Field(description="what came, what was expected, what to do")
    details: list[Detail] = []


class ErrorBody(BaseModel):
    """The body of every 4xx and 5xx."""

    error: Error


class Caution(BaseModel):
    """Something that makes a prediction less sure than it looks."""

    code: Literal["unseen_level", "missing_features"]
    message: str
    features: list[str] = Field(description="the features concerned; the first ten")


class Membership(BaseModel):
    """Where one segmentation places the account."""

    id: str = Field(description="the most probable segment")
    name: str
    probability: float = Field(ge=0, le=1, description="predicted probability of belonging to it")
    memberships: dict[str, float] = Field(description="the probability for every segment by id; they add up to 1")
    is_inferred: bool = Field(description="true where it never answered: predicted from what else is known of it")
    fits: bool = Field(description="false where the account is unlike any that the segments were learnt from")


class ReasonGiven(BaseModel):
    """Why the model says so: what one feature adds to the prediction. It is not a cause of churn."""

    feature: str
    family: Family
    tier: Tier = Field(description="place of the feature in the causal order")
    unit: str
    sentence: str = Field(description="what the feature is")
    value: Value = Field(description="the account's own; null where not known")
    usual: Value = Field(description="the median, or the most frequent level, of the accounts the model learnt from")
    usual_in_segment: Value = Field(
        description="the same among accounts of its firmographic segment; null where it is not known"
    )
    contribution_log_odds: float = Field(description="SHAP value: what it adds to the predicted log-odds")
    points: float = Field(
        description="the same in percentage points: churn_prob less that without it; they have no sum"
    )
    effect: Literal["raises", "lowers"] = Field(description="whether it raises or lowers the predicted risk")
    text: str = Field(description="the reason as a sentence")


class Stayed(BaseModel):
    """One point of the retention curve."""

    days: int = Field(description="days after as_of")
    prob: float = Field(ge=0, le=1, description="predicted probability of having stayed so long")


class Ahead(BaseModel):
    """What lies ahead of the account; all of it predicted."""

    retention: list[Stayed] = Field(description="falling; at horizon_days it is 1 - churn_prob")
    churn_probs: dict[str, float] = Field(description="by further horizon in days: probability of churn within it")
    median_life_days: float | None = Field(
        description="days until it is as likely to have left as to have stayed; null beyond the curve's end"
    )
    value_at_risk: float | None = Field(
        description="expected margin lost to churn within value_days, discounted to as_of, in the currency of the "
        "tables; null where the account's revenue is not known"
    )
    value_days: int = Field(description="how far ahead value_at_risk counts")
    ways: dict[str, float] = Field(
        description="by way of leaving: probability of leaving in it within the horizon; they add up to churn_prob"
    )


class Prediction(BaseModel):
    """What the model predicts for one account. Predictions are not effects: they say who, not what to change."""

    account_id: str | None = Field(description="null where features were sent")
    release: str = Field(description="version of the release that predicted")
    as_of: str | None = Field(
        description="UTC date or instant of the feature row: what was known before it counts; null if undated"
    )
    churn_prob: float = Field(ge=0, le=1, description="predicted, calibrated probability of churn within the horizon")
    churn_prob_low: float = Field(ge=0, le=1, description="lower end of the 90 % interval of churn_prob")
    churn_prob_high: float = Field(
        ge=0, le=1, description="its upper end: churn of accounts alike in all that is known of them lies between"
    )
    horizon_days: int = Field(description="how far after as_of churn counts")
    ahead: Ahead | None = Field(description="null where no retention curve is known, as for data without dates")
    tier: Literal["high", "medium", "low"] = Field(description="predicted risk, by the limits of the release")
    percentile: float = Field(ge=0, le=100, description="share of accounts, in percent, at no more predicted risk")
    segments: dict[str, Membership | None] = Field(description="by segmentation; null where the place is not known")
    log_odds: float = Field(description="predicted log-odds of churn, calibrated: log(p / (1 - p))")
    base_log_odds: float = Field(description="the log-odds before anything is known of the account")
    reasons: list[ReasonGiven] | None = Field(description="the weightiest first; null where not asked for")
    by_family: dict[Family, float] | None = Field(
        description="what all features of each family add to the log-odds, told or not: base + these = log_odds"
    )
    other_log_odds: float | None = Field(description="what all other features add: base + reasons + other = log_odds")
    warnings: list[Caution] = []

    def without_reasons(self) -> Prediction:
        """Return the same as it is said where no reasons are asked for."""
        return self.model_copy(update={"reasons": None, "by_family": None, "other_log_odds": None})


class Failure(BaseModel):
    """An account of a batch that got no prediction."""

    account_id: str | None
    error: Error


class BatchPrediction(BaseModel):
    """The predictions of a batch, in the order asked for, all by one release."""

    release: str
    predicted: int = Field(description="how many accounts got a prediction")
    failed: int = Field(description="how many got an error instead")
    results: list[Prediction | Failure]


class DriverFigure(BaseModel):
    """One number about a driver and what it rests on; null where it cannot be told, and the sentence says why."""

    figure: str = Field(description="what is told", examples=["effect", "share bad", "moment of truth"])
    value: float | None = Field(description="in `unit`")
    low: float | None = Field(description="lower end of the 95 % interval; null where there is none")
    high: float | None = Field(description="its upper end")
    unit: str
    basis: Basis = Field(description="caused (an effect), counted, predicted, or a check of an effect")
    group_by: str = Field(description="all, touchpoint, engagement, or a segmentation")
    group: str = Field(description="whom it is of: all, a touchpoint, or a group of accounts")
    n_rows: int = Field(description="account-dates it rests on")
    n_bad: int = Field(description="those of them with the bad experience")
    n_accounts: int
    p_value: float | None = Field(description="null where nothing was tested")
    sentence: str


class WhatIfLevel(BaseModel):
    """What would be saved if the accounts that have an experience bad today were brought to one level of it."""

    to: float = Field(description="the level, in the unit of the experience; 0: that it is not there at all")
    contrast: str = Field(description="the bad level and the one asked for")
    figures: list[DriverFigure] = Field(description="effect, churners saved, revenue saved; or why none can be told")


class DriverFound(BaseModel):
    """An experience, and what is found of its effect on churn: what would change it, not whom the model points at."""

    driver: str
    experience: str = Field(description="what the experience is")
    contrast: str = Field(description="the bad level and the good one that are compared")
    tier: Tier = Field(description="place of the driver in the causal order")
    family: Family = Field(description="what kind of feature tells of it")
    is_controllable: bool = Field(description="whether the company decides on it")
    verdict: Verdict
    verdict_sentence: str
    q_value: float | None = Field(description="share of false discoveries among drivers that stand out as much")
    figures: list[DriverFigure] = Field(description="empty where nothing is told of the segment asked for")
    what_if: list[WhatIfLevel] = Field(
        description="of causes: what a few better levels would save among the accounts that have it bad today, those "
        "next to bad first; `perennial whatif` tells of any other level"
    )


class Drivers(BaseModel):
    """What a release found of every driver, over all accounts or for one segment."""

    release: str
    as_of: str | None = Field(description="UTC date up to which was learnt; null if undated")
    horizon_days: int = Field(description="how far after a date churn counts")
    segment: str | None = Field(description="the segment asked for; null: all accounts")
    drivers: list[DriverFound] = Field(description="the largest effects first")
    others: list[DriverFigure] = Field(description="figures of no one driver")
