"""Being told to stop: by Ctrl-C, by a supervisor of ours, by the end of the terminal."""

import asyncio
import signal
from collections.abc import Callable


def stop_on_signals(hurry: Callable[[], None]) -> asyncio.Event:
    """The first signal cancels the current task, once; later ones call `hurry`. The event tells that there was one."""
    loop, task, told = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()

    def on_signal() -> None:
        if told.is_set():
            hurry()
        elif task is not None:
            told.set()
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup sets SIGHUP to be ignored, and means it.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, on_signal)
    return told
