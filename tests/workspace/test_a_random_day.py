"""A day of presses by everybody, drawn from a seed: in the evening all is in order."""

import logging

import pytest

from booking.models import Booking, BookingEvent, Status
from booking.services.audit import findings
from clinic.messaging import channels, doorbell
from clinic.messaging.models import Message
from clinic.trail import selectors as trail
from clinic.web import clock
from tests.booking.scenes import NOW
from tests.deep import rounds
from tests.model.truth import TOLD_BY_THEN, Post
from tests.workspace.clinic import Clock, open_day
from tests.workspace.day import Day

PRESSES = 120
MAY_OWE = {Status.CANCELLED_LATE, Status.NO_SHOW, Status.DECLINED_AT_VISIT}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(1, 1 + rounds(3, 6)))
def test_after_a_day_of_presses_all_is_in_order(monkeypatch, caplog, seed):
    wall = Clock(NOW)
    monkeypatch.setattr(clock, "now", wall)
    monkeypatch.setattr(doorbell, "_publish", lambda: None)
    monkeypatch.setattr(channels, "CHANNELS", dict.fromkeys(channels.CHANNELS, Post()))
    day = Day(open_day(), wall, seed=seed)

    try:
        day.happen(presses=PRESSES)
    except Exception as error:
        error.add_note("\n".join(day.log[-20:]))
        raise

    assert findings(now=wall.now) == []
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []
    assert (trail.verify(), trail.unsealed()) == (None, 0)
    assert told_of_the_past() == []
    assert owed_for_nothing() == []
    assert torn_histories() == []
    assert day.done.total() > PRESSES / 5, "hardly anything happened"


def told_of_the_past() -> list[str]:
    """Planned messages to clients that no longer fit the visit they tell of."""
    visits = {f"booking:{visit.pk}": visit for visit in Booking.objects.all()}
    planned = Message.objects.planned().filter(subject__startswith="booking:")
    return [
        f"{note.key}, {visit.status}, version {visit.schedule_version}"
        for note in planned.exclude(code="M19")
        for visit in [visits[note.subject]]
        if note.code not in TOLD_BY_THEN.get(Status(visit.status), ())
        or note.version != visit.schedule_version
    ]


def owed_for_nothing() -> list[str]:
    owed = Booking.objects.filter(fee_owed__gt=0).exclude(status__in=MAY_OWE)
    return [f"{visit.reference}, {visit.status}" for visit in owed]


def torn_histories() -> list[str]:
    """Visits whose history does not lead, step by step, to where they stand."""
    torn = []
    for visit in Booking.objects.filter(client__isnull=False):
        stands = None
        for event in BookingEvent.objects.filter(booking=visit).order_by("pk"):
            steps = [event.data.get("from"), event.data.get("to")]
            if "status" in event.data:
                steps = event.data["status"]
            if steps[1] not in Status.values:
                continue
            if stands is not None and steps[0] in Status.values and steps[0] != stands:
                torn.append(f"{visit.reference}: {event.what} from {steps[0]}, not {stands}")
            stands = steps[1]
        if stands != visit.status:
            torn.append(f"{visit.reference}: {visit.status}, not {stands}")
    return torn
