"""Route 53's record sets, written as the real plugin writes them.

Requests and their order are those of internal/service/route53/record.go in the Terraform AWS provider, which the real
plugin wraps. Operations: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final
from xml.sax.saxutils import escape

from .aws_account import Account
from .aws_api import AwsError
from .resource import OUTPUT, Properties, Property, State, VendorError
from .route53_zones import VERSION, list_sets, plain, segment, zone_name

_NAMESPACE: Final = "https://route53.amazonaws.com/doc/2013-04-01/"
_QUOTED: Final = ("TXT", "SPF")
_TYPES: Final = (
    *_QUOTED, "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SRV", "SSHFP", "SVCB",
    "TLSA",
)  # fmt: skip
# Aliases and routing policies: properties of the real type that no program of the kit gives.
_NOT_SERVED: Final = (
    "aliases",
    "cidrRoutingPolicy",
    "failoverRoutingPolicies",
    "geolocationRoutingPolicies",
    "geoproximityRoutingPolicy",
    "healthCheckId",
    "latencyRoutingPolicies",
    "multivalueAnswerRoutingPolicy",
    "setIdentifier",
    "weightedRoutingPolicies",
)


def _same_name(old: Any, new: Any, inputs: State) -> bool:
    return _lower(str(old)) == _lower(str(new))


def _same_values(old: Any, new: Any, inputs: State) -> bool:
    return set(map(str, old)) == set(map(str, new))  # a set in the real type


class Record:
    """aws:route53/record:Record of plain values; its id is `<zone>_<name>_<type>`.

    Name and zone make a new record set; the type is changed in place since hashicorp/terraform-provider-aws#47105.
    """

    properties: ClassVar[Properties] = {
        "zoneId": Property(required=True, replaces=True),
        "name": Property(required=True, replaces=True, same=_same_name),
        "type": Property(required=True),
        "ttl": Property(),
        "records": Property(same=_same_values),
        "allowOverwrite": Property(computed=True),
        "fqdn": OUTPUT,
        **{key: Property() for key in _NOT_SERVED},
    }

    def __init__(self, account: Account) -> None:
        self._account = account

    def create(self, inputs: State) -> tuple[str, State]:
        """Ask for the zone, create the record set and read it; AWS refuses one that exists, if not overwritten."""
        id_ = _id(inputs)
        self._put(inputs, "UPSERT" if inputs.get("allowOverwrite") else "CREATE")
        return id_, self._now(id_, inputs)

    def read(self, id_: str, state: State) -> tuple[str, State] | None:
        """Find the record set in its zone; an import knows the id only."""
        state = state or _parsed(id_)
        found = self._found(state)
        if found is None:
            return None
        zone, standing = found
        records = [_bare(standing["type"], value) for value in standing["values"]]
        return id_, {**state, "ttl": standing["ttl"], "records": records, "fqdn": _full(state["name"], zone)}

    def update(self, id_: str, state: State, inputs: State) -> State:
        """Overwrite the record set; where its type changed, delete the old one and create the new one in one batch."""
        if state["type"] == inputs["type"]:
            self._put(inputs, "UPSERT")
            return self._now(id_, inputs)
        zone = self._zone(inputs["zoneId"])
        try:
            self._send(inputs["zoneId"], _change("DELETE", state, zone) + _change("CREATE", inputs, zone))
        except AwsError as error:
            raise VendorError(f"updating Route53 Record ({id_}): {error}") from None
        return self._now(id_, inputs)

    def delete(self, id_: str, state: State) -> None:
        """Delete the record set as it is now; a gone one, or one that AWS will not delete, is no failure."""
        found = self._found(state)
        if found is None:
            return
        _, standing = found
        try:
            self._send(state["zoneId"], _wire("DELETE", standing["name"], standing))
        except AwsError as error:
            if error.code != "InvalidChangeBatch":
                raise VendorError(f"deleting Route53 Record ({id_}): {error}") from None

    def _put(self, inputs: State, action: str) -> None:
        if given := [key for key in _NOT_SERVED if inputs.get(key)]:
            raise VendorError(f"the stand-in plugin writes plain record sets only, without {', '.join(given)}")
        zone = self._zone(inputs["zoneId"])
        try:
            self._send(inputs["zoneId"], _change(action, inputs, zone))
        except AwsError as error:
            raise VendorError(f"creating Route53 Record: {error}") from None

    def _now(self, id_: str, inputs: State) -> State:
        found = self.read(id_, inputs)
        if found is None:
            raise VendorError(f"reading Route 53 Record ({id_}): couldn't find resource")
        return found[1]

    def _found(self, state: State) -> tuple[str, State] | None:
        """Give the zone's name and the record set that exists there, None where either is gone."""
        try:
            zone = zone_name(self._account, state["zoneId"])
            full, kind = _full(state["name"], zone), state["type"]
            for one in list_sets(self._account, state["zoneId"], f"{_api(full)}.", kind):
                if (one["name"], one["type"], one["setIdentifier"]) == (f"{_api(full)}.", kind, ""):
                    return zone, one
        except AwsError as error:
            if error.code != "NoSuchHostedZone":
                raise VendorError(f"reading Route 53 Record ({_id(state)}): {error}") from None
        return None

    def _zone(self, zone_id: str) -> str:
        try:
            return zone_name(self._account, zone_id)
        except AwsError as error:
            words = "couldn't find resource" if error.code == "NoSuchHostedZone" else str(error)
            raise VendorError(f"reading Route 53 Hosted Zone ({zone_id}): {words}") from None

    def _send(self, zone_id: str, changes: str) -> None:
        """Send a batch and ask once whether it is in force; the real plugin waits 10 s and more. Raises AwsError."""
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="{_NAMESPACE}"><ChangeBatch>'
            f"<Changes>{changes}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
        )
        path = f"{VERSION}/hostedzone/{segment(zone_id)}/rrset/"
        answer = self._account.aws.xml("ChangeResourceRecordSets", "POST", path, body)
        change = (answer.findtext(".//ChangeInfo/Id") or "").rpartition("/")[2]
        self._account.aws.xml("GetChange", "GET", f"{VERSION}/change/{segment(change)}")


