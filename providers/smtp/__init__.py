"""The SMTP providers of the kit, by their word under `routes.<route>.provider`; the first is the default."""

from __future__ import annotations

from mailstack.catalog import SmtpProvider, Table

PROVIDERS: Table[SmtpProvider] = Table({"ses": "providers.smtp.ses:PROVIDER"})
