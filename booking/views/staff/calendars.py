"""Calendars of the staff: addresses to subscribe to, and calendars they keep elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from booking import feeds
from booking.errors import BookingError
from booking.forms.calendars import OutsideCalendarForm
from booking.models import Kind, OutsideCalendar, Provider, Resource
from booking.selectors.calendars import (
    calendars_of,
    collisions,
    home_of,
    open_feed_of,
    rooms_with_feeds,
)
from booking.services import calendars as services
from booking.views.staff.frame import user_of
from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.web import clock, limits
from clinic.web.presses import see_other
from clinic.web.workspace import staff_page

OWN, ROOMS = "booking.view_own_booking", "booking.add_feed"
LOOKS = limits.Limit("looks-outside", places=10, window=timedelta(minutes=10))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(OWN, ROOMS)
def calendars(request: HttpRequest) -> HttpResponse:
    """My address, the calendars I keep elsewhere, and the rooms'. A POST adds one of mine."""
    user = user_of(request)
    provider = Provider.objects.filter(user=user).first()
    form = OutsideCalendarForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and provider is None:
        raise Http404
    if provider is not None and form.is_valid() and (added := _add(provider, form)):
        _look(request, added)
        return see_other(reverse("staff:calendars"))
    context: dict[str, Any] = {"form": form, "provider": provider}
    if provider is not None:
        context |= _mine(provider)
    if user.has_perm(ROOMS):
        context["rooms"] = [
            (room, feeds.feed_url(room.open_feeds[0]) if room.open_feeds else "")  # type: ignore[attr-defined]
            for room in rooms_with_feeds()
        ]
    home = context.get("home")
    with timezone.override(home.zone if home else timezone.get_default_timezone()):
        return staff_page(
            request, "staff/calendars.html", context, status=422 if form.errors else 200
        )


@require_POST
@allowed(OWN, ROOMS)
def open_address(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an address for my visits or for a room's, or a new one that ends the old."""
    owner = get_object_or_404(_may_open(user_of(request)), pk=pk)
    services.open_feed(owner=owner, now=clock.now())
    messages.success(request, _("The address is ready. Any earlier one has ended."))
    return see_other(reverse("staff:calendars"))


@require_POST
@allowed(OWN, ROOMS)
def close_address(request: HttpRequest, pk: int) -> HttpResponse:
    """End the address of my visits or of a room's."""
    owner = get_object_or_404(_may_open(user_of(request)), pk=pk)
    services.close_feed(owner=owner, now=clock.now())
    messages.success(request, _("The address works no more."))
    return see_other(reverse("staff:calendars"))


@require_POST
@allowed(OWN)
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at one of my calendars now."""
    _look(request, _mine_or_404(request, pk))
    return see_other(reverse("staff:calendars"))


@require_POST
@allowed(OWN)
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one of my calendars no more for now."""
    services.pause_calendar(calendar=_mine_or_404(request, pk))
    messages.success(request, _("Paused. Clients can book the time it kept."))
    return see_other(reverse("staff:calendars"))


@require_POST
@allowed(OWN)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one of my calendars again."""
    calendar = _mine_or_404(request, pk)
    services.resume_calendar(calendar=calendar)
    _look(request, calendar)
    return see_other(reverse("staff:calendars"))


@require_POST
@allowed(OWN)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget one of my calendars."""
    services.remove_calendar(calendar=_mine_or_404(request, pk))
    messages.success(request, _("Removed. Clients can book the time it kept."))
    return see_other(reverse("staff:calendars"))


def _mine(provider: Provider) -> dict[str, Any]:
    """What an aesthetician sees of their own calendars. 4 queries."""
    feed = open_feed_of(provider)
    return {
        "feed": feed,
        "feed_url": feeds.feed_url(feed) if feed else "",
        "subscribe_url": feeds.subscribe_url(feed) if feed else "",
        "outside": calendars_of(provider),
        "collisions": collisions(provider, now=clock.now()),
        "home": home_of(provider),
    }


def _add(provider: Provider, form: OutsideCalendarForm) -> OutsideCalendar | None:
    """Put what was typed on the list; a refusal stands beside it."""
    try:
        return services.add_calendar(
            provider=provider, address=form.cleaned_data["address"], now=clock.now()
        )
    except ValidationError as error:
        form.add_error("address", error.messages)
    except BookingError as error:
        form.add_error("address", str(error.message))
    return None


def _look(request: HttpRequest, calendar: OutsideCalendar) -> None:
    """Look at `calendar` now and say how it went; not again and again, as others answer us."""
    if not limits.take(LOOKS, str(user_of(request).pk)):
        messages.warning(request, _("We looked often just now, and look again by ourselves soon."))
        return
    services.import_calendar(calendar=calendar, now=clock.now())
    if calendar.trouble:
        messages.warning(request, calendar.get_trouble_display())
    else:
        messages.success(request, _("We can read it. Its busy times are kept free from now on."))


def _mine_or_404(request: HttpRequest, pk: int) -> OutsideCalendar:
    return get_object_or_404(
        OutsideCalendar.objects.select_related("provider"), pk=pk, provider__user=user_of(request)
    )


def _may_open(user: User) -> QuerySet[Resource]:
    """Whose addresses `user` makes and ends: their own, and the rooms' with the permission."""
    mine = Q(provider__user=user)
    return Resource.objects.filter(mine | Q(kind=Kind.ROOM) if user.has_perm(ROOMS) else mine)
