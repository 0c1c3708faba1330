"""`mailstack:index:Owner`: the id by which a stack knows what it made, kept in its state alone."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from mailstack import marks
from mailstack.errors import Conflict, VendorError
from plugin.inputs import Inputs, defaults, keys, problems, resource
from plugin.lifecycle import Cancelled, Context, Difference, Found, NotFound
from plugin.wire import UNKNOWN, Values, is_unknown
from providers.dns.base import HostedZone
from providers.smtp.ses_client import TITLES, Kind

_STACK: Final = re.compile(r"[^/ ]+/[^/ ]+/[^/ ]+")
_COMPARED: Final = ("stack", "zones", "regions", "userPath")


def _full_name(text: str) -> str:
    if not _STACK.fullmatch(text):
        raise PydanticCustomError("stack", "give <organization>/<project>/<stack>")
    return text


StackName = Annotated[str, AfterValidator(_full_name)]


class OwnerInputs(Inputs):
    """Whose id it is, and where what carries its mark may be."""

    stack: StackName
    """The stack, as <organization>/<project>/<stack>."""
    formerly: StackName | None = None
    """The stack's name before it was renamed."""
    zones: Mapping[str, Mapping[str, str]] = {}
    """The hosts' ids of the zones, by zone and host."""
    regions: list[str] = Field(default=[])
    """The regions of SES."""
    user_path: str = "/mailstack/"
    """The path of the IAM users."""


class Owner:
    """A random id, made once. It is deleted after everything that carries its mark."""

    type: Final = "mailstack:index:Owner"

    @property
    def schema(self) -> Mapping[str, Any]:
        """The type's part of the package schema."""
        outputs = {
            "ownerId": {"type": "string", "description": "The id: 16 base32 characters."},
            "mark": {"type": "string", "description": "The mark of what the stack makes: the id and the stack's name."},
            "madeFor": {"type": "string", "description": "The stack that the state belongs to."},
        }
        return resource(OwnerInputs, "The id by which a stack knows what it made.", outputs, unset=("formerly",))

    def check(self, olds: Values | None, news: Values, context: Context) -> tuple[Values, dict[str, str]]:
        """Return the defaults, and what is wrong with inputs, by key; raises Conflict for a copied state."""
        missing = defaults(OwnerInputs, news)
        if wrong := problems(OwnerInputs, news, title="Owner"):
            return missing, wrong
        if olds is not None:
            _check_stack(str(olds["stack"]), news)
        return missing, {}

    def id_of(self, inputs: Values) -> str:
        """Return nothing: a create that fails has made no id."""
        return ""

    def diff(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Difference:
        """Compare; a former name is read once and no difference. Raises Conflict for a copied state."""
        _check_stack(outputs["madeFor"], news)
        return Difference([key for key in _COMPARED if inputs.get(key) != news.get(key)])

    def expected(self, outputs: Values | None, news: Values, context: Context) -> Values:
        """Return the id and mark that an update keeps; before a create they are not known."""
        if outputs is None or is_unknown(news.get("stack")):
            known = outputs["ownerId"] if outputs else UNKNOWN
            return {"ownerId": known, "mark": UNKNOWN, "madeFor": news.get("stack")}
        return _outputs(outputs["ownerId"], news)

    def create(self, inputs: Values, context: Context) -> tuple[str, Values]:
        """Make an id."""
        owner_id = base64.b32encode(secrets.token_bytes(marks.ID_LENGTH * 5 // 8)).decode().lower()
        return owner_id, _outputs(owner_id, inputs)

    def update(self, id_: str, inputs: Values, outputs: Values, news: Values, context: Context) -> Values:
        """Keep the id; the mark names the stack as it is called now."""
        _check_stack(outputs["madeFor"], news)
        return _outputs(outputs["ownerId"], news)

    def read(self, id_: str, inputs: Values | None, outputs: Values, context: Context) -> Found | None:
        """Return what the state holds; raises NotFound in an import."""
        if inputs is None:
            raise NotFound(
                f'the Owner "{id_}" cannot be imported: only the state that made an id may hold it, or two stacks '
                "would manage the same things"
            )
        return Found({key: outputs[key] for key in ("ownerId", "mark", "madeFor")})

    def delete(self, id_: str, outputs: Values, context: Context) -> None:
        """Forget the id once nothing carries its mark; raises Conflict that names what does, VendorError."""
        try:
            left = context.run(lambda: list(_marked(outputs, context)))
        except VendorError as error:
            raise VendorError(
                f"{_kept(outputs)}: whether anything still carries its mark is not known: {error}"
            ) from None
        except Cancelled:
            raise VendorError(f"{_kept(outputs)}: the run was cancelled before everything was looked at") from None
        if left:
            raise Conflict(
                f"{_kept(outputs)}, because these carry its mark and are not in the state any more: {'; '.join(left)}. "
                "Delete them, or remove the mark from what is to stay, and run `pulumi destroy` again"
            )


def _outputs(owner_id: str, inputs: Values) -> Values:
    return {"ownerId": owner_id, "mark": marks.write(owner_id, inputs["stack"]), "madeFor": inputs["stack"]}


def _check_stack(made_for: str, news: Values) -> None:
    """Refuse a state that another stack made, unless it says that it had that name; raises Conflict."""
    stack, formerly = news.get("stack"), news.get("formerly")
    if is_unknown(stack) or is_unknown(formerly) or made_for in (stack, formerly):
        return
    given = f" (mailstack:formerly is {formerly})" if formerly else ""
    raise Conflict(
        f"the state of this stack, {stack}, was made for the stack {made_for}{given}. If the stack was renamed, run "
        f"`pulumi config set mailstack:formerly {made_for}`, then `pulumi up` once, and remove the setting. If the "
        "state was copied, use an empty state: two stacks must not manage the same things"
    )


def _kept(outputs: Values) -> str:
    return f"the id {outputs['ownerId']} of the stack {outputs['madeFor']} is kept in the state"


def _marked(outputs: Values, context: Context) -> Iterator[str]:
    """Name what carries the mark, in the zones, in the regions and among the users; raises VendorError."""
    owner = OwnerInputs.model_validate({key: outputs[key] for key in keys(OwnerInputs) if key in outputs})
    owner_id = outputs["ownerId"]
    for zone, hosts in owner.zones.items():
        for host, zone_id in hosts.items():
            yield from _records(owner_id, host, HostedZone(zone_id, zone), context)
    for region in owner.regions:
        for kind in ("identity", "configurationSet"):
            yield from _at_ses(owner_id, kind, region, "/", f" in {region}", context)
    for region in owner.regions[:1]:  # IAM has no regions
        yield from _at_ses(owner_id, "user", region, owner.user_path, "", context)


def _records(owner_id: str, host: str, zone: HostedZone, context: Context) -> Iterator[str]:
    declared = context.clients.host(host)
    if not declared.keeps_marks:
        return
    context.status(f"looking for marked records of {zone.name} at {declared.title}")
    for record in context.clients.whole_zone(host, zone):
        if marks.owner_id(record.mark) == owner_id:
            yield f"the {record.type} record {record.name} at {declared.title}"


def _at_ses(owner_id: str, kind: Kind, region: str, path: str, where: str, context: Context) -> Iterator[str]:
    ses = context.clients.ses(region)
    context.status(f"looking for marked things at AWS: {TITLES[kind]}{where}")
    for name in ses.names(kind, path):
        found = ses.existing(kind, name)
        if found and marks.owner_id(found.mark) == owner_id:
            yield f"the {TITLES[kind]} {name}{where}"
