"""How the process is told to stop: once, and it drains; twice, and it is gone."""

import asyncio
import signal


def stop_on_signals() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets. From then on both do what they do by default: end the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, first)
    return stop
