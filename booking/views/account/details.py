"""What we know of somebody and what we may send, as they change it themselves."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from booking import feeds
from booking.forms.account import AboutMeForm
from booking.policy_words import when_we_write
from booking.selectors.account import zone_of
from booking.selectors.calendars import open_feed_of
from booking.services import calendars
from booking.services.details import change_details
from booking.views.account.frame import for_person
from clinic.clients.models import Client
from clinic.clients.views import preferences_page
from clinic.places.selectors import rule_book
from clinic.web import clock
from clinic.web.phones import in_national_form
from clinic.web.presses import press, see_other

EITHER = ["GET", "HEAD", "POST"]


@require_http_methods(EITHER)
@for_person
def details(request: HttpRequest, me: Client) -> HttpResponse:
    """Name, number and time zone; the address is changed where one signs in."""
    number = in_national_form(me.phone.as_e164) if me.phone else ""
    known = {"name": me.name, "phone": number, "time_zone": me.time_zone}
    book = rule_book(now=clock.now())
    hours = when_we_write([book.policy(place) for place in (None, *book.places)])
    form = AboutMeForm(
        request.POST if request.method == "POST" else None,
        initial=known,
        places=book.places,
        hours=hours,
    )
    if form.is_valid():
        try:
            change_details(client=me, now=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error("name", error)
        else:
            messages.success(request, _("Saved."))
            return see_other(reverse("account:details"))
    context = {"me": me, "form": form}
    status = 422 if form.errors else 200
    return render(request, "booking/account/details.html", context, status=status)


@require_http_methods(EITHER)
@for_person
def preferences(request: HttpRequest, me: Client) -> HttpResponse:
    """What we may send, each kind on its own."""
    with timezone.override(zone_of(me)):
        return preferences_page(request, me, template="booking/account/messages.html")


@require_safe
@for_person
def calendar(request: HttpRequest, me: Client) -> HttpResponse:
    """The private address at which a calendar program reads one's visits."""
    found = open_feed_of(me)
    context = {
        "me": me,
        "feed": found,
        "feed_url": feeds.feed_url(found) if found else "",
        "subscribe_url": feeds.subscribe_url(found) if found else "",
        "open_url": reverse("account:open_address"),
        "close_url": reverse("account:close_address"),
    }
    return render(request, "booking/account/calendar.html", context)


@press(else_to="calendar")
@for_person
def open_address(request: HttpRequest, me: Client) -> HttpResponse:
    """Make an address, or a new one that ends the old."""
    calendars.open_feed(owner=me, now=clock.now())
    return see_other(f"{reverse('account:calendar')}#address")


@press(else_to="calendar")
@for_person
def close_address(request: HttpRequest, me: Client) -> HttpResponse:
    """End the address."""
    calendars.close_feed(owner=me, now=clock.now())
    return see_other(reverse("account:calendar"))
