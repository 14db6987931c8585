"""A change of the schedule at the instant in which somebody books, decides, or changes it too."""

from datetime import date, datetime, time

import pytest

from booking import services
from booking.models import Booking, ScheduleChange, Status, TouchedVisit
from booking.services import changes
from booking.services.ledger import CLIENT
from booking.services.schedule import Stretch
from tests.booking.changes.scenes import day_off, visit
from tests.booking.scenes import NOW, hold, on, type_details, visitor, wish_for
from tests.concurrency.racing import Job, errors, laps, late, lingering, race
from tests.factories import ClientFactory, Scene, UserFactory, open_clinic

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = laps(3, 6)
Decision, State = TouchedVisit.Decision, ScheduleChange.State


@pytest.fixture
def dana():
    return UserFactory(is_superuser=True, full_name="Dana Whitlock")


def drafts(scene: Scene) -> dict[str, ScheduleChange]:
    """Each way in which the visit on Monday at nine may lose its ground."""
    zone = scene.location.zone
    return {
        "time off": changes.time_off(
            resource=scene.provider, spans=[(on(scene, 4, 8), on(scene, 4, 12))], zone=zone
        ),
        "out of service": changes.out_of_service(
            resource=scene.room, spans=[(on(scene, 4, 8), on(scene, 4, 12))], zone=zone
        ),
        "hours": changes.working_hours(
            provider=scene.provider,
            location=scene.location,
            weeks=[[Stretch(0, time(13), time(17))]],
            valid_from=date(2030, 3, 4),
        ),
        "closure": changes.closure(
            location=scene.location, starts_on=date(2030, 3, 4), ends_on=date(2030, 3, 4)
        ),
        "opening": changes.opening_hours(
            location=scene.location, week=[Stretch(0, time(13), time(18))]
        ),
        "leaving": changes.leaving(resource=scene.provider),
        "retiring": changes.retiring(offer=scene.treatment),
    }


@pytest.mark.parametrize(
    "kind",
    ["time off", "out of service", "hours", "closure", "opening", "leaving", "retiring"],
)
def test_a_visit_confirmed_at_that_instant_is_listed_or_refused_and_never_neither(kind, dana):
    for number in range(ROUNDS):
        scene = open_clinic()
        draft, who = drafts(scene)[kind], visitor(ClientFactory())
        held = hold(scene, on(scene, 4, 9), who=who, wish=wish_for(scene, is_known=True))
        type_details(who)

        def confirm(held: Booking = held, who=who) -> None:
            services.confirm_booking(booking=held, visitor=who, now=NOW)

        def propose(draft: ScheduleChange = draft) -> int:
            changes.propose(change=draft, user=dana, now=NOW)
            return 0

        jobs = {
            0: [confirm, propose],
            1: [lingering(confirm), late(propose)],
            2: [late(confirm), lingering(propose)],
        }[number % 3]
        confirmed, proposed = race(jobs)

        assert proposed.error is None
        change = ScheduleChange.objects.latest("pk")
        listed = list(change.visits.values_list("booking", flat=True))
        held.refresh_from_db()
        if confirmed.error is None:
            assert (held.status, listed) == (Status.CONFIRMED, [held.pk])
            assert change.state == State.PENDING
        else:
            assert confirmed.error.__name__ in {"SlotTaken", "NotOffered"}
            assert (held.status, listed) == (Status.HELD, [])
            assert change.state == State.IN_FORCE


def deciding(change: ScheduleChange, choice: changes.Choice, user, *, nth: int = 0) -> Job:  # type: ignore[no-untyped-def]
    """A press on "Decide" for the nth visit of `change`, as it was when the page was opened."""
    touched = change.visits.order_by("booking__starts_at")[nth]

    def press() -> None:
        changes.decide(touched=touched, choice=choice, version=0, user=user, now=NOW)

    return press


def sick_day(dana, *hours: int, day: int = 4) -> tuple[Scene, list[Booking], ScheduleChange]:  # type: ignore[no-untyped-def]
    """A clinic of two whose first is away on a day with visits at these hours."""
    scene = open_clinic(providers=2, rooms=2, consoles=2)
    visits = [visit(scene, day, hour) for hour in hours]
    return scene, visits, day_off(scene, dana, day=day)


def test_two_people_decide_one_visit_and_one_of_them_does(dana):
    other = UserFactory(full_name="Eli Boone")
    for number in range(ROUNDS):
        _scene, (booking,), change = sick_day(dana, 9)
        keep = deciding(change, changes.Choice("keep"), dana)
        cancel = deciding(change, changes.Choice("cancel"), other)

        outcomes = race([keep, cancel] if number % 2 else [lingering(keep), late(cancel)])

        assert sorted(errors(outcomes)) == ["NotNow", "won"]
        refused = next(outcome for outcome in outcomes if outcome.error)
        touched = change.visits.get()
        winner = "Dana" if touched.decision == Decision.KEPT else "Eli"
        assert f"{winner} has decided this already" in refused.said
        booking.refresh_from_db()
        is_kept = booking.status == Status.CONFIRMED
        assert is_kept == (touched.decision == Decision.KEPT)


def test_the_last_two_visits_decided_at_one_instant_bring_it_into_force(dana):
    for _number in range(ROUNDS):
        _scene, _visits, change = sick_day(dana, 9, 11)
        keep = changes.Choice("keep")

        outcomes = race([deciding(change, keep, dana, nth=nth) for nth in (0, 1)])

        assert errors(outcomes) == {"won": 2}
        change.refresh_from_db()
        assert change.state == State.IN_FORCE


def test_a_change_is_taken_back_or_its_visit_decided_and_nothing_hangs(dana):
    for number in range(ROUNDS):
        _scene, (booking,), change = sick_day(dana, 9)
        cancel = deciding(change, changes.Choice("cancel"), dana)
        read = ScheduleChange.objects.get(pk=change.pk)

        def withdraw(read: ScheduleChange = read) -> None:
            changes.withdraw(change=read, user=dana, now=NOW)

        outcomes = race([lingering(withdraw), late(cancel)] if number % 2 else [withdraw, cancel])

        assert outcomes[0].error is None
        booking.refresh_from_db()
        change.refresh_from_db()
        assert change.state == State.WITHDRAWN
        is_cancelled = booking.status == Status.CANCELLED_CLINIC
        assert is_cancelled == (outcomes[1].error is None)


def test_its_client_moves_a_visit_or_the_desk_does_but_not_both(dana):
    for number in range(ROUNDS):
        scene, (booking,), change = sick_day(dana, 9, day=6)
        there, later = on(scene, 6, 9), on(scene, 7, 9)
        to_colleague = changes.Choice("move", there, scene.providers[1].pk)
        decide = deciding(change, to_colleague, dana)
        read = Booking.objects.get(pk=booking.pk)

        def move(read: Booking = read, later: datetime = later) -> None:
            services.move(booking=read, starts_at=later, actor=CLIENT, now=NOW)

        outcomes = race([lingering(move), late(decide)] if number % 2 else [move, decide])

        assert sorted(errors(outcomes)) == ["NotNow", "won"]
        booking.refresh_from_db()
        assert booking.starts_at == (later if outcomes[0].error is None else there)
