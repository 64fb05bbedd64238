"""Every knob, read from the environment (`ORDERSAGA_…`, nested with `__`) or from files in a secrets folder.

The connection to Temporal is Temporal's own: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`,
`TEMPORAL_TLS…` and `TEMPORAL_CONFIG_FILE`, as its environment configuration defines them.
"""

import base64
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Literal, Self

from pydantic import BaseModel, Field, IPvAnyNetwork, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordersaga.domain.inquiry import PACES, Pace
from ordersaga.domain.keys import KeyRing
from ordersaga.domain.policies import PROFILES, Policies
from ordersaga.domain.webhooks import RETRY_PLANS, RetryPlan
from ordersaga.persistence.engine import driver_url, is_pooled

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


class KeyRingSettings(BaseModel):
    """Secret keys with ids, so that they can be changed: what an old key made stays good while the key is kept."""

    keys: dict[str, SecretStr] = Field(default_factory=dict, description="key id → 32 bytes in base64")
    current_key: str | None = Field(None, description="the key id that is used from now on; the last one if not set")

    @field_validator("keys")
    @classmethod
    def _keys_are_32_bytes(cls, keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for key_id, key in keys.items():
            try:
                length = len(base64.b64decode(key.get_secret_value(), validate=True))
            except ValueError as error:
                raise ValueError(f"key {key_id} is not base64") from error
            if length != 32:
                raise ValueError(f"key {key_id} has {length} bytes and not 32")
        return keys

    @model_validator(mode="after")
    def _current_key_is_there(self) -> Self:
        if self.current_key is not None and self.current_key not in self.keys:
            raise ValueError(f"current_key: there is no key {self.current_key!r}")
        return self

    def ring(self) -> KeyRing:
        """The keys for use. Raises `ValueError` where none is configured."""
        if not self.keys:
            raise ValueError("at least one key is needed")
        keys = {key_id: base64.b64decode(key.get_secret_value()) for key_id, key in self.keys.items()}
        return KeyRing(keys, self.current_key or next(reversed(keys)))


class AuditSettings(KeyRingSettings):
    """The keys of the audit chain and its checkpoints. They are nowhere in the database: that is their point."""

    checkpoint_seconds: float = Field(60, gt=0, description="how often new audit rows are covered by a checkpoint")


class SandboxSettings(BaseModel):
    """The built-in payment provider and carrier. Both sign with Standard Webhooks secrets (`whsec_` + base64)."""

    payment_secret: SecretStr | None = None
    carrier_secret: SecretStr | None = None
    internal_url: str | None = Field(
        None, description="how our own processes reach the API, if `public_url` is for browsers only, as in containers"
    )


class Allowance(BaseModel):
    """Requests a minute. Many callers may share one address, so an address is allowed more."""

    per_caller: int = Field(gt=0)
    per_address: int = Field(gt=0)


class RateLimitSettings(BaseModel):
    """How often the API may be asked (`ORDERSAGA_RATE_LIMITS__QUOTES__PER_CALLER=…`)."""

    enabled: bool | None = Field(
        None, description="whether requests are counted; if not set, in production and not in development"
    )
    quotes: Allowance = Allowance(per_caller=120, per_address=1200)
    submits: Allowance = Allowance(per_caller=30, per_address=600)
    logins: Allowance = Field(
        Allowance(per_caller=10, per_address=60), description="failed ones; a token that is not accepted is one too"
    )


class InquirySettings(BaseModel):
    """How often providers are asked about attempts and refunds that they do not report; by the profile if not set."""

    first_seconds: float | None = Field(None, gt=0, description="the first pause; each next one is twice as long")
    longest_seconds: float | None = Field(None, gt=0, description="the longest pause")
    give_up_seconds: float | None = Field(None, gt=0, description="an attempt is asked about no longer than this")


class HttpSettings(BaseModel):
    """What the API takes from a connection, and whom it believes."""

    body_bytes: int = Field(1024**2, gt=0, description="the largest body of a request")
    catalogue_bytes: int = Field(16 * 1024**2, gt=0, description="the largest body of an operator's request")
    head_bytes: int = Field(64 * 1024, ge=8192, description="the largest request line with all headers")
    trusted_proxies: list[str] = Field(
        default_factory=list, description="addresses or networks whose `X-Forwarded-For` and `-Proto` are believed"
    )
    allowed_origins: list[str] = Field(
        default_factory=list, description="web pages of these origins may read answers (CORS); none if empty"
    )


class WorkerSettings(BaseModel):
    """What one worker process does at once (slots), and how many calls ask Temporal for more (pollers)."""

    workflow_task_slots: int = Field(100, gt=1, description="a step holds one for seconds while its neighbour is away")
    activity_slots: int = Field(100, gt=0, description="steps of orders that wait for a neighbour, and outside calls")
    local_activity_slots: int | None = Field(None, gt=0, description="first tries of steps; the pool size if not set")
    workflow_task_pollers: int = Field(5, gt=1)
    activity_pollers: int = Field(5, gt=0)


class EventSettings(BaseModel):
    """Where events go beside the database, and who may listen to orders."""

    stream: str = Field("ordersaga:events", description="key of the Redis stream; one per database")
    stream_length: int = Field(100_000, gt=0, description="events that the stream keeps at least; the rest is dropped")
    streams_per_caller: int = Field(10, gt=0, description="open server-sent event streams per caller and API process")
    heartbeat_seconds: float = Field(15, gt=0, description="the longest silence of a server-sent event stream")


class WebhookSettings(BaseModel):
    """How webhook endpoints are called. What is not set of the retries comes from the profile."""

    first_retry_seconds: float | None = Field(
        None, gt=0, description="the pause after the first failed try; it doubles"
    )
    longest_retry_seconds: float | None = Field(None, gt=0, description="where it stops doubling")
    tries: int | None = Field(None, gt=0, description="after so many failed ones a delivery is a dead letter")
    answer_seconds: float = Field(15, gt=0, description="how long an endpoint may take to answer")
    connections_per_endpoint: int = Field(4, gt=0, description="deliveries at once to an endpoint, per worker")
    secret_overlap_seconds: int = Field(86_400, ge=0, description="how long an old secret signs beside a new one")
    allowed_networks: list[IPvAnyNetwork] = Field(
        default_factory=list, description="networks that may be called though they are private, such as the company's"
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
    database_url: SecretStr = Field(
        description="postgresql://user:password@host:port/database, with libpq's parameters for TLS "
        "(`?sslmode=verify-full&sslrootcert=<file or system>`), and `pgbouncer=true` for a pooler of transactions"
    )
    database_direct_url: SecretStr | None = Field(
        None, description="the same database past the pooler: migrations and the relay's lock need a session"
    )
    database_pool_size: int = Field(10, gt=0, description="connections per process")
    redis_url: SecretStr = Field(description="redis:// or rediss://user:password@host:port/0[?ssl_ca_certs=<file>]")
    task_queue: str = "orders"
    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=0, le=65535)
    api_drain_seconds: float = Field(
        0.0, ge=0, description="how long the API still serves, not ready, after it was told to stop"
    )
    public_url: str = Field("http://127.0.0.1:8000", description="how buyers and providers reach the API")
    duplicate_window_seconds: int = Field(5, gt=0, description="the same buyer and goods are one order within it")
    submit_deadline_seconds: float = Field(8.0, gt=0, description="after it a submit answers 503 and can be resumed")
    request_deadline_seconds: float = Field(
        10.0, gt=0, description="after it any request that has no answer yet gets a 503; longer than a submit's"
    )
    placing_deadline_seconds: float = Field(60.0, gt=0, description="an order not placed by then is refused")
    sandboxed_workflows: bool = Field(
        False, description="run workflow code in Temporal's import sandbox, as the tests do; see docs/adr/0006"
    )
    temporal_compression: bool = Field(False, description="gzip what goes to Temporal; worth it over a wide network")
    log_format: Literal["json", "console"] = "json"
    log_level: str = "INFO"
    metrics_host: str = Field("127.0.0.1", description="where the metrics port listens; keep it inside the network")
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="`/metrics` of this process and of Temporal's SDK in it; off when not set"
    )
    policies: dict[str, dict[str, int]] = Field(
        default_factory=dict, description="knobs per order type; what is not named comes from the profile"
    )
    auth: AuthSettings = AuthSettings()
    quote: QuoteSettings = QuoteSettings()
    audit: AuditSettings = AuditSettings()
    encryption: KeyRingSettings = Field(
        KeyRingSettings(), description="keys of secrets that the database keeps, such as those of webhook endpoints"
    )
    sandbox: SandboxSettings = SandboxSettings()
    worker: WorkerSettings = WorkerSettings()
    inquiry: InquirySettings = InquirySettings()
    rate_limits: RateLimitSettings = RateLimitSettings()
    http: HttpSettings = HttpSettings()
    events: EventSettings = EventSettings()
    webhooks: WebhookSettings = WebhookSettings()

    @model_validator(mode="after")
    def _production_has_keys_of_its_own_and_nothing_pretended(self) -> Self:
        if self.environment == "production" and (wrong := list(self._unfit_for_production())):
            raise ValueError("; ".join(wrong))
        return self

    def _unfit_for_production(self) -> Iterator[str]:
        if self.auth.development_secret is not None:
            yield "auth.development_secret: a development key must not be set in production"
        if self.auth.public_key is None and self.auth.jwks_url is None:
            yield "auth: production needs auth.public_key or auth.jwks_url"
        for name in ("audit", "encryption"):
            if not getattr(self, name).keys:
                yield f"{name}.keys: production needs at least one key"
        for name in ("payment_secret", "carrier_secret"):
            if getattr(self.sandbox, name) is not None:
                yield f"sandbox.{name}: pretended money and parcels must not be accepted in production"

    @model_validator(mode="after")
    def _inquiries_are_a_pace(self) -> Self:
        try:
            self.inquiry_pace  # noqa: B018 - it refuses what is none
        except ValueError as error:
            raise ValueError(f"inquiry: {error}") from error
        return self

    @model_validator(mode="after")
    def _sessions_are_to_be_had(self) -> Self:
        if is_pooled(self.database_session_url):
            raise ValueError("database_direct_url: with pgbouncer=true an address past the pooler is needed as well")
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
    def retry_plan(self) -> RetryPlan:
        """How webhook deliveries are tried again."""
        plan, said = RETRY_PLANS[self.profile], self.webhooks
        return RetryPlan(
            first_seconds=said.first_retry_seconds or plan.first_seconds,
            longest_seconds=said.longest_retry_seconds or plan.longest_seconds,
            tries=said.tries or plan.tries,
        )

    @property
    def inquiry_pace(self) -> Pace:
        chosen = {name: value for name, value in self.inquiry.model_dump().items() if value is not None}
        return replace(PACES[self.profile], **chosen)

    @property
    def counts_requests(self) -> bool:
        """Whether rate limits hold: benches, demos and tests ask from one address faster than any shop's visitors."""
        said = self.rate_limits.enabled
        return self.environment == "production" if said is None else said

    @property
    def database_driver_url(self) -> str:
        """The database's address with the driver that the project uses."""
        return driver_url(self.database_url.get_secret_value())

    @property
    def database_session_url(self) -> str:
        """The same for what needs a session of its own: not through a pooler of transactions."""
        return driver_url((self.database_direct_url or self.database_url).get_secret_value())


@lru_cache
def get_settings() -> Settings:
    return Settings()
