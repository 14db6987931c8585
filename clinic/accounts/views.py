"""Signing in, which nobody gets to try without end."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from clinic.web import limits

FROM_ONE_ADDRESS = limits.Limit("sign-in", places=60, window=timedelta(hours=1))
FOR_ONE_PERSON = limits.Limit("sign-in-as", places=10, window=timedelta(minutes=10))


@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """The admin's sign-in, with so many tries from one address, and for one person from there.

    A stranger elsewhere locks nobody out. Every try counts, right or wrong, and whether there is
    such a person or not, so that the answer tells nothing about it.
    """
    if request.method == "POST" and not _may_try(request):
        return render(request, "accounts/too_many.html", status=429)
    return admin.site.login(request)


def _may_try(request: HttpRequest) -> bool:
    address = limits.address_of(request)
    email = request.POST.get("username", "").strip().lower()
    person = sha256(f"{address} {email}".encode()).hexdigest()  # the cache learns no addresses
    return limits.take(FROM_ONE_ADDRESS, address) and limits.take(FOR_ONE_PERSON, person)
