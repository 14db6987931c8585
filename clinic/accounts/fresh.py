"""Whether somebody proved only lately who they are."""

from __future__ import annotations

import time
from datetime import timedelta

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

FRESH = timedelta(minutes=15)


def is_fresh(request: HttpRequest) -> bool:
    """Whether whoever is signed in did so, or proved it again, within a quarter of an hour.

    By the clock that django-allauth writes its records with.
    """
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < FRESH.total_seconds()
