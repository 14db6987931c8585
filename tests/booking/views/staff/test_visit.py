"""The ledger of one visit, and what needs a person."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from booking import services
from booking.models import Alert, Reading
from booking.permissions import Role
from booking.services.care import acknowledge, open_page
from booking.services.ledger import CLIENT, staff
from clinic.web import clock
from tests.booking.scenes import NOW, on
from tests.booking.views.browsing import text
from tests.booking.views.staff.written import alert, failed, planned, sent
from tests.factories import ClientFactory, InstructionVersionFactory, UserFactory, booked

VISIT = reverse("staff:visit", args=["K7P-2QX"])
ALERTS = reverse("staff:alerts")
PREP = Reading.Page.PREPARATION
HEALTH = ("irritat", "skin", "red", "pain", "pregnan")  # words that no list of alerts may say


def test_the_visit_says_who_comes_when_and_to_whom(desk, booking):
    page = text(desk.get(VISIT))

    assert "<h1>Maya Ellison</h1>" in page
    assert "Sunday, March 3, 9:00 to 10:00 am, Eastern Time" in page
    assert booking.provider.name in page
    assert "Confirmed" in page
    assert 'href="tel:+15035550123"' in page
    assert "(503) 555-0123" in page


def test_a_visit_that_was_made_longer_is_as_long_as_it_is(desk, booking):
    services.resize(booking=booking, minutes=75, actor=staff(UserFactory()), now=NOW)

    assert f"{booking.option.treatment.name}, 75 min" in text(desk.get(VISIT))


@pytest.mark.parametrize(("days", "is_told"), [(-3, True), (6, True), (10, False), (-40, False)])
def test_an_aesthetician_is_told_how_to_reach_a_client_in_the_days_around_a_visit(
    at_work, booking, monkeypatch, days, is_told
):
    browser = at_work(Role.AESTHETICIAN)
    booking.provider.user_id = browser.session["_auth_user_id"]
    booking.provider.save(update_fields=["user"])
    sent(booking, "M01")
    monkeypatch.setattr(clock, "now", lambda: booking.starts_at - timedelta(days=days))
    pages = [VISIT, reverse("staff:booked", args=["K7P-2QX"])]
    pages += [reverse("staff:cancel", args=["K7P-2QX"])] if days > 0 else []

    for page in map(text, map(browser.get, pages)):
        assert "Maya Ellison" in page
        assert ("555-0123" in page or "maya@mail.example" in page) == is_told


def test_each_message_says_what_became_of_it(desk, booking):
    (version,) = booking.instruction_versions.all()
    sent(
        booking,
        "M01",
        content_versions=[str(version.pk)],
        due_at=NOW - timedelta(hours=1),
        delivered_at=NOW,
    )
    failed(booking, "M05")
    planned(booking, "M11", due_at=NOW + timedelta(days=3))
    failed(booking, "M13", status="void", reason="somebody calls instead")
    planned(booking, "M09", last_error="451 busy", attempts=2, ready_at=NOW + timedelta(minutes=2))

    page = text(desk.get(VISIT))

    for said in (
        "Accepted by the server",
        "Delivered",
        "maya@mail.example",
        "P-STD v1",
        "ab12" * 16,
        "refused by the server",
        "somebody calls instead",
        "Tried 2 times in vain.",
        "Planned",
        "Withdrawn",
        "Trying again",
        "Failed",
    ):
        assert said in page
    assert "451 busy" not in page
    assert "1 that was withdrawn" in page


def test_what_was_read_is_told_with_the_time_and_the_texts(desk, booking):
    assert "The page was not opened." in text(desk.get(VISIT))

    open_page(booking=booking, page=PREP, now=NOW)
    page = text(desk.get(VISIT))
    assert "Opened <time" in page
    assert "Not read" in page

    versions = [str(version.pk) for version in booking.instruction_versions.all()]
    acknowledge(booking=booking, page=PREP, versions=versions, now=NOW + timedelta(minutes=3))
    page = text(desk.get(VISIT))
    assert "“I have read this”" in page
    assert "Fri, Mar 1, 7:03 am" in page
    assert "Not read" not in page

    booking.instruction_versions.add(InstructionVersionFactory())
    assert "“I have read this”, of earlier texts," in text(desk.get(VISIT))


def test_preparation_that_did_not_arrive_stands_in_plain_sight(desk, booking):
    assert "Prep not delivered" not in text(desk.get(VISIT))

    failed(booking, "M04")

    page = text(desk.get(VISIT))
    assert "Prep not delivered" in page
    assert page.index("Prep not delivered") < page.index("Preparation and aftercare")


def test_where_a_text_went_is_written_as_numbers_are_here(desk, booking):
    sent(booking, "M01", channel="sms", sent_to="+12075550119")

    page = text(desk.get(VISIT))

    assert "(207) 555-0119" in page
    assert "+12075550119" not in page


def test_the_history_says_what_happened_when_and_by_whom(desk, booking):
    services.move(
        booking=booking, starts_at=booking.starts_at + timedelta(hours=1), actor=CLIENT, now=NOW
    )

    page = text(desk.get(VISIT))

    assert "<b>Moved</b>" in page
    history = re.sub("<[^>]+>", "", page[page.index("<b>Moved</b>") :])
    assert "from Sun, Mar 3, 9:00 am to Sun, Mar 3, 10:00 am" in history
    assert "held" not in history.lower()


def test_a_visit_costs_the_same_for_one_message_as_for_twenty(
    desk, booking, django_assert_num_queries
):
    for number in range(20):
        robin = UserFactory()
        planned(booking, "M19", recipient=f"staff:{robin.pk}", occurrence=str(number))
        alert(booking, seen_at=NOW, seen_by=robin)
        booking.instruction_versions.add(InstructionVersionFactory())

    with django_assert_num_queries(19):
        desk.get(VISIT)


def test_a_hold_has_no_page(desk, scene):
    hold = booked(held=True, location=scene.location, provider=scene.provider, option=scene.option)

    assert desk.get(reverse("staff:visit", args=[hold.reference])).status_code == 404


# What needs a person


def test_alerts_stand_newest_first_with_a_number_to_tap(desk, booking):
    other = booked(
        client=ClientFactory(name="Joan Petrie", phone="+15035550199"),
        location=booking.location,
        provider=booking.provider,
        starts_at=on_monday(booking),
    )
    alert(other, raised_at=NOW - timedelta(hours=1))
    alert(booking, kind=Alert.Kind.NOT_DELIVERED)

    page = text(desk.get(ALERTS))

    assert page.index("Maya Ellison") < page.index("Joan Petrie")
    assert "“Preparation and reminder” did not arrive" in page
    assert "Needs a call" in page
    assert 'href="tel:+15035550199"' in page
    assert '<i class="count">2' in page


def on_monday(booking):  # type: ignore[no-untyped-def]
    return booking.starts_at + timedelta(days=1)


def test_no_list_of_alerts_says_a_word_about_health_or_names_the_treatment(desk, booking):
    alert(booking)
    page = text(desk.get(ALERTS)).split('<main id="main"')[1].casefold()

    assert booking.option.treatment.name.casefold() not in page
    assert not [word for word in HEALTH if f" {word}" in page]


def test_done_is_noted_with_who_and_when_and_the_first_press_counts(desk, at_work, booking):
    open_alert = alert(booking)
    done = reverse("staff:done", args=[open_alert.pk])

    response = desk.post(done, {"from": "visit"})

    open_alert.refresh_from_db()
    assert response["Location"] == VISIT
    assert (open_alert.seen_at, str(open_alert.seen_by)) == (NOW, "Dana Whitlock")
    assert "Dealt with by Dana Whitlock" in text(desk.get(VISIT))
    assert "Nothing is open." in text(desk.get(ALERTS))

    late = at_work(Role.MEDICAL_LEAD)
    assert late.post(done)["Location"] == ALERTS
    assert "Somebody else has dealt with this already." in text(late.get(ALERTS))
    open_alert.refresh_from_db()
    assert str(open_alert.seen_by) == "Dana Whitlock"


def test_looking_at_an_alert_deals_with_nothing(desk, booking):
    open_alert = alert(booking)

    assert desk.get(reverse("staff:done", args=[open_alert.pk])).status_code == 405
    desk.get(ALERTS)
    desk.get(VISIT)

    open_alert.refresh_from_db()
    assert open_alert.seen_at is None


def test_unread_preparation_within_two_days_is_listed_until_it_is_read(desk, booking, wall_clock):
    assert "Maya Ellison" not in text(desk.get(ALERTS))

    wall_clock.wait(hours=3)
    assert "Maya Ellison" in text(desk.get(ALERTS))

    versions = [str(version.pk) for version in booking.instruction_versions.all()]
    acknowledge(booking=booking, page=PREP, versions=versions, now=wall_clock.now)
    assert "Maya Ellison" not in text(desk.get(ALERTS))


def test_alerts_cost_the_same_for_one_as_for_twenty(
    desk, scene, django_assert_num_queries, wall_clock
):
    for number in range(20):
        visit = booked(
            location=scene.location,
            option=scene.option,
            starts_at=on(scene, 2, 9),
            reference=f"ABC-{number:03}",
        )
        visit.instruction_versions.add(InstructionVersionFactory())
        alert(visit)

    with django_assert_num_queries(11):
        page = desk.get(ALERTS)
    assert len(page.context["page"].object_list) == len(page.context["unread"]) == 20
