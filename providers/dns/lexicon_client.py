"""dns-lexicon as the kit uses it: logins at one of its hosts for exactly one zone, and its errors as one sentence.

Everything that is private to dns-lexicon is in this file; pyproject.toml bounds its version.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from mailstack.dns.records import Mx
from mailstack.errors import Busy, MailstackError, Missing, Refused, Unanswered, VendorError
from mailstack.paths import key_path

from .lexicon_values import forms

LIST = "https://dns-lexicon.readthedocs.io/en/latest/configuration_reference.html"
TIMEOUT = 30.0  # seconds for one answer
_NO_HOST = ("auto",)  # guesses the host by a public list of suffixes, which it would fetch
_NEAREST = 3
_LONGEST = 400  # characters of what a host says
_ERRORS: Mapping[int, type[VendorError]] = {404: Missing, 429: Busy}  # by HTTP status


class Session:
    """dns-lexicon's verbs at a host for one zone. Each raises VendorError, without any option's value.

    Each verb logs in anew: some hosts' parts keep the zone as they saw it first and write it back from memory. One that
    writes raises Unanswered where no answer came: it may have been done.
    """

    def __init__(self, provider: str, options: Mapping[str, str], zone: str, doing: str) -> None:
        """Take the host and what logs in there; `doing` and the zone are in every error. Raises VendorError."""
        check_provider(provider, key_path("dns", zone, "provider"))
        self._provider, self._options, self._zone, self._doing = provider, options, zone, doing

    def log_in(self) -> None:
        """Log in, and out again."""
        with self._host(Busy):
            pass

    def records(self) -> list[Mapping[str, Any]]:
        """List all records of the zone, as the host's part of dns-lexicon gives them."""
        with self._host(Busy) as host:
            return list(host.list_records())

    def create(self, record_type: str, name: str, value: str | Mx, ttl: int | None) -> None:
        """Make a record; the host's refusal of one way of writing is answered with the next."""
        self._write(value, record_type, ttl, lambda host, content: host.create_record(record_type, name, content))

    def update(self, identifier: Any, record_type: str, name: str, value: str | Mx, ttl: int | None) -> None:
        """Change a record in place, where the host's part of dns-lexicon can."""
        self._write(
            value, record_type, ttl, lambda host, content: host.update_record(identifier, record_type, name, content)
        )

    def delete(self, record_type: str, name: str, content: str, ttl: int | None) -> None:
        """Delete a record by the content that the host lists for it; `ttl` is for the rest of its record set."""
        with self._host(Unanswered, ttl=ttl) as host:
            host.delete_record(None, record_type, name, content)

    def delete_by_id(self, identifier: Any, ttl: int | None) -> None:
        """Delete a record by the host's id of it, which must be no other record's."""
        with self._host(Unanswered, ttl=ttl) as host:
            host.delete_record(identifier)

    def _write(self, value: str | Mx, record_type: str, ttl: int | None, write: Callable[[Any, str], object]) -> None:
        # The settings of a login cannot change; they are texts, as from dns-lexicon's command line.
        priority = str(value.preference) if isinstance(value, Mx) else None
        with self._host(Unanswered, ttl=ttl, priority=priority) as host:
            refusal: Exception | None = None
            for content in forms(
                record_type, value, preference_apart=priority is not None and _asks_for_priority(host)
            ):
                try:
                    write(host, content)
                except NotImplementedError:  # not every host can update
                    return
                except Exception as error:  # each host raises what its own client raises
                    refusal = refusal or error
                    if _unanswered(error):
                        break
                else:
                    return
            if refusal is not None:
                raise refusal

    @contextmanager
    def _host(self, unanswered: type[VendorError], **settings: Any) -> Iterator[Any]:
        """Log in and out, and turn each error into a sentence; `unanswered` is raised where the host gave no answer."""
        with self._explained(Busy):  # a login writes nothing
            host = _host(self._provider, self._options, {"domain": self._zone, **settings})
            host.authenticate()
        try:
            with self._explained(unanswered):
                yield host
        finally:
            with self._explained(Busy):
                host.cleanup()

    @contextmanager
    def _explained(self, unanswered: type[VendorError]) -> Iterator[None]:
        try:
            yield
        except MailstackError:
            raise
        except ImportError as error:
            at = key_path("dns", self._zone, "provider")
            raise Refused(_needs_more(at, self._provider, f" ({error})")) from None
        except Exception as error:  # each host raises what its own client raises
            said = without_secrets(_words(error), self._options)
            words = said if len(said) <= _LONGEST else f"{said[:_LONGEST]} ..."
            sentence = f"{self._provider} (dns-lexicon) could not {self._doing} {self._zone}: {words}"
            status = getattr(getattr(error, "response", None), "status_code", 0)
            kind = unanswered if _unanswered(error) else _ERRORS.get(status, Busy if status >= 500 else Refused)
            raise kind(sentence) from None


