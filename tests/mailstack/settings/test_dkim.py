"""What may be written about a domain's DKIM keys, and what is refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from mailstack.errors import SettingsError
from mailstack.settings.load import load
from mailstack.settings.model import Domain
from providers import catalog

NAME = "notify.example.com"
PATH = f'mailstack:domains["{NAME}"]'


def domain(dkim: Any, defaults: Any = None) -> Domain:
    """Load a stack of one domain with these DKIM settings."""
    config = {"dns": {"example.com": {"host": "cloudflare"}}, "domains": {NAME: {"dkim": dkim}}, "defaults": defaults}
    return load(config, catalog(), aws_region="eu-west-1").domains[NAME]


def test_left_out_the_provider_makes_keys_of_2048_bits() -> None:
    """Easy DKIM, the length that SES gives by itself, too."""
    found = domain(None).dkim
    assert (found.kind, found.bits) == ("easy", 2048)


def test_an_own_key_has_defaults() -> None:
    """kind: own is enough."""
    found = domain({"kind": "own"}).dkim
    assert (found.algorithm, found.bits, found.generation, found.grace_days) == ("rsa", 2048, 1, 7)


def test_defaults_may_name_the_grace_of_all_domains() -> None:
    """What is of no use to a domain with the provider's keys does it no harm."""
    assert domain({}, {"dkim": {"graceDays": 14}}).dkim.kind == "easy"
    assert domain({"kind": "own"}, {"dkim": {"graceDays": 14}}).dkim.grace_days == 14


@pytest.mark.parametrize(
    ("dkim", "sentence"),
    [
        ({"bits": 4096}, f"{PATH}.dkim.bits: must be 1024 or 2048, not the number 4096"),
        ({"kind": "owned"}, f'{PATH}.dkim.kind: must be easy, own or kept, not "owned"; did you mean own?'),
        (
            {"kind": "own", "generation": 0},
            f"{PATH}.dkim.generation: must be 1 to 9999, not 0; each generation is a new key",
        ),
        ({"kind": "own", "graceDays": -1}, f"{PATH}.dkim.graceDays: must be 0 to 365 days, not -1"),
        (
            {"generation": 2},
            f"{PATH}.dkim: generation is 2, which is for keys of one's own, and with kind: easy the provider has the "
            "keys; write kind: own or remove generation",
        ),
        (
            {"kind": "own", "algorithm": "ed25519"},
            f"{PATH}.dkim.algorithm: is ed25519, but route main goes through ses, and Amazon SES signs with rsa keys "
            "only; write algorithm: rsa",
        ),
        (
            {"kind": "own", "rotate": True},
            f"{PATH}.dkim.rotate: unknown key (allowed: kind, bits, algorithm, generation, graceDays)",
        ),
    ],
)
def test_a_mistake_is_one_sentence(dkim: dict[str, Any], sentence: str) -> None:
    """Where, what was given, what is allowed, what to do."""
    with pytest.raises(SettingsError) as error:
        domain(dkim)
    assert str(error.value) == sentence
