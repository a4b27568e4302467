"""What the environment may say of the messages that go out: where to, what signs them, and how often to try."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from features.errors import ConfigError
from serving.secret_files import secret_in

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class WebhookSettings(BaseSettings):
    """Where messages go and how, each read from the environment as PERENNIAL_WEBHOOK_<NAME>.

    >>> WebhookSettings(url="https://crm.example/perennial").is_on
    True
    """

    model_config = SettingsConfigDict(env_prefix="PERENNIAL_WEBHOOK_", frozen=True)

    url: str | None = Field(None, description="address that messages are posted to; without one none are")
    secret: SecretStr | None = Field(None, description="what signs them: whsec_ and base64 of 24 bytes or more")
    secret_file: Path | None = Field(None, description="file that holds the secret, in its place")
    allow_http: bool = Field(False, description="whether the address may be http beyond this host")
    attempts: int = Field(12, ge=1, le=50, description="a message that failed so often is dead: after about a day")
    timeout_seconds: float = Field(10.0, gt=0, le=60, description="how long the receiver may take")
    lease_seconds: float = Field(120.0, ge=1, description="a message whose sender died is tried again after so long")

    @property
    def is_on(self) -> bool:
        """Whether there is anywhere to post to."""
        return bool(self.url)

    def check(self) -> None:
        """Raise ConfigError where the address or the secret cannot be used."""
        from serving.signature import key_of

        key_of(self.checked_secret())

    def checked_secret(self) -> str:
        """Return the secret, once the address is one that may be posted to.

        Raises
        ------
        ConfigError
            When there is no usable address, or no secret.
        """
        address = urlsplit(self.url or "")
        may_be_http = self.allow_http or address.hostname in LOOPBACK
        if not address.hostname or address.scheme not in (("https", "http") if may_be_http else ("https",)):
            do = "set PERENNIAL_WEBHOOK_URL, or PERENNIAL_WEBHOOK_ALLOW_HTTP=1 within a network of your own"
            raise ConfigError.of(f"the webhook address {self.url!r}", "one that begins with https://", do)
        if self.secret_file is not None:
            return secret_in(self.secret_file, "PERENNIAL_WEBHOOK_SECRET_FILE")
        if self.secret is None:
            do = "set PERENNIAL_WEBHOOK_SECRET or PERENNIAL_WEBHOOK_SECRET_FILE"
            raise ConfigError.of("no webhook secret", "one, as messages are signed", do)
        return self.secret.get_secret_value()
