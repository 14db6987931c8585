from django.test import Client
from django.urls import reverse

from tests.booking.views.browsing import text
from tests.factories import (
    AddOnFactory,
    OptionFactory,
    PriceFactory,
    TreatmentFactory,
    open_clinic,
)

START = reverse("booking:start")
SCRIPT = {"HX-Request": "true"}


def test_a_link_chooses_beforehand(visitor, scene):
    option = OptionFactory(treatment=TreatmentFactory(name="Bright Eyes"), minutes=30)
    PriceFactory(option=option, amount=115)
    scene.provider.treatments.add(option.treatment)

    page = text(visitor.browser.get(START, {"treatment": option.treatment.slug}))

    assert f'value="{option.treatment.slug}" checked' in page
    assert 'value="30" checked' in page
    assert "$115" in page


def test_extras_are_those_that_go_with_the_treatment_here(visitor, scene):
    good, excluded, nobodys = (AddOnFactory(name=name) for name in ("Good", "Excluded", "Nobodys"))
    scene.provider.add_ons.add(good, excluded)
    excluded.not_with.add(scene.treatment)
    for add_on in (good, excluded, nobodys):
        PriceFactory(option=None, add_on=add_on, amount=30)

    page = text(visitor.browser.get(START))

    assert "Good, 10 min" in page
    assert "Excluded" not in page
    assert "Nobodys" not in page


def test_the_price_grows_with_what_is_chosen(visitor, scene):
    add_on = AddOnFactory(slug="finish")
    scene.provider.add_ons.add(add_on)
    PriceFactory(option=None, add_on=add_on, amount=30)

    part = visitor.browser.get(START, {"add": "finish"}, headers=SCRIPT)

    assert "<html" not in text(part)
    assert "$200" in text(part)
    assert "85 min" in text(part)  # with the first-visit talk


def test_what_is_not_given_here_is_said(visitor, scene):
    elsewhere = open_clinic()

    page = text(
        visitor.browser.get(
            START, {"location": scene.location.slug, "treatment": elsewhere.treatment.slug}
        )
    )

    assert "We do not offer that at" in page


def test_a_chosen_day_and_place_are_carried_on_to_the_times(visitor, scene):
    response = visitor.browser.get(
        reverse("booking:find"),
        {"treatment": scene.treatment.slug, "location": scene.location.slug, "day": "2030-03-05"},
    )

    assert response["Location"] == visitor.times_url(day="2030-03-05")


def test_a_clinic_with_nothing_to_book_says_so(db):
    response = Client().get(START)

    assert response.status_code == 200
    assert "Nothing can be booked online right now" in text(response)
