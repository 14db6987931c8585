"""What becomes of visits a change runs into: kept, moved, canceled, by whom and only once."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import services
from booking.errors import NotNow, SlotTaken
from booking.models import Booking, BookingEvent, Resource, ScheduleChange, TouchedVisit
from booking.selectors import free_slots
from booking.selectors.replanning.choices import Choice
from booking.selectors.replanning.visits import replanned, touched_visits
from booking.services import changes
from booking.services.audit import findings
from booking.services.changes import deciding
from booking.services.ledger import CLIENT, staff
from booking.wishes import Wish
from clinic.messaging.models import Message
from tests.booking.changes.scenes import away, day_off, visit
from tests.booking.scenes import NOW, hold, on, visitor, wish_for
from tests.factories import ClientFactory, UserFactory, open_clinic

pytestmark = pytest.mark.django_db
State, Decision = ScheduleChange.State, TouchedVisit.Decision
KEEP, CANCEL, CALL = Choice(Choice.KEEP), Choice(Choice.CANCEL), Choice(Choice.CALL)
MINUTE = timedelta(minutes=1)
SIXTH = date(2030, 3, 6)


def rows_of(change, *, now=NOW):
    return replanned(list(touched_visits(change)), change=change, now=now)


def decide(touched, choice, user, **fields):
    version = touched.booking.schedule_version
    asked = {"touched": touched, "choice": choice, "version": version, "user": user, "now": NOW}
    changes.decide(**asked | fields)


def news(booking) -> set[str]:
    """What its client is still to be told of the visit as it is since the decision."""
    about = Message.objects.about(f"booking:{booking.pk}").filter(recipient="client")
    planned = about.filter(status="planned", version=booking.schedule_version)
    return set(planned.values_list("code", flat=True)) & {"M01", "M09"}


class Seen:
    """The rows as somebody read them who did not lock them."""

    def __init__(self, visit: Booking) -> None:
        self.visit = visit

    def get(self, **_which: object) -> Booking:
        return self.visit


class TestDecisions:
    def test_a_visit_kept_stays_and_its_history_says_why(self, scene, dana):
        booking = visit(scene)
        change = day_off(scene, dana)

        decide(change.visits.get(), KEEP, dana, reason="She comes in for Max")

        booking.refresh_from_db()
        assert (booking.status, booking.schedule_version) == ("confirmed", 0)
        event = booking.events.latest("pk")
        assert (event.what, event.user, event.reason) == ("kept", dana, "She comes in for Max")
        change.refresh_from_db()
        assert (change.state, change.in_force_at) == (State.IN_FORCE, NOW)

    def test_a_visit_moved_to_a_colleague_keeps_hour_and_price_and_its_client_is_told(
        self, scene, dana
    ):
        booking = visit(scene)
        change = day_off(scene, dana)
        (row,) = rows_of(change)

        decide(row.touched, row.offers[0].choice, dana)

        booking.refresh_from_db()
        assert (booking.provider, booking.starts_at) == (scene.providers[1], on(scene, 4, 9))
        assert booking.price == 170
        assert news(booking) == {"M01"}  # nothing had gone to her before
        touched = change.visits.get()
        assert (touched.decision, touched.decided_by) == (Decision.MOVED, dana)

    def test_a_visit_canceled_costs_nothing_and_its_client_is_told(self, scene, dana):
        booking = visit(scene)
        change = day_off(scene, dana)

        decide(change.visits.get(), CANCEL, dana, now=on(scene, 4, 8))

        booking.refresh_from_db()
        assert (booking.status, booking.fee_owed) == ("cancelled_clinic", 0)
        assert news(booking) == {"M09"}
        assert change.visits.get().decision == Decision.CANCELLED

    def test_another_room_is_no_news_to_a_client(self, scene, dana):
        booking = visit(scene)
        change = changes.propose(
            change=changes.out_of_service(
                resource=scene.room,
                spans=[(on(scene, 4, 0), on(scene, 5, 0))],
                zone=scene.location.zone,
            ),
            user=dana,
            now=NOW,
        )
        (row,) = rows_of(change)
        assert (row.offers[0].why, row.tells) == ("Another room or device is free", False)

        decide(row.touched, row.choice, dana)

        booking.refresh_from_db()
        assert (booking.starts_at, booking.schedule_version) == (on(scene, 4, 9), 0)
        kept = set(booking.allocations.values_list("resource", flat=True))
        assert scene.rooms[1].pk in kept
        assert scene.room.pk not in kept
        assert booking.events.latest("pk").what == "reseated"
        assert findings(now=NOW) == []

    def test_it_is_in_force_with_the_last_decision_and_not_before(self, scene, dana):
        visit(scene, hour=9)
        visit(scene, hour=11)
        change = day_off(scene, dana)
        first, second = change.visits.order_by("booking__starts_at")

        decide(first, KEEP, dana)
        change.refresh_from_db()
        assert change.state == State.PENDING
        decide(second, CANCEL, dana, now=NOW + MINUTE)

        change.refresh_from_db()
        assert (change.state, change.in_force_at) == (State.IN_FORCE, NOW + MINUTE)

    def test_all_of_it_leaves_a_clean_ledger(self, scene, dana):
        for hour in (9, 11, 13, 15):
            visit(scene, hour=hour)
        change = day_off(scene, dana)
        rows = rows_of(change)

        for row, choice in zip(
            rows, (rows[0].choice, KEEP, CANCEL, rows[3].offers[-1].choice), strict=True
        ):
            decide(row.touched, choice, dana)

        change.refresh_from_db()
        assert change.state == State.IN_FORCE
        assert findings(now=NOW + MINUTE) == []


class TestTakenBack:
    """A decision can be taken back as what was done can, and then there is none."""

    def undo(self, booking, actor):
        booking.refresh_from_db()
        last = booking.events.latest("pk")
        services.undo(booking=booking, step=last, actor=actor, now=NOW + MINUTE)

    def test_a_visit_that_stands_again_is_to_be_decided_again(self, scene, ada):
        booking = visit(scene)
        change = changes.propose(change=changes.retiring(offer=scene.treatment), user=ada, now=NOW)
        decide(change.visits.get(), CANCEL, ada, reason="No longer given")

        self.undo(booking, staff(ada))

        assert booking.status == "confirmed"
        touched = change.visits.get()
        assert (touched.decision, touched.decided_by, touched.note) == (Decision.OPEN, None, "")
        change.refresh_from_db()
        assert (change.state, change.in_force_at) == (State.PENDING, None)
        decide(touched, KEEP, ada, now=NOW + 2 * MINUTE)
        assert change.visits.get().decision == Decision.KEPT

    def test_so_is_one_that_its_client_had_moved_out_of_the_way(self, scene, ada):
        booking = visit(scene, 6)
        draft = changes.closure(location=scene.location, starts_on=SIXTH, ends_on=SIXTH)
        change = changes.propose(change=draft, user=ada, now=NOW)
        services.move(booking=booking, starts_at=on(scene, 7, 9), actor=CLIENT, now=NOW)
        changes.settle(change=change, now=NOW + MINUTE)
        assert change.state == State.IN_FORCE

        self.undo(booking, CLIENT)

        change.refresh_from_db()
        assert (change.state, change.visits.get().decision) == (State.PENDING, Decision.OPEN)

    def test_a_change_that_was_taken_back_stays_so(self, scene, ada):
        booking = visit(scene)
        change = changes.propose(change=changes.retiring(offer=scene.treatment), user=ada, now=NOW)
        decide(change.visits.get(), CANCEL, ada)
        changes.withdraw(change=change, user=ada, now=NOW)

        self.undo(booking, staff(ada))

        change.refresh_from_db()
        assert (change.state, change.visits.get().decision) == (
            State.WITHDRAWN,
            Decision.CANCELLED,
        )


class TestTwoPeople:
    def test_the_second_one_sees_who_decided_what(self, scene, dana):
        visit(scene)
        visit(scene, hour=11)
        change = day_off(scene, dana)
        touched = change.visits.first()
        other = UserFactory(full_name="Eli Boone")
        decide(touched, CANCEL, dana)

        with pytest.raises(NotNow, match=r"Dana .* the visit is canceled"):
            decide(touched, KEEP, other)
        with pytest.raises(NotNow, match=r"Dana .* the visit is canceled"):
            changes.choose(touched=touched, choice=KEEP, user=other)
        assert BookingEvent.objects.filter(what="kept").count() == 0

    def test_a_visit_its_client_moved_meanwhile_is_left_alone(self, scene, dana):
        booking = visit(scene, 6)
        change = day_off(scene, dana, day=6)
        services.move(booking=booking, starts_at=on(scene, 7, 9), actor=CLIENT, now=NOW)

        with pytest.raises(NotNow, match="changed in the meantime"):
            decide(change.visits.get(), CANCEL, dana, version=0)
        booking.refresh_from_db()
        assert booking.status == "confirmed"

    @pytest.mark.parametrize("choice", ["keep", "cancel", "another room"])
    def test_not_of_a_visit_that_its_client_moves_in_that_instant(
        self, scene, dana, choice, monkeypatch
    ):
        booking = visit(scene, 6)
        draft = away(scene, on(scene, 6, 0), on(scene, 7, 0), resource=scene.room)
        change = changes.propose(change=draft, user=dana, now=NOW)
        (row,) = rows_of(change)
        picked = {"keep": KEEP, "cancel": CANCEL}.get(choice, row.offers[0].choice)
        claimed = deciding.claim

        def claim_while_they_move(*args):
            claimed(*args)
            read = Booking.objects.with_facts().get(pk=booking.pk)
            services.move(booking=booking, starts_at=on(scene, 7, 9), actor=CLIENT, now=NOW)
            monkeypatch.setattr(Booking.objects, "with_facts", lambda: Seen(read))

        monkeypatch.setattr(deciding, "claim", claim_while_they_move)

        with pytest.raises(NotNow):
            decide(row.touched, picked, dana, version=0)
        booking.refresh_from_db()
        assert booking.status == "confirmed"

    def test_nothing_is_decided_of_a_change_that_was_taken_back(self, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        touched = change.visits.get()
        changes.withdraw(change=change, user=dana, now=NOW)

        with pytest.raises(NotNow, match="taken back"):
            decide(touched, CANCEL, dana)

    def test_what_one_picked_is_there_for_the_next(self, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        (row,) = rows_of(change)
        later = row.offers[-1].choice

        changes.choose(touched=row.touched, choice=later, user=dana)

        (row,) = rows_of(change)
        assert (row.choice, row.touched.chosen_by) == (later, dana)

    def test_a_time_that_went_meanwhile_is_said_and_the_visit_stays_open(self, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        (row,) = rows_of(change)
        other = wish_for(scene, provider=scene.providers[1])
        hold(scene, on(scene, 4, 9), who=visitor(ClientFactory()), wish=other)
        assert row.offers[0].starts_at == on(scene, 4, 9)

        with pytest.raises(SlotTaken):
            decide(row.touched, row.offers[0].choice, dana)
        assert change.visits.get().decision == Decision.OPEN


class TestOffers:
    def test_a_colleague_at_the_same_hour_comes_first_then_the_same_day_then_the_nearest(
        self, scene, dana
    ):
        visit(scene)
        (row,) = rows_of(day_off(scene, dana))

        found = [(offer.nearness, offer.provider.first_name, offer.why) for offer in row.offers]
        assert found[0] == ("same", "Clara", "Clara is trained and free")
        assert [near for near, _name, _why in found] == ["same"] + ["day"] * 3 + ["other"] * 3
        assert found[1] == ("day", "Clara", "15 minutes later")
        assert found[4] == ("other", "Hana", "1 day earlier")

    def test_another_day_is_not_offered_with_less_notice_than_a_client_gives(self, scene, dana):
        scene.providers[1].treatments.clear()
        visit(scene, 5)
        change = day_off(scene, dana, day=5)

        (row,) = rows_of(change, now=on(scene, 4, 1))
        assert {offer.why for offer in row.offers} >= {"1 day earlier", "1 day later"}
        assert row.choice.starts_at == on(scene, 4, 16, 45)

        (row,) = rows_of(change, now=on(scene, 4, 6))
        assert min(offer.starts_at for offer in row.offers) == on(scene, 6, 9)

    def test_who_is_not_trained_is_not_offered(self, scene, dana):
        scene.providers[1].treatments.clear()
        visit(scene)

        (row,) = rows_of(day_off(scene, dana))

        assert {offer.provider for offer in row.offers} == {scene.provider}
        assert {offer.nearness for offer in row.offers} == {"other"}

    def test_no_two_visits_are_offered_one_time(self, scene, dana):
        Resource.objects.filter(pk__in=[scene.rooms[1].pk, scene.devices[1].pk]).update(
            is_active=False
        )
        visit(scene, hour=9)
        visit(scene, hour=11)

        rows = rows_of(day_off(scene, dana))

        starts = [row.choice.starts_at for row in rows]
        assert starts == [on(scene, 4, 9), on(scene, 4, 11)]
        changes.choose(
            touched=rows[1].touched,
            choice=Choice(Choice.MOVE, on(scene, 4, 9, 15), scene.providers[1].pk),
            user=dana,
        )
        rows = rows_of(rows[0].touched.change)
        assert rows[1].choice.starts_at == on(scene, 4, 11)  # the room is not free at 9:15
        for row in rows[:1]:
            later = Choice(Choice.MOVE, on(scene, 4, 15), scene.providers[1].pk)
            changes.choose(touched=row.touched, choice=later, user=dana)
        rows = rows_of(rows[0].touched.change)
        assert rows[0].choice.starts_at == on(scene, 4, 15)
        assert on(scene, 4, 15) not in {offer.starts_at for offer in rows[1].offers}

    def test_no_visit_is_moved_into_the_hour_that_another_could_keep(self, scene, dana):
        visit(scene, hour=13)
        visit(scene, hour=15)
        visit(scene, hour=13, provider=scene.providers[1])  # so the first one cannot keep its hour

        first, second = rows_of(day_off(scene, dana))

        assert second.choice == Choice(Choice.MOVE, on(scene, 4, 15), scene.providers[1].pk)
        assert (first.nearness, first.choice.starts_at) == ("day", on(scene, 4, 11, 45))

    def test_not_while_the_client_is_somewhere_else(self, scene, dana):
        booking = visit(scene)
        other = open_clinic()
        elsewhere = visit(other, 5, 9)
        elsewhere.client = booking.client
        elsewhere.save(update_fields=["client"])
        scene.providers[1].treatments.clear()

        (row,) = rows_of(day_off(scene, dana))

        assert all(
            offer.starts_at >= elsewhere.ends_at
            or offer.starts_at + booking.duration <= elsewhere.starts_at
            for offer in row.offers
        )

    def test_a_retired_treatment_is_kept_or_canceled(self, scene, ada):
        visit(scene)
        change = changes.propose(change=changes.retiring(offer=scene.treatment), user=ada, now=NOW)

        (row,) = rows_of(change)

        assert (row.offers, row.choice) == ([], KEEP)

    def test_time_off_as_long_as_the_visit_does_not_free_its_person(self, scene, dana):
        booking = visit(scene)
        kept = booking.allocations.get(resource=scene.provider)
        draft = away(scene, kept.starts_at, kept.ends_at)
        change = changes.propose(change=draft, user=dana, now=NOW)

        (row,) = rows_of(change)

        assert row.offers[0].provider == scene.providers[1]

    def test_every_offer_is_free_by_the_one_function_that_says_so(self, scene, dana):
        for hour in (9, 11, 14):
            visit(scene, hour=hour)
        visit(scene, hour=10, provider=scene.providers[1])
        for row in rows_of(day_off(scene, dana)):
            for offer in row.offers:
                day = offer.starts_at.astimezone(scene.location.zone).date()
                slots = free_slots(
                    wish=Wish.of(row.visit).with_(offer.provider),
                    first_on=day,
                    last_on=day,
                    now=NOW,
                    ignoring=row.visit,
                    is_staff=True,
                )
                assert int(offer.starts_at.timestamp()) in slots.all_starts

    def test_twenty_visits_cost_as_many_queries_as_one(self, scene, dana):
        def cost(change):
            with CaptureQueriesContext(connection) as queries:
                rows = rows_of(change)
                assert all(row.visit.client.name and row.offers for row in rows)
            return len(rows), len(queries)

        visit(scene, 5)
        one = cost(day_off(scene, dana, day=5))
        for day in (11, 12, 13, 14):
            for hour in (9, 11, 13, 15, 16):
                if hour != 16:
                    visit(scene, day, hour)
        for day in (18, 19, 20, 21):
            visit(scene, day, 9)
        many = cost(
            changes.propose(
                change=away(scene, on(scene, 10, 0), on(scene, 22, 0)), user=dana, now=NOW
            )
        )

        assert (one[0], many[0]) == (1, 20)
        assert one[1] == many[1] <= 18


@pytest.mark.parametrize("text", ["", "nonsense", "20300304T1400Z", "2030-1", "keep-1"])
def test_a_choice_nobody_offered_is_none(text):
    assert Choice.read(text) is None


def test_a_choice_is_read_as_it_is_written(scene):
    for choice in (KEEP, CANCEL, CALL, Choice(Choice.MOVE, on(scene, 4, 9), 7)):
        assert Choice.read(str(choice)) == choice
