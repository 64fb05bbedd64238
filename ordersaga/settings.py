"""Every knob, read from the environment (`ORDERSAGA_…`, nested with `__`) or from files in a secrets folder.

The connection to Temporal is Temporal's own: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`,
`TEMPORAL_TLS…` and `TEMPORAL_CONFIG_FILE`, as its environment configuration defines them.
"""

import os
from dataclasses import replace
from functools import lru_cache
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordersaga.domain.policies import PROFILES, Policies

DEVELOPMENT_ISSUER = "ordersaga-development"


class AuthSettings(BaseModel):
    """How bearer tokens are verified. One of the three keys is needed."""

    development_secret: SecretStr | None = Field(None, description="HMAC key of `ordersaga token`; never in production")
    public_key: str | None = Field(None, description="PEM public key (RS256, ES256, EdDSA) of the identity provider")
    jwks_url: str | None = Field(None, description="where the identity provider publishes its keys")
    issuer: str | None = Field(None, description="the `iss` that tokens must carry")
    audience: str | None = Field(None, description="the `aud` that tokens must carry")


class QuoteSettings(BaseModel):
    keys: dict[str, SecretStr] = Field(
        default_factory=dict, description="key id → 32 bytes in base64; old ids stay while their quotes live"
    )
    current_key: str | None = Field(None, description="the key id that seals new quotes; the last one if not set")
    ttl_seconds: int = Field(900, gt=0, description="how long a preview may be submitted")


class SandboxSettings(BaseModel):
    """The built-in payment provider and carrier. Both sign with Standard Webhooks secrets (`whsec_` + base64)."""

    payment_secret: SecretStr | None = None
    carrier_secret: SecretStr | None = None
    internal_url: str | None = Field(
        None, description="how our own processes reach the API, if `public_url` is for browsers only, as in containers"
    )


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="ORDERSAGA_",
        env_nested_delimiter="__",
        extra="ignore",
        hide_input_in_errors=True,  # what is refused may be a secret, and errors are logged
        secrets_dir=os.environ.get("ORDERSAGA_SECRETS_DIR"),
    )

    environment: Literal["development", "production"] = "development"
    profile: Literal["demo", "production"] = Field(
        "production", description="timers in seconds, or in minutes and days"
    )
    database_url: SecretStr = Field(description="postgresql://user:password@host:port/database[?ssl=require]")
    database_pool_size: int = Field(10, gt=0, description="connections per process")
    redis_url: SecretStr = Field(description="redis:// or rediss://")
    task_queue: str = "orders"
    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=0, le=65535)
    public_url: str = Field("http://127.0.0.1:8000", description="how buyers and providers reach the API")
    duplicate_window_seconds: int = Field(5, gt=0, description="the same buyer and goods are one order within it")
    submit_deadline_seconds: float = Field(8.0, gt=0, description="after it a submit answers 503 and can be resumed")
    placing_deadline_seconds: float = Field(60.0, gt=0, description="an order not placed by then is refused")
    sandboxed_workflows: bool = Field(
        False, description="run workflow code in Temporal's import sandbox, as the tests do; see docs/adr/0006"
    )
    temporal_compression: bool = Field(False, description="gzip what goes to Temporal; worth it over a wide network")
    log_format: Literal["json", "console"] = "json"
    log_level: str = "INFO"
    policies: dict[str, dict[str, int]] = Field(
        default_factory=dict, description="knobs per order type; what is not named comes from the profile"
    )
    auth: AuthSettings = AuthSettings()
    quote: QuoteSettings = QuoteSettings()
    sandbox: SandboxSettings = SandboxSettings()

    @model_validator(mode="after")
    def _production_refuses_development_keys(self) -> Self:
        if self.environment == "production":
            if self.auth.development_secret is not None:
                raise ValueError("auth.development_secret: a development key must not be set in production")
            if self.auth.public_key is None and self.auth.jwks_url is None:
                raise ValueError("auth: production needs auth.public_key or auth.jwks_url")
            pretended = [
                name for name in ("payment_secret", "carrier_secret") if getattr(self.sandbox, name) is not None
            ]
            if pretended:
                names = " and ".join(f"sandbox.{name}" for name in pretended)
                raise ValueError(f"{names}: pretended money and parcels must not be accepted in production")
        return self

    @model_validator(mode="after")
    def _policies_are_ones_that_there_are(self) -> Self:
        for order_type in self.policies:
            try:
                self.policies_of(order_type)
            except TypeError as error:
                raise ValueError(f"policies.{order_type}: {error}") from error
        return self

    def policies_of(self, order_type: str) -> Policies:
        return replace(PROFILES[self.profile], **self.policies.get(order_type, {}))

    @property
    def database_driver_url(self) -> str:
        """The database's address with the driver that the project uses."""
        url = self.database_url.get_secret_value()
        scheme, _, rest = url.partition("://")
        return f"{scheme.partition('+')[0].replace('postgres', 'postgresql', scheme == 'postgres')}+asyncpg://{rest}"


@lru_cache
def get_settings() -> Settings:
    return Settings()
