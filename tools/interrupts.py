"""Ctrl-C for the commands that a program starts, however it was started itself."""

from __future__ import annotations

import signal


def allow() -> None:
    """Set SIGINT back to its default where it is ignored, for this process and those that it starts.

    A shell without job control starts what it puts in the background (`make up &`, nohup) with SIGINT ignored, and that
    is inherited. The engine ends its language host with SIGINT and waits 5 s before it kills it: every `pulumi` command
    would take 5 s longer.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
