"""What Celery does for bookings; each task calls one service."""

from celery import shared_task

from booking import services
from booking.services import calendars, changes, forms, privacy
from clinic.web import clock


@shared_task(ignore_result=True)
def end_lapsed_holds() -> None:
    """Give back the times whose minutes ran out."""
    services.end_lapsed_holds(now=clock.now())


@shared_task(ignore_result=True)
def end_overdue_forms() -> None:
    """Give back the times whose clients did not complete their details."""
    forms.end_overdue_forms(now=clock.now())


@shared_task(ignore_result=True)
def settle_changes() -> None:
    """Close decisions that clients have made themselves, and changes that wait for none."""
    changes.settle_all(now=clock.now())


@shared_task(ignore_result=True)
def delete_old_holds() -> None:
    """Forget holds that came to nothing."""
    services.delete_old_holds(now=clock.now())


@shared_task(ignore_result=True)
def import_outside_calendars() -> None:
    """Look at the calendars that aestheticians keep elsewhere."""
    calendars.import_outside_calendars(now=clock.now())


@shared_task(ignore_result=True)
def purge() -> None:
    """Delete what nobody may keep any longer."""
    privacy.purge(now=clock.now())
