"""What a stack hands out: bundles, the state of its domains, and a page for the Pulumi console."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi

from mailstack.catalog import Endpoint
from mailstack.errors import SettingsError
from mailstack.mail.smtp import SmtpSettings
from mailstack.plan import Plan
from mailstack.settings.model import Domain, Route, Sender, Settings
from providers.smtp.ses import PROVIDER

from .resources import Readiness

ENDPOINTS = "MAILSTACK_SES_SMTP_ENDPOINTS"


def gathered(value: Any) -> pulumi.Output[Any]:
    """Return a value with outputs in its mappings and lists as one output.

    `pulumi.Output.from_input` and `all` would make several outputs for each key and each text in it.
    """
    outputs = list(_outputs(value))
    return pulumi.Output.all(*outputs).apply(lambda known: _filled(value, iter(known)))


def _outputs(value: Any) -> Iterator[pulumi.Output[Any]]:
    """List the outputs in a value in their order."""
    if isinstance(value, pulumi.Output):
        yield value
    elif isinstance(value, Mapping | list):
        for below in value.values() if isinstance(value, Mapping) else value:
            yield from _outputs(below)


def _filled(value: Any, known: Iterator[Any]) -> Any:
    """Return a copy of a value with what is known of its outputs, which come in their order."""
    if isinstance(value, pulumi.Output):
        return next(known)
    if isinstance(value, Mapping):
        return {key: _filled(below, known) for key, below in value.items()}
    return [_filled(below, known) for below in value] if isinstance(value, list) else value


def bundle(
    sender: Sender, route: Route, username: pulumi.Input[str], password: pulumi.Input[str]
) -> pulumi.Output[SmtpSettings]:
    """Put a sender's SMTP settings together."""
    endpoint, server_name = reached_at(route)

    def settings(login: Sequence[str]) -> SmtpSettings:
        return SmtpSettings(
            host=endpoint.host,
            port=endpoint.port,
            security=endpoint.security,
            server_name=server_name,
            username=login[0],
            password=login[1],
            from_address=sender.from_address,
            from_name=sender.from_.name,
        )

    return pulumi.Output.secret(pulumi.Output.all(username, password).apply(settings))


def check_endpoints(plan: Plan) -> None:
    """Refuse other SMTP endpoints than the providers' where they are not understood; raises SettingsError."""
    for login in plan.logins.values():
        if login.kind != "none":
            reached_at(plan.routes[login.route].settings)


def reached_at(route: Route) -> tuple[Endpoint, str | None]:
    """Return a route's SMTP endpoint and, where it is not the host's own, the name in the server's certificate.

    MAILSTACK_SES_SMTP_ENDPOINTS ("starttls=HOST:PORT,tls=HOST:PORT") puts another server in its place, as
    AWS_ENDPOINT_URL does for the API; the certificate is then still checked against the region's own name. Raises
    SettingsError where it has another form.
    """
    endpoint = PROVIDER.endpoint(route)
    override = os.environ.get(ENDPOINTS)
    if not override:
        return endpoint, None
    addresses = dict(entry.partition("=")[::2] for entry in override.split(","))
    address, _, port = addresses.get(endpoint.security, "").rpartition(":")
    if not address or not port.isdigit():
        raise SettingsError(
            f'{ENDPOINTS}: "{override}" names no {endpoint.security} endpoint; write '
            "starttls=HOST:PORT,tls=HOST:PORT, or unset it to use the region's own",
            path=ENDPOINTS,
        )
    return replace(endpoint, host=address, port=int(port)), endpoint.host


def smtp(bundles: Mapping[str, pulumi.Output[SmtpSettings]]) -> pulumi.Output[dict[str, Any]]:
    """Return the output `smtp`, one secret: the settings by sender."""
    return pulumi.Output.secret(
        gathered(bundles).apply(lambda known: {name: settings.as_dict() for name, settings in known.items()})
    )


def status(settings: Settings, waits: Mapping[str, Readiness]) -> pulumi.Output[dict[str, Any]]:
    """Tell for each domain whether it is verified, what is missing, and what the stack leaves to others."""
    states = {
        key: {"status": wait.status, "dkim": wait.dkim, "mailFrom": wait.mail_from_status, "missing": wait.missing}
        for key, wait in waits.items()
    }
    return gathered(states).apply(
        lambda routes: {name: _domain_status(domain, routes) for name, domain in settings.domains.items()}
    )


def _domain_status(domain: Domain, states: Mapping[str, Any]) -> dict[str, Any]:
    left_alone = _left_alone(domain)
    if not domain.manage:
        return {"status": "referenced", "leftAlone": left_alone}
    if not domain.sends:
        return {"status": "noMail", "leftAlone": left_alone}
    routes = {key: states[f"{domain.name}/{key}"] for key in domain.routes}
    overall = next((route["status"] for route in routes.values() if route["status"] != "verified"), "verified")
    return {"status": overall, "routes": routes, "leftAlone": left_alone}


def _left_alone(domain: Domain) -> list[str]:
    """Name what the settings leave to somebody else."""
    if not domain.manage:
        return ["identity", "records"]
    return [key for key in ("dmarc", "spf", "inbound") if getattr(domain, key) == "off"]


def readme(
    stack: str,
    settings: Settings,
    records: pulumi.Output[list[dict[str, Any]]],
    states: pulumi.Output[dict[str, Any]],
) -> pulumi.Output[str]:
    """Write the page that the Pulumi console shows for a stack; it holds no secret."""
    return records.apply(lambda known: states.apply(lambda domains: _page(stack, settings, known, domains)))


def _page(stack: str, settings: Settings, records: list[dict[str, Any]], states: dict[str, Any]) -> str:
    senders = [
        f"| {sender.key} | {sender.from_address} | {sender.domain} | {states[sender.domain]['status']} |"
        for sender in settings.senders.values()
    ]
    published = [
        f"| {record['name']} | {record['type']} | {record['purpose']} | {record['host']} |" for record in records
    ]
    lines = [
        f"# Mail of {stack}", "",
        "| sender | from | domain | status |", "|---|---|---|---|", *senders, "",
        "| record | type | purpose | host |", "|---|---|---|---|", *published, "",
        "The SMTP settings of each sender are in the secret output `smtp`: `mailstack bundle --sender NAME`.", "",
    ]  # fmt: skip
    return "\n".join(lines)
