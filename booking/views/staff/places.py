"""Where the clinic is, when its doors are open, and what stands there."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from booking.errors import NotNow
from booking.forms.places import FixtureForm, LocationForm, NameForm
from booking.models import Booking, Kind, Resource
from booking.selectors.slots import last_day
from booking.selectors.staffing import place_facts, visits_ahead
from booking.services import changes, fixtures
from booking.views.staff.frame import user_of
from clinic.accounts.access import allowed
from clinic.places.models import Location
from clinic.places.policies import policy_for
from clinic.web import clock
from clinic.web.addresses import key_in
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page

EDITS_PLACES, CLOSES = "places.change_location", "places.add_closure"


@require_safe
@allowed(EDITS_PLACES)
def places(request: HttpRequest) -> HttpResponse:
    """Every place of the clinic, with what stands there. One query."""
    in_use = Q(resources__is_active=True)
    locations = Location.objects.annotate(
        rooms=Count("resources", filter=in_use & Q(resources__kind=Kind.ROOM)),
        devices=Count("resources", filter=in_use & Q(resources__kind=Kind.DEVICE)),
    )
    return staff_page(request, "staff/places/places.html", {"locations": locations})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDITS_PLACES)
def place(request: HttpRequest, slug: str) -> HttpResponse:
    """What is set of a place. A POST adds a room or a device."""
    location, now = get_object_or_404(Location, slug=slug), clock.now()
    posted = request.POST if request.method == "POST" else None
    form = FixtureForm(posted, location=location)
    if form.is_valid():
        added = fixtures.add_fixture(fixture=form.fixture(), by=user_of(request), now=now)
        messages.success(request, _("%(name)s can be booked now.") % {"name": added.name})
        return see_other(reverse("staff:place", args=[slug]))
    context = {"location": location, "facts": place_facts(location, now=now), "form": form}
    with timezone.override(location.zone):
        return staff_page(
            request, "staff/places/place.html", context, status=422 if form.errors else 200
        )


@press(else_to="place")
@allowed(CLOSES)
def end_closure(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a closure back; what was decided of its visits stays."""
    location = get_object_or_404(Location, slug=slug)
    row = location.closures.filter(pk=key_in(request.POST.get("closure"))).first()
    try:
        if row is None:
            raise NotNow(_("This closure was taken back already."))
        changes.end_closure(closure=row, user=user_of(request), now=clock.now())
    except NotNow as refusal:
        messages.warning(request, str(refusal.message))
    else:
        messages.success(request, _("Taken back. These days can be booked again."))
    return see_other(reverse("staff:place", args=[slug]))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDITS_PLACES)
def new_place(request: HttpRequest) -> HttpResponse:
    """Add a place; hours, rooms and devices come next."""
    return _address(request, Location())


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDITS_PLACES)
def address(request: HttpRequest, slug: str) -> HttpResponse:
    """Name, address and telephone of a place."""
    return _address(request, get_object_or_404(Location, slug=slug))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(EDITS_PLACES)
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a room or a device something else."""
    fixture = Resource.objects.filter(kind__in=[Kind.ROOM, Kind.DEVICE])
    resource = get_object_or_404(fixture.select_related("location"), pk=pk)
    name = resource.name
    posted = request.POST if request.method == "POST" else None
    form = NameForm(posted, resource=resource, initial={"name": name})
    if form.is_valid():
        fixtures.rename(
            resource=resource, **form.cleaned_data, by=user_of(request), now=clock.now()
        )
        said = _("%(before)s is called %(after)s now.")
        messages.success(request, said % {"before": name, "after": resource.name})
        return see_other(reverse("staff:place", args=[resource.location.slug]))  # type: ignore[union-attr]
    context = {"form": form, "resource": resource, "name": name}
    return staff_page(
        request, "staff/places/rename.html", context, status=422 if form.errors else 200
    )


def _address(request: HttpRequest, location: Location) -> HttpResponse:
    name = location.name  # of the page, whatever is typed
    form = LocationForm(request.POST if request.method == "POST" else None, instance=location)
    promised: list[Booking] = []
    if form.is_valid():
        now = clock.now()
        try:
            saved = fixtures.save_location(
                location=location, changed=form.changed_data, by=user_of(request), now=now
            )
        except NotNow as refusal:
            form.add_error("is_active", str(refusal.message))
            promised = visits_ahead(location=location, now=now)
        else:
            said = _("The address of %(name)s is saved.")
            messages.success(request, said % {"name": saved.name})
            return see_other(reverse("staff:place", args=[saved.slug]))
    context = {
        "form": form,
        "location": location,
        "name": name,
        "promised": promised,
        "days": _days_to_close(location, promised) if promised else None,
    }
    with timezone.override(location.zone if promised else None):
        return staff_page(
            request, "staff/places/address.html", context, status=422 if form.errors else 200
        )


def _days_to_close(location: Location, promised: list[Booking]) -> tuple[date, date]:
    """The days of a closure that lists all that is `promised` and lets nothing new be booked."""
    now = clock.now()
    bookable = last_day(policy_for(location, now=now), location, now)
    latest = promised[-1].starts_at.astimezone(location.zone).date()
    return now.astimezone(location.zone).date(), max(bookable, latest)
