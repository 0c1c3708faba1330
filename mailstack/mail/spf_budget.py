"""What an SPF record costs a receiver in DNS look-ups, through all that it includes (RFC 7208 section 4.6.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mailstack.errors import MailstackError, SpfError
from mailstack.mail import policy_records, spf
from mailstack.mail.spf import LOOKUP_LIMIT, Spf, Term

VOID_LIMIT = 2
MX_LIMIT = 10  # names of one mx mechanism, each with an address look-up of its own
# RFC 7208 section 3.4: 450 octets fit a UDP answer of 512 with what else is at the name; more needs EDNS or TCP.
COMFORTABLE, UDP = 450, 512
_TERMS_AT_MOST = 100  # a record may include so much that nobody can count it; this is far above what receivers follow
_SILENCE_AT_MOST = 3  # questions without an answer; each costs seconds, and the count is unknown after the first
Lookup = Callable[[str, str], Sequence[str]]


@dataclass
class Node:
    """A record and what it costs; `text` is the term that leads to it, or the record itself at the top.

    `lookups` counts the whole branch, `notes` are sentences that belong to this line.
    """

    text: str
    lookups: int = 0
    children: list[Node] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Budget:
    """What was counted.

    `voids` names a domain for each look-up that found nothing. `problems` are what makes receivers answer permerror,
    `warnings` what may hurt with some of them, `unknown` what DNS did not answer, so that the count may be too low.
    """

    name: str
    record: str
    tree: Node
    voids: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def lookups(self) -> int:
        """Return how many look-ups a receiver may need."""
        return self.tree.lookups

    def drawing(self) -> str:
        """Draw the tree as text, a line for each term that costs something."""
        return "\n".join([_line(self.tree), *_drawn(self.tree, "")])


def count(name: str, record: str, lookup: Lookup) -> Budget:
    """Count the look-ups of a record at a name; `lookup` gives the values at a name and type, [] for none.

    Raises SpfError where the record itself is malformed. What DNS does not answer is noted as unknown.
    """
    counter = _Counter(name, record, lookup)
    counter.descend(spf.parse(record), counter.budget.tree, (name.rstrip(".").lower(),))
    return counter.finished()


def check(name: str, record: str, lookup: Lookup) -> Budget:
    """Refuse a record whose look-ups receivers would not all make; raises SpfError with the tree of them.

    What an included name gets wrong stays among the problems: it may be fixed there at any time, or DNS may lag.
    """
    budget = count(name, record, lookup)
    if budget.lookups > LOOKUP_LIMIT or len(budget.voids) > VOID_LIMIT:
        raise SpfError(
            f"the SPF record of {name} does not work: {'; '.join(budget.problems)}. Where the look-ups go:\n"
            f"{budget.drawing()}\n"
            "Take out what nobody sends through, or send through a subdomain with a record of its own"
        )
    return budget


def published(name: str, lookup: Lookup) -> str:
    """Return the one SPF record at a name; raises SpfError where there is none or more than one (section 4.5)."""
    texts = [text for text in lookup(name, "TXT") if policy_records.kind(name, text) == "spf"]
    if not texts:
        raise SpfError(f"{name} has no SPF record")
    if len(texts) > 1:
        shown = " and ".join(f'"{text}"' for text in texts)
        raise SpfError(f"{name} has {len(texts)} SPF records, which receivers take for none: {shown}; leave one")
    return texts[0]


class _Counter:
    """One count: each name is asked for once, however often it is included."""

    def __init__(self, name: str, record: str, lookup: Lookup) -> None:
        self.budget = Budget(name, record, Node(record))
        self._lookup, self._terms = lookup, 0
        self._answers: dict[tuple[str, str], Sequence[str] | None] = {}
        self._one_sided: dict[str, list[str]] = {"A": [], "AAAA": []}  # names of `a` without that kind of address

    def descend(self, record: Spf, node: Node, path: tuple[str, ...]) -> None:
        """Count the terms of a record that evaluation can reach."""
        for term in record.live:
            if not term.asks_dns:
                continue
            if self._terms == _TERMS_AT_MOST:
                node.notes.append(f"not counted further than {_TERMS_AT_MOST}")
                return
            self._terms += 1
            child = Node(term.text, 1)
            node.children.append(child)
            self._follow(term, child, path)
            node.lookups += child.lookups

    def finished(self) -> Budget:
        """Judge the whole: look-ups, void look-ups, the octets of the record."""
        budget = self.budget
        if budget.lookups > LOOKUP_LIMIT:
            budget.problems.append(
                f"it costs {budget.lookups} DNS look-ups and receivers stop at {LOOKUP_LIMIT} (RFC 7208 section 4.6.4)"
            )
        if len(budget.voids) > VOID_LIMIT:
            budget.problems.append(
                f"{len(budget.voids)} look-ups find nothing and receivers stop after {VOID_LIMIT}: "
                f"{', '.join(dict.fromkeys(budget.voids))}"
            )
        for kind, family in (("A", "IPv4"), ("AAAA", "IPv6")):
            names = self._one_sided[kind]
            if len(budget.voids) <= VOID_LIMIT < len(budget.voids) + len(names):
                budget.warnings.append(
                    f"for a sender with an {family} address more than {VOID_LIMIT} look-ups find nothing, which may "
                    f"fail it: {', '.join(dict.fromkeys([*budget.voids, *names]))} without {kind}"
                )
        if len(budget.record) > UDP:
            budget.warnings.append(f"{len(budget.record)} octets: more than a UDP answer of {UDP} holds")
        elif len(budget.record) > COMFORTABLE:
            budget.warnings.append(
                f"{len(budget.record)} octets: with other TXT values at the name an answer may outgrow {UDP} octets"
            )
        return budget

    def _follow(self, term: Term, node: Node, path: tuple[str, ...]) -> None:
        target = _target(term) or path[-1]
        if "%" in target:
            node.notes.append("a macro: what it finds depends on the mail")
        elif term.name in ("include", "redirect"):
            self._follow_record(term, target, node, path)
        elif term.name == "mx":
            self._follow_mx(target, node)
        elif term.name in ("a", "exists"):
            self._follow_addresses(term, target, node)
        elif term.name == "ptr":
            node.notes.append("ptr is slow and unreliable; RFC 7208 section 5.5 asks not to use it")

    def _follow_record(self, term: Term, target: str, node: Node, path: tuple[str, ...]) -> None:
        if target in path:
            self._problem(f"{target} includes itself, which never ends", node)
            return
        texts = self._ask(target, "TXT")
        if texts is None:
            return
        records = [text for text in texts if policy_records.kind(target, text) == "spf"]
        if not texts:
            self._void(target, node)
        if len(records) != 1:
            what = "has no SPF record" if not records else f"has {len(records)} SPF records"
            self._problem(f"{term.text}: {target} {what}, which fails the whole evaluation (permerror)", node)
            return
        try:
            self.descend(spf.parse(records[0]), node, (*path, target))
        except SpfError as error:
            self._problem(f"{term.text}: {error}", node)

    def _follow_addresses(self, term: Term, target: str, node: Node) -> None:
        """Look for addresses: A for `exists` (section 5.7), and the sender's own kind for `a` (section 5)."""
        kinds = ("A",) if term.name == "exists" else ("A", "AAAA")
        empty = []
        for kind in kinds:
            found = self._ask(target, kind)
            if found is None:
                return
            if not found:
                empty.append(kind)
        if len(empty) == len(kinds):
            self._void(target, node)
        elif empty:
            self._one_sided[empty[0]].append(target)

    def _follow_mx(self, target: str, node: Node) -> None:
        found = self._ask(target, "MX")
        if found is not None and not found:
            self._void(target, node)
        if found and len(found) > MX_LIMIT:
            self._problem(f"{target} has {len(found)} MX, and receivers look at {MX_LIMIT} of them", node)

    def _ask(self, name: str, record_type: str) -> Sequence[str] | None:
        """Ask once; None where DNS does not answer."""
        key = (name, record_type)
        if key not in self._answers:
            if len(self.budget.unknown) > _SILENCE_AT_MOST:
                return None
            try:
                self._answers[key] = list(self._lookup(name, record_type))
            except MailstackError as error:
                self._answers[key] = None
                self.budget.unknown.append(str(error))
                if len(self.budget.unknown) == _SILENCE_AT_MOST:
                    self.budget.unknown.append("the rest, since DNS is silent")
        return self._answers[key]

    def _void(self, target: str, node: Node) -> None:
        node.notes.append("finds nothing")
        self.budget.voids.append(target)

    def _problem(self, sentence: str, node: Node) -> None:
        node.notes.append("fails")
        self.budget.problems.append(sentence)


def _target(term: Term) -> str:
    """Return the domain that a term names, "" for the record's own."""
    value = term.value if term.is_modifier else term.value.partition(":")[2]
    return value.partition("/")[0].rstrip(".").lower() if "%" not in value else value


def _line(node: Node) -> str:
    notes = f" ({'; '.join(node.notes)})" if node.notes else ""
    return f"{node.text} {node.lookups}{notes}"


def _drawn(node: Node, indent: str) -> Iterator[str]:
    for child in node.children:
        last = child is node.children[-1]
        yield f"{indent}{'└' if last else '├'} {_line(child)}"
        yield from _drawn(child, indent + ("  " if last else "│ "))
