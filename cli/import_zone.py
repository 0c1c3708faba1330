"""`mailstack import-zone`: the settings that reproduce the mail records of a zone, from its file or from live DNS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailstack.errors import MailstackError

if TYPE_CHECKING:
    from mailstack.settings.from_zone import Proposal, ZoneSet

# Where mail is known to leave records; DNS does not list names, so the rest of a live zone stays unseen.
_AT_A_DOMAIN = {"": ("MX", "TXT", "NS"), "_dmarc": ("TXT",), "_mta-sts": ("TXT",), "_smtp._tls": ("TXT",)}
_AT_A_DOMAIN |= {"default._bimi": ("TXT",)}
_RETURN_PATHS = ("bounce", "bounces", "mail", "mailfrom", "mail-from", "return", "em", "ses", "send")
_SUBDOMAINS = ("notify", "mail", "send", "news", "email", "mg")


@click.command(
    "import-zone",
    epilog="\b\nExamples:\n"
    "  mailstack import-zone example.com --selector google\n"
    "  mailstack import-zone db.example.com --zone example.com > proposal.yaml",
)
@click.argument("source", metavar="FILE|DOMAIN")
@click.option("--zone", metavar="NAME", help="The zone of a file that names none ($ORIGIN).")
@click.option("--selector", "selectors", multiple=True, metavar="NAME", help="A DKIM selector to look for in live DNS.")
@click.option("--below", "below", multiple=True, metavar="LABEL", help="A subdomain to look at in live DNS.")
@click.option("--json", "as_json", is_flag=True, help="Print settings and notes as JSON.")
def import_zone(
    source: str, zone: str | None, selectors: tuple[str, ...], below: tuple[str, ...], as_json: bool
) -> None:
    """Propose the settings that reproduce the mail records of a zone; nothing is written or changed.

    FILE is a zone file (RFC 1035), DOMAIN a zone whose records are asked for by their known names.
    """
    from cli.progress import working
    from mailstack.dns.records import domain_name
    from mailstack.settings.from_zone import propose
    from providers import catalog

    if Path(source).is_file():
        name, records = _from_file(Path(source), zone)
    else:
        name = domain_name(source)
        with working(f"asking DNS about {name}"):
            records = _from_dns(name, selectors, (*_SUBDOMAINS, *below))
    proposal = propose(name, records, catalog())
    _print(proposal, as_json)


def _print(proposal: Proposal, as_json: bool) -> None:
    import json

    import yaml

    if as_json:
        click.echo(json.dumps({"config": proposal.config, "notes": proposal.notes}, indent=2))
        return
    for note in proposal.notes:
        click.echo(f"# {note}")
    click.echo(yaml.safe_dump({"config": proposal.config}, sort_keys=False, width=4096), nl=False)


def _from_file(path: Path, zone: str | None) -> tuple[str, dict[tuple[str, str], ZoneSet]]:
    import dns.exception
    import dns.rdatatype
    import dns.zone

    from mailstack.settings.from_zone import ZoneSet
    from providers.dns import rdata

    try:
        found = dns.zone.from_text(
            path.read_text(),
            origin=f"{zone.removesuffix('.')}." if zone else None,
            relativize=False,
            check_origin=False,
        )
    except (dns.exception.DNSException, UnicodeDecodeError, ValueError) as error:
        words = " ".join(str(error).split())
        more = "" if zone else "; if it names no $ORIGIN, give --zone NAME"
        raise MailstackError(f"{path}: is no zone file: {words}{more}") from None
    records = {}
    for name, rdataset in found.iterate_rdatasets():
        kind = dns.rdatatype.to_text(rdataset.rdtype)
        values = tuple(sorted(map(rdata.content, rdataset)))
        records[rdata.name(name), kind] = ZoneSet(int(rdataset.ttl), values)
    return rdata.name(found.origin), records


def _from_dns(zone: str, selectors: tuple[str, ...], below: tuple[str, ...]) -> dict[tuple[str, str], ZoneSet]:
    from concurrent.futures import ThreadPoolExecutor

    from mailstack.settings.from_zone import ZoneSet
    from providers.dns import live

    questions = [
        (f"{label}.{domain}" if label else domain, kind)
        for domain in (zone, *(f"{label}.{zone}" for label in below))
        for label, kinds in _labels(selectors).items()
        for kind in kinds
    ]
    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda question: live.lookup(*question), questions)
    found = {
        question: ZoneSet(300, tuple(values)) for question, values in zip(questions, answers, strict=True) if values
    }
    return _without_aliases(found)


def _labels(selectors: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    paths: dict[str, tuple[str, ...]] = dict.fromkeys(_RETURN_PATHS, ("MX", "TXT"))
    keys: dict[str, tuple[str, ...]] = {f"{selector}._domainkey": ("CNAME", "TXT") for selector in selectors}
    return {**_AT_A_DOMAIN, **paths, **keys}


def _without_aliases(found: dict[tuple[str, str], ZoneSet]) -> dict[tuple[str, str], ZoneSet]:
    """Leave out what an alias answers: the record is at its target."""
    aliases = {name for name, kind in found if kind == "CNAME"}
    return {(name, kind): one for (name, kind), one in found.items() if kind == "CNAME" or name not in aliases}
