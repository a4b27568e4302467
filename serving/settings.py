"""What the environment may say to the service."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one service process, each read from the environment as PERENNIAL_<NAME>.

    >>> Settings(poll_seconds=0.2).poll_seconds
    0.2
    """

    model_config = SettingsConfigDict(env_prefix="PERENNIAL_", frozen=True)

    releases: Path = Field(Path("releases"), description="folder of promoted releases and their pointer")
    rows: Path = Field(Path(".perennial/rows.parquet"), description="Parquet of the current feature rows")
    store: str = Field("sqlite:///.perennial/online.db", description="SQLAlchemy URL of the online store")
    body_limit_bytes: int = Field(4_000_000, ge=1_000, description="larger request bodies are refused")
    body_timeout_seconds: float = Field(30.0, gt=0, description="a body that takes longer to arrive is refused")
    poll_seconds: float = Field(1.0, ge=0.05, description="how often the pointer and the rows are looked at")
