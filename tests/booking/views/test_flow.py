"""The whole way without scripts: every address and field is taken from the page before."""

from django.test import Client
from django.urls import reverse

from booking.models import Booking, Draft, Status
from clinic.messaging.models import Message
from tests.booking.scenes import on
from tests.booking.views.browsing import TYPED, Page, at, text
from tests.factories import AddOnFactory, PriceFactory


def test_somebody_books_without_scripts_and_with_forged_requests_refused(scene, settings):
    add_on = AddOnFactory(name="Gua sha finish", slug="gua-sha")
    scene.provider.add_ons.add(add_on)
    PriceFactory(option=None, add_on=add_on, amount=30)
    browser = Client(enforce_csrf_checks=True)

    first = browser.get(reverse("booking:start"))
    assert "Gua sha finish" in text(first)
    found = browser.get(
        Page(text(first)).form("find")["action"],
        {
            "treatment": scene.treatment.slug,
            "minutes": 60,
            "add": "gua-sha",
            "location": scene.location.slug,
        },
    )
    times = browser.get(found["Location"])
    form = Page(text(times)).forms[-1]
    held = browser.post(form["action"], form["fields"] | {"slot": form["buttons"][0]})
    assert held.status_code == 303

    details = browser.get(held["Location"])
    form = Page(text(details)).form("details")
    filled = browser.post(form["action"], form["fields"] | TYPED)
    assert filled.status_code == 303

    review = browser.get(filled["Location"])
    assert "$200" in text(review)
    assert "maya@mail.example<br>(503) 555-0123" in text(review)
    form = Page(text(review)).form("confirm")
    confirmed = browser.post(form["action"], form["fields"])
    assert confirmed.status_code == 303

    page = browser.get(confirmed["Location"])
    assert page.status_code == 200
    assert "You are booked, Maya" in text(page)
    booking = Booking.objects.get(status=Status.CONFIRMED)
    assert booking.client.email == "maya@mail.example"
    assert str(booking.client.phone) == "+15035550123"
    assert booking.time_zone == "America/Denver"
    assert booking.price == 200
    assert (booking.safety_confirmed_at, booking.safety_wording) != (None, "")
    assert sorted(booking.client.consents.filter(is_given=True).values_list("kind", flat=True)) == [
        "data",
        "treatment",
    ]
    message = Message.objects.get(code="M01", channel="email")
    assert message.subject == f"booking:{booking.pk}"
    assert not Draft.objects.exists()


def test_a_post_without_the_token_of_its_page_is_refused(scene):
    browser = Client(enforce_csrf_checks=True)
    browser.get(reverse("booking:start"))

    response = browser.post(
        f"/book/{scene.treatment.slug}/60/hold/", {"slot": "20300304T1400Z-170.00"}
    )

    assert response.status_code == 403
    assert not Booking.objects.exists()


def test_pressing_confirm_twice_makes_one_visit_and_one_letter(visitor, scene):
    booking = visitor.hold(on(scene, 4, 9))
    visitor.fill_in(booking)

    for _ in range(2):
        assert visitor.confirm(booking)["Location"] == at("confirmed", booking)

    assert Booking.objects.count() == 1
    assert Message.objects.filter(code="M01", channel="email").count() == 1


def test_pages_of_a_booking_are_for_the_browser_that_made_it(visitor, other, scene):
    booking = visitor.hold(on(scene, 4, 9))

    for page in ("details", "review", "expired", "confirmed", "bar", "calendar"):
        assert other.browser.get(at(page, booking)).status_code == 404, page
    for action in ("details", "confirm", "extend", "release", "again"):
        assert other.browser.post(at(action, booking)).status_code == 404, action
    booking.refresh_from_db()
    assert booking.status == Status.HELD


def test_personal_pages_are_kept_by_nobody_and_run_no_foreign_code(visitor, scene):
    booking = visitor.book(on(scene, 4, 9))

    for url in (visitor.times_url(), at("confirmed", booking), at("calendar", booking)):
        response = visitor.browser.get(url)
        assert "no-store" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex"
        policy = response["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_looking_changes_nothing(visitor, scene, django_assert_num_queries):
    booking = visitor.hold(on(scene, 4, 9))
    before = Booking.objects.values().get(pk=booking.pk)

    for url in (visitor.times_url(), at("details", booking), at("review", booking)):
        visitor.browser.get(url)
    for page, button_on in {
        "confirm": "review",
        "extend": "details",
        "release": "details",
        "again": "expired",
    }.items():
        answer = visitor.browser.get(at(page, booking))
        assert (answer.status_code, answer["Location"]) == (303, at(button_on, booking))
    answer = visitor.browser.get(visitor.hold_url(day="2030-03-04"))
    assert (answer.status_code, answer["Location"]) == (303, visitor.times_url(day="2030-03-04"))

    assert Booking.objects.values().get(pk=booking.pk) == before
