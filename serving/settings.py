"""What the environment may say to the service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from serving.secret_files import secret_in

if TYPE_CHECKING:
    from pipelines import config

STORE_FILE = "PERENNIAL_STORE_FILE"


class Settings(BaseSettings):
    """Settings of one service process, each read from the environment as PERENNIAL_<NAME>.

    >>> Settings(poll_seconds=0.2).poll_seconds
    0.2
    """

    model_config = SettingsConfigDict(env_prefix="PERENNIAL_", frozen=True)

    releases: Path = Field(Path("releases"), description="folder of promoted releases and their pointer")
    rows: Path = Field(Path(".perennial/rows.parquet"), description="Parquet of the current feature rows")
    store: str = Field("sqlite:///.perennial/online.db", description="SQLAlchemy URL of the online store")
    store_file: Path | None = Field(None, description="file that holds that URL, in its place: it may hold a password")
    auth: Literal["keys", "off"] = Field(
        "keys", description="off: whoever reaches the service may ask all; only where it listens on loopback alone"
    )
    body_limit_bytes: int = Field(4_000_000, ge=1_000, description="larger request bodies are refused")
    body_timeout_seconds: float = Field(30.0, gt=0, description="a body that takes longer to arrive is refused")
    answer_timeout_seconds: float = Field(30.0, gt=0, description="an answer that takes longer is given up")
    rate_per_second: float = Field(500.0, gt=0, description="requests of one key a second that a worker answers")
    rate_burst: int = Field(1_000, ge=1, description="requests of one key at once, before that rate holds")
    most_in_flight: int = Field(100, ge=1, description="requests at once in a worker; more get 429 at once")
    most_heavy_in_flight: int = Field(8, ge=1, description="batches of accounts among them")
    poll_seconds: float = Field(1.0, ge=0.05, description="how often the pointer, the rows and the keys are looked at")

    @property
    def store_url(self) -> str:
        """The URL of the online store, out of its file where one is named.

        Raises
        ------
        ConfigError
            When that file cannot be read.
        """
        return self.store if self.store_file is None else secret_in(self.store_file, STORE_FILE)


def store_url(settings: config.Settings) -> str:
    """Return the URL of the online store that a settings file implies, or that the environment names instead.

    Raises
    ------
    ConfigError
        When it is named by a file that cannot be read.
    """
    if file := os.environ.get(STORE_FILE):
        return secret_in(Path(file), STORE_FILE)
    return os.environ.get("PERENNIAL_STORE") or f"sqlite:///{settings.state_folder / 'online.db'}"
