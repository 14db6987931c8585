"""What happens on the day, in one tap, and back again; with scripts and without."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from booking import services
from booking.models import Booking, Status
from booking.permissions import Role
from booking.services.ledger import CLIENT
from tests.booking.scenes import NOW, on
from tests.booking.views.browsing import text
from tests.factories import ProviderFactory, UserFactory, booked

TODAY = reverse("staff:today")
VISIT = reverse("staff:visit", args=["K7P-2QX"])
MINUTE = timedelta(minutes=1)
SWAP = {"HTTP_HX_REQUEST": "true"}


def at(verb: str) -> str:
    return reverse("staff:press", args=["K7P-2QX", verb])


@pytest.fixture
def now(booking: Booking, wall_clock) -> Booking:
    """It is nine on Sunday: the visit begins."""
    wall_clock.now = booking.starts_at
    return booking


def status(booking: Booking) -> str:
    booking.refresh_from_db()
    return booking.status


@pytest.mark.usefixtures("now")
class TestWithoutScripts:
    def test_from_arrival_to_done_in_three_taps_each_said_and_undoable(self, desk, booking):
        for verb, stands, said in (
            ("check-in", "checked_in", "Maya Ellison is checked in."),
            ("start", "in_progress", "Maya Ellison is in treatment."),
            ("complete", "completed", "The visit of Maya Ellison is completed."),
        ):
            response = desk.post(at(verb), {"from": "today", "who": booking.location.slug})

            assert response.status_code == 303
            assert response["Location"] == f"{TODAY}?who={booking.location.slug}"
            assert status(booking) == stands
            page = text(desk.get(response["Location"]))
            assert said in page
            undo = f"{at('take-back')}?from=today&amp;who={booking.location.slug}"
            assert f'action="{undo}"' in page

    def test_undo_leads_back_to_where_the_button_was(self, desk, booking):
        desk.post(at("check-in"), {"from": "today", "day": "2030-03-03"})

        response = desk.post(f"{at('take-back')}?from=today&day=2030-03-03")

        assert response["Location"] == f"{TODAY}?day=2030-03-03"
        assert status(booking) == Status.CONFIRMED
        page = text(desk.get(TODAY))
        assert "Taken back." in page
        assert ">Undo<" not in page.rpartition("Taken back.")[2]

    def test_pressed_on_the_page_of_the_visit_it_stays_there(self, desk):
        assert desk.post(at("check-in"))["Location"] == VISIT

    def test_what_is_no_longer_so_is_said_there(self, desk, booking):
        desk.post(at("check-in"))
        desk.post(at("check-in"))

        page = text(desk.get(VISIT))
        assert "Dana Whitlock checked the client in Sun, Mar 3, 9:00 am." in page
        assert booking.events.filter(what="checked_in").count() == 1


@pytest.mark.usefixtures("now")
class TestSwapped:
    def test_the_answer_is_the_day_as_it_is_now_and_a_word_with_undo(self, desk, booking):
        response = desk.post(at("check-in"), {"from": "today"}, **SWAP)

        page = text(response)
        assert response.status_code == 200
        assert "<html" not in page
        assert "Checked in 9:00 am" in page
        assert 'hx-swap-oob="beforeend:.toasts"' in page
        assert "Maya Ellison is checked in." in page
        assert 'hx-target="#today"' in page.partition("Maya Ellison is checked in.")[2]

    def test_the_same_day_and_person_stay(self, desk, booking):
        who = f"{booking.location.slug}.{booking.provider_id}"
        sent = {"from": "today", "day": "2030-03-03", "who": who}

        page = text(desk.post(at("check-in"), sent, **SWAP))

        assert f'name="who" value="{who}"' in page

    @pytest.mark.parametrize(
        ("before", "verb", "said"),
        [
            (["check-in", "start", "complete"], "complete", "completed this visit Sun, Mar 3"),
            (["no-show"], "check-in", "that the client did not come"),
            ([], "start", "The client is not checked in yet"),
            ([], "take-back", "There is nothing to take back."),
        ],
    )
    def test_what_cannot_be_done_is_a_409_with_who_did_what(
        self, desk, booking, before, verb, said
    ):
        for step in before:
            desk.post(at(step))
        stands = status(booking)

        response = desk.post(at(verb), {"from": "today"}, **SWAP)

        page = text(response)
        assert response.status_code == 409
        assert "Not done" in page
        assert said in page
        assert 'id="today"' in page
        assert status(booking) == stands

    def test_checking_in_a_visit_its_client_canceled(self, desk, booking):
        services.cancel(booking=booking, actor=CLIENT, now=NOW)

        response = desk.post(at("check-in"), {"from": "today"}, **SWAP)

        assert response.status_code == 409
        assert "Client canceled this visit Fri, Mar 1, 7:00 am." in text(response)

    def test_completing_in_the_future(self, desk, booking, wall_clock):
        wall_clock.now = booking.starts_at - timedelta(hours=1)
        desk.post(at("check-in"))

        response = desk.post(at("complete"), {"from": "today"}, **SWAP)

        assert response.status_code == 409
        assert "has not begun yet: it is on Sun, Mar 3, 9:00 am." in text(response)


@pytest.mark.usefixtures("now")
class TestLate:
    @pytest.mark.parametrize(
        ("minutes", "offered"),
        [
            (5, ["Check in"]),
            (12, ["Check in, 48 min left"]),
            (20, ["Treat anyway, 40 min left", "Too late: $85 is owed", "nothing is owed"]),
        ],
    )
    def test_what_is_offered_follows_the_rule(self, desk, booking, wall_clock, minutes, offered):
        wall_clock.now += minutes * MINUTE

        page = text(desk.get(TODAY))

        for words in offered:
            assert words in page
        assert ("Too late" in page) == (minutes > 15)

    def test_it_is_shortened_in_one_tap(self, desk, booking, wall_clock):
        wall_clock.now += 12 * MINUTE
        desk.post(at("late"))

        assert status(booking) == Status.CHECKED_IN
        assert (booking.minutes, booking.adjusted_minutes) == (48, -12)
        assert "Checked in</b>" in text(desk.get(VISIT))
        assert "12 min late" in text(desk.get(VISIT))

    @pytest.mark.parametrize("choice", ["", "anyway"])
    def test_what_is_left_is_said_also_where_the_button_did_not_know_yet(
        self, desk, wall_clock, choice
    ):
        wall_clock.now += 12 * MINUTE
        desk.post(at("late"), {"choice": choice})

        said = "Maya Ellison is checked in, for the 48 min that are left."
        assert said in text(desk.get(TODAY))

    @pytest.mark.parametrize(
        ("choice", "stands", "owed"),
        [
            ("anyway", Status.CHECKED_IN, 0),
            ("fee", Status.CANCELLED_LATE, 85),
            ("free", Status.CANCELLED_LATE, 0),
        ],
    )
    def test_staff_choose_and_may_take_it_back(
        self, desk, booking, wall_clock, choice, stands, owed
    ):
        wall_clock.now += 20 * MINUTE
        desk.post(at("late"), {"choice": choice})

        assert status(booking) == stands
        assert booking.fee_owed == owed
        assert at("take-back") in text(desk.get(TODAY))

        desk.post(at("take-back"))
        assert status(booking) == Status.CONFIRMED
        assert booking.fee_owed == 0


@pytest.mark.usefixtures("now")
class TestUnprepared:
    def test_what_was_done_instead_stands_in_the_history(self, desk, booking):
        desk.post(at("decline"), {"choice": "lower"})

        assert status(booking) == Status.CONFIRMED
        page = text(desk.get(VISIT))
        assert "Came unprepared</b>" in page
        assert "a lower intensity" in page

    def test_another_treatment_is_chosen_where_visits_are_moved(self, desk, booking, wall_clock):
        wall_clock.now -= timedelta(hours=1)
        move = reverse("staff:move", args=["K7P-2QX"])

        assert desk.post(at("decline"), {"choice": "change"})["Location"] == move
        response = desk.post(at("decline"), {"choice": "change"}, **SWAP)
        assert response["HX-Redirect"] == move

    def test_declined_the_first_time_nothing_is_owed(self, desk, booking):
        desk.post(at("decline"), {"choice": "unprepared"})

        assert status(booking) == Status.DECLINED_AT_VISIT
        assert booking.fee_owed == Decimal(0)


@pytest.mark.usefixtures("now")
class TestWhoMayPress:
    def test_the_one_who_gives_it(self, at_work, booking):
        browser = at_work(Role.AESTHETICIAN, email="ana@lumen.example")
        booking.provider.user = UserFactory._meta.model.objects.get(email="ana@lumen.example")
        booking.provider.save()

        assert browser.post(at("check-in")).status_code == 303
        assert status(booking) == Status.CHECKED_IN

    def test_not_another_aesthetician(self, at_work, booking):
        browser = at_work(Role.AESTHETICIAN, email="ben@lumen.example")
        ProviderFactory(user=UserFactory._meta.model.objects.get(email="ben@lumen.example"))

        assert browser.post(at("check-in")).status_code == 404
        assert status(booking) == Status.CONFIRMED

    def test_not_the_medical_lead(self, at_work, booking):
        assert at_work(Role.MEDICAL_LEAD).post(at("check-in")).status_code == 403
        assert status(booking) == Status.CONFIRMED

    def test_a_look_at_the_address_does_nothing(self, desk, booking):
        assert desk.get(at("check-in")).status_code == 405
        assert status(booking) == Status.CONFIRMED

    @pytest.mark.parametrize("sent", [{}, {"choice": "nonsense"}])
    def test_there_is_nothing_else_to_press(self, desk, sent):
        assert desk.post(at("late" if sent else "erase"), sent).status_code == 404


class TestThePageOfTheVisit:
    def test_offers_what_can_be_done_now(self, desk, now, wall_clock):
        wall_clock.now -= MINUTE
        assert "Did not come" not in text(desk.get(VISIT))
        wall_clock.now += 2 * MINUTE
        page = text(desk.get(VISIT))

        assert f'formaction="{at("late")}">Check in</button>' in page
        assert "Did not come" in page
        assert "Decline for safety, no fee" in page

    def test_offers_nothing_to_press_days_before(self, desk, booking):
        assert "/press/" not in text(desk.get(VISIT))

    def test_nor_to_who_only_looks(self, at_work, now):
        assert "/press/" not in text(at_work(Role.MEDICAL_LEAD).get(VISIT))

    def test_yesterday_s_notes_are_not_taken_back(self, desk, booking, wall_clock):
        wall_clock.now = booking.starts_at
        desk.post(at("no-show"))
        assert at("take-back") in text(desk.get(VISIT))

        wall_clock.now += timedelta(days=1)
        assert at("take-back") not in text(desk.get(VISIT)).partition("toasts")[0]


def test_a_press_costs_the_same_for_one_visit_as_for_ten(
    desk, scene, now, django_assert_max_num_queries
):
    with django_assert_max_num_queries(60) as for_one:
        desk.post(at("check-in"), {"from": "today"}, **SWAP)
    cost = len(for_one)
    desk.post(at("take-back"))
    for hour in range(10, 17):
        booked(provider=ProviderFactory(), location=scene.location, starts_at=on(scene, 3, hour))

    with django_assert_max_num_queries(cost):
        desk.post(at("check-in"), {"from": "today"}, **SWAP)
