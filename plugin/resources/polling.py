"""Asking a provider about a domain: once, or until it is verified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import SystemRandom

from mailstack.errors import Busy, Missing, VendorError
from plugin.lifecycle import Cancelled, Context
from plugin.resources.readiness_inputs import ReadinessInputs
from providers.smtp.base import DomainStatus, SmtpProvider

_FIRST_DELAY, _GROWTH, _LONGEST_DELAY = 1.0, 1.5, 15.0  # seconds
_JITTER = 0.2  # so that many domains do not ask in step
# A new identity may not be there for the first reader yet: for so many seconds its absence is asked about again.
_SETTLING = 10.0
_random = SystemRandom()


@dataclass(frozen=True)
class Answer:
    """What became of a question: a status or a trouble, and for how many seconds it was asked."""

    status: DomainStatus | None = None
    trouble: VendorError | None = None
    waited: float = 0.0

    @property
    def verified(self) -> bool:
        """Tell whether the provider reported all that was expected as verified."""
        return self.status is not None and self.status.verified

    @property
    def words(self) -> str:
        """Return the provider's words on DKIM and MAIL FROM."""
        if self.status is None:
            return str(self.trouble or "no answer")
        parts = [f"DKIM {self.status.dkim or 'not configured'}"]
        if self.status.mail_from:
            parts.append(f"MAIL FROM {self.status.mail_from}")
        if self.status.detail:
            parts.append(self.status.detail)
        return ", ".join(parts)


def ask(provider: SmtpProvider, wanted: ReadinessInputs, context: Context) -> Answer:
    """Ask once; a provider's refusal is an answer, too."""
    try:
        return Answer(context.run(lambda: provider.status(wanted.domain, wanted.mail_from)))
    except VendorError as error:
        return Answer(trouble=error)
    except Cancelled:
        return Answer(trouble=VendorError(f"the question about {wanted.domain} was cancelled"))


def wait(provider: SmtpProvider, wanted: ReadinessInputs, context: Context) -> Answer:
    """Ask until the domain is verified, the time is over, the run is cancelled or asking again is no use."""
    began = context.clock.now()
    delays = _delays()
    while True:
        answer = ask(provider, wanted, context)
        waited = context.clock.now() - began
        answer = replace(answer, waited=waited)
        if answer.verified or not _worth_asking_again(answer) or context.cancelled.is_set():
            return answer
        left = wanted.wait_seconds - waited
        if left <= 0:
            return answer
        context.status(f"waiting for {wanted.domain}: {answer.words} ({waited:.0f} s of {wanted.wait_seconds:.0f} s)")
        if not context.sleep(min(next(delays), left)):
            return replace(answer, waited=context.clock.now() - began)


def _worth_asking_again(answer: Answer) -> bool:
    if isinstance(answer.trouble, Missing):
        return answer.waited < _SETTLING
    return answer.trouble is None or isinstance(answer.trouble, Busy)


def _delays() -> Iterator[float]:
    delay = _FIRST_DELAY
    while True:
        yield delay * _random.uniform(1 - _JITTER, 1 + _JITTER)
        delay = min(delay * _GROWTH, _LONGEST_DELAY)
