"""Every request begins to be answered in time, whoever hangs behind us: a hung neighbour is worse than a dead one.

A dead one refuses connections at once. One that hangs keeps them, and a caller would wait for each of our own patient
steps in turn: a free connection, a new connection, a statement.
"""

import asyncio

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems

log = structlog.get_logger()


class Deadline:
    """ASGI: a request whose answer has not begun after `seconds` is given up and answered 503 with `Retry-After`.

    An answer that has begun, such as a stream, takes as long as it likes. What is given up may have been done:
    repeating it does no harm, as with a connection that broke.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            if not limit.expired():
                limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self._app(scope, receive, sending)
        except TimeoutError:
            if begun or not limit.expired():
                raise
            log.warning("a request was given up at its deadline")
            problem = problems.unavailable("the shop")
            await problems.response(problems.document(problem.code, problem.message, {}), problem.headers)(
                scope, receive, send
            )
        return None
