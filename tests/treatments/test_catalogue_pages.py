"""An admin edits what the clinic offers, beside what clients see of it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Status
from booking.permissions import Role
from clinic.trail.models import Entry
from clinic.web import clock
from tests.factories import (
    MONDAY_9AM,
    AddOnFactory,
    InstructionVersionFactory,
    OptionFactory,
    TreatmentFactory,
    UserFactory,
    booked,
)
from treatments.models import AddOn, Option, Treatment, Visibility

NOW = MONDAY_9AM - timedelta(days=3)
INDEX = reverse("catalogue:index")


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def admin(db) -> Browser:
    browser = Browser()
    browser.force_login(UserFactory(groups=[Role.ADMIN], is_staff=True))
    return browser


@pytest.fixture
def face() -> Treatment:
    return TreatmentFactory(
        code="T06",
        name="Classic Face Tone",
        summary="The whole face, from jaw to brow.",
        what_it_is="A gentle low-level current.",
        suits="People with early signs of aging.",
        feels_like="A light tingle.",
        side_effects="A little pink is usual.",
        areas=["face"],
        device_needs=[["console"]],
        figure="face",
    )


@pytest.fixture
def length(face) -> Option:
    return OptionFactory(treatment=face, minutes=45, buffer_minutes=15)


def words(response) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def page_of(offer: Treatment | AddOn) -> str:
    name = "treatment" if isinstance(offer, Treatment) else "add_on"
    return reverse(f"catalogue:{name}", args=[offer.pk])


def typed(browser: Browser, page: str, **values: Any) -> dict[str, Any]:
    """What the forms hold as they come, and `values` typed over it."""
    context = browser.get(page).context
    held = {
        bound.html_name: bound.value()
        for form in (context["form"], *context["lengths"])
        for bound in form
    }
    known = (held | values).items()
    return {name: value for name, value in known if value is not None and value is not False}


def retire_page(kind: str, pk: int) -> str:
    return reverse("catalogue:retire", args=[kind, pk])


def test_what_is_offered_stands_in_its_order_and_moves_up(admin, face):
    eyes = TreatmentFactory(name="Bright Eyes", position=face.position + 1)

    assert words(admin.get(INDEX)).index("Classic Face Tone") < words(admin.get(INDEX)).index(
        "Bright Eyes"
    )
    admin.post(reverse("catalogue:move", args=["treatment", eyes.pk]), {"way": "up"})

    assert list(Treatment.objects.all()) == [eyes, face]
    assert Entry.objects.get(what="catalogue.moved").subject == f"treatment:{eyes.pk}"


def test_the_first_stays_first_when_it_is_moved_up(admin, face):
    admin.post(reverse("catalogue:move", args=["treatment", face.pk]), {"way": "up"})

    assert not Entry.objects.filter(what__startswith="catalogue").exists()


def test_what_is_on_the_site_without_a_length_is_said(admin, face):
    assert "Nobody can book Classic Face Tone" in words(admin.get(INDEX))
    OptionFactory(treatment=face)
    assert "Nobody can book" not in words(admin.get(INDEX))


def test_words_are_saved_at_once_and_the_log_knows_how_long_they_are(admin, face, length):
    sent = typed(admin, page_of(face), summary="From jaw to brow.", areas=["neck", "face"])

    response = admin.post(page_of(face), sent)

    assert "Saved. It counts from now on" in words(admin.get(response["Location"]))
    face.refresh_from_db()
    assert (face.summary, face.areas) == ("From jaw to brow.", ["face", "neck"])
    entry = Entry.objects.get(what="catalogue.saved")
    assert entry.facts["changed"] == {"summary": [33, 17], "areas": [["face"], ["face", "neck"]]}


def test_saving_without_a_change_leaves_no_entry(admin, face, length):
    admin.post(page_of(face), typed(admin, page_of(face)))

    assert not Entry.objects.filter(what__startswith="catalogue").exists()


def test_a_claim_is_answered_beside_its_field_and_what_was_typed_stays(admin, face, length):
    sent = typed(admin, page_of(face), suits="Painless, and it removes wrinkles.")

    response = admin.post(page_of(face), sent)

    assert response.status_code == 422
    assert response.context["form"].errors == {
        "suits": [
            "We do not write “Painless”. "
            "Instead: “Most people feel a light tingle or nothing much.”",
            "We do not write “removes wrinkles”. "
            "Instead: “It may improve the look of fine lines and tone; people differ.”",
        ]
    }
    assert "Painless, and it removes wrinkles.</textarea>" in response.content.decode()
    face.refresh_from_db()
    assert face.suits == "People with early signs of aging."


def test_a_text_that_is_left_empty_is_asked_for(admin, face, length):
    response = admin.post(page_of(face), typed(admin, page_of(face), name="", feels_like=""))

    assert response.context["form"].errors == {
        "name": ["Name: write it in a few words."],
        "feels_like": ["What it feels like: write it in a few words."],
    }


def test_a_new_treatment_comes_last_with_its_length_devices_and_texts(admin, face):
    text = InstructionVersionFactory().instruction
    page = reverse("catalogue:new_treatment")
    sent = typed(
        admin,
        page,
        code="T13",
        name="Quiet Hour",
        summary="A quiet hour.",
        what_it_is="Gentle.",
        suits="People who like quiet.",
        feels_like="Quiet.",
        side_effects="A little pink is usual.",
        figure="calm",
        areas=["face", "eyes"],
        device_1=["handheld", "console"],
        device_2=["led"],
        visibility="hidden",
        instructions=[text.pk],
        **{"length-new-minutes": 60, "length-new-buffer_minutes": 20},
    )

    admin.post(page, sent)

    made = Treatment.objects.get(code="T13")
    assert list(Treatment.objects.all()) == [face, made]
    assert (made.slug, made.visibility) == ("quiet-hour", Visibility.HIDDEN)
    assert made.device_needs == [["handheld", "console"], ["led"]]
    assert list(made.instructions.all()) == [text]
    assert [(o.minutes, o.buffer_minutes) for o in made.options.all()] == [(60, 20)]
    assert Entry.objects.get(what="catalogue.added").subject == f"treatment:{made.pk}"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("length-new-minutes", 14, "A session takes 15 to 60 minutes."),
        ("length-new-minutes", 61, "A session takes 15 to 60 minutes."),
        ("length-new-minutes", "9" * 5000, "A session takes 15 to 60 minutes."),
        ("length-new-minutes", 45, "There is a length of as many minutes."),
        ("length-new-buffer_minutes", 61, "0 to 60 minutes are kept clear afterwards."),
    ],
)
def test_a_length_out_of_bounds_is_refused_beside_its_field(
    admin, face, length, field, value, sentence
):
    sent = typed(admin, page_of(face), **{"length-new-minutes": 30, field: value})

    response = admin.post(page_of(face), sent)

    assert response.status_code == 422
    assert response.context["lengths"][-1].errors == {field.removeprefix("length-new-"): [sentence]}
    assert face.options.count() == 1


@pytest.mark.parametrize("buffer", [20, "soon"])
def test_a_buffer_without_minutes_is_answered_and_stays_in_its_field(admin, face, length, buffer):
    sent = typed(admin, page_of(face), **{"length-new-buffer_minutes": buffer})

    response = admin.post(page_of(face), sent)

    assert response.status_code == 422
    refused = response.context["lengths"][-1]
    assert refused.errors["minutes"] == ["A session takes 15 to 60 minutes."]
    assert refused["buffer_minutes"].value() == str(buffer)
    assert face.options.count() == 1


def test_two_devices_of_one_kind_are_refused(admin, face, length):
    sent = typed(admin, page_of(face), device_1=["console"], device_2=["console"])

    response = admin.post(page_of(face), sent)

    assert "A session never takes two devices of one kind: name kinds that differ." in words(
        response
    )


def test_before_anybody_booked_minutes_and_devices_may_change(admin, face, length):
    sent = typed(
        admin,
        page_of(face),
        device_1=["handheld"],
        **{f"length-{length.pk}-minutes": 50, f"length-{length.pk}-buffer_minutes": 10},
    )

    admin.post(page_of(face), sent)

    face.refresh_from_db()
    length.refresh_from_db()
    assert (face.device_needs, length.minutes, length.buffer_minutes) == ([["handheld"]], 50, 10)


def test_what_a_booking_took_cannot_change_under_it_and_the_page_says_why(admin, face, length):
    booked(option=length)
    page = admin.get(page_of(face))

    assert "so it keeps its minutes. For another, add one below and retire this." in words(page)
    assert "each keeps its device" in words(page)
    sent = typed(
        admin,
        page_of(face),
        device_1=["handheld"],
        **{f"length-{length.pk}-minutes": 50, f"length-{length.pk}-buffer_minutes": 10},
    )
    admin.post(page_of(face), sent)

    face.refresh_from_db()
    length.refresh_from_db()
    assert (face.device_needs, length.minutes, length.buffer_minutes) == ([["console"]], 45, 10)


def test_a_booking_made_while_the_page_was_open_keeps_its_minutes(admin, face, length):
    sent = typed(admin, page_of(face), **{f"length-{length.pk}-minutes": 50})
    form_knows = reverse("catalogue:treatment", args=[face.pk])
    booked(option=length)

    admin.post(form_knows, sent)

    length.refresh_from_db()
    assert length.minutes == 45


def test_who_saves_second_is_told_what_differs_and_loses_nothing(admin, face, length):
    sent = typed(admin, page_of(face), summary="Mine.")
    other = Browser()
    other.force_login(UserFactory(groups=[Role.ADMIN], is_staff=True))
    theirs = {"name": "Classic Tone", "summary": "Theirs.", "figure": "calm"}
    other.post(
        page_of(face), typed(other, page_of(face), areas=["face", "brow_forehead"], **theirs)
    )

    response = admin.post(page_of(face), sent)

    page = words(response)
    assert response.status_code == 409
    assert "Somebody saved this meanwhile." in page
    assert "In one sentence is saved as: “Theirs.”" in page
    assert "Name is saved as: “Classic Tone”" in page
    assert "Areas is saved as: “Face, Brow and forehead”" in page
    assert "Drawing is saved as: “Calm face”" in page
    assert response.context["form"]["summary"].value() == "Mine."

    again = {**sent, "seen": response.context["form"]["seen"].value()}
    assert admin.post(page_of(face), again).status_code == 303
    face.refresh_from_db()
    assert (face.summary, face.name) == ("Mine.", "Classic Face Tone")


def test_a_preview_shows_what_is_typed_and_saves_nothing(admin, face, length):
    InstructionVersionFactory(
        instruction__kind="prep", steps=[{"when": "The same day", "do": "Come with a bare face."}]
    )
    url = reverse("catalogue:preview", args=["treatment", face.pk])
    text = InstructionVersionFactory._meta.model.objects.get().instruction
    sent = typed(
        admin,
        page_of(face),
        summary="Painless!",
        instructions=[text.pk],
        **{"length-new-minutes": 30},
    )

    response = admin.post(url, sent)

    page = words(response)
    assert "As typed. Nothing is saved yet. One field is to be put right" in page
    assert "Painless!" in page
    assert "Come with a bare face." in page
    assert "30 min" in page.replace("\xa0", " ")
    assert "When we do not treat, or ask your doctor" in page
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in response["Content-Security-Policy"]
    face.refresh_from_db()
    assert (face.summary, face.options.count()) == ("The whole face, from jaw to brow.", 1)


def test_the_preview_of_what_is_saved_says_what_the_public_page_says(admin, face, length):
    page = words(admin.get(reverse("catalogue:preview", args=["treatment", face.pk])))

    for text in face.texts().values():
        assert text in page
    assert "Nothing is saved yet" not in page


def test_retiring_shows_the_visits_it_touches_without_a_name_and_deletes_nothing(
    admin, face, length
):
    visit = booked(option=length, client__name="Maya Ellison")
    booked(option=length, status=Status.CANCELLED_CLIENT)
    booked()

    page = words(admin.get(retire_page("treatment", face.pk)))
    assert "1 visit ahead is booked with it" in page
    assert visit.reference in page
    assert "Maya" not in page
    shown = admin.get(retire_page("treatment", face.pk))
    assert admin.get(shown.context["change_url"]).status_code == 200
    response = admin.post(retire_page("treatment", face.pk))

    page = words(admin.get(response["Location"]))
    assert "Classic Face Tone is no longer offered." in page
    face.refresh_from_db()
    visit.refresh_from_db()
    assert (face.visibility, visit.status) == (Visibility.RETIRED, Status.CONFIRMED)
    assert not Option.objects.bookable().filter(treatment=face).exists()
    assert Entry.objects.get(what="catalogue.retired").subject == f"treatment:{face.pk}"
    after = admin.get(retire_page("treatment", face.pk))
    assert shown.context["change_url"] in shown.content.decode()
    assert shown.context["change_url"] not in after.content.decode(), "it would be refused"
    assert "offer it again and retire it as a change" in words(after)


def test_a_retired_treatment_is_offered_again(admin, face, length):
    admin.post(retire_page("treatment", face.pk))
    assert "Nobody can book it." in words(admin.get(page_of(face)))

    admin.post(reverse("catalogue:again", args=["treatment", face.pk]), {"to": "public"})

    face.refresh_from_db()
    assert face.visibility == Visibility.PUBLIC


def test_editing_a_retired_treatment_leaves_it_retired(admin, face, length):
    admin.post(retire_page("treatment", face.pk))

    admin.post(page_of(face), typed(admin, page_of(face), summary="New.", visibility="public"))

    face.refresh_from_db()
    assert (face.summary, face.visibility) == ("New.", Visibility.RETIRED)


def test_one_length_is_retired_and_offered_again(admin, face, length):
    visit = booked(option=length)

    assert visit.reference in words(admin.get(retire_page("option", length.pk)))
    admin.post(retire_page("option", length.pk))
    assert not Option.objects.bookable().exists()
    assert "Offer 45 min again" in words(admin.get(page_of(face))).replace("\xa0", " ")

    admin.post(reverse("catalogue:again", args=["option", length.pk]))
    assert Option.objects.bookable().get() == length


def test_an_add_on_keeps_its_minutes_once_booked_and_may_be_excluded_from_a_treatment(
    admin, face, length
):
    gua_sha = AddOnFactory(name="Gua sha finish", minutes=10, device_needs=[])
    visit = booked(option=length)
    visit.add_ons.add(gua_sha)
    sent = typed(admin, page_of(gua_sha), minutes=20, device_1=["led"], not_with=[face.pk])

    admin.post(page_of(gua_sha), sent)

    gua_sha.refresh_from_db()
    assert (gua_sha.minutes, gua_sha.device_needs) == (10, [])
    assert list(gua_sha.not_with.all()) == [face]
    assert visit.reference in words(admin.get(retire_page("add-on", gua_sha.pk)))


def test_what_is_no_row_of_ours_is_no_choice(admin, face, length):
    sent = typed(admin, page_of(face), instructions=["9" * 20])

    assert admin.post(page_of(face), sent).status_code == 422


def test_a_new_add_on(admin):
    page = reverse("catalogue:new_add_on")
    sent = typed(
        admin, page, code="X09", name="Warm towel", summary="Ten warm minutes.", minutes=10
    )

    admin.post(page, sent | {"visibility": "public"})

    assert AddOn.objects.get(code="X09").slug == "warm-towel"
    preview = reverse("catalogue:preview_new", args=["add-on"])
    assert "Warm towel Ten warm minutes." in words(admin.post(preview, sent))


def test_two_with_one_name_or_code_are_refused_in_a_sentence(admin, face):
    page = reverse("catalogue:new_treatment")

    response = admin.post(page, typed(admin, page, code="T06", name="Classic Face Tone"))

    errors = response.context["form"].errors
    assert errors["code"] == ["Another has this code already."]
    assert errors["name"] == ["Another has this name already."]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("code", "t06", "Another has this code already."),
        ("code", "T 6", "Only letters and figures, such as T13."),
        ("code", "../", "Only letters and figures, such as T13."),
        ("name", "\N{GRINNING FACE}", "Give it some Latin letters or figures, for its address."),
    ],
)
def test_what_an_address_or_a_sheet_cannot_hold_is_refused_beside_its_field(
    admin, face, field, value, sentence
):
    page = reverse("catalogue:new_treatment")

    response = admin.post(page, typed(admin, page) | {field: value})

    assert response.context["form"].errors[field] == [sentence]


@pytest.mark.parametrize("kind", ["texts", "booking"])
def test_what_is_no_kind_is_nowhere(admin, face, kind):
    assert admin.get(f"/staff/catalogue/{kind}/1/retire/").status_code == 404
    assert admin.post(f"/staff/catalogue/{kind}/1/move/").status_code == 404
    assert admin.get(f"/staff/catalogue/{kind}/preview/").status_code == 404


def test_the_list_costs_the_same_for_one_as_for_twenty(admin, django_assert_max_num_queries):
    for treatment in TreatmentFactory.create_batch(20):
        OptionFactory(treatment=treatment)
    AddOnFactory.create_batch(10)

    with django_assert_max_num_queries(11):
        admin.get(INDEX)


def test_the_editor_costs_the_same_for_one_length_as_for_four(
    admin, face, django_assert_max_num_queries
):
    for minutes in (15, 30, 45, 60):
        OptionFactory(treatment=face, minutes=minutes)

    with django_assert_max_num_queries(20):
        admin.get(page_of(face))


def test_the_visits_a_retirement_touches_cost_the_same_for_one_as_for_ten(
    admin, face, length, django_assert_max_num_queries
):
    for day in range(10):
        booked(option=length, starts_at=MONDAY_9AM + timedelta(days=day))

    with django_assert_max_num_queries(12):
        assert "10 visits ahead" in words(admin.get(retire_page("treatment", face.pk)))
