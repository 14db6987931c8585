"""What a booking costs if nobody asks anything: the same rows, in one transaction, one request.

No rule, no lock, no price list, no form. How close the real thing comes to it is the ratio.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from booking.models import Allocation, Booking, BookingEvent, BookingLine, Status
from clinic.clients.models import Client, Consent, ConsentKind
from clinic.messaging.models import Message
from clinic.places.policies import Policy


@csrf_exempt
@transaction.atomic
def lean(request: HttpRequest) -> HttpResponse:
    """Write a confirmed booking with its line, allocations, events, client, consents, message."""
    starts_at = datetime.fromtimestamp(int(request.POST["start"]), UTC)
    now, ends_at, nonce = starts_at - timedelta(days=3), starts_at + timedelta(hours=1), uuid4().hex
    client = Client.objects.create(name=f"Maya {nonce}", email=f"{nonce}@mail.example")
    booking = Booking.objects.create(
        reference=nonce[:8],
        status=Status.CONFIRMED,
        status_changed_at=now,
        client=client,
        visitor=nonce,
        request_key=uuid4(),
        location_id=request.POST["location"],
        provider_id=request.POST["provider"],
        option_id=request.POST["option"],
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=now,
        priced_at=now,
        price=Decimal(145),
        promise=Policy().promise(),
        link_nonce=nonce,
        link_hash=nonce * 2,
    )
    BookingLine.objects.create(booking=booking, position=0, code="T06", name="T06", amount=145)
    Allocation.objects.bulk_create(
        Allocation(booking=booking, resource_id=pk, starts_at=starts_at, ends_at=ends_at)
        for pk in request.POST.getlist("resource")
    )
    BookingEvent.objects.bulk_create(
        BookingEvent(booking=booking, what=what, at=now, by=BookingEvent.By.CLIENT)
        for what in ("held", "confirmed")
    )
    Consent.objects.bulk_create(
        Consent(client=client, kind=kind, is_given=True, given_at=now) for kind in ConsentKind
    )
    Message.objects.create(
        key=f"booking:{booking.pk}:M01",
        subject=f"booking:{booking.pk}",
        code="M01",
        recipient="client",
        due_at=now,
        ready_at=now,
        created_at=now,
        message_id=f"<{nonce}@lumen.example>",
    )
    return HttpResponse("booked", content_type="text/plain")
