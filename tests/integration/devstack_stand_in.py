"""Stands in for `python -m cli`: the subcommands that a stack starts, as small as they can be.

STAND_IN_BROKEN names a subcommand that ends at once; STAND_IN_STUBBORN one that does not hear SIGTERM;
STAND_IN_SLOW one that never becomes ready; STAND_IN_WAITING one that does nothing before there is a file `go`.
"""

import asyncio
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        slow = os.environ.get("STAND_IN_SLOW") == "api"
        self.send_response(200 if self.path == "/readyz" and not slow else 503)
        self.end_headers()


def main(subcommand: str, *options: str) -> None:
    print(f"stand-in {subcommand} runs", flush=True)
    if os.environ.get("STAND_IN_BROKEN") == subcommand:
        sys.exit(f"stand-in {subcommand} is broken on purpose")
    if os.environ.get("STAND_IN_STUBBORN") == subcommand:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.environ.get("STAND_IN_WAITING") == subcommand:
        while not Path(os.environ["ORDERSAGA_DATA_DIR"], "go").exists():
            time.sleep(0.05)
    match subcommand:
        case "migrate" | "seed":
            Path(os.environ["ORDERSAGA_DATA_DIR"], f"{subcommand}.done").write_text(" ".join(options))
        case "api":
            address = (os.environ["ORDERSAGA_API_HOST"], int(os.environ["ORDERSAGA_API_PORT"]))
            HTTPServer(address, Ready).serve_forever()
        case "worker":
            # Only here: the others are started as often, and would pay half a second for Temporal's client.
            from tests.integration.devstack_stand_in_worker import work

            asyncio.run(work())
        case "simulate":
            signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
