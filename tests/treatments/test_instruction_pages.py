"""Texts before and after a visit: written as drafts, approved by the medical lead."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.permissions import Role
from clinic.trail.models import Entry
from clinic.web import clock
from tests.booking.views.staff.written import sent
from tests.factories import (
    MONDAY_9AM,
    InstructionFactory,
    InstructionVersionFactory,
    LocationFactory,
    TreatmentFactory,
    UserFactory,
    booked,
)
from treatments.models import Instruction, InstructionKind, InstructionVersion
from treatments.selectors import instructions_for

NOW = MONDAY_9AM
TEXTS = reverse("catalogue:texts")


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def at_work(role: str, name: str) -> Browser:
    browser = Browser()
    browser.force_login(UserFactory(groups=[role], is_staff=True, full_name=name))
    return browser


@pytest.fixture
def admin(db) -> Browser:
    return at_work(Role.ADMIN, "Sam Whitlock")


@pytest.fixture
def lead(db) -> Browser:
    return at_work(Role.MEDICAL_LEAD, "Hannah Vogel")


@pytest.fixture
def text(db) -> Instruction:
    """A preparation whose first version counts."""
    LocationFactory()
    prep = InstructionFactory(code="P-STD", name="Preparation", kind=InstructionKind.PREP)
    InstructionVersionFactory(
        instruction=prep,
        number=1,
        lines=["Pause retinol three days ahead.", "Come with a bare face."],
        steps=[{"when": "3 days before", "do": "Pause retinol.", "hours": -72}],
        short="No makeup.",
    )
    return prep


def words(response) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def page(name: str, thing: Instruction | InstructionVersion) -> str:
    return reverse(f"catalogue:{name}", args=[thing.pk])


def held(response) -> dict[str, Any]:
    """What the form of a page would send."""
    editor = response.context["editor"]
    fields = {"lines": len(editor.lines), "steps": len(editor.steps)}
    for form in editor.forms:
        fields |= {bound.html_name: bound.value() for bound in form}
    return {name: "" if value is None else value for name, value in fields.items()}


def typed(browser: Browser, text: Instruction, **values: Any) -> dict[str, Any]:
    return held(browser.get(page("write", text))) | values


def draft_of(text: Instruction) -> InstructionVersion:
    return text.versions.get(approved_at=None)


def test_a_draft_begins_with_the_text_that_counts(admin, text):
    form = held(admin.get(page("write", text)))

    assert form["line-0-text"] == "Pause retinol three days ahead."
    assert (form["step-0-when"], form["step-0-hours"]) == ("3 days before", 72)
    assert form["short"] == "No makeup."
    assert not text.versions.filter(approved_at=None).exists()


def test_a_draft_is_saved_and_nobody_gets_it(admin, text):
    treatment = TreatmentFactory(instructions=[text])
    form = typed(admin, text, **{"line-0-text": "Pause retinol five days ahead."})

    response = admin.post(page("write", text), form | {"save": "1"})

    draft = draft_of(text)
    assert response["Location"] == page("version", draft)
    assert (draft.number, draft.state) == (2, "draft")
    assert draft.lines[0] == "Pause retinol five days ahead."
    assert draft.steps == [{"when": "3 days before", "do": "Pause retinol.", "hours": -72}]
    assert [v.number for v in instructions_for(treatment=treatment, add_ons=[])] == [1]
    facts = Entry.objects.get(what="text.written").facts
    assert (facts["number"], facts["lines"], facts["steps"]) == (2, 2, 1)
    assert "retinol" not in str(facts)


@pytest.mark.parametrize(
    ("press", "lines"),
    [
        ("line-add", ["One.", "Two.", "Three.", ""]),
        ("line-up-1", ["Two.", "One.", "Three."]),
        ("line-up-0", ["One.", "Two.", "Three."]),
        ("line-down-1", ["One.", "Three.", "Two."]),
        ("line-down-2", ["One.", "Two.", "Three."]),
        ("line-remove-1", ["One.", "Three."]),
        ("line-remove-9", ["One.", "Two.", "Three."]),
        ("line-remove-" + "9" * 5000, ["One.", "Two.", "Three."]),
        ("line-up-1-2", ["One.", "Two.", "Three."]),
        ("nothing", ["One.", "Two.", "Three."]),
    ],
)
def test_rows_are_added_moved_and_removed_by_a_press_without_scripts(admin, text, press, lines):
    form = typed(admin, text, lines=3, note="Half-typed")
    form |= {f"line-{i}-text": each for i, each in enumerate(["One.", "Two.", "Three."])}

    response = admin.post(page("write", text), form | {"press": press})

    now = held(response)
    assert response.status_code == 200
    assert [now[f"line-{i}-text"] for i in range(now["lines"])] == lines
    assert now["note"] == "Half-typed"
    assert not text.versions.filter(approved_at=None).exists()


def test_a_row_of_the_timeline_keeps_all_that_was_typed_when_it_moves(admin, text):
    form = typed(admin, text, steps=2) | {
        "step-1-when": "The same day",
        "step-1-hours": "0",
        "step-1-do": "Come with a bare face.",
    }

    now = held(admin.post(page("write", text), form | {"press": "step-up-1"}))

    assert (now["step-0-when"], now["step-0-hours"]) == ("The same day", "0")
    assert (now["step-1-when"], now["step-1-hours"]) == ("3 days before", "72")


def test_the_row_that_moved_has_the_focus(admin, text):
    response = admin.post(page("write", text), typed(admin, text) | {"press": "line-down-0"})

    fields = re.findall(
        r'<textarea name="(line-\d+-text)"[^>]*autofocus', response.content.decode()
    )
    assert fields == ["line-1-text"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("line-0-text", "", "Write the sentence, or remove the row."),
        ("step-0-when", "", "Say when, such as “3 days before”."),
        ("step-0-do", " ", "Say what to do, or remove the row."),
        ("step-0-hours", "-1", "Enter whole hours, from 0 to 1440, or nothing."),
        ("step-0-hours", "1441", "Enter whole hours, from 0 to 1440, or nothing."),
        (
            "line-1-text",
            "It is painless.",
            "We do not write “painless”. "
            "Instead: “Most people feel a light tingle or nothing much.”",
        ),
        (
            "short",
            "Guaranteed glow",
            "We do not write “Guaranteed”. "
            "Instead: “It may improve the look of fine lines and tone; people differ.”",
        ),
    ],
)
def test_what_is_wrong_is_said_beside_its_row_and_what_was_typed_stays(
    admin, text, field, value, sentence
):
    response = admin.post(page("write", text), typed(admin, text, **{field: value}))

    said = {
        form.add_prefix(name): errors
        for form in response.context["editor"].forms
        for name, errors in form.errors.items()
    }
    assert response.status_code == 422
    assert said == {field: [sentence]}
    assert held(response)[field] == value
    assert not text.versions.filter(approved_at=None).exists()


def test_a_text_without_a_sentence_is_refused(admin, text):
    response = admin.post(page("write", text), typed(admin, text, lines=0))

    assert "Write at least one sentence." in words(response)


def test_hours_after_a_visit_are_kept_as_such(admin, db):
    care = InstructionFactory(kind=InstructionKind.AFTERCARE)
    form = typed(admin, care, steps=2) | {
        "line-0-text": "Sunscreen every day.",
        "step-0-when": "The next morning",
        "step-0-hours": "24",
        "step-0-do": "Back to your usual routine.",
        "step-1-when": "Every day",
        "step-1-do": "Sunscreen.",
    }

    admin.post(page("write", care), form)

    assert draft_of(care).steps == [
        {"when": "The next morning", "do": "Back to your usual routine.", "hours": 24},
        {"when": "Every day", "do": "Sunscreen."},
    ]


def hand_in(admin: Browser, text: Instruction) -> InstructionVersion:
    """Write five for three days and hand it in."""
    form = typed(
        admin,
        text,
        note="Dermatologist's advice",
        **{"line-0-text": "Pause retinol five days ahead."},
    )
    admin.post(page("write", text), form | {"hand_in": "1"})
    return draft_of(text)


def test_what_is_handed_in_waits_for_the_medical_lead_who_is_told_how_many(admin, lead, text):
    draft = hand_in(admin, text)

    assert draft.state == "waiting"
    listed = words(lead.get(TEXTS))
    assert "1 waits for the medical lead" in listed
    assert "Dermatologist's advice" in listed
    waiting = {
        str(link.place.name): link.waiting
        for browser in (lead,)
        for link in browser.get(TEXTS).context["rail"]
    }
    assert waiting["Clinic"] == 1
    assert all(link.waiting == 0 for link in admin.get(TEXTS).context["rail"])


def test_the_medical_lead_sees_word_by_word_what_became_other(admin, lead, text):
    draft = hand_in(admin, text)

    response = lead.get(page("version", draft))

    said = words(response)
    assert "Changed Pause retinol gone: three new: five days ahead." in said
    assert "Beside version 1, which counts before this one." in said
    assert "<del>" in response.content.decode()
    assert "Approve this text" in said


def test_approved_it_counts_from_then_on_and_a_promise_stays(admin, lead, text):
    treatment = TreatmentFactory(instructions=[text])
    visit = booked(option__treatment=treatment)
    visit.instruction_versions.set(instructions_for(treatment=treatment, add_ons=[]))
    draft = hand_in(admin, text)
    seen = lead.get(page("version", draft)).context["seen"]

    response = lead.post(page("approve", draft), {"seen": seen})

    assert "Approved. Clients get it" in words(lead.get(response["Location"]))
    draft.refresh_from_db()
    assert (draft.state, draft.approved_at) == ("approved", NOW)
    assert draft.approved_by.full_name == "Hannah Vogel"
    assert [v.number for v in instructions_for(treatment=treatment, add_ons=[])] == [2]
    assert [v.number for v in visit.instruction_versions.all()] == [1]
    entry = Entry.objects.get(what="text.approved")
    assert entry.subject == f"instruction_version:{draft.pk}"


def test_an_admin_approves_nothing(admin, text):
    draft = hand_in(admin, text)

    assert "Approve this text" not in words(admin.get(page("version", draft)))
    assert admin.post(page("approve", draft), {"seen": ""}).status_code == 403
    assert admin.post(page("send_back", draft), {"note": "No"}).status_code == 403


def test_only_the_text_that_was_read_is_approved(admin, lead, text):
    draft = hand_in(admin, text)
    seen = lead.get(page("version", draft)).context["seen"]
    admin.post(page("take_back", draft))
    form = typed(admin, text, **{"line-1-text": "Come as you are."})
    admin.post(page("write", text), form | {"hand_in": "1"})

    response = lead.post(page("approve", draft), {"seen": seen})

    assert "Please read it once more." in words(lead.get(response["Location"]))
    assert draft_of(text).state == "waiting"


def test_what_was_taken_back_is_not_approved(admin, lead, text):
    draft = hand_in(admin, text)
    seen = lead.get(page("version", draft)).context["seen"]
    admin.post(page("take_back", draft))

    response = lead.post(page("approve", draft), {"seen": seen})

    assert "handed in or approved meanwhile" in words(lead.get(response["Location"]))
    assert draft_of(text).state == "draft"


def test_sent_back_it_comes_with_the_reason_and_is_written_on(admin, lead, text):
    draft = hand_in(admin, text)
    refused = lead.post(page("send_back", draft), {"note": ""})
    assert refused.status_code == 422
    assert "Say what should be otherwise." in words(refused)

    lead.post(page("send_back", draft), {"note": "Say whom to ask."})

    draft.refresh_from_db()
    assert (draft.state, draft.sent_back_note) == ("back", "Say whom to ask.")
    assert "Say whom to ask." in words(admin.get(page("write", text)))
    assert "Say whom to ask." not in str(Entry.objects.get(what="text.sent_back").facts)
    admin.post(page("write", text), typed(admin, text) | {"hand_in": "1"})
    assert draft_of(text).state == "waiting"
    assert text.versions.count() == 2


def test_what_waits_is_not_written_on_and_who_typed_meanwhile_loses_nothing(admin, text):
    form = typed(admin, text, **{"line-0-text": "Typed meanwhile."})
    draft = hand_in(admin, text)

    assert admin.get(page("write", text))["Location"] == page("version", draft)
    refused = admin.post(page("write", text), form)
    assert refused.status_code == 409
    assert "handed in or approved meanwhile" in words(refused)
    assert page("version", draft) in refused.content.decode()
    assert held(refused)["line-0-text"] == "Typed meanwhile."
    draft.refresh_from_db()
    assert draft.lines[0] == "Pause retinol five days ahead."


def test_who_writes_at_one_draft_second_is_told_and_loses_nothing(admin, text):
    mine = typed(admin, text, **{"line-0-text": "Mine."})
    other = at_work(Role.ADMIN, "Imani Cole")
    other.post(page("write", text), typed(other, text, **{"line-0-text": "Theirs."}))

    response = admin.post(page("write", text), mine)

    assert response.status_code == 409
    assert "nothing of it is lost" in words(response)
    assert held(response)["line-0-text"] == "Mine."
    assert draft_of(text).lines[0] == "Theirs."
    again = held(response)
    admin.post(page("write", text), again)
    assert draft_of(text).lines[0] == "Mine."


def test_a_draft_nobody_was_asked_about_is_thrown_away_and_no_other(admin, text):
    admin.post(page("write", text), typed(admin, text))
    draft = draft_of(text)

    response = admin.post(page("discard", draft))
    assert response["Location"] == page("text", text)
    assert text.versions.count() == 1

    counting = text.versions.get()
    admin.post(page("discard", counting))
    waiting = hand_in(admin, text)
    admin.post(page("discard", waiting))
    assert text.versions.count() == 2


def test_each_version_says_to_how_many_visits_it_was_promised_and_lists_them(admin, text):
    version = text.versions.get()
    visit = booked(client__name="Maya Ellison")
    visit.instruction_versions.add(version)
    other = booked()
    other.instruction_versions.add(version)
    sent(
        visit,
        "M04",
        due_at=NOW - timedelta(days=3),
        sent_at=NOW - timedelta(days=3),
        content_versions=[str(version.pk)],
    )

    assert "2 visits , version 1" in words(admin.get(page("text", text)))
    response = admin.get(page("visits", version))

    listed = words(response)
    assert "Promised to 2 visits." in listed
    assert visit.reference in listed
    assert other.reference in listed
    assert "Maya" not in listed
    got = {each.reference: each.sent_at for each in response.context["visits"]}
    assert got == {visit.reference: NOW - timedelta(days=3), other.reference: None}


def test_the_versions_are_listed_with_the_one_that_counts(admin, lead, text):
    hand_in(admin, text)

    said = words(lead.get(page("text", text)))

    assert "Version 1 counts now" in said
    assert "Version 2" in said
    assert "waits for the medical lead" in said


def test_a_preview_shows_the_page_and_the_letters_around_a_visit_that_is_made_up(admin, text):
    form = typed(admin, text, short="Tomorrow: no makeup.", **{"line-1-text": "Bare face, please."})

    response = admin.post(page("preview_text", text), form)

    said = words(response)
    assert "For a visit on Tuesday, March 12 at 10:30 am" in said.replace("\xa0", " ")
    assert "3 days before Saturday, March 9" in said.replace("\xa0", " ")
    assert "Before you come Pause retinol three days ahead. Bare face, please." in said
    assert "In the reminder the day before Tomorrow: no makeup." in said
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert not text.versions.filter(approved_at=None).exists()


def test_a_new_text_begins_with_its_code(admin):
    new = reverse("catalogue:new_text")

    response = admin.post(new, {"code": "p-sun", "kind": "prep", "name": "Sun"})

    made = Instruction.objects.get(code="P-SUN")
    assert response["Location"] == page("write", made)
    assert "nobody gets it yet" in words(admin.get(TEXTS))
    assert admin.post(new, {"code": "P-SUN", "kind": "prep", "name": "Sun"}).status_code == 422


def test_the_pages_cost_the_same_for_one_as_for_twenty(admin, text, django_assert_max_num_queries):
    version = text.versions.get()
    for number in range(2, 22):
        InstructionVersionFactory(instruction=text, number=number)
    InstructionVersionFactory.create_batch(20)
    for _visit in range(10):
        booked().instruction_versions.add(version)

    for address in (TEXTS, page("text", text), page("version", version), page("visits", version)):
        with django_assert_max_num_queries(14):
            assert admin.get(address).status_code == 200
