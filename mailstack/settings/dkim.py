"""How a domain's mail is signed: the provider's keys, or a key of the domain's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Strict, WithJsonSchema, model_validator

from mailstack.mail.dkim import Algorithm
from mailstack.model import Model

_LAST = 9999  # the selector mailstack-9999 is a short label
_LONGEST_GRACE = 365  # days


def _generation(number: int) -> int:
    if not 1 <= number <= _LAST:
        raise ValueError(f"must be 1 to {_LAST}, not {number}; each generation is a new key")
    return number


def _days(number: float) -> float:
    if not 0 <= number <= _LONGEST_GRACE:
        raise ValueError(f"must be 0 to {_LONGEST_GRACE} days, not {number:g}")
    return number


class DkimSettings(Model):
    """The DKIM keys of a domain."""

    kind: Literal["easy", "own", "kept"] = "easy"
    """easy: the provider makes the keys and rotates them; own: the kit makes one, which all routes share; kept: the
    domain was adopted with keys that somebody else made, and they and their records are left as they are."""
    bits: Literal[1024, 2048] = 2048
    """The length of RSA keys. 1024 keeps a domain as it is that has such keys."""
    algorithm: Algorithm = "rsa"
    """The algorithm of an own key: rsa, or ed25519 where every route's provider signs with it."""
    generation: Annotated[
        int,
        Strict(),
        AfterValidator(_generation),
        WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _LAST}),
    ] = 1
    """One more makes a new own key beside the last one, which is revoked after the grace. Never one less."""
    grace_days: Annotated[
        float,
        Strict(),
        AfterValidator(_days),
        WithJsonSchema({"type": "number", "minimum": 0, "maximum": _LONGEST_GRACE}),
    ] = 7
    """How long the last own key stays published once another one signs, for mail on its way."""

    @model_validator(mode="after")
    def _of_its_kind(self) -> DkimSettings:
        if self.kind != "own":
            for name in ("algorithm", "generation"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(
                        f"{name} is {getattr(self, name)}, which is for keys of one's own, and with kind: {self.kind} "
                        f"the provider has the keys; write kind: own or remove {name}"
                    )
        return self
