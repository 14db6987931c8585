"""The catalogue against the handbook's table (section 7), written down here once more."""

from datetime import date
from decimal import Decimal

import pytest

from tests.factories import LONG_AGO, UserFactory
from treatments import claims
from treatments.catalogue import load_catalogue
from treatments.models import (
    AddOn,
    InstructionVersion,
    Option,
    Price,
    Treatment,
    Visibility,
)
from treatments.selectors import instruction_lines, instructions_for

pytestmark = pytest.mark.django_db

EITHER, CONSOLE, LED = ["handheld", "console"], ["console"], ["led"]
STANDARD = "P-STD A-STD"
TABLE = [  # code, {minutes: (buffer, price)}, areas, devices, texts
    ("T01", {15: (10, 100)}, "face", [EITHER], STANDARD),
    ("T02", {15: (10, 100), 30: (10, 115)}, "eyes", [EITHER], "P-STD P-EYE A-STD A-EYE"),
    ("T03", {30: (10, 115)}, "brow_forehead", [EITHER], "P-STD P-EYE A-STD"),
    ("T04", {30: (10, 120), 45: (15, 140)}, "jaw", [EITHER], STANDARD),
    ("T05", {30: (10, 125)}, "neck", [CONSOLE], "P-STD P-NECK A-STD A-NECK"),
    ("T06", {45: (15, 145), 60: (15, 170)}, "face", [CONSOLE], STANDARD),
    ("T07", {30: (10, 120), 45: (15, 140)}, "face", [CONSOLE], "P-STD P-CALM A-STD A-CALM"),
    ("T08", {45: (15, 150)}, "face eyes", [CONSOLE], "P-STD A-STD A-DRAIN"),
    ("T09", {60: (15, 175)}, "face neck", [CONSOLE], "P-STD P-NECK A-STD A-NECK"),
    ("T10", {60: (15, 195)}, "face neck decollete", [CONSOLE], "P-STD P-NECK A-STD A-NECK"),
    ("T11", {60: (15, 200)}, "face eyes", [CONSOLE, LED], "P-STD P-EVENT P-LED A-STD A-LED"),
    ("T12", {45: (15, 130)}, "face", [CONSOLE], STANDARD),
    ("C01", {20: (10, 0)}, "", [], ""),
]
EXTRAS = [  # code, minutes, price, areas, devices, texts, not with
    ("X01", 10, 40, "face", [LED], "P-LED A-LED", ""),
    ("X02", 15, 45, "face neck", [], "A-DRAIN", ""),
    ("X03", 10, 35, "eyes", [], "P-EYE A-EYE", "T02 T08 T11"),
    ("X04", 15, 45, "neck", [CONSOLE], "P-NECK A-NECK", "T05 T09 T10"),
    ("X05", 10, 30, "face", [], "A-STD", ""),
    ("X06", 10, 30, "decollete", [], "P-NECK A-NECK", ""),
]
HIDDEN = {"T11", "T12", "X01"}


def load(approved_by=None):
    load_catalogue(
        approved_by=approved_by or UserFactory(),
        published_at=LONG_AGO,
        effective_from=LONG_AGO.date(),
    )


@pytest.fixture
def catalogue():
    load()


def codes(rows) -> set[str]:
    return {row.code for row in rows}


def test_each_treatment_is_as_the_handbook_has_it(catalogue):
    assert {
        treatment.code: (
            {
                option.minutes: (option.buffer_minutes, option.prices.get().amount)
                for option in treatment.options.all()
            },
            treatment.areas,
            treatment.device_needs,
            codes(treatment.instructions.all()),
            treatment.is_consultation,
        )
        for treatment in Treatment.objects.all()
    } == {
        code: (lengths, areas.split(), devices, set(texts.split()), code == "C01")
        for code, lengths, areas, devices, texts in TABLE
    }


def test_each_add_on_is_as_the_handbook_has_it(catalogue):
    assert {
        add_on.code: (
            add_on.minutes,
            add_on.prices.get().amount,
            add_on.areas,
            add_on.device_needs,
            codes(add_on.instructions.all()),
            codes(add_on.not_with.all()),
        )
        for add_on in AddOn.objects.all()
    } == {
        code: (minutes, price, areas.split(), devices, set(texts.split()), set(not_with.split()))
        for code, minutes, price, areas, devices, texts, not_with in EXTRAS
    }


def test_what_waits_for_courses_and_screening_is_hidden(catalogue):
    for offers in (Treatment.objects.all(), AddOn.objects.all()):
        hidden = codes(offers.exclude(visibility=Visibility.PUBLIC))
        assert hidden == HIDDEN & codes(offers)
    assert not Option.objects.bookable().filter(treatment__code__in=HIDDEN).exists()


def test_no_text_claims_what_the_clinic_does_not_claim(catalogue):
    for offer in (*Treatment.objects.all(), *AddOn.objects.all()):
        assert claims.flagged(" ".join(offer.texts().values())) == []
        offer.full_clean()
    for version in InstructionVersion.objects.all():
        said = [*version.lines, version.short, *(step["do"] for step in version.steps)]
        assert claims.flagged(" ".join(said), is_care=True) == []


def test_every_page_says_what_it_is_whom_it_suits_what_it_feels_like_and_what_may_follow(catalogue):
    for treatment in Treatment.objects.all():
        assert all(treatment.texts().values()), treatment.code
        if treatment.device_needs:
            assert "24 hours" in treatment.side_effects


def test_every_price_passes_the_check_it_is_saved_with(catalogue):
    for price in Price.objects.all():
        price.full_clean()


def test_every_text_is_approved_by_the_medical_lead():
    lead = UserFactory()

    load(approved_by=lead)

    texts = InstructionVersion.objects.all()
    assert texts.count() == 12
    assert {(text.number, text.approved_by) for text in texts} == {(1, lead)}
    assert all(text.lines and text.steps and text.short for text in texts)


def test_no_treatment_says_a_line_twice(catalogue):
    for treatment in Treatment.objects.all():
        lines = instruction_lines(
            instructions_for(treatment=treatment, add_ons=list(AddOn.objects.all()))
        )
        assert len(lines) == len(set(lines))


def test_loading_it_again_adds_nothing(catalogue):
    before = [model.objects.count() for model in (Treatment, Option, AddOn, Price)]

    load()

    assert [model.objects.count() for model in (Treatment, Option, AddOn, Price)] == before
    assert InstructionVersion.objects.count() == 12


def test_loading_it_again_leaves_what_the_clinic_changed(catalogue):
    treatment = Treatment.objects.get(code="T06")
    Treatment.objects.filter(pk=treatment.pk).update(name="Face Tone", areas=["jaw"])
    treatment.instructions.clear()
    option = treatment.options.get(minutes=45)
    option.prices.update(amount=Decimal(150))
    AddOn.objects.get(code="X03").not_with.clear()

    load_catalogue(
        approved_by=UserFactory(), published_at=LONG_AGO, effective_from=date(2021, 1, 1)
    )

    treatment.refresh_from_db()
    assert (treatment.name, treatment.areas) == ("Face Tone", ["jaw"])
    assert not treatment.instructions.exists()
    assert option.prices.get().amount == 150
    assert not AddOn.objects.get(code="X03").not_with.exists()


def test_what_is_missing_comes_back(catalogue):
    AddOn.objects.get(code="X05").prices.all().delete()
    AddOn.objects.get(code="X05").delete()

    load()

    assert AddOn.objects.get(code="X05").prices.get().amount == 30
