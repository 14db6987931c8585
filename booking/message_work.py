"""What those who work here are told: other times, the sheet of a day, and alerts."""

from __future__ import annotations

from datetime import datetime, time

from booking.message_times import DAY, HOUR, Visit, a_day_on_or_start, after_undo
from booking.models import Alert, Booking, Provider
from booking.permissions import Role
from booking.scheduling import sending
from booking.selectors.history import State, known
from booking.subjects import subject_of, subject_of_day
from clinic.accounts.models import User
from clinic.messaging.services import Draft as Planned


def who_sees_it_change(booking: Booking, stood: list[State]) -> list[str]:
    """Return, as recipients, which aestheticians know the visit other than it is now.

    Who gives it and who gave it.
    """
    giving = {state.facts["provider"] for state in stood}
    with_account = Provider.objects.filter(pk__in=giving, user__isnull=False)
    return [
        f"provider:{provider}"
        for provider in with_account.order_by("pk").values_list("pk", flat=True)
        if known(booking, stood, provider) != stood[-1].seen_by(provider)
    ]


def change_for(visit: Visit, recipient: str) -> Planned:
    """Return M09 to somebody who gives the visit, or gave it until now."""
    return Planned(
        subject=subject_of(visit.booking),
        code="M09",
        recipient=recipient,
        version=visit.booking.schedule_version,
        due_at=after_undo(visit),
        useful_until=a_day_on_or_start(visit),
    )


def day_sheet(visit: Visit) -> Planned | None:
    """Return the sheet for the day of the visit, sent at six in the evening before.

    One for all visits of the day; None where it is too late for one, or nobody to send it to.
    """
    day = visit.booking.starts_at.astimezone(visit.here).date()
    evening = datetime.combine(day - DAY, time(18))
    due_at = sending.at_wall(evening, visit.here)
    user = visit.booking.provider.user_id
    if user is None or due_at <= visit.now:
        return None
    return Planned(
        subject=subject_of_day(visit.booking.provider_id, day),
        code="M20",
        recipient=f"staff:{user}",
        due_at=due_at,
        useful_until=due_at + 14 * HOUR,
    )


def alert_messages(alert: Alert, *, now: datetime) -> list[Planned]:
    """Return the messages that tell of `alert`: to the aesthetician and each medical lead.

    Two queries. Nobody is told twice.
    """
    booking = alert.booking
    leads = User.objects.filter(is_active=True, groups__name=Role.MEDICAL_LEAD)
    people = set(leads.values_list("pk", flat=True))
    if user := booking.provider.user_id:
        people.add(user)
    return [
        Planned(
            subject=subject_of(booking),
            code="M19",
            occurrence=str(alert.pk),
            recipient=f"staff:{person}",
            due_at=now,
        )
        for person in sorted(people)
    ]
