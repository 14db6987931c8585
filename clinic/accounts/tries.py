"""Nobody tries passwords, or has codes sent, without end."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clinic.accounts.models import address_key
from clinic.web import limits

FROM_ONE_ADDRESS = limits.Limit("sign-in", places=60, window=timedelta(hours=1))
FOR_ONE_PERSON = limits.Limit("sign-in-as", places=10, window=timedelta(minutes=10))
CODES_FROM_ONE_ADDRESS = limits.Limit("codes", places=60, window=timedelta(hours=1))
CODES_FOR_ONE_PERSON = limits.Limit("codes-for", places=12, window=timedelta(hours=1))
CODES_AT_ONCE = limits.Limit("codes-at-once", places=3, window=timedelta(minutes=1))


def may_try(request: HttpRequest, email: str) -> bool:
    """Whether somebody at this address may try one more password for `email`.

    Every try counts, right or wrong, and whether there is such a person or not, so that the
    answer tells nothing about it.
    """
    address = limits.address_of(request)
    person = sha256(f"{address} {address_key(email)}".encode()).hexdigest()  # no address is kept
    return limits.take(FROM_ONE_ADDRESS, address) and limits.take(FOR_ONE_PERSON, person)


def may_ask(request: HttpRequest, email: str) -> bool:
    """Whether one more code may go to `email`, wherever it is asked for, known to us or not."""
    person = sha256(address_key(email).encode()).hexdigest()
    return (
        limits.take(CODES_FROM_ONE_ADDRESS, limits.address_of(request))
        and limits.take(CODES_AT_ONCE, person)
        and limits.take(CODES_FOR_ONE_PERSON, person)
    )


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer somebody who tried more often than a person does."""
    return render(request, "account/too_many.html", status=429)
