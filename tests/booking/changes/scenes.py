"""Words for tests of changes of the schedule."""

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
