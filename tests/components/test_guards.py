"""The hooks before a record or a stack is made: what they let pass and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pulumi.output import UNKNOWN

from components.guards import Guards
from mailstack import marks
from mailstack.errors import Conflict, DnsError, VendorError
from providers.dns import live

from .guarded import (
    DMARC,
    DOMAIN,
    FOREIGN,
    SPF,
    STACK,
    World,
    dmarc,
    exists,
    inputs,
    planned,
    policy,
    record,
    sealed,
)
from .mocks import MARK

# Records: whose they are.


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("mark", FOREIGN)
def test_a_record_of_somebody_else_is_refused(world: World, mark: str, preview: bool) -> None:
    """The whole id decides, in previews too; what is there is named with its comment."""
    world.records.append(exists(SPF, mark))
    with pytest.raises(Conflict, match=f'{DOMAIN}: TXT "{SPF}".* already exists') as refused:
        world.meet(record, inputs(SPF), preview=preview)
    assert f"(comment: {mark})" in str(refused.value) or not mark
    assert [one["fresh"] for one in world.asked] == [False]


def test_the_question_names_the_zone_and_the_record(world: World) -> None:
    """The plugin keeps its list of the zone, and is asked for one name of it."""
    world.meet(record, inputs(SPF))
    assert world.asked == [
        {"of": "cloudflare", "zone": "example.com", "zoneId": "z", "names": [DOMAIN], "fresh": False}
    ]


def test_our_own_record_passes_in_a_preview(world: World) -> None:
    """A preview of a replacement meets the half that still exists; it is not asked for twice."""
    world.records.append(exists(SPF, MARK))
    world.meet(record, inputs(SPF), preview=True)
    assert [one["fresh"] for one in world.asked] == [False]


def test_in_an_up_our_own_record_is_asked_for_again(world: World) -> None:
    """The old half of a replacement is deleted by then, so that the first answer is out of date."""
    world.records.append(exists(SPF, MARK))
    world.when_fresh = False
    world.meet(record, inputs(SPF))
    assert [one["fresh"] for one in world.asked] == [False, True]


def test_what_still_exists_with_our_mark_is_left_to_repair(world: World) -> None:
    """It is not in this stack's state: a run was killed, or an answer was lost."""
    world.records.append(exists(SPF, MARK))
    with pytest.raises(Conflict, match=rf"TXT record {DOMAIN} already exists with this stack's mark.*mailstack repair"):
        world.meet(record, inputs(SPF))


@pytest.mark.parametrize("mark", ["", MARK])
def test_while_the_mark_is_not_known_everything_is_foreign(world: World, mark: str) -> None:
    """In the first preview of a stack the Owner has no id yet: nothing can be this stack's."""
    world.records.append(exists(SPF, mark))
    with pytest.raises(Conflict, match="already exists"):
        world.meet(record, inputs(SPF, comment=UNKNOWN), preview=True)


