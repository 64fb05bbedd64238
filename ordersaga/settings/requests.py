"""Requests: who is believed, how often somebody may ask, how large a request may be."""

from pydantic import BaseModel, Field, SecretStr


class AuthSettings(BaseModel):
    """How bearer tokens are verified. One of the three keys is needed."""

    development_secret: SecretStr | None = Field(None, description="HMAC key of `ordersaga token`; never in production")
    public_key: str | None = Field(None, description="PEM public key (RS256, ES256, EdDSA) of the identity provider")
    jwks_url: str | None = Field(None, description="where the identity provider publishes its keys")
    issuer: str | None = Field(None, description="the `iss` that tokens must carry")
    audience: str | None = Field(None, description="the `aud` that tokens must carry")


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
    claims: Allowance = Field(Allowance(per_caller=10, per_address=120), description="of coupons, by a code")
    reveals: Allowance = Field(Allowance(per_caller=30, per_address=600), description="of codes that were bought")
    logins: Allowance = Field(
        Allowance(per_caller=10, per_address=60), description="failed ones; a token that is not accepted is one too"
    )


class GateSettings(BaseModel):
    """The gates before flash sales; see `docs/flash-sale.md`."""

    refresh_seconds: float = Field(1.0, gt=0, description="how often a worker tells gates what PostgreSQL knows")
    requests_without: int = Field(
        4, gt=0, description="quotes and submits at once, per API process, that do without a gate while Redis is away"
    )


class HttpSettings(BaseModel):
    """What the API takes from a connection, and whom it believes."""

    body_bytes: int = Field(1024**2, gt=0, description="the largest body of a request")
    attachment_bytes: int = Field(5 * 1024**2, gt=0, description="the largest attachment that a buyer may bring")
    catalogue_bytes: int = Field(16 * 1024**2, gt=0, description="the largest body of an operator's request")
    head_bytes: int = Field(64 * 1024, ge=8192, description="the largest request line with all headers")
    keep_alive_seconds: int = Field(
        75, gt=0, description="how long an idle connection is held; longer than the proxy in front keeps it"
    )
    trusted_proxies: list[str] = Field(
        default_factory=list, description="addresses or networks whose `X-Forwarded-For` and `-Proto` are believed"
    )
    allowed_origins: list[str] = Field(
        default_factory=list, description="web pages of these origins may read answers (CORS); none if empty"
    )
