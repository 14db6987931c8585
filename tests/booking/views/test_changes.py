"""Cancelling, taking back, booking again: by the link of a visit."""

from datetime import timedelta

import pytest
from django.urls import reverse

from booking import links, services
from booking.models import Booking, Status
from booking.services import cancel, check_in, complete, move, start
from booking.services.audit import findings
from booking.services.ledger import CLIENT, staff
from tests.booking.scenes import hold, on
from tests.booking.views.browsing import Page, Visitor, at, text
from tests.factories import (
    InstructionVersionFactory,
    ProviderFactory,
    UserFactory,
    give_hours,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def booking(visitor: Visitor, scene) -> Booking:
    """A visit on Monday at nine, booked a while ago."""
    return visitor.book(on(scene, 4, 9))


@pytest.fixture
def later(wall_clock):
    """When the booking itself can no longer be taken back."""
    wall_clock.wait(minutes=10)
    return wall_clock


def link(booking: Booking, page: str = "manage") -> str:
    return links.page_path(booking, page)


def facts(booking: Booking) -> tuple:
    booking.refresh_from_db()
    return (booking.starts_at, booking.status, booking.schedule_version, booking.events.count())


def manage(visitor: Visitor, booking: Booking) -> str:
    return text(visitor.browser.get(link(booking)))


def press(visitor: Visitor, page: str, action: str, **fields):
    """Press the button of that form as it stands on the page."""
    form = Page(page).form(action)
    return visitor.browser.post(form["action"], form["fields"] | fields)


class TestCancelling:
    def test_says_until_when_it_is_free_before_the_button(self, other, booking, later):
        before = facts(booking)
        response = other.browser.get(link(booking, "cancel"))

        page = text(response)
        assert "Canceling is free until Sun, Mar 3, 9:00 am." in page
        assert page.index("Cancel for a health reason: never a charge") < page.index(
            "Cancel for another reason: no charge"
        )
        assert "Maya" not in page
        assert response["Referrer-Policy"] == "same-origin"
        assert facts(booking) == before

    def test_says_the_sum_once_it_is_not(self, other, booking, later):
        later.now = booking.free_until + timedelta(seconds=1)

        page = text(other.browser.get(link(booking, "cancel")))

        assert "Canceling now costs $85" in page
        assert "Cancel for another reason: $85" in page

    def test_frees_the_time_at_once_and_owes_what_was_said(self, other, scene, booking, later):
        later.now = booking.starts_at - HOUR
        page = text(other.browser.get(link(booking, "cancel")))

        response = press(other, page, "cancel", why="other")

        assert response["Location"] == link(booking)
        booking.refresh_from_db()
        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_LATE, 85)
        assert not booking.allocations.exists()
        assert "$85 is owed by the terms of this visit." in manage(other, booking)
        assert findings(now=later.now) == []

    def test_for_a_health_reason_is_free_and_keeps_no_word(self, other, booking, later):
        later.now = booking.starts_at - HOUR
        page = text(other.browser.get(link(booking, "cancel")))

        press(other, page, "cancel", why="health", reason="A rash")

        booking.refresh_from_db()
        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLIENT, 0)
        event = booking.events.get(what="cancelled")
        assert (event.reason, event.data["health"]) == ("", True)

    def test_shows_the_new_sum_when_the_free_hour_passed_meanwhile(self, other, booking, later):
        later.now = booking.free_until
        page = text(other.browser.get(link(booking, "cancel")))
        later.wait(seconds=1)
        before = facts(booking)

        response = press(other, page, "cancel", why="other")

        assert response.status_code == 409
        assert "What canceling costs has changed" in text(response)
        assert "Cancel for another reason: $85" in text(response)
        assert facts(booking) == before
        press(other, text(response), "cancel", why="other")
        assert facts(booking)[1] == Status.CANCELLED_LATE

    def test_shows_the_visit_as_it_is_when_it_moved_meanwhile(self, other, scene, booking, later):
        page = text(other.browser.get(link(booking, "cancel")))
        move(booking=booking, starts_at=on(scene, 5, 9), actor=staff(UserFactory()), now=later.now)
        before = facts(booking)

        response = press(other, page, "cancel", why="other")

        assert response.status_code == 409
        assert "Cancel Tue, Mar 5, 9:00 am?" in text(response)
        assert facts(booking) == before

    @pytest.mark.parametrize("ended", ["cancelled", "begun", "here", "over"])
    def test_of_what_has_begun_is_over_or_canceled_does_nothing(self, ended, other, booking, later):
        page = text(other.browser.get(link(booking, "cancel")))
        if ended == "cancelled":
            cancel(booking=booking, actor=CLIENT, now=later.now)
        elif ended == "here":
            later.now = booking.starts_at - timedelta(minutes=5)
            check_in(booking=booking, actor=staff(UserFactory()), now=later.now)
        else:
            later.now = booking.starts_at + HOUR * 2 * (ended == "over")
        before = facts(booking)

        response = press(other, page, "cancel", why="other")

        assert response["Location"] == link(booking)
        said = "canceled already" if ended == "cancelled" else "begun or is over"
        assert said in manage(other, booking)
        assert facts(booking) == before

    def test_without_a_reason_or_with_one_nobody_gave_does_nothing(self, other, booking, later):
        page = text(other.browser.get(link(booking, "cancel")))

        for fields in ({}, {"why": "other", "fee": "x"}):
            assert press(other, page, "cancel", **fields).status_code == 409
        assert press(other, page, "cancel", why="none").status_code == 404

        assert facts(booking)[1] == Status.CONFIRMED

    def test_pressed_twice_in_one_instant_leads_to_the_visit_canceled_once(
        self, other, booking, later, monkeypatch
    ):
        page = text(other.browser.get(link(booking, "cancel")))

        def be_second(**fields):  # type: ignore[no-untyped-def]
            cancel(booking=Booking.objects.get(pk=booking.pk), actor=CLIENT, now=later.now)
            cancel(**fields)

        monkeypatch.setattr(services, "cancel", be_second)
        response = press(other, page, "cancel", why="other")

        assert response["Location"] == link(booking)
        assert "This appointment was canceled already." in manage(other, booking)
        assert booking.events.filter(what="cancelled").count() == 1

    def test_costs_few_queries(self, other, booking, later, django_assert_max_num_queries):
        other.browser.get(link(booking, "cancel"))
        with django_assert_max_num_queries(8):
            other.browser.get(link(booking, "cancel"))


