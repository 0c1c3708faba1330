"""`mailstack:index:DkimKey`: a key pair that signs a domain's mail, and the record that publishes or revokes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, cast

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from mailstack.errors import DkimError
from mailstack.mail import dkim
from plugin.inputs import Domain, Inputs, defaults, problems, resource
from plugin.lifecycle import Context, Difference, Found, NotFound
from plugin.wire import UNKNOWN, Values, secret

# What SES takes as selector, the pattern of its API: one label (RFC 6376 section 3.1 would allow several).
_SELECTOR: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TEXT: Final = {"type": "string"}
_OUTPUTS: Final[Mapping[str, Any]] = {
    "privateKey": {**_TEXT, "secret": True, "description": "Base64 of the PKCS #8 DER."},
    "publicKey": {**_TEXT, "description": "The public half as DNS has it."},
    "record": {**_TEXT, "description": "The TXT text to publish: live, or revoked after the grace."},
    "supersededAt": {**_TEXT, "description": "When the key was superseded, ISO 8601 in UTC."},
}


def _is_label(text: str) -> str:
    if not _SELECTOR.fullmatch(text):
        raise PydanticCustomError("label", "give one label of lower-case letters, digits and inner hyphens")
    return text


class DkimKeyInputs(Inputs):
    """Whose key it is, of what kind, and whether it still signs."""

    domain: Domain
    """The domain whose mail the key signs."""
    selector: Annotated[str, AfterValidator(_is_label)]
    """The key's selector, one label."""
    algorithm: Literal["rsa", "ed25519"] = "rsa"
    """rsa or ed25519."""
    bits: Literal[1024, 2048] = 2048
    """The length of an RSA key: 1024 or 2048."""
    superseded: bool = False
    """Another key signs now; this one is to be revoked."""
    grace_days: float = Field(default=7, ge=0, allow_inf_nan=False)
    """How long a superseded key stays published, in days."""


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class DkimKey:
    """A key of one selector, kept in the state alone: nothing outside holds its private half until a provider is told.

    A key that was superseded stays published for `graceDays` from the update that superseded it. The first update
    after that publishes its record as revoked, which no update does in the same run as the supersession: mail is
    signed with the key until then.
    """

    type: Final = "mailstack:index:DkimKey"
    derived: Final = tuple(_OUTPUTS)

    def __init__(self, now: Callable[[], datetime] = _wall_clock) -> None:
        """Take the clock that graces are measured on."""
        self._now = now

    @property
    def schema(self) -> Mapping[str, Any]:
        """The type's part of the package schema."""
        about = "A DKIM key pair of a domain's own, and its DNS record."
        return resource(DkimKeyInputs, about, _OUTPUTS, unset=("privateKey", "publicKey", "supersededAt"))

    def check(self, olds: Values | None, news: Values, context: Context) -> tuple[Values, dict[str, str]]:
        """Return the defaults of inputs that were not given, and what is wrong with the others, by key."""
        return defaults(DkimKeyInputs, news), problems(DkimKeyInputs, news, title="DkimKey")

    def id_of(self, inputs: Values) -> str:
        """Return the id: the name of the key's record."""
        return dkim.record_name(inputs["selector"], inputs["domain"])

    def diff(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Difference:
        """Compare; a record whose grace is over is a difference. Raises DkimError for another kind of key in place."""
        changed = [key for key in sorted({*inputs, *news}) if inputs.get(key) != news.get(key)]
        replaces = [key for key in ("domain", "selector") if key in changed]
        if not replaces and {"algorithm", "bits"} & set(changed):
            raise DkimError(_another_kind(inputs, news))
        stale = not changed and self._record(outputs, news) != outputs.get("record")
        return Difference(changed, replaces, ["record"] if stale else [])

    def expected(self, outputs: Values | None, news: Values, context: Context) -> Values:
        """Return nothing that is known: a preview makes no key."""
        return dict.fromkeys(self.derived, UNKNOWN)

    def create(self, inputs: Values, context: Context) -> tuple[str, Values]:
        """Make a key pair; one that is superseded from the start signs nothing and is published as revoked."""
        if inputs["superseded"]:
            return self.id_of(inputs), {"record": dkim.REVOKED, "supersededAt": self._stamp()}
        private, public = _key_pair(inputs)
        return self.id_of(inputs), self._live(private, public, inputs)

    def update(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Values:
        """Supersede the key, bring it back, or revoke its record when its grace is over."""
        private, public = outputs.get("privateKey"), outputs.get("publicKey")
        if not news["superseded"]:
            private, public = (private, public) if private and public else _key_pair(news)
            return self._live(private, public, news)
        kept: Values = {"privateKey": secret(private), "publicKey": public} if private else {}
        if "supersededAt" not in outputs:
            return {**kept, "record": outputs["record"], "supersededAt": self._stamp()}
        return {**kept, "record": self._record(outputs, news), "supersededAt": outputs["supersededAt"]}

    def read(self, id_: str, inputs: Values | None, outputs: Values, context: Context) -> Found | None:
        """Return the key as the state holds it; raises NotFound in an import."""
        if inputs is None:
            raise NotFound(
                f'the DKIM key "{id_}" cannot be imported: its private half cannot be read from anywhere; raise the '
                "generation of the domain's dkim, and a new key is made beside it"
            )
        known: Values = {key: outputs[key] for key in self.derived if key in outputs}
        if "privateKey" in known:
            known["privateKey"] = secret(known["privateKey"])
        return Found(known)

    def delete(self, id_: str, outputs: Values, context: Context) -> None:
        """Forget the key: the state alone held it."""

    def _record(self, outputs: Values, news: Values) -> str | None:
        """Return the record to publish now: a live one is revoked when its grace is over, and stays so."""
        since, published = outputs.get("supersededAt"), cast("str | None", outputs.get("record"))
        if not news["superseded"] or since is None or not dkim.grace_is_over(since, news["graceDays"], self._now()):
            return published
        return dkim.REVOKED

    def _live(self, private: str, public: str, inputs: Values) -> Values:
        text = dkim.record(inputs["algorithm"], public)
        return {"privateKey": secret(private), "publicKey": public, "record": text}

    def _stamp(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="seconds")


def _key_pair(inputs: Values) -> tuple[str, str]:
    """Return a new private key (base64 of its PKCS #8 DER, as inside a PEM) and its public half as DNS has it."""
    import base64

    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if inputs["algorithm"] == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=inputs["bits"])
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(private).decode(), base64.b64encode(public).decode()


def _another_kind(inputs: Values, news: Values) -> str:
    was, wanted = (
        "Ed25519" if given["algorithm"] == "ed25519" else f"RSA of {given['bits']} bits" for given in (inputs, news)
    )
    return (
        f"the DKIM key {news['selector']} of {news['domain']} is {was} and cannot become {wanted} under the same "
        "selector, because mail on its way would fail; raise the domain's dkim.generation by one as well"
    )
