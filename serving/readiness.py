"""What /readyz says: what serves, what was refused, and how far behind it is."""

from __future__ import annotations

from pydantic import BaseModel, Field

from serving.backlog import Backlog
from serving.errors import Refusal
from serving.releases import Champion


class Readiness(BaseModel):
    """The state of a worker that can predict."""

    release: str = Field(description="version of the release that serves")
    as_of: str | None = Field(description="UTC date up to which it learnt; null if undated")
    created: str = Field(description="when it was made (UTC)")
    refused: str | None = Field(description="why the release that the pointer names does not serve; null: it does")
    store: bool = Field(description="whether the online store answers")
    due_accounts: int | None = Field(description="accounts whose features wait to be computed; null: not known")
    lag_seconds: float | None = Field(description="how long the first of them has waited; null: not known")


def readiness(champion: Champion, lack: str | None, backlog: Backlog) -> Readiness:
    """Return what serves and how it fares; `lack` is why there can be no prediction, None where there can.

    Raises
    ------
    Refusal
        When nothing can be predicted yet.
    """
    if lack is not None or champion.predictor is None:
        raise Refusal("unavailable", lack or "no release serves")
    manifest = champion.predictor.release.manifest
    return Readiness(
        release=manifest.version,
        as_of=manifest.as_of,
        created=manifest.created,
        refused=champion.refused,
        store=backlog.is_known,
        due_accounts=backlog.due if backlog.is_known else None,
        lag_seconds=round(backlog.lag_seconds, 3) if backlog.is_known else None,
    )