def test_a_stack_that_looks_for_what_to_adopt_refuses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The previews of `mailstack adopt` pass; an update heeds no such variable."""
    monkeypatch.setenv(marks.ADOPTING, "1")
    world.records.append(exists(SPF))
    world.meet(record, inputs(SPF), preview=True)
    with pytest.raises(Conflict, match="already exists"):
        world.meet(record, inputs(SPF))


# A new stack.

OWNER = {"stack": STACK, "zones": {"example.com": {"cloudflare": "z"}}, "regions": ["eu-west-1"]}


@pytest.mark.parametrize("preview", [True, False])
def test_a_new_stack_makes_nothing_where_another_one_published(world: World, preview: bool) -> None:
    """Without this an `up` that was not previewed would make some of its records before one of them is refused."""
    world.records.append(exists("v=DMARC1; p=reject", FOREIGN[1], name=DMARC))
    sentence = f'{DMARC}: TXT "v=DMARC1; p=reject" .*already exists.*Another mailstack stack'
    with pytest.raises(Conflict, match=sentence):
        world.meet(Guards.owner, OWNER, preview=preview, wanted=planned({"sends": False}))
    names = [f"*._domainkey.{DOMAIN}", DMARC, DOMAIN]
    assert world.asked == [{"of": "cloudflare", "zone": "example.com", "zoneId": "z", "names": names, "fresh": False}]


def test_a_new_stack_leaves_the_rest_to_the_hooks_of_its_records(world: World) -> None:
    """What carries no mark may have been adopted into its state, and other values beside ours are no conflict."""
    world.records += [exists("v=DMARC1; p=none", name=DMARC), exists("theirs=1", FOREIGN[1])]
    world.meet(Guards.owner, OWNER)


@pytest.mark.parametrize("zones", [{}, {"example.com": {"cloudflare": UNKNOWN}}, {"example.com": UNKNOWN}])
def test_a_new_stack_without_a_zone_that_is_known_asks_nothing(world: World, zones: dict[str, Any]) -> None:
    """Other hosts keep no marks; a zone that another resource makes is empty."""
    world.meet(Guards.owner, {**OWNER, "zones": zones}, preview=True)
    assert world.asked == []


# Records: what they hold.


def test_an_update_onto_a_foreign_value_is_refused(world: World) -> None:
    """Cloudflare changes content in place: ours would be doubled onto what somebody else published."""
    world.records += [exists("ours=1", MARK), exists("theirs=1")]
    with pytest.raises(Conflict, match=r'TXT "theirs=1" already exists'):
        world.meet(record, inputs("theirs=1"), old=inputs("ours=1"))


def test_an_update_of_our_own_record_passes(world: World) -> None:
    """Its old content is ours and so is its mark: nothing is asked for again."""
    world.records.append(exists("v=spf1 -all", MARK))
    world.meet(record, inputs(SPF), old=inputs("v=spf1 -all"))
    assert [one["fresh"] for one in world.asked] == [False]


@pytest.mark.parametrize("mark", ["", MARK])
def test_values_of_our_other_slots_are_not_in_the_way(world: World, mark: str) -> None:
    """Two exchangers of one domain are two records: the second meets the first, whatever its mark is."""
    also = [{"name": "@", "type": "MX", "values": ["10 a.example.net", "20 b.example.net"]}]
    wanted = planned({"records": {"also": also}})
    new = {**inputs(""), "type": "MX", "content": "b.example.net", "priority": 20}
    world.records.append(exists("10 a.example.net", mark, kind="MX"))
    world.meet(record, new, wanted=wanted)
    world.records.append(exists("30 c.example.net", kind="MX"))
    with pytest.raises(Conflict, match=r'MX "30 c\.example\.net" already exists'):
        world.meet(record, new, wanted=wanted)


def test_a_flattened_alias_is_not_in_the_way(world: World) -> None:
    """Cloudflare answers a CNAME at the apex or a proxied one with addresses: other data may be beside it."""
    world.records.append(exists("www.example.net", kind="CNAME", isAlias=False))
    world.meet(record, inputs(SPF))
    world.records[0]["isAlias"] = True
    with pytest.raises(Conflict, match=r'CNAME "www\.example\.net" already exists'):
        world.meet(record, inputs(SPF))


@pytest.mark.parametrize(
    ("name", "there", "wanted", "way"),
    [
        (DMARC, "v = DMARC1 ; p = reject", "v=DMARC1; p=none", f'set mailstack:domains["{DOMAIN}"].dmarc to off'),
        (
            f"default._bimi.{DOMAIN}",
            "v = BIMI1 ; l =",
            "v=BIMI1; l=https://example.com/a.svg",
            f'remove mailstack:domains["{DOMAIN}"].bimi',
        ),
        (f"_mta-sts.{DOMAIN}", "v=STSv1 ; id=1", "v=STSv1; id=2;", f'remove mailstack:domains["{DOMAIN}"].mtaSts'),
        (
            f"_smtp._tls.{DOMAIN}",
            "v=TLSRPTv1 ; rua=mailto:a@b.example",
            "v=TLSRPTv1; rua=mailto:c",
            f'remove mailstack:domains["{DOMAIN}"].tlsRpt',
        ),
        (
            DOMAIN,
            "V=SPF1 mx -all",
            "v=spf1 include:other.example ~all",
            f'set mailstack:domains["{DOMAIN}"].spf to off',
        ),
        (
            f"{DOMAIN}._report._dmarc.example.net",
            "v = DMARC1",
            "v=DMARC1;",
            f'remove the address at example.net from mailstack:domains["{DOMAIN}"].dmarc.rua',
        ),
    ],
)
def test_a_second_policy_record_of_a_kind_is_refused(
    world: World, name: str, there: str, wanted: str, way: str
) -> None:
    """Blanks that its grammar allows hide no record; the sentence names the key that asks for a second one."""
    world.records.append(exists(there, name=name))
    with pytest.raises(Conflict) as refused:
        world.meet(policy, inputs(wanted, name))
    assert f'{name}: TXT "{there}" already exists' in str(refused.value)
    assert f"To keep it, {way}" in str(refused.value)


# Records: how their inputs arrive.


@pytest.mark.parametrize("key", ["zoneId", "name", "type", "content", "comment"])
def test_a_secret_input_is_checked_like_a_plain_one(world: World, key: str) -> None:
    """A secret reaches a hook as an output: what exists is found by its value, and no Output is printed."""
    world.records.append(exists("v=DMARC1; p=reject", name=DMARC))
    new = sealed(dmarc("v=DMARC1; p=none"), key)
    sentence = rf'{DMARC}: TXT "v=DMARC1; p=reject" already exists.* publish TXT "v=DMARC1; p=none"'
    with pytest.raises(Conflict, match=sentence):
        world.meet(policy, new)


@pytest.mark.parametrize("is_secret", [True, False])
@pytest.mark.parametrize("key", ["zoneId", "name", "content"])
def test_what_is_not_known_yet_is_not_checked(world: World, key: str, is_secret: bool) -> None:
    """A DKIM name comes from SES, a zone from another resource: the update checks them."""
    world.records.append(exists("v=DMARC1; p=reject", name=DMARC))
    new = {**dmarc("v=DMARC1; p=none"), key: UNKNOWN}
    world.meet(policy, sealed(new, key) if is_secret else new, preview=True)
    assert world.asked == []


# DMARC: nothing weaker than what covers the name.


def test_a_weaker_policy_is_refused(world: World) -> None:
    """p=none below p=reject in live DNS is refused, as a create and as an update that weakens."""
    world.texts["_dmarc.example.com"] = "v=DMARC1; p=reject"
    with pytest.raises(Conflict, match="p=none would weaken"):
        world.meet(policy, dmarc("v=DMARC1; p=none"))
    with pytest.raises(Conflict, match="p=none would weaken"):
        world.meet(policy, dmarc("v=DMARC1; p=none"), old=dmarc("v=DMARC1; p=quarantine"))


def test_our_own_policy_is_read_with_blanks(world: World) -> None:
    """A record kept as it was found with blanks states the policy that an update of it must not weaken."""
    world.texts["_dmarc.example.com"] = "v=DMARC1; p=reject"
    world.meet(policy, dmarc("v=DMARC1; p=none"), old=dmarc("v = DMARC1 ; p = none"))
    with pytest.raises(Conflict, match="p=none would weaken"):
        world.meet(policy, dmarc("v = DMARC1 ; p = none"), old=dmarc("v=DMARC1; p=quarantine"))


def test_an_update_that_weakens_nothing_passes(world: World) -> None:
    """On a record below a stricter parent a changed TTL and a stricter policy pass; a weaker one is refused."""
    world.texts["_dmarc.example.com"] = "v=DMARC1; p=reject"
    world.meet(policy, dmarc("v=DMARC1; p=none", ttl=600), old=dmarc("v=DMARC1; p=none"))
    world.meet(policy, dmarc("v=DMARC1; p=quarantine"), old=dmarc("v=DMARC1; p=none"))
    with pytest.raises(Conflict, match="p=none would weaken"):
        world.meet(policy, dmarc("v=DMARC1; p=none"), old=dmarc("v=DMARC1; p=quarantine"))


def test_the_replacement_of_our_own_record_weakens_nothing(world: World) -> None:
    """Our record that is replaced meets the check as a create: what DNS shows at its name counts."""
    world.texts |= {"_dmarc.example.com": "v=DMARC1; p=reject", DMARC: "v=DMARC1; p=none"}
    world.records.append(exists("v=DMARC1; p=none", MARK, name=DMARC))
    world.meet(policy, dmarc("v=DMARC1; p=none"), preview=True)
    world.texts[DMARC] = "v=DMARC1; p=quarantine"
    with pytest.raises(Conflict, match="p=none would weaken"):
        world.meet(policy, dmarc("v=DMARC1; p=none"), preview=True)


def test_a_parent_policy_of_the_same_run_counts_instead_of_live_dns(world: World) -> None:
    """Parent and child relaxed in one change: DNS still shows the parent's old policy, which is about to go."""
    world.texts["_dmarc.example.com"] = "v=DMARC1; p=reject"
    relaxed = {"dmarc": {"policy": "none"}}
    wanted = planned(relaxed, domains={"example.com": relaxed})
    world.meet(policy, dmarc("v=DMARC1; p=none"), old=dmarc("v=DMARC1; p=reject"), wanted=wanted)
    with pytest.raises(Conflict, match="p=none would weaken"):
        world.meet(policy, dmarc("v=DMARC1; p=none"), old=dmarc("v=DMARC1; p=reject"))


