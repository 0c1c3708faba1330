"""The file that `pulumi import` reads: each resource under its own parent and provider."""

from __future__ import annotations

from importlib.metadata import version

from cli.importing import content
from cli.preview import Step

STACK = "urn:pulumi:prod::mail::pulumi:pulumi:Stack::mail-prod"
TOP = "urn:pulumi:prod::mail::mailstack:index:MailStack::mail"
RECORDS = "urn:pulumi:prod::mail::mailstack:index:MailStack$mailstack:index:Records::mail"
CLOUDFLARE = "cloudflare:index/dnsRecord:DnsRecord"
COMPONENTS = [
    Step("create", TOP, "mailstack:index:MailStack", STACK, {}, custom=False),
    Step("create", RECORDS, "mailstack:index:Records", TOP, {}, custom=False),
]


def record(type_token: str = CLOUDFLARE, provider: str = "") -> Step:
    """Return the step that would create a record below the components."""
    urn = f"{RECORDS.rpartition('::')[0]}${type_token}::mail-dns-a"
    return Step("create", urn, type_token, RECORDS, {}, provider=provider)


def test_a_parent_of_the_state_is_in_the_name_table_though_the_preview_does_not_list_it() -> None:
    """A preview lists no components that stay the same, and an import without parent is another resource."""
    file = content([(record(), "zone/id")], [record()], {STACK, TOP, RECORDS})
    [entry] = file["resources"]
    assert file["nameTable"] == {entry["parent"]: RECORDS}


def test_new_components_are_entries_of_their_own_whatever_their_names() -> None:
    """MailStack and Records have one name, and `pulumi import` refuses a parent whose name two entries have."""
    file = content([(record(), "zone/id")], [*COMPONENTS, record()], ())
    top, records, entry = file["resources"]
    assert (top["logicalName"], records["logicalName"]) == ("mail", "mail")
    assert len({top["name"], records["name"], entry["name"]}) == 3
    assert "parent" not in top
    assert (records["parent"], entry["parent"]) == (top["name"], records["name"])
    assert file["nameTable"] == {}


def test_two_resources_share_their_parents() -> None:
    """A component is written once."""
    other = Step("create", f"{record().urn}-b", CLOUDFLARE, RECORDS, {})
    file = content([(record(), "zone/1"), (other, "zone/2")], [*COMPONENTS, record(), other], ())
    assert [one["name"] for one in file["resources"]].count(file["resources"][-1]["parent"]) == 1
    assert len(file["resources"]) == 4


def test_a_resource_of_an_sdk_has_its_version_and_its_explicit_provider() -> None:
    """The engine loads the plugin by the installed SDK's version; a default provider needs no name."""
    explicit = "urn:pulumi:prod::mail::pulumi:providers:cloudflare::mine"
    default = "urn:pulumi:prod::mail::pulumi:providers:cloudflare::default_6_10_0"
    known = {RECORDS, explicit, default}
    mine = content([(record(provider=f"{explicit}::id"), "zone/id")], [], known)
    assert mine["nameTable"][mine["resources"][0]["provider"]] == explicit
    assert mine["resources"][0]["version"] == version("pulumi_cloudflare")
    usual = content([(record(provider=f"{default}::id"), "zone/id")], [], known)
    assert "provider" not in usual["resources"][0]


def test_a_type_of_the_kits_own_plugin_names_no_provider() -> None:
    """The provider in the state has the credentials of the last run, not those of a zone that was added since."""
    own = "urn:pulumi:prod::mail::mailstack:index:MailStack$pulumi:providers:mailstack::mail-plugin"
    found = content([(record("mailstack:index:RecordSet", f"{own}::id"), "route53/x")], [], {RECORDS, own})
    assert set(found["resources"][0]) == {"type", "name", "id", "parent"}
