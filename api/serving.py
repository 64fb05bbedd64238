"""The HTTP server's end: it says that it is not ready, goes on serving for a while, finishes, and leaves with 0."""

import time
from types import FrameType

import structlog
import uvicorn

from ordersaga.gateways.scraping import Scraping

log = structlog.get_logger()

STARTUP_FAILED = 3
"""The exit code of an API that never served, as uvicorn's own command gives it."""


class Server(uvicorn.Server):
    """On a signal `/readyz` says 503; for `drain_seconds` the API still serves, until load balancers have noticed.

    Then it takes no more connections and finishes what it has. A second signal ends the waiting.
    """

    def __init__(self, config: uvicorn.Config, scraping: Scraping, *, drain_seconds: float) -> None:
        super().__init__(config)
        self._scraping = scraping
        self._drain_seconds = drain_seconds
        self._leaves_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not the server's own: it would raise the signal again when all is done, and end by it instead of with 0.
        if self._leaves_at is not None:
            self.force_exit = self.should_exit
            self.should_exit = True
            return
        self._scraping.draining = True
        self._leaves_at = time.monotonic() + self._drain_seconds

    async def on_tick(self, counter: int) -> bool:
        if self._leaves_at is not None and time.monotonic() >= self._leaves_at:
            log.info("the API finishes what it has")
            self.should_exit = True
        return await super().on_tick(counter)
