"""What the tests of refused settings share: settings with one sender or domain, and the refusal of a text."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from mailstack.catalog import Catalog
from mailstack.errors import SettingsError
from mailstack.settings.load import load
from providers import catalog

ZONE = "dns: {example.com: {host: cloudflare}}\n"


def refusal(text: str, vendors: Catalog | None = None, **options: Any) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(yaml.safe_load(text) or {}, vendors or catalog(), **{"aws_region": "eu-west-1", **options})
    return caught.value


def domain(keys: str) -> str:
    return ZONE + f"domains: {{example.com: {keys}}}"


def sender(keys: str) -> str:
    return ZONE + f"senders: {{notify: {keys}}}"
