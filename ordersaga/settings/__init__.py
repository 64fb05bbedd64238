"""Every knob, read from the environment (`ORDERSAGA_…`, nested with `__`) or from files in a secrets folder.

The connection to Temporal is Temporal's own: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`,
`TEMPORAL_TLS…` and `TEMPORAL_CONFIG_FILE`, as its environment configuration defines them.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ordersaga.domain.inquiry import PACES, Pace
from ordersaga.domain.lifecycle.registry import ORDER_TYPES
from ordersaga.domain.policies import PROFILES, Policies
from ordersaga.domain.webhooks import RETRY_PLANS, RetryPlan
from ordersaga.persistence.engine import driver_url, is_pooled
from ordersaga.settings.keys import AuditSettings, KeyRingSettings, QuoteSettings
from ordersaga.settings.neighbours import (
    AttachmentSettings,
    EventSettings,
    InquirySettings,
    ReconciliationSettings,
    SandboxSettings,
    WebhookSettings,
)
from ordersaga.settings.requests import Allowance, AuthSettings, GateSettings, HttpSettings, RateLimitSettings

__all__ = [
    "DEVELOPMENT_ISSUER",
    "Allowance",
    "AttachmentSettings",
    "AuditSettings",
    "AuthSettings",
    "EventSettings",
    "GateSettings",
    "HttpSettings",
    "InquirySettings",
    "KeyRingSettings",
    "QuoteSettings",
    "RateLimitSettings",
    "ReconciliationSettings",
    "SandboxSettings",
    "Settings",
    "WebhookSettings",
    "WorkerSettings",
    "get_settings",
]

DEVELOPMENT_ISSUER = "ordersaga-development"


class WorkerSettings(BaseModel):
    """What one worker process does at once (slots), and how many calls ask Temporal for more (pollers)."""

    workflow_task_slots: int = Field(
        30, gt=1, description="as many as a process can finish within the ten seconds that a workflow task may take"
    )
    activity_slots: int = Field(100, gt=0, description="steps of orders that wait for a neighbour, and outside calls")
    local_activity_slots: int | None = Field(None, gt=0, description="first tries of steps; the pool size if not set")
    workflow_task_pollers: int = Field(5, gt=1)
    activity_pollers: int = Field(5, gt=0)


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
    reconciliation: ReconciliationSettings = ReconciliationSettings()
    rate_limits: RateLimitSettings = RateLimitSettings()
    gate: GateSettings = GateSettings()
    http: HttpSettings = HttpSettings()
    attachments: AttachmentSettings = AttachmentSettings()
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
        known = ORDER_TYPES.get(order_type)
        of_type = known.policies.get(self.profile, {}) if known else {}
        return replace(PROFILES[self.profile], **{**of_type, **self.policies.get(order_type, {})})

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
