"""dns-lexicon as the kit uses it: a login at one of its hosts for exactly one zone, and its errors as one sentence."""

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
from mailstack.errors import MailstackError, VendorError

from .lexicon_values import forms

LIST = "https://dns-lexicon.readthedocs.io/en/latest/configuration_reference.html"
TIMEOUT = 30.0  # seconds for one answer
_NO_HOST = ("auto",)  # guesses the host by a public list of suffixes, which it would fetch
_NEAREST = 3
_LONGEST = 400  # characters of what a host says


class Session:
    """A login at a host for one zone: dns-lexicon's verbs, which are idempotent. Each raises VendorError."""

    def __init__(self, log_in: Callable[[Mapping[str, Any]], Any], explained: Callable[[], Any]) -> None:
        """Take what logs in with further settings of dns-lexicon's, and what explains errors."""
        self._log_in, self._explained = log_in, explained
        self._host = log_in({})
        # Whether it asks for the preference of an MX apart from the target stands in its source and nowhere else.
        self._preference_apart = _asks_for(self._host, "priority")

    def records(self) -> list[Mapping[str, Any]]:
        """List all records of the zone, as the host's part of dns-lexicon gives them."""
        with self._explained():
            return list(self._host.list_records())

    def create(self, record_type: str, name: str, value: str | Mx) -> None:
        """Make a record; the host's refusal of one way of writing is answered with the next."""
        self._write(value, record_type, lambda host, content: host.create_record(record_type, name, content))

    def update(self, identifier: Any, record_type: str, name: str, value: str | Mx) -> None:
        """Change a record in place, where the host's part of dns-lexicon can."""
        self._write(
            value, record_type, lambda host, content: host.update_record(identifier, record_type, name, content)
        )

    def delete(self, record_type: str, name: str, content: str) -> None:
        """Delete a record by the content that the host lists for it."""
        with self._explained():
            self._host.delete_record(None, record_type, name, content)

    def delete_by_id(self, identifier: Any) -> None:
        """Delete a record by the host's id of it, which must be no other record's."""
        with self._explained():
            self._host.delete_record(identifier)

    def close(self) -> None:
        """Log out, where the host knows that."""
        self._host.cleanup()

    def _write(self, value: str | Mx, record_type: str, write: Callable[[Any, str], object]) -> None:
        apart = isinstance(value, Mx) and self._preference_apart
        with self._explained():
            # The settings of a login cannot change; they are texts, as from dns-lexicon's command line.
            host = self._log_in({"priority": str(value.preference)}) if apart and isinstance(value, Mx) else self._host
            refusal: Exception | None = None
            for content in forms(record_type, value, preference_apart=apart):
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
def session(
    provider: str, options: Mapping[str, str], zone: str, doing: str, ttl: int | None = None
) -> Iterator[Session]:
    """Log in to a host; `doing` and the zone stand in every error. Raises VendorError, without any option's value."""
    check_provider(provider, f"mailstack:dns.{zone}.provider")

    @contextmanager
    def explained() -> Iterator[None]:
        try:
            yield
        except MailstackError:
            raise
        except ImportError as error:
            raise VendorError(_needs_more(f"mailstack:dns.{zone}.provider", provider, f" ({error})")) from None
        except Exception as error:  # each host raises what its own client raises
            said = without_secrets(_words(error), options)
            words = said if len(said) <= _LONGEST else f"{said[:_LONGEST]} ..."
            raise VendorError(f"{provider} (dns-lexicon) could not {doing} {zone}: {words}") from None

    def log_in(more: Mapping[str, Any]) -> Any:
        with explained():
            host = _host(provider, options, {"domain": zone, "ttl": ttl, **more})
            host.authenticate()
            return host

    opened = Session(log_in, explained)
    try:
        yield opened
    finally:
        with explained():
            opened.close()


def check_provider(provider: str, at: str) -> None:
    """Refuse a host that dns-lexicon does not know, or whose own library is missing; raises VendorError."""
    from lexicon._private.discovery import find_providers  # no public name lists them without logging in

    known = {name: ready for name, ready in find_providers().items() if name not in _NO_HOST}
    if provider not in known:
        near = difflib.get_close_matches(provider.lower(), known, n=_NEAREST, cutoff=0.5)
        guess = f"; did you mean {', '.join(near)}?" if near else "."
        raise VendorError(f'{at}: dns-lexicon knows no DNS host "{provider}"{guess} All of them: {LIST}')
    if not known[provider]:
        raise VendorError(_needs_more(at, provider))


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
    return _mended(provider, host)


def _mended(provider: str, host: Any) -> Any:
    """Mend dns-lexicon 3.25's PowerDNS: it takes off quotes that are part of a text, and appends the zone to targets.

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


def _asks_for(host: Any, setting: str) -> bool:
    asking = re.compile(rf'_get_lexicon_option\(\s*"{setting}"')
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