class TestTakingItBack:
    def test_a_booking_just_made_goes_at_no_charge_from_either_page(self, visitor, other, booking):
        assert "Until 7:03 am you can take it back at no charge." in manage(other, booking)
        page = text(visitor.browser.get(at("confirmed", booking)))

        response = press(visitor, page, "undo")

        assert response["Location"] == link(booking)
        booking.refresh_from_db()
        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLIENT, 0)

    def test_a_second_press_finds_it_taken_back(self, other, booking):
        page = manage(other, booking)
        press(other, page, "undo")
        before = facts(booking)

        press(other, page, "undo")

        assert "can no longer be taken back" not in manage(other, booking)
        assert facts(booking) == before

    def test_the_button_is_gone_after_three_minutes(self, other, booking, wall_clock):
        page = manage(other, booking)
        wall_clock.wait(minutes=3)
        before = facts(booking)

        assert "Take it back" not in manage(other, booking)
        press(other, page, "undo")

        assert "That can no longer be taken back." in manage(other, booking)
        assert facts(booking) == before

    def test_a_visit_moved_goes_back(self, other, scene, booking, later):
        move(booking=booking, starts_at=on(scene, 5, 9), actor=CLIENT, now=later.now)
        page = manage(other, booking)
        assert "The time you had is not kept meanwhile." in page

        press(other, page, "undo")

        booking.refresh_from_db()
        assert (booking.starts_at, booking.moves) == (on(scene, 4, 9), 0)
        assert "Take it back" not in manage(other, booking)

    def test_a_visit_canceled_stands_again(self, other, booking, later):
        page = text(other.browser.get(link(booking, "cancel")))
        press(other, page, "cancel", why="other")

        press(other, manage(other, booking), "undo")

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        assert findings(now=later.now) == []

    def test_a_move_whose_time_is_gone_shows_the_closest_to_it(self, other, scene, booking, later):
        move(booking=booking, starts_at=on(scene, 5, 9), actor=CLIENT, now=later.now)
        page = manage(other, booking)
        hold(scene, on(scene, 4, 9), now=later.now)

        response = press(other, page, "undo")

        assert response.status_code == 409
        assert "9:00 am was just taken" in text(response)
        nearest = Page(text(response)).forms[0]
        assert nearest["action"] == link(booking, "move_check")
        assert facts(booking)[0] == on(scene, 5, 9)

    def test_who_gave_it_is_gone_meanwhile_too(self, other, scene, booking, later):
        second = ProviderFactory(name="Hana Mori", treatments=[scene.treatment])
        give_hours(second, scene.location)
        for step in (move, cancel):
            where = {"starts_at": on(scene, 5, 9)} if step is move else {}
            step(booking=booking, actor=CLIENT, now=later.now, **where)
            page = manage(other, booking)
            scene.provider.is_active = False
            scene.provider.save()

            response = press(other, page, "undo")

            assert response.status_code == 422
            assert "does not do that" in text(response)
            scene.provider.is_active = True
            scene.provider.save()

    def test_a_canceled_visit_whose_time_is_gone_shows_the_closest_to_book(
        self, other, scene, booking, later
    ):
        cancel(booking=booking, actor=CLIENT, now=later.now)
        page = manage(other, booking)
        hold(scene, on(scene, 4, 9), now=later.now)

        response = press(other, page, "undo")

        assert response.status_code == 409
        assert "Your appointment stays canceled" in text(response)
        assert "A time you choose here is a new booking." in text(response)
        nearest = Page(text(response)).forms[0]
        slot = {"slot": nearest["buttons"][0]}
        pressed = other.browser.post(
            nearest["action"].replace("&amp;", "&"), nearest["fields"] | slot
        )
        held = Booking.objects.get(status=Status.HELD, client=booking.client)
        assert pressed["Location"] == at("details", held)
        assert held.reference != booking.reference
        assert facts(booking)[1] == Status.CANCELLED_CLIENT

    def test_what_the_clinic_did_is_not_the_clients_to_take_back(
        self, other, scene, booking, later
    ):
        move(booking=booking, starts_at=on(scene, 5, 9), actor=staff(UserFactory()), now=later.now)

        assert "Take it back" not in manage(other, booking)

    def test_a_step_of_another_visit_is_not_found(self, other, scene, booking, later):
        stranger = Visitor(scene).come()
        theirs = stranger.book(on(scene, 5, 9), email="other@mail.example")
        step = theirs.events.latest("pk")

        response = other.browser.post(link(booking, "undo"), {"step": step.pk})

        assert response.status_code == 404
        assert facts(theirs)[1] == Status.CONFIRMED


