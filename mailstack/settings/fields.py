"""The kinds of value that settings are made of; each refusal says what is allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, SecretStr, Strict, WithJsonSchema

from mailstack.dns import records
from mailstack.errors import DmarcError, RecordError
from mailstack.mail import dmarc

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
# As `pulumi config set --secret` writes a value into the stack's file.
ENCRYPTED = {
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
LABEL_SCHEMA = {"type": "string", "pattern": f"^{LABEL.pattern}$"}
# RFC 5322 dot-atom without * ? $ { }: those mean something in the IAM condition that an address becomes.
LOCAL_PART = re.compile(r"[A-Za-z0-9!#%&'+/=^_`|~-]+(\.[A-Za-z0-9!#%&'+/=^_`|~-]+)*")
LOCAL_PATTERN = re.compile(r"[A-Za-z0-9!#%&'+/=^_`|~.*?-]+")
DOMAIN_PATTERN = re.compile(r"[A-Za-z0-9*?-]+(\.[A-Za-z0-9*?-]+)*")


def shown(value: Any) -> str:
    """Name a given value in a sentence; long text is cut, collections are only named."""
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return f"a {type(value).__name__}"


def label(text: str) -> str:
    """Return a key that names things in the stack; ValueError otherwise."""
    if not LABEL.fullmatch(text):
        raise ValueError(
            f"{shown(text)} is no name: use 1 to 32 lower-case letters, digits and inner hyphens, such as notify-eu"
        )
    return text


def domain(text: str) -> str:
    """Return the domain name in its one spelling, lower-case A-labels; ValueError otherwise."""
    try:
        return records.domain_name(records.a_labels(text))
    except RecordError as error:
        raise ValueError(str(error)) from None


def record_name(text: str) -> str:
    """Return the name of a record in its one spelling; ValueError otherwise."""
    try:
        return records.record_name(text)
    except RecordError as error:
        raise ValueError(str(error)) from None


def header_text(text: str) -> str:
    """Return text that is allowed in a mail header (RFC 5322 section 2.2); ValueError otherwise."""
    if not text.strip() or not text.isprintable():
        raise ValueError("must be printable text on one line")
    return text


def local_or_address(text: str) -> str:
    """Return a local part, or a whole address with its domain in its one spelling; ValueError otherwise."""
    local, at, rest = text.rpartition("@") if "@" in text else (text, "", "")
    if not LOCAL_PART.fullmatch(local) or len(local) > 64:
        raise ValueError(f"{shown(text)} is no address: write the part before the @ (hello) or all of it")
    return f"{local}@{domain(rest)}" if at else local


def sender_pattern(text: str) -> str:
    """Return a From address or pattern (* and ?), or its local part alone; ValueError otherwise."""
    local, at, rest = text.rpartition("@") if "@" in text else (text, "", "")
    if not LOCAL_PATTERN.fullmatch(local):
        raise ValueError(f"{shown(text)} is no address or pattern: write hello, news-* or *@ and the sender's domain")
    return f"{local}@{domain(rest)}" if at else local


def recipient_pattern(text: str) -> str:
    """Return a pattern of recipients (* and ?) with its domain in lower case; ValueError otherwise."""
    local, at, rest = text.rpartition("@")
    if not at or not LOCAL_PATTERN.fullmatch(local) or not DOMAIN_PATTERN.fullmatch(rest):
        raise ValueError(f"{shown(text)} is no pattern of recipients: write *@example.com or jane@example.com")
    if rest.strip("*?.") == "":
        raise ValueError(f"{shown(text)} matches every domain: leave recipients out to allow everybody")
    return f"{local}@{rest.lower()}"


def report_address(text: str) -> str:
    """Return a DMARC report URI with mailto: (RFC 9989 section 4.7); ValueError otherwise."""
    try:
        if text.isascii() and text.lower().startswith("mailto:") and dmarc.Dmarc(rua=(text,)):
            records.domain_name(text.partition("?")[0].partition("!")[0].rpartition("@")[2])
            return text
    except (DmarcError, RecordError):
        pass  # the sentence below says it with the remedy
    raise ValueError(f"{shown(text)} is no report address: write mailto:dmarc@example.com")


def spf_term(text: str) -> str:
    """Return a further term of an SPF record; ValueError for several in one, and for one that lets everybody send."""
    if "," in text:  # allowed in a macro by RFC 7208 section 7.1, and in practice a list that was written as one
        raise ValueError(f"{shown(text)} holds a comma: write each term as an item of the list")
    if re.fullmatch(r"\+?ip[46]:.*/0", text.strip().lower()):
        raise ValueError(f"{shown(text)} lets every address send mail from the domain: write the addresses that do")
    return text


def failure_options(text: str) -> str:
    """Return when failure reports are wanted (RFC 9989 section 4.7, fo); ValueError otherwise."""
    try:
        dmarc.Dmarc(fo=text)
    except DmarcError:
        raise ValueError(f"must be 0, 1, d or s, several joined by colons such as 1:d, not {shown(text)}") from None
    return text


def ttl(seconds: int) -> int:
    """Return a time to live in seconds, 1 for the host's own choice; ValueError otherwise."""
    if seconds != 1 and not 30 <= seconds <= 86400:
        raise ValueError(f"must be 30 to 86400 seconds, or 1 for the DNS host's own choice, not {seconds}")
    return seconds


def tcp_port(number: int) -> int:
    """Return a port number; ValueError otherwise."""
    if not 0 < number < 65536:
        raise ValueError(f"must be 1 to 65535, not {number}")
    return number


def _one_spelling(name: str) -> str:
    return name.lower().removesuffix(".")


def _secret(value: Any) -> Any:
    """Return a secret that is text and not empty; the ValueError of any other does not quote it."""
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text that is not empty; put quotes around a number")
    return value


def off(value: Any) -> Any:
    """Read the boolean that YAML 1.1 makes of an unquoted off as the word."""
    return "off" if value is False else value


Flag = Annotated[bool, Strict()]
Number = Annotated[float, Strict()]
Label = Annotated[str, AfterValidator(label), WithJsonSchema(LABEL_SCHEMA)]
# An unquoted off is a boolean in YAML 1.1, for editors too.
Inbound = Annotated[
    str, BeforeValidator(off), AfterValidator(label), WithJsonSchema({"anyOf": [LABEL_SCHEMA, {"enum": [False]}]})
]
DomainName = Annotated[str, AfterValidator(domain)]
RecordName = Annotated[str, AfterValidator(record_name)]
HeaderText = Annotated[str, AfterValidator(header_text)]
Address = Annotated[str, AfterValidator(local_or_address)]
SenderPattern = Annotated[str, AfterValidator(sender_pattern)]
RecipientPattern = Annotated[str, AfterValidator(recipient_pattern)]
ReportAddress = Annotated[str, AfterValidator(report_address)]
ReturnPath = Annotated[str, AfterValidator(_one_spelling)]
SpfTerm = Annotated[str, AfterValidator(spf_term)]
FailureOptions = Annotated[str, AfterValidator(failure_options)]
Ttl = Annotated[
    int,
    Strict(),
    AfterValidator(ttl),
    WithJsonSchema({"anyOf": [{"const": 1}, {"type": "integer", "minimum": 30, "maximum": 86400}]}),
]
Off = Annotated[Literal["off"], BeforeValidator(off), WithJsonSchema({"enum": ["off", False]})]
TcpPort = Annotated[
    int, Strict(), AfterValidator(tcp_port), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535})
]
Secret = Annotated[SecretStr, BeforeValidator(_secret), WithJsonSchema(ENCRYPTED)]
