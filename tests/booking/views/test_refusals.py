"""What cannot be booked is refused with a sentence, and nothing is stored."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from booking.models import Booking, Draft, Status
from clinic.clients.models import Client
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, on
from tests.booking.views.browsing import TYPED, Visitor, at, text
from tests.factories import (
    AddOnFactory,
    LocationFactory,
    PriceFactory,
    ProviderFactory,
    TimeOffFactory,
    give_hours,
)
from treatments.models import Visibility

NINE = datetime(2030, 3, 4, 14, tzinfo=UTC)  # Monday, 9:00 am in New York


@pytest.mark.parametrize(
    ("starts_at", "sentence"),
    [
        (NOW - timedelta(days=1), "That time has passed"),
        (datetime(2030, 3, 1, 20, tzinfo=UTC), "too soon for us to prepare"),
        (datetime(2030, 5, 6, 14, tzinfo=UTC), "not open that far ahead"),
        (datetime(2099, 5, 6, 14, tzinfo=UTC), "not open that far ahead"),
        (NINE + timedelta(minutes=7), "9:07 am was just taken"),
        (NINE - timedelta(hours=1), "8:00 am was just taken"),
        (NINE + timedelta(hours=8), "5:00 pm was just taken"),
    ],
)
def test_a_time_that_is_not_on_offer_is_refused_with_the_closest_ones(starts_at, sentence, visitor):
    response = visitor.press(starts_at)

    assert response.status_code == 409
    assert sentence in text(response)
    assert "These are the closest times:" in text(response)
    assert not Booking.objects.exists()


def test_the_closest_times_may_lie_beyond_the_days_that_are_shown(visitor, scene):
    """Thursday the 14th is the last of two weeks; Friday morning is nearer than Monday."""
    TimeOffFactory(
        resource=scene.provider.resource_ptr,
        starts_at=on(scene, 12, 0),
        ends_at=on(scene, 15, 0),
    )

    for page in (
        visitor.press(on(scene, 14, 16)),
        visitor.browser.get(visitor.times_url(day="2030-03-14")),
    ):
        assert "Fri, Mar 15, 9:00 am" in text(page)
        assert "Mon, Mar 11" not in text(page)


def test_the_turnover_of_another_visit_cannot_be_booked(visitor, other, scene):
    visitor.hold(on(scene, 4, 9))

    response = other.press(on(scene, 4, 10, 15))

    assert response.status_code == 409
    assert Booking.objects.count() == 1


def test_whoever_comes_second_keeps_the_choice_and_gets_three_times_to_press(visitor, other, scene):
    visitor.hold(on(scene, 4, 9))
    add_on = AddOnFactory(slug="gua-sha")
    scene.provider.add_ons.add(add_on)
    PriceFactory(option=None, add_on=add_on, amount=30)
    query = {"add": "gua-sha", "with": scene.provider.slug}

    response = other.press(on(scene, 4, 9), price="200.00", query=query)

    page = text(response)
    assert response.status_code == 409
    assert "9:00 am was just taken" in page
    assert 'role="alert"' in page
    alert = page[page.index('role="alert"') : page.index("</form>")]
    assert alert.count("<button") == 3
    assert "Mon, Mar 4, 10:30 am with Ana, $200" in alert
    assert f"add=gua-sha&amp;with={scene.provider.slug}" in alert


def test_another_price_than_the_one_shown_is_refused(visitor, scene):
    response = visitor.press(on(scene, 4, 9), price="17.00")

    assert response.status_code == 409
    assert "The price of that time is not the one you saw" in text(response)
    assert not Booking.objects.exists()


@pytest.mark.parametrize("visibility", [Visibility.HIDDEN, Visibility.RETIRED])
def test_a_hidden_or_retired_treatment_is_refused(visibility, visitor, scene):
    scene.treatment.visibility = visibility
    scene.treatment.save(update_fields=["visibility"])

    for response in (visitor.press(NINE), visitor.browser.get(visitor.times_url())):
        assert response.status_code == 422
        assert "cannot be booked online" in text(response)
    assert not Booking.objects.exists()


def test_a_length_no_longer_offered_is_refused(visitor, scene):
    scene.option.is_active = False
    scene.option.save(update_fields=["is_active"])

    assert visitor.press(NINE).status_code == 422
    assert not Booking.objects.exists()


def test_extras_that_do_not_go_together_are_refused(visitor, scene):
    finishes = [AddOnFactory(slug=f"finish-{name}") for name in "abc"]
    scene.provider.add_ons.add(*finishes)
    for add_on in finishes:
        PriceFactory(option=None, add_on=add_on, amount=30)
    finishes[0].not_with.add(scene.treatment)

    three = visitor.press(NINE, query={"add": ["finish-a", "finish-b", "finish-c"]})
    excluded = visitor.press(NINE, query={"add": "finish-a"})

    assert (three.status_code, excluded.status_code) == (422, 422)
    assert "At most 2 extras fit into one visit." in text(three)
    assert "already includes what" in text(excluded)
    assert not Booking.objects.exists()


def test_a_person_who_does_not_give_it_is_refused(visitor, scene):
    nadia = ProviderFactory(name="Nadia Roy", slug="nadia")
    give_hours(nadia, scene.location)

    response = visitor.press(NINE, query={"with": "nadia"})

    assert response.status_code == 422
    assert "Nadia does not do that" in text(response)
    assert not Booking.objects.exists()


def test_a_place_that_takes_no_bookings_is_refused(visitor, scene):
    LocationFactory(slug="closed", is_active=False)

    assert visitor.press(NINE, query={"location": "closed"}).status_code == 422


@pytest.mark.parametrize("query", [{"location": "nowhere"}, {"add": "nothing"}, {"with": "nobody"}])
def test_places_extras_and_people_we_do_not_know_are_not_found(query, visitor):
    assert visitor.browser.get(visitor.times_url(**query)).status_code == 404
    assert visitor.press(NINE, query=query).status_code == 404
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    "path",
    [
        "/book/no-such-treatment/60/",
        "/book/{slug}/61/",
        "/book/{slug}/99999999999999999999999/",
        "/book/K7P-2QX/details/",
        "/book/%00/details/",
        "/visit/%00/",
        "/book/find/?treatment=nothing",
    ],
)
def test_addresses_we_do_not_know_are_not_found(path, visitor, scene):
    assert visitor.browser.get(path.format(slug=scene.treatment.slug)).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"slot": ""},
        {"slot": "tomorrow"},
        {"slot": "20300231T1400Z-170.00"},
        {"slot": "20300304T1400Z-NaN"},
        {"slot": "20300304T1400Z-170.00\0"},
        {"slot": "9" * 5000},
        {"slot": "00010101T0000Z-170.00"},
        {"request_key": "1"},
        {"request_key": "\0"},
    ],
)
def test_a_press_that_no_button_of_ours_sends_is_refused(fields, visitor):
    data = {"slot": "20300304T1400Z-170.00", "request_key": str(uuid4())} | fields

    response = visitor.browser.post(visitor.hold_url(), data)

    assert response.status_code == 422
    assert 'role="alert"' in text(response)
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    "query",
    [{"day": "2030-99-99"}, {"day": "\0"}, {"day": "9" * 400}, {"month": "2030-13"}, {"add": "\0"}],
)
def test_a_day_nobody_can_read_is_refused(query, visitor):
    response = visitor.browser.get(visitor.times_url(**query))

    assert response.status_code == 422
    assert "We could not read that" in text(response)


@pytest.mark.parametrize("day", ["0001-01-01", "1999-01-01", "9999-12-31"])
def test_a_day_outside_the_diary_shows_the_nearest_one_in_it(day, visitor):
    assert visitor.browser.get(visitor.times_url(day=day)).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Enter your name."),
        ("name", "\u200b", "Enter your name."),
        ("name", "M" * 121, "That name is too long for us."),
        ("name", "Maya\x07", "Please leave out characters that cannot be seen on paper."),
        ("name", "Maya\0", "Please leave out characters that cannot be seen on paper."),
        ("name", "Maya\u202eEllison", "Please leave out characters that cannot be seen"),
        ("name", "https://win.example Maya", "Please write the name without web or e-mail"),
        ("name", "Win.example/now Maya", "Please write the name without web or e-mail"),
        ("name", "maya@mail.example", "Please write the name without web or e-mail"),
        ("email", "maya.ellison", "Enter an e-mail address with an @ sign"),
        ("email", "maya@mail.example\r\nBcc: all@mail.example", "Enter an e-mail address"),
        ("email", "m" * 300 + "@mail.example", "That is longer than an e-mail address can be."),
        ("phone", "503 555", "Enter a mobile number with 10 digits."),
        ("phone", "call me", "Enter a mobile number with 10 digits."),
        ("phone", "5" * 400, "Enter a mobile number with 10 digits."),
        ("phone", "\0", "Enter a mobile number with 10 digits."),
        ("safe", None, "Tick that none of these apply to you, or call us."),
        ("agree_treatment", None, "We can treat you only if you agree to it."),
        ("agree_data", None, "We can book you only if we may keep your details."),
    ],
)
def test_details_that_do_not_do_come_back_with_a_sentence_beside_the_field(
    field, value, sentence, visitor, scene
):
    booking = visitor.hold(on(scene, 4, 9))

    response = visitor.fill_in(booking, **{field: value})

    page = text(response)
    assert response.status_code == 422
    assert page.count(sentence) == 2  # in the summary on top and beside the field
    assert f'href="#id_{field}"' in page
    assert f'id="id_{field}_error"' in page
    if field != "name":
        assert 'value="Maya Ellison"' in page
    assert not Draft.objects.exists()
    assert visitor.browser.get(at("review", booking))["Location"] == at("details", booking)


def test_a_wrong_form_comes_back_alone_to_a_script(visitor, scene):
    booking = visitor.hold(on(scene, 4, 9))
    script = {"HX-Request": "true"}

    wrong = visitor.browser.post(at("details", booking), {}, headers=script)
    right = visitor.browser.post(at("details", booking), TYPED, headers=script)

    assert wrong.status_code == 422
    assert "<html" not in text(wrong)
    assert "HX-Request" in wrong["Vary"]
    assert right["HX-Redirect"] == at("review", booking)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "\0", "x" * 500, "../../etc/passwd"])
def test_a_zone_no_clock_keeps_is_left_out(zone, visitor, scene):
    booking = visitor.hold(on(scene, 4, 9))

    assert visitor.fill_in(booking, time_zone=zone).status_code == 303
    assert Draft.objects.get().time_zone == ""


def test_a_visit_is_not_confirmed_before_the_details_are_there(visitor, scene):
    booking = visitor.hold(on(scene, 4, 9))

    assert visitor.confirm(booking)["Location"] == at("details", booking)
    booking.refresh_from_db()
    assert booking.status == Status.HELD
    assert not Client.objects.exists()


def test_a_second_first_visit_is_refused_without_telling_a_stranger_anything(visitor, scene):
    confirm(scene, on(scene, 6, 9), name=TYPED["name"], email=TYPED["email"])
    booking = visitor.hold(on(scene, 4, 9))
    visitor.fill_in(booking)

    response = visitor.confirm(booking)

    page = text(response)
    assert response.status_code == 409
    assert "We could not confirm this visit online." in page
    assert "March 6" not in page
    booking.refresh_from_db()
    assert booking.status == Status.HELD
    assert Message.objects.filter(code="R01").count() == 1
    assert Message.objects.filter(code="M01", channel="email").count() == 1


def test_the_first_step_says_what_it_cannot_do(visitor, scene):
    find = reverse("booking:find")

    length = visitor.browser.get(find, {"treatment": scene.treatment.slug, "minutes": 45})
    huge = visitor.browser.get(find, {"treatment": scene.treatment.slug, "minutes": "9" * 99})

    assert length.status_code == 422
    assert "takes 60 min. Please choose a length." in text(length)
    assert huge.status_code == 422


def test_a_treatment_without_a_price_is_refused(visitor, scene):
    scene.option.prices.all().delete()

    assert visitor.browser.get(visitor.times_url()).status_code == 422
    assert visitor.press(NINE).status_code == 422
    assert not Booking.objects.exists()


def test_a_browser_without_our_cookie_is_told_why(scene):
    stranger = Visitor(scene)

    response = stranger.press(NINE)

    assert response.status_code == 403
    assert "We need one cookie" in text(response)
    assert not Booking.objects.exists()


def test_a_cookie_we_did_not_sign_is_none(scene):
    stranger = Visitor(scene)
    stranger.browser.cookies["visitor"] = "0" * 32 + ":signed"

    assert stranger.press(NINE).status_code == 403