def _id(inputs: State) -> str:
    return f"{inputs['zoneId']}_{str(inputs['name']).lower()}_{inputs['type']}"


def _parsed(id_: str) -> State:
    """Take an import's id apart; the first part that is a type ends the name, which may hold underscores itself."""
    zone, *rest = id_.split("_")
    end = next((index for index, part in enumerate(rest) if index and part in _TYPES), None)
    if not zone or end is None:
        raise VendorError(
            f'unexpected format of ID ("{id_}"), expected ZONEID_RECORDNAME_TYPE_SET-IDENTIFIER '
            "(e.g. Z4KAPRWWNC7JR_dev.example.com_NS_dev), where SET-IDENTIFIER is optional"
        )
    return {"zoneId": zone, "name": "_".join(rest[:end]).removesuffix("."), "type": rest[end]}


def _change(action: str, one: State, zone: str) -> str:
    """Write a change of the program's values: TXT in quotes, which is all that the real plugin does to them."""
    kind = str(one["type"])
    values = [f'"{value}"' if kind in _QUOTED else str(value) for value in one.get("records") or []]
    return _wire(action, _api(_full(one["name"], zone)), {"type": kind, "ttl": one.get("ttl"), "values": values})


def _wire(action: str, name: str, one: State) -> str:
    records = "".join(f"<ResourceRecord><Value>{escape(value)}</Value></ResourceRecord>" for value in one["values"])
    ttl = "" if one["ttl"] is None else f"<TTL>{int(one['ttl'])}</TTL>"
    return (
        f"<Change><Action>{action}</Action><ResourceRecordSet><Name>{escape(name)}</Name><Type>{one['type']}</Type>"
        f"{ttl}<ResourceRecords>{records}</ResourceRecords></ResourceRecordSet></Change>"
    )


def _bare(kind: str, value: str) -> str:
    return value[1:-1] if kind in _QUOTED and len(value) > 1 and value[0] == value[-1] == '"' else value


def _full(name: Any, zone: str) -> str:
    given = plain(str(name))
    return given if given.endswith(zone) else f"{given}.{zone}" if given else zone


def _lower(name: str) -> str:
    return name.removesuffix(".").lower()


def _api(name: str) -> str:
    r"""Write a name as the API does: everything but letters, digits, `-`, `_` and dots as `\ooo`, octal."""
    return re.sub(r"[^a-z0-9_.-]", lambda found: f"\\{ord(found[0]):03o}", name)
