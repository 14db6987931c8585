"""What canceling costs is what was shown, and what is owed can be waived."""

from datetime import timedelta
from decimal import Decimal

import pytest

from booking import services
from booking.errors import NotNow, TermsChanged
from booking.models import Booking, Status
from booking.services.ledger import CLIENT, staff
from tests.booking.scenes import NOW, confirm, on
from tests.factories import Scene, UserFactory, open_clinic

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene: Scene) -> Booking:
    return confirm(scene, on(scene, 4, 9))


def cancel(booking: Booking, **fields) -> None:  # type: ignore[no-untyped-def]
    services.cancel(booking=booking, actor=CLIENT, **fields)


def test_the_free_hour_that_passed_while_the_page_was_open_cancels_nothing(booking):
    with pytest.raises(TermsChanged):
        cancel(booking, fee_shown=Decimal(0), now=booking.free_until + SECOND)

    booking.refresh_from_db()
    assert (booking.status, booking.fee_owed) == (Status.CONFIRMED, 0)


def test_a_visit_that_was_moved_since_somebody_looked_is_not_canceled(scene, booking):
    seen = Booking.objects.get(pk=booking.pk)
    services.move(booking=booking, starts_at=on(scene, 5, 9), actor=CLIENT, now=NOW)

    with pytest.raises(NotNow):
        services.cancel(booking=seen, actor=CLIENT, version=0, now=NOW)

    assert Booking.objects.get(pk=booking.pk).status == Status.CONFIRMED


def test_to_the_second_of_the_free_hour_it_costs_what_was_shown(booking):
    cancel(booking, fee_shown=Decimal(0), now=booking.free_until)

    assert booking.fee_owed == 0


def test_a_fee_that_is_no_longer_due_is_not_taken_either(booking):
    with pytest.raises(TermsChanged):
        cancel(booking, fee_shown=Decimal(85), now=booking.free_until)


def test_a_health_reason_is_free_whatever_was_shown(booking):
    now = booking.starts_at - SECOND

    cancel(booking, is_health_reason=True, fee_shown=Decimal(0), now=now)

    assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLIENT, 0)


class TestWaivingAFee:
    @pytest.fixture
    def late(self, booking: Booking) -> Booking:
        cancel(booking, now=booking.starts_at - timedelta(hours=1))
        assert booking.fee_owed == 85
        return booking

    def test_asks_for_nothing_after_all_and_keeps_who_and_why(self, late):
        sam = UserFactory()

        services.waive_fee(booking=late, actor=staff(sam), reason=" Snow ", now=late.starts_at)

        event = late.events.latest("pk")
        assert late.fee_owed == 0
        assert (event.what, event.user, event.reason) == ("fee_waived", sam, "Snow")
        assert event.data == {"fee": "85.00"}

    def test_needs_a_reason(self, late):
        with pytest.raises(NotNow, match="why"):
            services.waive_fee(
                booking=late, actor=staff(UserFactory()), reason=" ", now=late.starts_at
            )

        late.refresh_from_db()
        assert late.fee_owed == 85

    def test_twice_is_once(self, late):
        desk = staff(UserFactory())
        services.waive_fee(booking=late, actor=desk, reason="Snow", now=late.starts_at)

        with pytest.raises(NotNow, match="Nothing is owed"):
            services.waive_fee(booking=late, actor=desk, reason="Snow", now=late.starts_at)

        assert late.events.filter(what="fee_waived").count() == 1


class TestForAClientWhoCalled:
    """Staff cancel as the client would have done."""

    def cancel(self, booking, **fields):  # type: ignore[no-untyped-def]
        dana = staff(UserFactory(full_name="Dana Whitlock"))
        services.cancel(booking=booking, actor=dana, for_client=True, **fields)
        return dana

    def test_in_time_it_is_free(self, booking):
        self.cancel(booking, fee_shown=Decimal(0), now=booking.free_until)

        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLIENT, 0)

    def test_late_it_costs_what_was_promised(self, booking):
        self.cancel(booking, fee_shown=Decimal(85), now=booking.free_until + SECOND)

        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_LATE, 85)
        event = booking.events.latest("pk")
        assert (event.by, event.data["for_client"]) == ("staff", True)

    def test_not_otherwise_than_was_shown(self, booking):
        with pytest.raises(TermsChanged):
            self.cancel(booking, fee_shown=Decimal(0), now=booking.free_until + SECOND)

    def test_for_a_health_reason_it_is_free_and_no_word_is_kept(self, booking):
        self.cancel(booking, is_health_reason=True, reason="a rash", now=booking.starts_at - SECOND)

        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLIENT, 0)
        assert booking.events.latest("pk").reason == ""

    def test_the_fee_is_waived_for_a_reason(self, booking):
        self.cancel(
            booking,
            fee_shown=Decimal(85),
            waives_fee=True,
            reason="The bridge was closed",
            now=booking.free_until + SECOND,
        )

        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_LATE, 0)
        waived = booking.events.get(what="fee_waived")
        assert (waived.reason, waived.data["fee"]) == ("The bridge was closed", "85.00")

    def test_without_a_reason_nothing_is_waived_or_canceled(self, booking):
        with pytest.raises(NotNow, match="say why"):
            self.cancel(booking, waives_fee=True, now=booking.free_until + SECOND)

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    @pytest.mark.parametrize("waives", [True, False])
    def test_it_is_taken_back_with_what_is_owed(self, booking, waives):
        now = booking.free_until + SECOND
        dana = self.cancel(booking, waives_fee=waives, reason="The bridge", now=now)

        step = booking.events.latest("pk")
        services.undo(booking=booking, step=step, actor=dana, now=now + timedelta(minutes=2))

        booking.refresh_from_db()
        assert (booking.status, booking.fee_owed) == (Status.CONFIRMED, 0)
        assert booking.allocations.count() == 3
