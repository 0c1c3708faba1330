"""What a stack's configuration says about its mail, typed and validated."""

from __future__ import annotations

from mailstack.settings.extra_records import FurtherRecord, RecordsSettings, WrittenRecord
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
)
from mailstack.settings.policies import BimiSettings, MtaStsSettings, TlsRptSettings
from mailstack.settings.zones import Host, HostSecrets, Zone

__all__ = [
    "KEYS",
    "BimiSettings",
    "DmarcSettings",
    "Domain",
    "From",
    "FurtherRecord",
    "Host",
    "HostSecrets",
    "Login",
    "MtaStsSettings",
    "RecordsSettings",
    "Sender",
    "SesOptions",
    "SesRoute",
    "Settings",
    "SpfSettings",
    "TlsRptSettings",
    "WrittenRecord",
    "Zone",
    "check_secret_keys",
    "load",
]
