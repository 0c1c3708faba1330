"""Records as they are in the world are read, counted and merged as their sources say."""

from __future__ import annotations

import pytest

from mailstack.errors import DmarcError, SpfError
from mailstack.mail import dmarc, spf
from providers.smtp.ses import MAIL_FROM_SPF
from tests.mailstack.mail.real_records import DMARC, SPF, DmarcCase, SpfCase


def test_there_are_enough_of_them() -> None:
    """At least sixty, and none twice."""
    texts = [*(case.text for case in SPF), *(case.text for case in DMARC)]
    assert len(texts) >= 60
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("case", [one for one in SPF if not one.refused], ids=lambda case: f"{case.text}")
def test_an_spf_record_is_read_and_counted(case: SpfCase) -> None:
    """The look-ups of its own terms and the `all` that counts are those of the source."""
    record = spf.parse(case.text)
    assert (record.lookups, record.all_qualifier) == (case.lookups, case.ends)


@pytest.mark.parametrize("case", [one for one in SPF if one.refused], ids=lambda case: f"{case.text}")
def test_a_malformed_spf_record_is_refused(case: SpfCase) -> None:
    """What receivers answer permerror to, or take for no record, is refused with what is wrong."""
    with pytest.raises(SpfError, match=case.refused):
        spf.parse(case.text)


@pytest.mark.parametrize("case", [one for one in SPF if one.with_ses], ids=lambda case: f"{case.text}")
def test_a_provider_is_merged_into_a_standing_record(case: SpfCase) -> None:
    """The standing record keeps its order and its `all`; what the provider needs stands once."""
    assert str(spf.merge(spf.parse(case.text), spf.parse(MAIL_FROM_SPF))) == case.with_ses


@pytest.mark.parametrize("case", [one for one in DMARC if not one.refused], ids=lambda case: f"{case.text}")
def test_a_dmarc_record_is_read(case: DmarcCase) -> None:
    """What a receiver reads in it is what the source says; written anew it says the same."""
    record = dmarc.parse(case.text)
    assert {name: getattr(record, name) for name in case.read} == case.read
    assert dmarc.parse(str(record)) == record


@pytest.mark.parametrize("case", [one for one in DMARC if one.refused], ids=lambda case: f"{case.text}")
def test_a_dmarc_record_without_effect_is_refused(case: DmarcCase) -> None:
    """What receivers ignore is not taken for a policy."""
    with pytest.raises(DmarcError, match=case.refused):
        dmarc.parse(case.text)
