"""The Terraform file, read by the rules of HCL and of the provider hashicorp/dns."""

from __future__ import annotations

import json
import re

from hypothesis import given

from mailstack.dns.formats import ZoneRecord, terraform
from mailstack.dns.records import Mx, RecordSet
from tests.mailstack.dns.formats.zone import RECORDS, TEXTS, ZONE, answers, txt

STRING = r'"(?:[^"\\]|\\.)*"'
# The provider's schema: resources, and what each calls its values (registry.terraform.io/providers/hashicorp/dns).
VALUES = {
    "dns_a_record_set": ("A", "addresses"),
    "dns_aaaa_record_set": ("AAAA", "addresses"),
    "dns_cname_record": ("CNAME", "cname"),
    "dns_mx_record_set": ("MX", "mx"),
    "dns_txt_record_set": ("TXT", "txt"),
}


def _string(literal: str) -> str:
    """Read a quoted string: `${` and `%{` only stand doubled (HCL native syntax, "Template Literals")."""
    text = json.loads(literal)
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", text)
    return re.sub(r"([$%])\1\{", r"\1{", text)


def _resources(text: str) -> list[tuple[str, str, dict[str, list[str]]]]:
    """Return type, label and arguments of each resource; an mx block is its fields as one text."""
    found = []
    for kind, label, body in re.findall(r'^resource "(\w+)" "([\w-]+)" \{\n(.*?)^\}$', text, re.MULTILINE | re.DOTALL):
        arguments: dict[str, list[str]] = {}
        for preference, exchange in re.findall(
            rf"  mx \{{\n    preference = (\d+)\n    exchange   = ({STRING})\n  \}}", body
        ):
            arguments.setdefault("mx", []).append(f"{preference} {_string(exchange)}")
        for name, value in re.findall(r"^  (\w+) += (.+)$", body, re.MULTILINE):
            arguments[name] = [_string(one) for one in re.findall(STRING, value)] or [value]
        found.append((kind, label, arguments))
    return found


def _provided(kind: str, value: str) -> str:
    """Return what the provider publishes: it reads a TXT value as the inside of a zone file's quotes."""
    if VALUES[kind][0] == "TXT":
        return re.sub(r"\\(.)", r"\1", value)
    if VALUES[kind][0] in ("CNAME", "MX"):
        assert value.endswith(".")
    return value.removesuffix(".")


def test_every_record_set_is_one_resource() -> None:
    """Zone and targets are absolute, the name is relative and left out at the zone itself, as the provider asks."""
    found: dict[tuple[str, str], set[str]] = {}
    for kind, _, arguments in _resources(terraform.render(RECORDS, ZONE)):
        assert arguments["zone"] == [f"{ZONE}."]
        name = f"{arguments['name'][0]}.{ZONE}" if "name" in arguments else ZONE
        record_type, values = VALUES[kind]
        found[name, record_type] = {_provided(kind, value) for value in arguments[values]}
    assert found == answers()


def test_the_ttl_is_left_out_where_the_host_chooses() -> None:
    """A resource without ttl has the provider's default."""
    ttls = [arguments.get("ttl") for _, _, arguments in _resources(terraform.render(RECORDS, ZONE))]
    assert ttls == [None if record.ttl is None else [str(record.ttl)] for record in RECORDS]


def test_labels_are_identifiers_and_differ() -> None:
    """A label starts with a letter and is one word, even for a wildcard and for names that look alike."""
    alike = [txt("x", "a.b.example.com"), txt("x", "a_b.example.com"), txt("x", "*.1.example.com")]
    labels = [label for _, label, _ in _resources(terraform.render(alike, ZONE))]
    assert labels == ["mail_a_b_example_com_txt", "mail_a_b_example_com_txt_2", "mail_any_1_example_com_txt"]


def test_several_mail_exchangers_are_blocks_of_one_resource() -> None:
    """A resource holds all values of its name and type."""
    two = ZoneRecord.of(RecordSet(ZONE, "MX", 300, (Mx(10, "a.example.net"), Mx(20, "b.example.net"))), ZONE)
    [(_, _, arguments)] = _resources(terraform.render([two], ZONE))
    assert arguments["mx"] == ["10 a.example.net.", "20 b.example.net."]


def test_an_spf_macro_is_no_template() -> None:
    """The macro %{i} of SPF (RFC 7208 section 7) is not read as a directive of Terraform's templates."""
    assert '"v=spf1 exists:%%{i}._spf.%%{d} ~all"' in terraform.render(RECORDS, ZONE)


@given(text=TEXTS)
def test_any_text_survives_terraform(text: str) -> None:
    """Quotes and backslashes are escaped twice, for the zone file's syntax and for HCL's."""
    [(kind, _, arguments)] = _resources(terraform.render([txt(text)], ZONE))
    assert [_provided(kind, value) for value in arguments["txt"]] == [text]
