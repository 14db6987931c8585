"""Words for tests of changes of the schedule."""

from django.test import Client as Browser
from django.urls import reverse

from booking import services
from booking.models import Booking, ScheduleChange
from booking.services import changes
from clinic.accounts.models import User
from tests.booking.scenes import NOW, hold, on, type_details, visitor, wish_for
from tests.factories import ClientFactory, Scene


def visit(scene: Scene, day: int = 4, hour: int = 9, *, provider=None, **who) -> Booking:  # type: ignore[no-untyped-def]
    """A promised visit of a client of its own, with the first of the scene unless told."""
    known = visitor(ClientFactory(**who))
    wish = wish_for(scene, provider=provider or scene.provider, is_known=True)
    booking = hold(scene, on(scene, day, hour), who=known, wish=wish)
    type_details(known)
    return services.confirm_booking(booking=booking, visitor=known, now=NOW)


def away(scene: Scene, first, last, *, resource=None, **fields) -> ScheduleChange:  # type: ignore[no-untyped-def]
    """A draft: the first of the scene is not there."""
    return changes.time_off(
        resource=resource or scene.provider,
        spans=[(first, last)],
        zone=scene.location.zone,
        **fields,
    )


def day_off(scene: Scene, user: User, *, day: int = 4) -> ScheduleChange:
    """The first of the scene is away for a day."""
    draft = away(scene, on(scene, day, 0), on(scene, day + 1, 0))
    return changes.propose(change=draft, user=user, now=NOW)


def new(kind: str) -> str:
    return reverse("staff:propose", args=[kind])


def press(browser: Browser, name: str, pk: int, **typed):
    """Press a button, and see the page it leads to."""
    answer = browser.post(reverse(f"staff:{name}", args=[pk]), typed)
    return browser.get(answer.headers["Location"]).content.decode()


def page(change) -> str:
    return reverse("staff:change", args=[change.pk])


def day_away(scene, **fields) -> dict:
    return {
        "resource": scene.provider.pk,
        "starts_on": "2030-03-04",
        "ends_on": "2030-03-04",
        "is_all_day": "on",
        "repeats": "0",
    } | fields


def week(key: str, hours: dict[int, list[str]]) -> dict[str, str]:
    """The fields of a week as its table posts them."""
    typed = {}
    for day, stretches in hours.items():
        for number, stretch in enumerate(stretches):
            start, end = stretch.split("-")
            typed |= {f"{key}-{day}-{number}-from": start, f"{key}-{day}-{number}-until": end}
    return typed
