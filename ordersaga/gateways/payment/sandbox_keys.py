"""What the sandbox's two sides share: keys derived from one secret, and the signed link to its cashier."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from ordersaga.domain.errors import MoneyInvalid
from ordersaga.domain.money import Money
from ordersaga.gateways import signing
from ordersaga.gateways.payment.provider import PaymentAttempt


class CashierTokenInvalid(Exception):
    """A cashier link that this secret did not sign."""


@dataclass(frozen=True, slots=True)
class CashierTicket:
    """An attempt as its cashier link carries it, and where the provider reports what becomes of it."""

    attempt: PaymentAttempt
    callback_url: str


class SandboxKeys:
    """Everything derived from the payment secret. The same attempt always seals to the same token."""

    def __init__(self, secret: str) -> None:
        self.api_key = _derive(secret, "provider api").hex()
        self.entitlement_key = _derive(secret, "entitlement api").hex()
        self._token_key = OctKey.import_key(_derive(secret, "cashier link"))

    def seal(self, ticket: CashierTicket) -> str:
        """A compact token that fits into one path segment."""
        attempt = ticket.attempt
        claims = {
            "payment_id": attempt.payment_id,
            "order_no": attempt.order_no,
            "channel": attempt.channel,
            "amount": attempt.amount.amount,
            "currency": attempt.amount.currency,
            "expires_at": attempt.expires_at.astimezone(UTC).isoformat(),
            "callback_url": ticket.callback_url,
        }
        return jws.serialize_compact({"alg": "HS256"}, json.dumps(claims, separators=(",", ":")), self._token_key)

    def open(self, token: str) -> CashierTicket:
        """Read a token. Raises `CashierTokenInvalid`."""
        try:
            claims = json.loads(jws.deserialize_compact(token, self._token_key, algorithms=["HS256"]).payload)
            return _ticket(claims)
        except (JoseError, MoneyInvalid, ValueError) as error:
            raise CashierTokenInvalid("this is not a link of this cashier") from error


def _ticket(claims: dict[str, object]) -> CashierTicket:
    amount = claims["amount"]
    if type(amount) is not int:
        raise ValueError("amount must be a whole number")
    return CashierTicket(
        PaymentAttempt(
            payment_id=signing.text(claims, "payment_id"),
            order_no=signing.text(claims, "order_no"),
            channel=signing.text(claims, "channel"),
            amount=Money(amount, signing.text(claims, "currency")),
            expires_at=signing.moment(claims, "expires_at"),
        ),
        signing.text(claims, "callback_url"),
    )


def _derive(secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), f"ordersaga sandbox: {purpose}".encode(), hashlib.sha256).digest()
