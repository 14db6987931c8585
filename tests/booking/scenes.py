"""Words for tests of bookings: who asks, for what, and what the diary then says."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from booking.models import Booking
from booking.selectors import FreeSlots, free_slots
from booking.services import confirm_booking, hold_slot, save_draft
from booking.services.confirming import CONSENT_WORDING
from booking.services.desk import Newcomer, book_visit
from booking.services.ledger import staff
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.clients.models import Client
from tests.factories import Scene, UserFactory

NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)  # a Friday; Monday the 4th is well past any notice


def visitor(client: Client | None = None) -> Visitor:
    """A browser nobody has seen before, or one of `client`."""
    return Visitor(id=uuid4().hex, client=client)


def wish_for(scene: Scene, **fields: object) -> Wish:
    return Wish(option=scene.option, location=scene.location, **fields)  # type: ignore[arg-type]


def on(scene: Scene, day: int, hour: int, minute: int = 0) -> datetime:
    """The instant at which the clinic's wall shows that time in March 2030."""
    return datetime(2030, 3, day, hour, minute, tzinfo=scene.location.zone).astimezone(UTC)


def slots_on(scene: Scene, day: int, *, now: datetime = NOW, wish: Wish | None = None) -> FreeSlots:
    date = datetime(2030, 3, day).date()
    return free_slots(wish=wish or wish_for(scene), first_on=date, last_on=date, now=now)


def walls(slots: FreeSlots) -> list[str]:
    """The free times as the clinic's wall clock shows them."""
    return [f"{datetime.fromtimestamp(s, slots.zone):%H:%M}" for s in slots.all_starts]


def hold(scene: Scene, starts_at: datetime, *, who: Visitor | None = None, **fields) -> Booking:  # type: ignore[no-untyped-def]
    asked = {
        "wish": wish_for(scene),
        "price_shown": None,
        "request_key": uuid4(),
        "now": NOW,
    } | fields
    return hold_slot(starts_at=starts_at, visitor=who or visitor(), **asked)


def type_details(who: Visitor, *, now: datetime = NOW, **details: object) -> None:
    """Fill in the form as a calm person would."""
    typed = {
        "name": "Maya Ellison",
        "email": "maya@mail.example",
        "phone": "+15035550123",
        "time_zone": "America/New_York",
        "consents": ["treatment", "data"],
        "safety_confirmed_at": now,
        "safety_wording": CONSENT_WORDING,
    } | details
    save_draft(visitor=who, now=now, **typed)


def confirm(
    scene: Scene, starts_at: datetime, *, now: datetime = NOW, **details: object
) -> Booking:
    """Hold a time, type the details, confirm."""
    who = visitor()
    booking = hold(scene, starts_at, who=who, now=now)
    type_details(who, now=now, **details)
    return confirm_booking(booking=booking, visitor=who, now=now + timedelta(minutes=1))


def book_by_phone(scene: Scene, person: Newcomer, starts_at: datetime) -> Booking:
    """A visit that the desk booked for somebody on the phone."""
    return book_visit(
        wish=wish_for(scene, provider=scene.provider),
        starts_at=starts_at,
        price_shown=None,
        person=person,
        request_key=uuid4(),
        actor=staff(UserFactory()),
        now=NOW,
    )
