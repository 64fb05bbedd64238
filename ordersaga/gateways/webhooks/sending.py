"""Sends one webhook: signed, within its time, to where it may go, and without following anybody elsewhere."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import httpcore

from ordersaga.domain.webhooks import Reply, retry_after
from ordersaga.gateways.signing import sign
from ordersaga.gateways.webhooks.targets import GuardedNetwork, TargetRefused, TargetRules

_READ_AT_MOST = 16 * 1024
"""What an endpoint answers does not matter. So much is read, so that the connection can be used again."""
_CONNECT_SECONDS = 5.0


class WebhookSender:
    """Holds connections; `aclose()` ends them. Certificates are verified by the name in the URL."""

    def __init__(self, rules: TargetRules, *, answer_seconds: float) -> None:
        self.rules = rules
        self.answer_seconds = answer_seconds
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=None,
            max_keepalive_connections=64,
            # Idle connections end here before a server's usual five seconds end them in the middle of a request.
            keepalive_expiry=3.0,
            network_backend=GuardedNetwork(rules),
        )

    async def aclose(self) -> None:
        await self._pool.aclose()

    async def send(self, url: str, secrets: Sequence[str], event_id: str, body: bytes) -> Reply:
        """Post `body`, signed with every secret. What goes wrong is told in the reply and never raised."""
        headers: dict[bytes | str, bytes | str] = {
            "content-type": "application/json",
            "user-agent": "ordersaga-webhooks/1",
        }
        headers.update(signed(secrets, event_id, body).items())
        try:
            self.rules.check_url(url)
            async with asyncio.timeout(self.answer_seconds):
                return await self._post(url, headers, body)
        except TargetRefused as error:
            return Reply(error=str(error))
        except TimeoutError:
            return Reply(error=f"no answer within {self.answer_seconds:g} s")
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as error:
            return Reply(error=f"{type(error).__name__}: {error}"[:200])

    async def _post(self, url: str, headers: dict[bytes | str, bytes | str], body: bytes) -> Reply:
        limits = {"timeout": {"connect": _CONNECT_SECONDS, "read": self.answer_seconds, "write": self.answer_seconds}}
        async with self._pool.stream("POST", url, headers=headers, content=body, extensions=limits) as response:
            wish = _header(response, b"retry-after")
            read = 0
            async for part in response.aiter_stream():
                read += len(part)
                if read > _READ_AT_MOST:
                    break
        seconds = retry_after(wish.decode("latin-1") if wish else None, datetime.now(UTC))
        return Reply(status=response.status, retry_after=seconds)


def signed(secrets: Sequence[str], event_id: str, body: bytes) -> Mapping[str, str]:
    """The three headers. With several secrets there are several signatures, so that receivers can change over."""
    at = datetime.now(UTC)
    each = [sign(secret, event_id, body, at=at) for secret in secrets]
    return each[0] | {"webhook-signature": " ".join(headers["webhook-signature"] for headers in each)}


def _header(response: httpcore.Response, name: bytes) -> bytes | None:
    return next((value for key, value in response.headers if key.lower() == name), None)