def check_provider(provider: str, at: str) -> None:
    """Refuse a host that dns-lexicon does not know, or whose own library is missing; raises VendorError."""
    from lexicon._private.discovery import find_providers  # no public name lists them without logging in

    known = {name: ready for name, ready in find_providers().items() if name not in _NO_HOST}
    if provider not in known:
        near = difflib.get_close_matches(provider.lower(), known, n=_NEAREST, cutoff=0.5)
        guess = f"; did you mean {', '.join(near)}?" if near else "."
        raise Refused(f'{at}: dns-lexicon knows no DNS host "{provider}"{guess} All of them: {LIST}')
    if not known[provider]:
        raise Refused(_needs_more(at, provider))


def without_secrets(text: str, options: Mapping[str, str]) -> str:
    """Take the values of options out of a text, in each form that a client may quote them."""
    for value in sorted(map(str, options.values()), key=len, reverse=True):
        if len(value) > 3:  # a shorter one, such as a number or "yes", is no secret and part of other words
            for shown in (value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], repr(value)[1:-1]):
                text = text.replace(shown, "[secret]")
    return text


def _needs_more(at: str, provider: str, why: str = "") -> str:
    return (
        f'{at}: {provider} needs more packages{why}: run uv add "dns-lexicon[{provider}]" in the project, then uv sync'
    )


def _host(provider: str, options: Mapping[str, str], settings: Mapping[str, Any]) -> Any:
    """Return dns-lexicon's part for a host, not yet logged in.

    Its own Client is passed by: it would guess the zone by a list of public suffixes that it fetches and keeps.
    """
    import logging

    from lexicon._private.discovery import load_provider_module
    from lexicon.config import ConfigResolver

    logging.getLogger("lexicon").setLevel(logging.CRITICAL)  # its lines hold requests and answers
    _be_patient()
    given = {name.removeprefix("--"): text for name, text in options.items()}
    given |= {name.replace("-", "_"): text for name, text in given.items()}  # its command line writes "-", its code "_"
    asked = {"provider_name": provider, provider: given, **settings}
    host = load_provider_module(provider).Provider(ConfigResolver().with_dict(asked))  # type: ignore[no-untyped-call]  # it has no annotations
    return _fixed(provider, host)


def _fixed(provider: str, host: Any) -> Any:
    """Fix dns-lexicon 3.25's PowerDNS: it takes off quotes that are part of a text, and appends the zone to targets.

    A CNAME to a name outside the zone would point to target.example.net.example.com.
    """
    if provider == "powerdns":
        host._unclean_content = lambda kind, text: text
        host._clean_content = lambda kind, text: (
            f'"{text}"' if kind == "TXT" and not (text.startswith('"') and text.endswith('"')) else text
        )
    return host


def _be_patient() -> None:
    """Let requests wait for an answer no longer than TIMEOUT, and ask again where a host is busy or not reached.

    dns-lexicon's hosts use requests without a limit and have no setting for one.
    """
    import requests.sessions
    from requests.adapters import HTTPAdapter
    from urllib3 import Retry

    if vars(requests.sessions)["HTTPAdapter"] is not HTTPAdapter:
        return

    class Again(Retry):
        def get_retry_after(self, response: Any) -> float | None:
            asked = super().get_retry_after(response)
            return None if asked is None else min(asked, TIMEOUT)

    class Patient(HTTPAdapter):
        def __init__(self) -> None:
            super().__init__(
                max_retries=Again(
                    total=3, read=0, redirect=0, status_forcelist=(429, 503), allowed_methods=None,
                    backoff_factor=0.3, raise_on_status=False,
                )
            )  # fmt: skip

        def send(self, request: Any, *args: Any, **more: Any) -> Any:
            return super().send(request, *args, **{**more, "timeout": more.get("timeout") or TIMEOUT})

    vars(requests.sessions)["HTTPAdapter"] = Patient  # what every new session mounts


def _asks_for_priority(host: Any) -> bool:
    """Tell whether a host takes the preference of an MX apart from its target; only its source says so."""
    asking = re.compile(r'_get_lexicon_option\(\s*"priority"')
    modules = {one.__module__ for one in type(host).__mro__ if one.__module__.startswith("lexicon._private.providers.")}
    return any(asking.search(Path(str(sys.modules[name].__file__)).read_text()) for name in modules)


def _unanswered(error: Exception) -> bool:
    """Say whether a host did not answer: the errors of requests are OSErrors, with the response where there was one."""
    return isinstance(error, OSError) and getattr(error, "response", None) is None


def _words(error: Exception) -> str:
    """Say an error in the host's own words, without URLs: their queries hold logins."""
    response = getattr(error, "response", None)
    if response is not None and hasattr(response, "status_code"):
        said = " ".join(str(response.text or "").split())
        return f"it answered {response.status_code}: {said or response.reason}"
    asked = getattr(getattr(error, "request", None), "url", None)
    if _unanswered(error) and asked:
        where = urlsplit(asked)
        place = where.hostname if where.port is None else f"{where.hostname} (port {where.port})"
        if "Timeout" in type(error).__name__:
            return f"{place} gave no answer within {TIMEOUT:.0f} s"
        reason = re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(error))
        return f"{place} cannot be reached: {reason[1] if reason else type(error).__name__}"
    text = re.sub(r"(\w+://[^\s?]+)\?\S*", r"\1", " ".join(str(error).split()))
    return text or type(error).__name__