@pytest.mark.parametrize("values", [["v=DMARC1; p=none"], [UNKNOWN, "v=DMARC1; p=none"]])
def test_a_policy_at_another_host_is_compared_too(world: World, values: Sequence[Any]) -> None:
    """The plugin looks for what exists there; what covers the name is asked of DNS."""
    world.texts["_dmarc.example.com"] = "v=DMARC1; p=reject"
    new = {"host": "route53", "zone": "example.com", "zoneId": "z", "name": DMARC, "type": "TXT", "ttl": 300}
    with pytest.raises(Conflict, match="p=none would weaken"):
        world.meet(Guards.policy, {**new, "values": values})
    world.meet(Guards.policy, {**new, "values": ["v=DMARC1; p=reject"]})
    assert world.asked == []


def test_dns_that_does_not_answer_is_one_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer nobody knows what covers the name: the sentence says what could not be asked and what to do."""

    def dead(name: str, kind: str) -> list[str]:
        raise DnsError("DNS gave no answer for TXT _dmarc.example.com in 4 s")

    monkeypatch.setattr(live, "lookup", dead)
    with pytest.raises(Conflict, match=r"DNS gave no answer for TXT _dmarc\.example\.com.*MAILSTACK_DNS_SERVER"):
        world.meet(policy, dmarc("v=DMARC1; p=none"))


def test_a_zone_that_cannot_be_read_is_told_in_the_plugins_words(world: World) -> None:
    """They name the setting and the credentials; nothing is put around them."""
    world.refusal = "mailstack:dns.example.com: Cloudflare refused GET /zones/z/dns_records: Unauthorized (9109)"
    with pytest.raises(VendorError) as refused:
        world.meet(policy, dmarc("v=DMARC1; p=none"))
    assert str(refused.value) == world.refusal
