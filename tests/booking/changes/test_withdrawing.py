"""Whatever is changed, in whatever order: taking it all back leaves the diary as it was."""

from datetime import date, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking.errors import BookingError
from booking.models import ScheduleChange
from booking.services import changes
from booking.services.schedule import Stretch
from clinic.accounts.models import User
from tests.booking.changes.scenes import visit
from tests.booking.changes.test_proposing import written
from tests.booking.scenes import NOW, on
from tests.factories import Scene

pytestmark = pytest.mark.django_db

days = st.integers(2, 20)
stretches = st.builds(
    lambda weekday, start, hours: Stretch(weekday, time(start), time(start + hours)),
    st.integers(0, 6),
    st.integers(8, 14),
    st.integers(1, 4),
)
weeks = st.lists(stretches, max_size=5, unique_by=lambda stretch: stretch.weekday)


def away(scene: Scene, what: str, day: int) -> ScheduleChange:
    resource = scene.provider if what == "time_off" else scene.room
    spans = [
        (on(scene, day, 9), on(scene, day, 13)),
        (on(scene, day + 7, 9), on(scene, day + 7, 13)),
    ]
    return getattr(changes, what)(resource=resource, spans=spans, zone=scene.location.zone)


def hours(scene: Scene, day: int, pattern: list[list[Stretch]]) -> ScheduleChange:
    return changes.working_hours(
        provider=scene.provider,
        location=scene.location,
        weeks=pattern,
        valid_from=date(2030, 3, day),
    )


def closed(scene: Scene, day: int, length: int) -> ScheduleChange:
    first = date(2030, 3, day)
    return changes.closure(
        location=scene.location, starts_on=first, ends_on=first + timedelta(days=length)
    )


steps = st.lists(
    st.one_of(
        st.builds(
            lambda what, day: lambda s: away(s, what, day),
            st.sampled_from(["time_off", "out_of_service"]),
            days,
        ),
        st.builds(lambda day, week: lambda s: hours(s, day, [week]), days, weeks),
        st.builds(lambda day, a, b: lambda s: hours(s, day, [a, b]), days, weeks, weeks),
        st.builds(lambda day, length: lambda s: closed(s, day, length), days, st.integers(0, 9)),
        st.builds(
            lambda week: lambda s: changes.opening_hours(location=s.location, week=week), weeks
        ),
        st.just(lambda s: changes.leaving(resource=s.provider)),
        st.just(lambda s: changes.leaving(resource=s.room)),
        st.just(lambda s: changes.retiring(offer=s.treatment)),
        st.just(lambda s: changes.retiring(offer=s.option)),
    ),
    min_size=1,
    max_size=6,
)


@given(steps=steps)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_changes_taken_back_last_one_first_leave_the_diary_as_it_was(scene, ada: User, steps):
    with transaction.atomic():
        booked = {visit(scene, day).pk for day in (4, 5, 11)}
        before, made = written(), []
        for step in steps:
            try:
                looked = changes.preview(change=step(scene), now=NOW)
                change = changes.propose(change=step(scene), user=ada, now=NOW)
            except (BookingError, ValidationError):
                continue  # it makes no sense after the others; nothing of it stays
            made.append(change)
            listed = set(change.visits.values_list("booking", flat=True))
            assert {each.pk for each in looked} == listed <= booked
        for change in reversed(made):
            changes.withdraw(change=change, user=ada, now=NOW)
        assert written() == before
        transaction.set_rollback(True)
