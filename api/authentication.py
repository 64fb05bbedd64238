"""Who is calling: bearer tokens (JWT), verified by a configured key, a JWKS, or in development by a shared secret."""

import time
from dataclasses import dataclass
from enum import StrEnum

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet, OctKey
from joserfc.jwt import JWTClaimsRegistry

from ordersaga.settings import DEVELOPMENT_ISSUER, AuthSettings

_ASYMMETRIC = ["RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]


class Role(StrEnum):
    BUYER = "buyer"
    MERCHANT = "merchant"
    WAREHOUSE = "warehouse"
    OPERATOR = "operator"
    DOWNSTREAM = "downstream"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request is from. `merchant_id` and `warehouse_id` bound what that role sees."""

    subject: str
    role: Role
    merchant_id: str | None = None
    warehouse_id: str | None = None


class TokenInvalid(Exception):
    """The bearer token cannot be trusted; the message says why without repeating the token."""


def development_token(
    secret: str,
    *,
    role: str,
    subject: str,
    merchant_id: str | None = None,
    warehouse_id: str | None = None,
    lifetime_seconds: int = 86_400,
) -> str:
    """A token for development, signed with the stack's own secret. Production refuses it."""
    now = int(time.time())
    bounds = {"merchant_id": merchant_id, "warehouse_id": warehouse_id}
    claims = {
        "iss": DEVELOPMENT_ISSUER,
        "sub": subject,
        "role": Role(role).value,
        "iat": now,
        "exp": now + lifetime_seconds,
    }
    return jwt.encode(
        {"alg": "HS256"}, claims | {name: value for name, value in bounds.items() if value}, _hmac_key(secret)
    )


class KeysUnavailable(Exception):
    """The identity provider does not give its keys at the moment: nothing can be said of any token."""


class Authenticator:
    """Verifies tokens by the configured keys. A JWKS is fetched once and again when a token names an unknown key."""

    def __init__(self, settings: AuthSettings) -> None:
        secret = settings.development_secret
        self._settings = settings
        self._hmac_key = None if secret is None else _hmac_key(secret.get_secret_value())
        self._public_key = None if settings.public_key is None else _public_key(settings.public_key)
        self._claims = JWTClaimsRegistry(leeway=5, **_required_claims(settings))  # type: ignore[arg-type]
        self._jwks: KeySet | None = None
        self._jwks_fetched_at = 0.0

    async def authenticate(self, token: str) -> Caller:
        """The caller that `token` speaks for. Raises `TokenInvalid` and `KeysUnavailable`."""
        try:
            claims = await self._verified_claims(token)
            return Caller(
                subject=str(claims["sub"]),
                role=Role(str(claims["role"])),
                merchant_id=_text(claims.get("merchant_id")),
                warehouse_id=_text(claims.get("warehouse_id")),
            )
        except (JoseError, KeyError, ValueError) as error:
            raise TokenInvalid(f"the token is not acceptable: {type(error).__name__}") from error

    async def _verified_claims(self, token: str) -> dict[str, object]:
        if self._hmac_key is not None:
            decoded = jwt.decode(token, self._hmac_key, algorithms=["HS256"])
        elif self._public_key is not None:
            # The key itself and no set of keys: a set would look for the key id that the provider puts into tokens.
            decoded = jwt.decode(token, self._public_key, algorithms=_ASYMMETRIC)
        else:
            decoded = await self._decode_by_jwks(token)
        self._claims.validate(decoded.claims)
        return dict(decoded.claims)

    async def _decode_by_jwks(self, token: str) -> jwt.Token:
        if self._jwks is None:
            self._jwks = await self._fetch_jwks()
        try:
            return jwt.decode(token, self._jwks, algorithms=_ASYMMETRIC)
        except (JoseError, ValueError):
            # The provider may have rotated its keys; but a stream of bad tokens must not become a stream of fetches.
            if time.monotonic() - self._jwks_fetched_at < 60:
                raise
            self._jwks = await self._fetch_jwks()
            return jwt.decode(token, self._jwks, algorithms=_ASYMMETRIC)

    async def _fetch_jwks(self) -> KeySet:
        if self._settings.jwks_url is None:
            raise ValueError("no key is configured")
        self._jwks_fetched_at = time.monotonic()
        async with httpx.AsyncClient(timeout=5) as client:
            try:
                response = await client.get(self._settings.jwks_url)
                response.raise_for_status()
                return KeySet.import_key_set(response.json())
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                raise KeysUnavailable(type(error).__name__) from error


def _required_claims(settings: AuthSettings) -> dict[str, dict[str, object]]:
    required: dict[str, dict[str, object]] = {name: {"essential": True} for name in ("sub", "role", "exp")}
    issuer = settings.issuer  # an empty one is nobody's
    if issuer is None and settings.development_secret is not None:
        issuer = DEVELOPMENT_ISSUER
    for name, value in (("iss", issuer), ("aud", settings.audience)):
        if value is not None:
            required[name] = {"essential": True, "value": value}
    return required


def _hmac_key(secret: str) -> OctKey:
    return OctKey.import_key(secret)


def _public_key(pem: str) -> Key:
    for key_type in ("RSA", "EC", "OKP"):
        try:
            return JWKRegistry.import_key(pem, key_type)
        except (JoseError, ValueError, TypeError):
            continue
    raise ValueError("auth.public_key is not a PEM public key")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
