"""What Route 53 refuses of a batch of changes, the whole of it and in its own words.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html; the texts are those that
users report (hashicorp/terraform#18509, GSA-TTS/dns#443, meltwater/terraform-aws-asg-dns-handler#38,
virtualmin/virtualmin-gpl#355).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.route53.exceptions import Route53ClientError

# The API reference's lengths: of a value in ResourceRecord, and of a string inside it (TXTFormat).
LONGEST_VALUE, LONGEST_STRING = 4000, 255
STRING = r'"((?:[^"\\]|\\.)*)"'

Record = Mapping[str, Any]
Key = tuple[str, str, str]


def check_batch(zone: str, standing: Sequence[Record], changes: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a change batch that AWS would refuse, each change seen after those before it; Route53ClientError.

    Names are those of api_name, `standing` and the changes' sets have the API's keys.
    """
    after = {_key(one): one for one in standing}
    for change in changes:
        record = change["ResourceRecordSet"]
        key, what = _key(record), f"resource record set [name='{record['Name']}', type='{record['Type']}']"
        if not f".{record['Name']}".endswith(f".{zone}"):
            raise _refused(f"RRSet with DNS name {record['Name']} is not permitted in zone {zone}")
        if change["Action"] == "DELETE":
            if key not in after:
                raise _refused(f"Tried to delete {what} but it was not found")
            if _contents(after.pop(key)) != _contents(record):
                raise _refused(f"Tried to delete {what} but the values provided do not match the current values")
            continue
        if change["Action"] == "CREATE" and key in after:
            raise _refused(f"Tried to create {what} but it already exists")
        _check_values(record)
        _check_alias(zone, record, {kind for name, kind, _ in after if name == record["Name"]} - {record["Type"]})
        after[key] = record


def _key(record: Record) -> Key:
    return record["Name"], record["Type"], record.get("SetIdentifier") or ""


def _contents(record: Record) -> tuple[Any, ...]:
    values = sorted(one["Value"] for one in record.get("ResourceRecords") or [])
    target = (record.get("AliasTarget") or {}).get("DNSName", "")
    return str(record.get("TTL") or ""), values, plain(target)


def _check_alias(zone: str, record: Record, others: set[str]) -> None:
    """Keep a CNAME alone at its name (RFC 1034 section 3.6.2)."""
    head = f"RRSet of type {record['Type']} with DNS name {record['Name']} is not permitted"
    if record["Type"] == "CNAME" and others:
        raise _refused(f"{head} as it conflicts with other records with the same DNS name in zone {zone}")
    if "CNAME" in others:
        raise _refused(
            f"{head} because a conflicting RRSet of type CNAME with the same DNS name already exists in zone {zone}"
        )


def _check_values(record: Record) -> None:
    for one in record.get("ResourceRecords") or []:
        value = one["Value"]
        if len(value) > LONGEST_VALUE:
            raise Route53ClientError(
                "InvalidInput",
                f"Invalid XML ; cvc-maxLength-valid: Value '{value}' with length = '{len(value)}' is not facet-valid "
                f"with respect to maxLength '{LONGEST_VALUE}' for type 'RData'.",
            )
        if record["Type"] == "TXT" and (wrong := _text_fault(value)):
            raise _refused(f"Invalid Resource Record: 'FATAL problem: {wrong} encountered with '{value}''")


def _text_fault(value: str) -> str:
    strings = re.findall(STRING, value)
    if not strings or re.sub(STRING, "", value).strip():
        return "InvalidCharacterString (Value should be enclosed in quotation marks)"
    if any(len(unescaped(string)) > LONGEST_STRING for string in strings):
        return "CharacterStringTooLong (Value is too long)"
    return ""


def _refused(message: str) -> Route53ClientError:
    return Route53ClientError("InvalidChangeBatch", f"[{message}]")


def api_name(name: str) -> str:
    r"""Write a name as the API lists it: lower case, a final dot, `\052` for an asterisk (DomainNameFormat.html)."""
    return re.sub(r"[^a-z0-9_.-]", lambda found: f"\\{ord(found[0]):03o}", plain(name)) + "."


def plain(name: str) -> str:
    """Write a name without escapes and without its final dot."""
    return unescaped(name).lower().rstrip(".")


def unescaped(text: str) -> str:
    r"""Undo `\ooo` (octal) and `\x` (the character itself)."""
    return re.sub(r"\\([0-3][0-7]{2}|.)", lambda found: chr(int(found[1], 8)) if len(found[1]) == 3 else found[1], text)
