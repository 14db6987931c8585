"""Sending somebody who works here a test of what a client would get."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from booking.models import Booking
from booking.samples import Sample, subject_of_test
from clinic.accounts.models import User
from clinic.messaging.services import Draft, plan

A_WHILE = timedelta(hours=1)  # in which a test is still awaited


@transaction.atomic
def send_test(*, sample: Sample, booking: Booking, user: User, now: datetime) -> None:
    """Plan `sample` about `booking` to `user`, at once; each press is a test of its own."""
    test = Draft(
        subject=subject_of_test(sample, booking),
        code=sample.code,
        occurrence=f"{now:%Y%m%dT%H%M%S%f}",
        recipient=f"staff:{user.pk}",
        channel=sample.channel,
        due_at=now,
        useful_until=now + A_WHILE,
    )
    plan(messages=[test], now=now)
