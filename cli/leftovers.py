"""What a killed run or a lost answer left in the world: found by its name and our mark, with the id to import it by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cli.deployment import Deployment
from cli.existing import Existing
from cli.preview import Step
from mailstack import marks
from mailstack.dns import record_ids, records
from mailstack.dns.changes import ExistingRecord, content
from providers.dns import cloudflare
from providers.smtp.ses_client import Kind, mark

# Type token -> how the thing is looked for; other types (components, Owner, waits) leave nothing in the world.
CONFIGURATION_SET = "aws:sesv2/configurationSet:ConfigurationSet"
IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
MAIL_FROM = "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes"
USER = "aws:iam/user:User"
POLICY = "aws:iam/userPolicy:UserPolicy"
ACCESS_KEY = "aws:iam/accessKey:AccessKey"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
RECORD_SET = "mailstack:index:RecordSet"


class Leftovers:
    """Look-ups of what one stack has lost, in the accounts that it uses."""

    def __init__(self, existing: Existing, deployment: Deployment) -> None:
        """Take what answers, and the state: by its owners' ids a mark is the stack's."""
        self._existing, self._owners = existing, deployment.owners
        self._key_ids = deployment.ids(ACCESS_KEY)
        self._finders: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
            CONFIGURATION_SET: self._configuration_set,
            IDENTITY: self._identity,
            MAIL_FROM: self._mail_from,
            USER: self._user,
            POLICY: self._policy,
            RECORD: self._record,
        }

    def id_of(self, step: Step) -> str | None:
        """Return the import id of what a create would double; None where nothing of it exists, or nothing of ours."""
        finder = self._finders.get(step.type)
        return finder(step.inputs) if finder else None

    def id_of_pending(self, step: Step) -> str | None:
        """Return the import id of what a killed create has made; None where it made nothing."""
        return self._record_set(step.inputs) if step.type == RECORD_SET else self.id_of(step)

    def delete_useless(self, step: Step) -> Iterator[str]:
        """Delete the access keys that a killed create has made: their secret was never seen and cannot be had again."""
        if step.type != ACCESS_KEY:
            return
        user, ses = step.inputs["user"], self._existing.ses(self._existing.home)
        for key in ses.access_keys(user):
            if key not in self._key_ids:
                ses.delete_access_key(user, key)
                yield f"deleted access key {key} of {user}: made by the killed run, its secret is lost"

    def _described(self, kind: Kind, name: str, region: str = "") -> Mapping[str, Any]:
        """Return what AWS tells of a thing that carries our mark, {} of any other."""
        found = self._existing.described(kind, name, region)
        return found if self._is_ours(mark(found)) else {}

    def _is_ours(self, text: str) -> bool:
        return marks.owner_id(text) in self._owners

    def _configuration_set(self, inputs: Mapping[str, Any]) -> str | None:
        name, region = inputs["configurationSetName"], str(inputs.get("region") or "")
        found = self._described("configurationSet", name, region)
        return self._existing.with_region(name, region) if found else None

    def _identity(self, inputs: Mapping[str, Any]) -> str | None:
        name, region = inputs["emailIdentity"], str(inputs.get("region") or "")
        return self._existing.with_region(name, region) if self._described("identity", name, region) else None

    def _mail_from(self, inputs: Mapping[str, Any]) -> str | None:
        name, region = inputs["emailIdentity"], str(inputs.get("region") or "")
        found = self._described("identity", name, region).get("MailFromAttributes") or {}
        same = found.get("MailFromDomain") == inputs["mailFromDomain"]
        return self._existing.with_region(name, region) if same else None

    def _user(self, inputs: Mapping[str, Any]) -> str | None:
        return inputs["name"] if self._described("user", inputs["name"]) else None

    def _policy(self, inputs: Mapping[str, Any]) -> str | None:
        user, name = inputs["user"], inputs["name"]
        if not self._described("user", user):
            return None
        return f"{user}:{name}" if self._existing.ses(self._existing.home).has_policy(user, name) else None

    def _record(self, inputs: Mapping[str, Any]) -> str | None:
        """Find a record by what it says: one value of a name and type is one record at Cloudflare."""
        value = cloudflare.value_of(inputs)
        zone = records.longest_zone(str(inputs["name"]), self._existing.settings.dns)
        if value is None or zone is None:
            return None
        there = self._at("cloudflare", zone, inputs)
        same = [one for one in there if one.content == content(inputs["type"], value) and self._is_ours(one.mark)]
        return f"{inputs['zoneId']}/{same[0].id}" if same else None

    def _record_set(self, inputs: Mapping[str, Any]) -> str | None:
        """Find the values of a killed create: what existed before it would have refused it."""
        host, zone, name, kind = (str(inputs[key]) for key in ("host", "zone", "name", "type"))
        there = {one.content for one in self._at(host, zone, inputs)}
        texts = [str(value) for value in inputs["values"]]
        written = {content(kind, records.value(kind, text)) for text in texts}
        return record_ids.write(host, zone, name, kind, texts) if written <= there else None

    def _at(self, host: str, zone: str, inputs: Mapping[str, Any]) -> list[ExistingRecord]:
        """List the records of a set."""
        listed = self._existing.records(host, zone, str(inputs["zoneId"]), [str(inputs["name"])])
        return [one for one in listed if one.name == inputs["name"] and one.type == inputs["type"]]
