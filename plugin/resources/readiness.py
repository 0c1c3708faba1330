"""`mailstack:index:Readiness`: the wait until a provider reports a domain verified, and why it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mailstack.errors import Missing, VendorError
from plugin.inputs import defaults, problems, resource
from plugin.lifecycle import Cancelled, Context, Difference, Found, InitFailed, NotFound
from plugin.resources import delegation_check as moving
from plugin.resources.polling import Answer, ask, wait
from plugin.wire import UNKNOWN, Values
from providers.aws import AwsAccount
from providers.dns import live, visible
from providers.smtp.base import DomainStatus, SmtpProvider
from providers.smtp.ses_client import Ses

from .readiness_inputs import ReadinessInputs, starts_wait

Source = Callable[[AwsAccount, str], SmtpProvider]
_REPLACING: Final = ("provider", "domain", "region")
_TEXT: Final = {"type": "string"}
_OUTPUTS: Final[Mapping[str, Any]] = {
    "status": {**_TEXT, "description": "verified, pending, manual or lost."},
    "dkim": {**_TEXT, "description": "The provider's word on DKIM."},
    "mailFromStatus": {**_TEXT, "description": "The provider's word on the MAIL FROM domain."},
    "missing": {"type": "array", "items": _TEXT, "description": "Why the domain is not verified, one sentence each."},
}
_ID_FORM: Final = "ses/<region>/<domain>, such as ses/eu-west-1/example.com"


@dataclass(frozen=True)
class Dns:
    """The two questions that are put to live DNS when a domain is not verified."""

    lookup: visible.Lookup = live.lookup
    name_servers: visible.NameServers = live.delegation


class Readiness:
    """A wait, not a thing: what it waits for belongs to other resources, so nothing is made or deleted here."""

    type: Final = "mailstack:index:Readiness"
    derived: Final = tuple(_OUTPUTS)

    @property
    def schema(self) -> Mapping[str, Any]:
        """The type's part of the package schema."""
        return resource(ReadinessInputs, "The wait until a provider reports a domain verified.", _OUTPUTS)

    def __init__(self, source: Source = Ses, dns: Dns | None = None) -> None:
        """Take who is asked for a domain's status and for its records."""
        self._source, self._dns = source, dns or Dns()
        self._sources: dict[tuple[int, str], tuple[AwsAccount, SmtpProvider]] = {}
        self._lock = threading.Lock()

    def check(self, olds: Values | None, news: Values, context: Context) -> tuple[Values, dict[str, str]]:
        """Return the defaults of inputs that were not given, and what is wrong with the others, by key."""
        return defaults(ReadinessInputs, news), problems(ReadinessInputs, news, title="Readiness")

    def id_of(self, inputs: Values) -> str:
        """Return the id: the identity that is waited for."""
        return ReadinessInputs.model_validate(inputs).id

    def diff(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Difference:
        """Compare; a status that is out of date is a difference, a domain that is still pending is none.

        Raises Conflict where a DNS host would be dropped too early.
        """
        if inputs.get("hosts") and inputs["hosts"] != news.get("hosts"):
            moving.check(inputs, news, self._dns.name_servers)
        keys = sorted({*inputs, *news})
        changed = [key for key in keys if inputs.get(key) != news.get(key)]
        replaces = [key for key in _REPLACING if key in changed]
        stale = not changed and self._is_stale(outputs.get("status"), ReadinessInputs.model_validate(news), context)
        return Difference(changed, replaces, ["status"] if stale else [])

    def _is_stale(self, status: str | None, wanted: ReadinessInputs, context: Context) -> bool:
        if status == "verified":
            return False
        if wanted.required or (status == "lost" and wanted.wait != "off" and not wanted.manual):
            return True
        answer = ask(self._provider(wanted, context), wanted, context)
        return answer.verified

    def expected(self, outputs: Values | None, news: Values, context: Context) -> Values:
        """Return nothing that is known: a preview asks nobody."""
        return dict.fromkeys(self.derived, UNKNOWN)

    def create(self, inputs: Values, context: Context) -> tuple[str, Values]:
        """Wait for the domain as the inputs say; raises InitFailed where it is required and not verified."""
        wanted = ReadinessInputs.model_validate(inputs)
        return self.id_of(inputs), self._settle(wanted, context, waits=True)

    def update(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Values:
        """Wait again where there is something new to be seen, else ask once; raises InitFailed as `create`."""
        wanted = ReadinessInputs.model_validate(news)
        waits = wanted.required or outputs.get("status") == "lost" or starts_wait(inputs, news)
        return self._settle(wanted, context, waits)

    def read(self, id_: str, inputs: Values | None, outputs: Values, context: Context) -> Found | None:
        """Ask once; a domain that was verified and is not any more is "lost". Raises VendorError, NotFound."""
        if inputs is None:
            return self._import(id_, context)
        wanted = ReadinessInputs.model_validate(inputs)
        answer = ask(self._provider(wanted, context), wanted, context)
        if answer.trouble is not None and not isinstance(answer.trouble, Missing):
            raise answer.trouble
        was = outputs.get("status") in ("verified", "lost")
        return Found(self._outputs(wanted, answer, context, "lost" if was else None))

    def _import(self, id_: str, context: Context) -> Found | None:
        name, _, rest = id_.partition("/")
        region, _, domain = rest.partition("/")
        given = {"provider": name, "domain": domain, "region": region}
        if problems(ReadinessInputs, given, title="Readiness"):
            raise NotFound(f'"{id_}" is not the id of a Readiness; its form is {_ID_FORM}')
        inputs: Values = {**defaults(ReadinessInputs, given), **given}
        wanted = ReadinessInputs.model_validate(inputs)
        answer = ask(self._provider(wanted, context), wanted, context)
        if isinstance(answer.trouble, Missing):
            return None
        if answer.trouble is not None:
            raise answer.trouble
        if answer.status is not None and answer.status.mail_from:
            inputs["mailFrom"] = True
            wanted = ReadinessInputs.model_validate(inputs)
            answer = ask(self._provider(wanted, context), wanted, context)
        return Found(self._outputs(wanted, answer, context), inputs)

    def delete(self, id_: str, outputs: Values, context: Context) -> None:
        """Do nothing: nothing was made."""

    def _provider(self, wanted: ReadinessInputs, context: Context) -> SmtpProvider:
        """Return the account's client in the region, made once: making it takes longer than asking."""
        with self._lock:
            key = (id(context.account), wanted.region)
            if key not in self._sources:
                # The account is kept beside it, so that its identity is not given to another.
                self._sources[key] = (context.account, self._source(context.account, wanted.region))
            return self._sources[key][1]

    def _settle(self, wanted: ReadinessInputs, context: Context, waits: bool) -> Values:
        provider = self._provider(wanted, context)
        patient = waits and wanted.wait != "off" and not wanted.manual
        answer = wait(provider, wanted, context) if patient else ask(provider, wanted, context)
        outputs = self._outputs(wanted, answer, context)
        if answer.verified:
            return outputs
        summary = _summary(wanted, answer, outputs["missing"])
        if wanted.required:
            raise InitFailed(outputs, [f"{summary} The next `pulumi up` waits again."])
        if wanted.manual:
            context.info(f"{summary} Its records are made by hand; the next `pulumi up` looks again.")
        elif wanted.wait == "warn" or answer.trouble:
            context.warn(f"{summary} Mail is not signed or accepted until it is; the next `pulumi up` looks again.")
        return outputs

    def _outputs(
        self, wanted: ReadinessInputs, answer: Answer, context: Context, otherwise: str | None = None
    ) -> Values:
        said = answer.status or DomainStatus("", "", False, "")
        status = "verified" if answer.verified else otherwise or ("manual" if wanted.manual else "pending")
        missing = [] if answer.verified else list(self._missing(wanted, answer, context))
        return {
            "status": status,
            "dkim": said.dkim,
            "mailFromStatus": said.mail_from,
            "missing": [context.redact(sentence) for sentence in missing],
        }

    def _missing(self, wanted: ReadinessInputs, answer: Answer, context: Context) -> list[str]:
        """Say why the domain is not verified: the provider's trouble, else the records that DNS does not show."""
        if isinstance(answer.trouble, VendorError) and not isinstance(answer.trouble, Missing):
            return [str(answer.trouble)]
        sentences = [str(answer.trouble)] if answer.trouble else []
        records, servers, dns = wanted.shown, wanted.name_servers, self._dns
        try:
            sentences += context.run(lambda: visible.missing(records, servers, dns.lookup, dns.name_servers))
        except Cancelled:
            return [f"the wait for {wanted.domain} was ended before it was verified"]
        return sentences or [_nothing_missing(wanted, answer)]


def _nothing_missing(wanted: ReadinessInputs, answer: Answer) -> str:
    seen = f"DNS shows all {len(wanted.records)} records of {wanted.domain}; " if wanted.records else ""
    if answer.status is not None and wanted.mail_from and not answer.status.mail_from:
        return f"{seen}SES has no MAIL FROM domain set for {wanted.domain}"
    if answer.status is not None and "FAILED" in (answer.status.dkim, answer.status.mail_from):
        return (
            f"{seen}SES has given up looking ({answer.words}); set DKIM or MAIL FROM there anew, so that it looks again"
        )
    return f"{seen}SES has not seen them yet ({answer.words}), which may take up to 72 hours"


def _summary(wanted: ReadinessInputs, answer: Answer, missing: list[str]) -> str:
    waited = f" after {answer.waited:.0f} s" if answer.waited >= 1 else ""
    said = f" ({answer.words})" if answer.status is not None else ""
    return f"{wanted.domain} is not verified{waited}{said}: {'; '.join(missing)}."
