"""What every test runs under."""

from __future__ import annotations

import signal

import hypothesis

# A shell that runs the tests in the background has Ctrl-C ignored, and the commands they interrupt would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no reason for a property test to fail.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
