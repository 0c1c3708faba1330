"""What a stack's configuration says about its mail, typed and validated."""

from __future__ import annotations

from mailstack.settings.load import KEYS, check_secret_keys, load
from mailstack.settings.model import (
    DmarcSettings,
    Domain,
    From,
    Login,
    Sender,
    SesOptions,
    SesRoute,
    Settings,
    SpfSettings,
    Zone,
)

__all__ = [
    "KEYS",
    "DmarcSettings",
    "Domain",
    "From",
    "Login",
    "Sender",
    "SesOptions",
    "SesRoute",
    "Settings",
    "SpfSettings",
    "Zone",
    "check_secret_keys",
    "load",
]
