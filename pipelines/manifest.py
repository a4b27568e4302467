"""What a release says of itself: where it comes from, what it predicts, how well, and what its files are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.errors import ReleaseError
from pipelines.departed import Departed
from pipelines.outlook import Terms

FORMAT = 7


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TierLimits(_Frozen):
    """From which probability on an account is called high or medium risk."""

    high_prob: float = Field(ge=0, le=1)
    medium_prob: float = Field(ge=0, le=1)


class Gate(_Frozen):
    """Whether the release may serve, and why, in sentences."""

    passed: bool
    sentences: tuple[str, ...] = Field(description="the model against every baseline, and against the champion")
    refused_for: tuple[str, ...] = Field((), description="those of the sentences that stand in the way")


class Noted(_Frozen):
    """What training found of the data: where, how grave, of how many rows, and what to do about it."""

    table: str
    column: str
    severity: str
    what: str
    n: int
    do: str


class ReleaseFacts(_Frozen):
    """What a release is: where it comes from, what it predicts, and how well."""

    format: int = FORMAT
    version: str
    created: str
    code_version: str
    data_fingerprint: str
    as_of: str | None
    learnt_until: str | None = Field(description="latest as-of date that was learnt from; null without dates")
    horizon_days: int
    definition: str
    n_accounts: int
    n_rows: int
    churn_rate: float
    metrics: dict[str, Any]
    tiers: TierLimits
    score_quantiles: tuple[float, ...] = Field(description="101 quantiles of the probability, from 0 to 100 %")
    gate: Gate
    terms: Terms = Terms()
    trials: int | None = Field(
        None, description="of the search for the trees: as many, asked for by [model] trials, give the same model"
    )
    departed: Departed | None = None
    noted: tuple[Noted, ...] = Field((), description="whether there is enough of the data, and what is wrong with it")


class Manifest(ReleaseFacts):
    """What a release says of itself, and the SHA-256 of its files."""

    files: dict[str, str] = Field(default_factory=dict)


def read_manifest(folder: Path) -> Manifest:
    """Return what a release says of itself, its files unverified."""
    path = folder / "manifest.json"
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as problem:
        reason = str(problem).splitlines()[0]
        raise ReleaseError.of(
            f"{path.parent.name} without a readable manifest ({reason})", "a release", "promote again"
        ) from None
