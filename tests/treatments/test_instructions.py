"""Which texts a visit comes with, put together."""

import pytest
from django.core.exceptions import ValidationError

from tests.factories import (
    LONG_AGO,
    AddOnFactory,
    InstructionFactory,
    InstructionVersionFactory,
    TreatmentFactory,
    UserFactory,
)
from treatments.catalogue import load_catalogue
from treatments.models import AddOn, InstructionKind, InstructionVersion, Treatment
from treatments.selectors import Step, instruction_lines, instruction_steps, instructions_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue():
    load_catalogue(approved_by=UserFactory(), published_at=LONG_AGO, effective_from=LONG_AGO.date())


def codes(treatment, *add_ons) -> list[str]:
    versions = instructions_for(treatment=treatment, add_ons=add_ons)
    return [version.instruction.code for version in versions]


def test_the_eyes_add_to_the_standard_text(catalogue):
    eyes = Treatment.objects.get(code="T02")

    versions = instructions_for(treatment=eyes, add_ons=[])
    prep = [v for v in versions if v.instruction.kind == InstructionKind.PREP]

    assert [version.instruction.code for version in prep] == ["P-STD", "P-EYE"]
    lines = instruction_lines(prep)
    assert lines[0] == "Your skin works best for us when it is calm and clean."
    assert lines[-1] == "Contact lenses come out for the session: bring a lens case."


def test_an_add_on_brings_its_own_texts(catalogue):
    face = Treatment.objects.get(code="T06")
    eyes = AddOn.objects.get(code="X03")

    assert set(codes(face, eyes)) - set(codes(face)) == {"P-EYE", "A-EYE"}


def test_a_text_that_two_offers_share_is_read_once(catalogue):
    neck, care = Treatment.objects.get(code="T09"), AddOn.objects.get(code="X06")

    assert sorted(codes(neck, care)) == ["A-NECK", "A-STD", "P-NECK", "P-STD"]


def test_the_standard_text_comes_first(catalogue):
    for treatment in Treatment.objects.exclude(code="C01"):
        for kind, first in (("P-", "P-STD"), ("A-", "A-STD")):
            assert next(code for code in codes(treatment) if code.startswith(kind)) == first


def test_a_line_that_two_texts_share_is_said_once():
    lines = ["No perfume.", "Bring a lens case."]
    versions = [
        InstructionVersionFactory(lines=lines),
        InstructionVersionFactory(lines=["Come early.", *lines]),
    ]

    assert instruction_lines(versions) == [*lines, "Come early."]


def test_a_text_nobody_approved_is_never_shown():
    text = InstructionFactory()
    treatment = TreatmentFactory(instructions=[text])
    InstructionVersionFactory(instruction=text, approved_by=None)

    assert instructions_for(treatment=treatment, add_ons=[]) == []


def test_the_latest_approved_wording_is_shown_while_a_newer_one_waits():
    text = InstructionFactory()
    treatment = TreatmentFactory(instructions=[text])
    InstructionVersionFactory(instruction=text)
    second = InstructionVersionFactory(instruction=text)
    InstructionVersionFactory(instruction=text, approved_by=None)

    assert instructions_for(treatment=treatment, add_ons=[]) == [second]


def test_it_costs_three_looks_however_many_texts(django_assert_num_queries):
    def texts(count):
        return [InstructionVersionFactory().instruction for _ in range(count)]

    treatment = TreatmentFactory(instructions=texts(4))
    add_ons = [AddOnFactory(instructions=texts(2)) for _ in range(2)]

    with django_assert_num_queries(3):
        assert len(instructions_for(treatment=treatment, add_ons=add_ons)) == 8


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lines", "One sentence."),
        ("lines", [""]),
        ("steps", {}),
        ("steps", [{"when": "Today"}]),
        ("steps", [{"when": "", "do": "No scrubs."}]),
        ("steps", [{"when": "Today", "do": "No scrubs.", "hours": "-24"}]),
        ("steps", [{"when": "Today", "do": "No scrubs.", "hours": True}]),
        ("steps", [{"when": "Today", "do": "No scrubs.", "hours": 10_000}]),
        ("steps", [{"when": "Today", "do": "No scrubs.", "days": -1}]),
    ],
)
def test_a_text_that_is_no_list_of_sentences_is_refused(field, value):
    text = InstructionVersionFactory.build(
        instruction=InstructionFactory(), number=1, approved_by=None, **{field: value}
    )

    with pytest.raises(ValidationError) as refusal:
        text.clean()
    assert field in refusal.value.message_dict


def step(when: str, do: str, hours: int | None = None) -> dict[str, object]:
    return {"when": when, "do": do} | ({} if hours is None else {"hours": hours})


def text(*steps: dict[str, object]) -> InstructionVersion:
    return InstructionVersionFactory.build(instruction=None, number=1, steps=list(steps))


def test_a_point_of_the_timeline_may_say_its_hours_or_not():
    version = InstructionVersionFactory(
        steps=[step("3 days before", "Pause retinol.", -72), step("Every day", "Sunscreen.")]
    )

    version.clean()

    assert [point.hours for point in instruction_steps([version])] == [-72, None]


def test_what_falls_on_one_point_stands_together_and_is_said_once():
    first = text(step("The same day", "Come with a bare face.", 0))
    second = text(
        step("The same day", "Come with a bare face.", 0),
        step("The same day", "Bring a lens case.", 0),
    )

    assert instruction_steps([first, second]) == [
        Step("The same day", ["Come with a bare face.", "Bring a lens case."], 0)
    ]


def test_points_of_several_texts_stand_in_order_of_time():
    standard = text(step("3 days before", "Pause retinol.", -72), step("The same day", "Bare.", 0))
    light = text(step("When you choose", "Mind the event."), step("7 days before", "Check.", -168))

    points = [point.when for point in instruction_steps([standard, light])]

    assert points == ["When you choose", "7 days before", "3 days before", "The same day"]


def test_a_point_without_hours_stays_behind_the_one_its_text_names_before_it():
    standard = text(step("At once", "Water.", 0), step("Every day", "Sunscreen."))
    calm = text(step("Through the second day", "Two products.", 48))

    points = [point.when for point in instruction_steps([standard, calm])]

    assert points == ["At once", "Every day", "Through the second day"]


def test_wordings_from_before_points_had_hours_keep_their_order():
    old = text(step("The day before", "Shave."), step("3 days before", "Pause retinol."))

    assert [point.when for point in instruction_steps([old])] == ["The day before", "3 days before"]


def test_the_timelines_of_the_catalogue_run_in_order_of_time(catalogue):
    for treatment in Treatment.objects.all():
        for kind in InstructionKind:
            versions = instructions_for(treatment=treatment, add_ons=list(AddOn.objects.all()))
            texts = [version for version in versions if version.instruction.kind == kind]
            hours = [p.hours for p in instruction_steps(texts) if p.hours is not None]
            assert hours == sorted(hours)
            assert hours
