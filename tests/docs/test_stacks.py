"""The stacks that come with the project can all exist at once."""

from __future__ import annotations

import yaml

from mailstack.mail import dmarc
from mailstack.settings.load import load
from mailstack.settings.model import Domain
from providers import catalog
from tests.engine.project import ROOT


def _domains(stack: str) -> list[Domain]:
    config = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    keys = {key.removeprefix("mailstack:"): value for key, value in config.items() if key.startswith("mailstack:")}
    return list(load(keys, catalog(), aws_region=config["aws:region"]).domains.values())


def test_no_stage_weakens_the_policy_of_another() -> None:
    """With dev, staging and prod published, no stage's DMARC record is refused as weaker than what covers it."""
    domains = [domain for stack in ("dev", "staging", "prod") for domain in _domains(stack)]
    published = {f"_dmarc.{one.name}": str(one.dmarc.to_record()) for one in domains if one.dmarc != "off"}
    assert len(published) == 3
    for domain in domains:
        covering = dmarc.covering(domain.name, lambda name: [published[name]] if name in published else [])
        weaker = covering is not None and domain.dmarc != "off" and dmarc.weaker(domain.dmarc.policy, covering[2])
        assert not weaker, f"{domain.name} is covered by {covering}"
