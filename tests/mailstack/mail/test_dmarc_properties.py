"""DMARC records of any kind: what parsing promises for all of them (RFC 9989 sections 4.7, 4.8 and 4.10)."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailstack.errors import DmarcError
from mailstack.mail.dmarc import POLICIES, Dmarc, covering, parse, tree_walk
from mailstack.mail.policy_records import kind

# That a machine is busy is no mistake of the code.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
POLICY = st.sampled_from(POLICIES)
ADDRESS = st.from_regex(r"\A(mailto:[!#-+\--:=?A-~]{1,12}@[a-z0-9.-]{1,10}|https:[!-+\--:<-~]{1,9})\Z").filter(
    lambda text: text.count("@") <= 1 and "!" not in text and text.isascii() and ";" not in text
)
RECORDS = st.builds(
    Dmarc,
    policy=POLICY,
    subdomain_policy=st.none() | POLICY,
    nonexistent_policy=st.none() | POLICY,
    psd=st.sampled_from([None, "y", "n"]),
    testing=st.booleans(),
    adkim=st.sampled_from(["r", "s"]),
    aspf=st.sampled_from(["r", "s"]),
    fo=st.sampled_from([None, "0", "1", "d", "s", "d:s", "s:d", "1:d:s"]),
    rua=st.lists(ADDRESS, max_size=3).map(tuple),
    ruf=st.lists(ADDRESS, max_size=2).map(tuple),
)
BLANKS = st.sampled_from(["", " ", "  ", "\t"])
PIECES = st.sampled_from(
    ["v=DMARC1", "v=DMARC2", ";", "=", " ", "p", "sp", "np", "psd", "t", "fo", "rua", "ruf", "adkim", "none", "reject"]
) | st.sampled_from(
    ["quarantine", "y", "n", "s", "mailto:", "a@b.example", ",", "!10m", "!", ":", "%", "\x1f", "\n", "é", "٣", '"']
)
NEARLY = st.lists(PIECES, max_size=16).map("".join).map(lambda text: "v=DMARC1; " + text) | st.text()
NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=12).map(".".join)


@unhurried
@given(RECORDS)
def test_what_is_built_is_written_and_read_equal(record: Dmarc) -> None:
    assert parse(str(record)) == record
    assert kind("_dmarc.example.com", str(record)) == "dmarc"


@unhurried
@given(RECORDS, st.lists(BLANKS, min_size=3, max_size=3), st.booleans())
def test_blanks_around_signs_and_a_last_semicolon_mean_nothing(record: Dmarc, blanks: list[str], last: bool) -> None:
    """Section 4.8 allows WSP around "=" and ";" and a separator at the end."""
    before, behind, around = blanks
    tags = [tag.partition("=") for tag in str(record).split("; ")]
    text = f"{before};{behind}".join(f"{name}{around}={around}{value}" for name, _, value in tags)
    assert parse(text + (before + ";" if last else "")) == record


@unhurried
@given(RECORDS, st.permutations(range(1, 11)))
def test_the_order_of_tags_behind_v_means_nothing(record: Dmarc, order: list[int]) -> None:
    tags = str(record).split("; ")
    assert parse("; ".join([tags[0], *(tags[place] for place in order if place < len(tags))])) == record


@unhurried
@given(RECORDS, st.sampled_from(["pct=50", "rf=afrf", "ri=3600", "xyz=;", "bimi", "=", "p2=reject"]))
def test_what_is_unknown_or_removed_means_nothing(record: Dmarc, tag: str) -> None:
    """Section 4.7: unknown tags are ignored; appendix C: pct, rf and ri are removed."""
    assert parse(f"{record}; {tag}") == record


@unhurried
@given(NEARLY)
def test_no_text_is_answered_with_anything_but_a_record_or_a_sentence(text: str) -> None:
    try:
        record = parse(text)
    except DmarcError as error:
        assert str(error)
        return
    assert kind("_dmarc.example.com", text) == "dmarc"
    assert parse(str(record)) == record


@unhurried
@given(st.text(alphabet="ab.", max_size=60))
def test_a_walk_has_at_most_eight_names(domain: str) -> None:
    """Section 4.10, whatever the name looks like."""
    assert len(tree_walk(domain)) <= 8


@unhurried
@given(NAMES, st.dictionaries(NAMES, RECORDS, max_size=5))
def test_what_covers_a_name_stands_above_it(domain: str, records: dict[str, Dmarc]) -> None:
    """The policy found is that of a parent, states what its record states, and costs at most seven questions."""
    asked: list[str] = []

    def lookup(name: str) -> list[str]:
        asked.append(name)
        found = records.get(name.removeprefix("_dmarc."))
        return [str(found)] if found else []

    found = covering(domain, lookup)
    assert len(asked) <= 7
    if found is not None:
        place, record, policy = found
        assert domain.endswith("." + place)
        assert record == records[place]
        assert policy == (record.subdomain_policy or record.policy)
