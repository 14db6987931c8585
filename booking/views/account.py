"""One's own appointments, for those who are signed in."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from booking import links
from booking.models import Booking
from booking.views.holds import see_other
from booking.views.visitors import CLIENT
from booking.views.visits import AHEAD
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.web import clock


@never_cache
@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is ahead, for everybody of this account. Staff who come as nobody's client go to work."""
    me = cast(User, request.user)
    people = list(Client.objects.filter(user=me))
    if not people and me.works_here:
        return redirect(settings.STAFF_HOME)
    bookings = (
        Booking.objects.with_facts()
        .filter(client__user=me, status__in=AHEAD, starts_at__gt=clock.now())
        .order_by("starts_at")
    )
    context = {
        "people": people,
        "visits": [(booking, links.manage_url(booking)) for booking in bookings],
    }
    return render(request, "account/home.html", context)


@login_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Book for one of the people of this account."""
    typed = request.POST.get("client", "")
    key = int(typed) if typed.isdecimal() and len(typed) < 19 else 0
    client = get_object_or_404(Client, pk=key, user=cast(User, request.user))
    request.session[CLIENT] = client.pk
    return see_other(reverse("booking:start"))
