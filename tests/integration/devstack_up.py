"""`ordersaga up` with the stand-ins: the process that tests start, signal and kill. Arguments: data folder, port."""

import asyncio
import signal
import sys
from pathlib import Path

from cli.ending import end
from cli.up import run
from devstack.options import StackOptions

STAND_IN = (sys.executable, "-m", "tests.integration.devstack_stand_in")

if __name__ == "__main__":
    # Whoever runs the tests under nohup ignores hang-ups, and children inherit that; these tests are about hang-ups.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    folder = Path(sys.argv[1])
    options = StackOptions(
        data_dir=folder, port=int(sys.argv[2]), workers=2, ready_file=folder.parent / "ready.json", command=STAND_IN
    )
    end(asyncio.run(run(options)))
