"""The vendors of the kit: what each one is, and how it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailstack.catalog import Catalog


def catalog() -> Catalog:
    """Return the vendors that the settings may name."""
    # Imported here, so that whoever needs one client does not pay for the model of the settings.
    from mailstack.catalog import Catalog
    from providers.dns import HOSTS
    from providers.smtp import PROVIDERS

    return Catalog(PROVIDERS, HOSTS)
