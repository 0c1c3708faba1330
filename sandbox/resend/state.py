"""What a Resend account holds: domains and API keys."""

from __future__ import annotations

import re
import secrets
import string
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hmac import compare_digest
from typing import TypeVar

from sandbox.aws.ses.dkim import DkimKey
from sandbox.resend import records
from sandbox.resend.errors import not_a_uuid, not_found
from sandbox.resend.records import Record
from sandbox.resend.settings import Settings

One = TypeVar("One")
Resolve = Callable[[str, str], list[str]]
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
FULL, SENDING = "full_access", "sending_access"


@dataclass
class Domain:
    """A domain that mail may come from, with its records."""

    id: str
    name: str
    created: float
    region: str
    generation: str
    return_path: str
    dkim: DkimKey = field(repr=False)
    tls: str = "opportunistic"
    open_tracking: bool = False
    click_tracking: bool = False
    tracking_subdomain: str | None = None
    sending: bool = True
    receiving: bool = False
    records: list[Record] = field(default_factory=list)

    @property
    def envelope_domain(self) -> str:
        """Give the domain of the envelope sender, which SPF is asked for."""
        return f"{self.return_path}.{self.name}"

    @property
    def status(self) -> str:
        """Sum up the records' statuses; the names are the OpenAPI file's, what they sum up is read from the words."""
        found = {record.status for record in self.records}
        for whole in ("verified", "not_started"):
            if found == {whole}:
                return whole
        if found & {"failed", "temporary_failure"}:
            return "partially_failed" if "verified" in found else "failed"
        return "partially_verified" if "verified" in found else "pending"

    @property
    def may_send(self) -> bool:
        """Say whether mail is taken.

        It is while a verified record is missing for a time, too: no source says that Resend stops, and SES does not.
        """
        used = [record.status for record in self.records if record.record in records.SENDING]
        return self.sending and set(used) <= {"verified", "temporary_failure"}

    def ask_for_records(self) -> None:
        """List the records that the domain's options need; what is known of those that stay is kept."""
        new: list[Record] = []
        if self.sending:
            new += records.sending(self.name, self.region, self.generation, self.return_path, self.dkim.record)
        if self.receiving:
            new += records.receiving(self.name)
        if self.tracking_subdomain:
            new += records.tracking(self.name, self.tracking_subdomain)
        self.records = records.kept(new, self.records)


@dataclass
class Key:
    """An API key, which is the password for SMTP as well."""

    id: str
    name: str
    token: str = field(repr=False)
    permission: str
    domain_id: str | None
    created: float
    last_used: float | None = None


class Account:
    """A Resend account; who changes or reads more than one thing holds its `lock`.

    `resolve` answers DNS questions (name, type) with the values as text, `now` is the clock in epoch seconds.
    """

    def __init__(self, resolve: Resolve, now: Callable[[], float] = time.time) -> None:
        self.resolve, self.now = resolve, now
        self.settings = Settings()
        self.domains: dict[str, Domain] = {}
        self.keys: dict[str, Key] = {}
        self.lock = threading.RLock()

    def add_key(self, name: str, permission: str = FULL, domain_id: str | None = None) -> Key:
        """Make an API key; a token looks like re_PKr4RCko_Lhm9ost2YjNCctnPjbLw8Nqk."""
        token = f"re_{_random(8)}_{_random(24)}"
        key = Key(new_id(), name, token, permission, domain_id, self.now())
        with self.lock:
            self.keys[key.id] = key
        return key

    def key_of(self, token: str) -> Key | None:
        """Find the key with a token and note its use; the lock is not waited for, logins by SMTP hold nobody up."""
        given = token.encode()
        key = next((one for one in list(self.keys.values()) if compare_digest(one.token.encode(), given)), None)
        if key is not None:
            key.last_used = self.now()
        return key

    def key(self, id_: str) -> Key:
        """Find a key by its id, in either case; ApiError where there is none."""
        return _found(self.keys, "API key", id_)

    def domain(self, id_: str, field_name: str = "id") -> Domain:
        """Find a domain by its id, in either case; ApiError where there is none."""
        return _found(self.domains, "Domain", id_, field_name)

    def domain_named(self, name: str) -> Domain | None:
        """Find a domain by its name; one above it does not count, each is verified for itself."""
        return next((one for one in self.domains.values() if one.name == name.lower()), None)


def _found(things: Mapping[str, One], what: str, id_: str, field_name: str = "id") -> One:
    if not UUID.fullmatch(id_):
        raise not_a_uuid(field_name)
    if id_.lower() not in things:
        raise not_found(what)
    return things[id_.lower()]


def new_id() -> str:
    """Make an id."""
    return str(uuid.uuid4())


def stamp(seconds: float) -> str:
    """Write a time as Resend does: 2026-05-13 20:30:29.829957+00."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")


def _random(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))
