"""Route 53's look-ups: hosted zones and what exists in them.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53.html
"""

from __future__ import annotations

import re
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any, Final

from .aws_account import Account
from .aws_api import AwsError
from .resource import State, VendorError

VERSION: Final = "/2013-04-01"
# What getRecords says of a plain record set beside its values.
_NOTHING: Final = {
    **dict.fromkeys(("aliasTarget", "cidrRoutingConfig", "geolocation", "geoproximityLocation")),
    **dict.fromkeys(("failover", "healthCheckId", "region", "trafficPolicyInstanceId"), ""),
    "multiValueAnswer": False,
    "weight": 0,
}


def find_zone(account: Account, arguments: State) -> State:
    """Answer aws:route53/getZone:getZone: by id, or the one zone of a name and kind. Raises VendorError."""
    try:
        if arguments.get("zoneId"):
            return _outputs(account, _get_zone(account, str(arguments["zoneId"])))
        return _outputs(account, _get_zone(account, _only_zone(account, arguments)))
    except AwsError as error:
        raise VendorError("couldn't find resource" if error.code == "NoSuchHostedZone" else str(error)) from None


def find_records(account: Account, arguments: State) -> State:
    """Answer aws:route53/getRecords:getRecords. Raises VendorError."""
    zone, pattern = str(arguments["zoneId"]), arguments.get("nameRegex")
    try:
        found = [
            {
                **_NOTHING,
                **{key: one[key] for key in ("name", "type", "ttl", "setIdentifier", "aliasTarget")},
                "resourceRecords": [{"value": value} for value in one["values"]],
            }
            for one in list_sets(account, zone)
            if not pattern or re.search(str(pattern), one["name"])
        ]
    except AwsError as error:
        raise VendorError(f"listing Route 53 Records ({zone}): {error}") from None
    return {"zoneId": zone, "nameRegex": pattern, "resourceRecordSets": found}


def list_sets(account: Account, zone: str, start: str = "", kind: str = "") -> Iterator[State]:
    """Page through the record sets of a zone; with a start only the first one from that name and type on.

    Raises AwsError.
    """
    query = {"maxitems": "1", "name": start, "type": kind} if start else {}
    while True:
        path = f"{VERSION}/hostedzone/{segment(zone)}/rrset"
        answer = account.aws.xml("ListResourceRecordSets", "GET", path, query=_query(query))
        for one in answer.iterfind(".//ResourceRecordSet"):
            yield _set(one)
        if start or answer.findtext(".//IsTruncated") != "true":
            return
        following = {"name": "NextRecordName", "type": "NextRecordType", "identifier": "NextRecordIdentifier"}
        query = {key: text for key, tag in following.items() if (text := answer.findtext(f".//{tag}"))}


def zone_name(account: Account, zone: str) -> str:
    """Return a zone's name without trailing dot. Raises AwsError."""
    return plain(_get_zone(account, zone).findtext(".//HostedZone/Name") or "")


def segment(text: str) -> str:
    """Write a text as one segment of a path."""
    return urllib.parse.quote(text, safe="")


def plain(name: str) -> str:
    r"""Write a name in lower case without trailing dot, `\052` as the asterisk that it is."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), name).lower().removesuffix(".")


def _get_zone(account: Account, zone: str) -> ET.Element:
    return account.aws.xml("GetHostedZone", "GET", f"{VERSION}/hostedzone/{segment(zone)}")


def _only_zone(account: Account, arguments: State) -> str:
    name, private = plain(str(arguments["name"])), bool(arguments.get("privateZone"))
    matching = [
        (one.findtext("Id") or "").rpartition("/")[2]
        for one in _listed_zones(account)
        if plain(one.findtext("Name") or "") == name and (one.findtext("Config/PrivateZone") == "true") == private
    ]
    if not matching:
        raise VendorError("no matching Route 53 Hosted Zone found")
    if len(matching) > 1:
        raise VendorError(
            "multiple Route 53 Hosted Zones matched; use additional constraints to reduce matches to a single "
            "Route 53 Hosted Zone"
        )
    return matching[0]


def _listed_zones(account: Account) -> Iterator[ET.Element]:
    query: dict[str, str] = {}
    while True:
        answer = account.aws.xml("ListHostedZones", "GET", f"{VERSION}/hostedzone", query=_query(query))
        yield from answer.iterfind(".//HostedZone")
        if answer.findtext(".//IsTruncated") != "true":
            return
        query = {"marker": answer.findtext(".//NextMarker") or ""}


def _outputs(account: Account, found: ET.Element) -> State:
    zone = (found.findtext(".//HostedZone/Id") or "").rpartition("/")[2]
    tags = account.aws.xml("ListTagsForResource", "GET", f"{VERSION}/tags/hostedzone/{segment(zone)}")
    servers = [one.text or "" for one in found.iterfind(".//NameServers/NameServer")]
    return {
        "id": zone,
        "zoneId": zone,
        "arn": f"arn:aws:route53:::hostedzone/{zone}",
        "name": plain(found.findtext(".//HostedZone/Name") or ""),
        "callerReference": found.findtext(".//CallerReference") or "",
        "comment": found.findtext(".//Config/Comment") or "",
        "privateZone": found.findtext(".//Config/PrivateZone") == "true",
        "resourceRecordSetCount": int(found.findtext(".//ResourceRecordSetCount") or 0),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "enableAcceleratedRecovery": False,
        "linkedServiceDescription": "",
        "linkedServicePrincipal": "",
        "vpcId": "",
        "tags": {tag.findtext("Key") or "": tag.findtext("Value") or "" for tag in tags.iterfind(".//Tags/Tag")},
    }


def _set(one: ET.Element) -> State:
    alias, ttl = one.find("AliasTarget"), one.findtext("TTL")
    target: dict[str, Any] | None = None
    if alias is not None:
        target = {
            "dnsName": alias.findtext("DNSName"),
            "hostedZoneId": alias.findtext("HostedZoneId"),
            "evaluateTargetHealth": alias.findtext("EvaluateTargetHealth") == "true",
        }
    return {
        "name": one.findtext("Name") or "",
        "type": one.findtext("Type") or "",
        "ttl": None if ttl is None else int(ttl),
        "setIdentifier": one.findtext("SetIdentifier") or "",
        "values": [value.text or "" for value in one.iterfind("ResourceRecords/ResourceRecord/Value")],
        "aliasTarget": target,
    }


def _query(values: dict[str, str]) -> str:
    # As a signed request's query: blanks as %20, never "+".
    return urllib.parse.urlencode(values, quote_via=urllib.parse.quote)
