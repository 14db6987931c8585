"""A clinic begins with the handbook's catalogue, once its medical lead stands for the texts."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from booking.permissions import Role
from clinic.web import clock
from tests.factories import UserFactory
from treatments.models import InstructionVersion, Option, Price, Treatment

pytestmark = pytest.mark.django_db


def load(email: str) -> str:
    out = StringIO()
    call_command("catalogue", approved_by=email, stdout=out)
    return out.getvalue()


def test_it_loads_what_is_missing_approved_by_the_medical_lead_at_prices_from_today():
    lead = UserFactory(email="ruth@lumen.example", groups=[Role.MEDICAL_LEAD])

    said = load("Ruth@lumen.example")

    assert "treatments: 13 added, 0 kept" in said
    assert Option.objects.bookable().exists()
    assert {version.approved_by for version in InstructionVersion.objects.all()} == {lead}
    assert {price.effective_from for price in Price.objects.all()} == {clock.now().date()}
    assert "treatments: 0 added, 13 kept" in load("ruth@lumen.example")


@pytest.mark.parametrize("fields", [{"groups": [Role.ADMIN]}, {"is_active": False}])
def test_nobody_but_the_medical_lead_stands_for_the_texts(fields):
    UserFactory(email="sam@lumen.example", **{"groups": [Role.MEDICAL_LEAD]} | fields)

    with pytest.raises(CommandError, match="may not approve care texts"):
        load("sam@lumen.example")
    assert not Treatment.objects.exists()


def test_a_person_we_do_not_know_is_named():
    with pytest.raises(CommandError, match=r"Nobody signs in as nobody@lumen\.example\."):
        load("nobody@lumen.example")
