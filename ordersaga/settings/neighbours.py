"""Neighbours: payment providers and carriers, and the downstream systems that are told of events."""

from pathlib import Path

from pydantic import BaseModel, Field, IPvAnyNetwork, SecretStr

from ordersaga.domain.reconciliation import Patience


class SandboxSettings(BaseModel):
    """The built-in payment provider and carrier. Both sign with Standard Webhooks secrets (`whsec_` + base64)."""

    payment_secret: SecretStr | None = None
    carrier_secret: SecretStr | None = None
    internal_url: str | None = Field(
        None, description="how our own processes reach the API, if `public_url` is for browsers only, as in containers"
    )


class InquirySettings(BaseModel):
    """How often providers are asked about attempts and refunds that they do not report; by the profile if not set."""

    first_seconds: float | None = Field(None, gt=0, description="the first pause; each next one is twice as long")
    longest_seconds: float | None = Field(None, gt=0, description="the longest pause")
    give_up_seconds: float | None = Field(None, gt=0, description="an attempt is asked about no longer than this")


class ReconciliationSettings(BaseModel):
    """How often the books are compared, and what counts as still under way."""

    interval_seconds: float = Field(3600, ge=0, description="how often a Temporal schedule compares; 0: never")
    settle_seconds: float = Field(60, gt=0, description="what changed since is under way, and no difference")
    refund_seconds: float = Field(86_400, gt=0, description="a refund that no provider ended by then is stuck")
    window_seconds: float = Field(7 * 86_400, gt=0, description="how far back providers' statements are read")
    most: int = Field(1000, gt=0, description="differences of a kind that one look keeps")

    @property
    def patience(self) -> Patience:
        return Patience(
            settle_seconds=self.settle_seconds,
            refund_seconds=self.refund_seconds,
            window_seconds=self.window_seconds,
            most=self.most,
        )


class AttachmentSettings(BaseModel):
    """Where the bytes of attachments are kept, and how many may wait to be shown in a case."""

    folder: Path | None = Field(
        None, description="a folder that every API and worker process sees; in PostgreSQL if not set"
    )
    unused_per_account: int = Field(20, gt=0, description="attachments of an account that no case shows yet")


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
