"""The errors that users read."""

from __future__ import annotations

from mailstack.errors import MailstackError, SettingsError


def test_a_settings_error_carries_its_sentence_and_the_key_path() -> None:
    error = SettingsError("mailstack:senders.notify.via: no route eu", path="mailstack:senders.notify.via")
    assert isinstance(error, MailstackError)
    assert (str(error), error.path) == ("mailstack:senders.notify.via: no route eu", "mailstack:senders.notify.via")