class TestTheVisitsPage:
    def test_after_the_visit_there_is_aftercare_and_the_same_again(
        self, other, scene, booking, later
    ):
        desk = staff(UserFactory())
        later.now = booking.starts_at
        for step in (check_in, start, complete):
            step(booking=booking, actor=desk, now=later.now)

        page = manage(other, booking)

        assert link(booking, "aftercare") in Page(page).links
        assert "The same again" in page
        assert "Add to calendar" not in page
        assert "$170" in page
        assert link(booking, "cancel") not in Page(page).links

    def test_ahead_of_it_there_is_all_that_can_be_done(self, scene, other, booking, later):
        booking.instruction_versions.add(InstructionVersionFactory())

        page = manage(other, booking)

        for name in ("move", "cancel", "manage_calendar", "subscribe"):
            assert link(booking, name) in Page(page).links
        assert "Free until Sun, Mar 3, 9:00 am" in page
        assert "calendar.google.com" in page
        assert link(booking, "prepare") in page

    def test_costs_few_queries(self, other, booking, django_assert_max_num_queries):
        other.browser.get(link(booking))
        with django_assert_max_num_queries(8):
            other.browser.get(link(booking))


class TestBookingAgain:
    def finish(self, booking: Booking, later) -> None:  # type: ignore[no-untyped-def]
        desk = staff(UserFactory())
        later.now = booking.starts_at
        for step in (check_in, start, complete):
            step(booking=booking, actor=desk, now=later.now)

    def test_one_press_keeps_the_same_a_week_later_for_whom_we_know(self, scene, booking, later):
        self.finish(booking, later)
        client = Visitor(scene)
        page = manage(client, booking)

        response = press(client, page, "rebook")

        held = Booking.objects.get(status=Status.HELD)
        assert response["Location"] == at("details", held)
        assert held.starts_at == on(scene, 11, 9)  # on the wall: the clocks changed meanwhile
        assert (held.client, held.option, held.provider) == (
            booking.client,
            booking.option,
            booking.provider,
        )
        assert held.minutes == 60
        assert "You are booking as Maya Ellison." in text(client.browser.get(at("details", held)))

    def test_a_visit_long_over_is_booked_for_the_next_such_day(self, scene, booking, later):
        self.finish(booking, later)
        later.now = on(scene, 25, 3)  # the Monday itself is within half a day by then
        client = Visitor(scene)

        press(client, manage(client, booking), "rebook")

        held = Booking.objects.get(status=Status.HELD)
        assert held.starts_at == on(scene, 31, 9) + timedelta(days=1)

    def test_where_it_is_not_free_the_closest_are_shown(self, scene, booking, later):
        self.finish(booking, later)
        hold(scene, on(scene, 11, 9), now=later.now)
        client = Visitor(scene)

        response = press(client, manage(client, booking), "rebook")

        assert response.status_code == 409
        assert "Mon, Mar 11, 9:00 am is not free." in text(response)
        nearest = Page(text(response)).forms[0]
        assert nearest["action"].startswith(reverse("booking:start"))
        assert len(nearest["buttons"]) == 3

    def test_opening_the_address_keeps_nothing(self, scene, booking, later):
        self.finish(booking, later)
        client = Visitor(scene)

        response = client.browser.get(link(booking, "rebook"))

        assert response["Location"] == link(booking)
        assert not Booking.objects.filter(status=Status.HELD).exists()
        assert "client" not in client.browser.session

    def test_with_somebody_who_left_something_else_is_chosen(self, scene, booking, later):
        self.finish(booking, later)
        scene.treatment.visibility = "hidden"
        scene.treatment.save()
        client = Visitor(scene)

        response = press(client, manage(client, booking), "rebook")

        assert response.status_code == 422
        assert "cannot be booked online" in text(response)


@pytest.mark.parametrize("page", ["cancel", "undo", "rebook"])
def test_a_link_that_is_altered_or_old_does_nothing(page, other, booking, wall_clock):
    altered = other.browser.post(link(booking, page).replace("/visit/", "/visit/x"))
    wall_clock.now = booking.ends_at + timedelta(days=31)

    for response in (altered, other.browser.post(link(booking, page))):
        assert response.status_code == 404
        assert "Maya" not in text(response)
