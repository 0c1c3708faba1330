"""What the kit refuses: every error that is meant for the user is a MailstackError with one clear sentence."""

from __future__ import annotations


class MailstackError(Exception):
    """A mistake or a refusal that is told to the user as one sentence."""


class SettingsError(MailstackError):
    """A mistake in the settings; `path` is the key's path, such as "mailstack:senders.notify.from.address"."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path
