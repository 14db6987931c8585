"""The front page, the pages that explain, and the pages for when something went wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from booking.selectors.offers import next_free, offers
from clinic.places.policies import policy_for
from clinic.site import selectors
from clinic.site.forms import FinderForm
from clinic.web import clock

A_DAY = 24 * 60 * 60


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What we do, what it costs, and the first free time before anyone asks."""
    now = clock.now()
    context = finder_context(request, now)
    context["policy"] = policy_for(None, now=now)
    context["places"] = selectors.places(now=now, horizon=context["policy"].horizon)
    with timezone.override(context["zone"]):
        return render(request, "site/home.html", context)


@require_safe
def first_free(request: HttpRequest) -> HttpResponse:
    """Answer the finder while somebody changes what they look for."""
    context = finder_context(request, clock.now())
    with timezone.override(context["zone"]):
        return render(request, "site/_first_free.html", context)


def finder_context(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return what the finder shows: offers, places, and the first free time of the chosen ones.

    Nothing chosen, or nothing we know: the first treatment at the first place.
    """
    locations = list(selectors.open_locations())
    offered = offers(locations=locations, now=now)
    asked = FinderForm(request.GET.dict(), offered=offered, locations=locations)
    wanted = asked.cleaned_data if asked.is_valid() else {}
    offer = next((o for o in offered if o.treatment.slug == wanted.get("treatment")), None)
    place = next((p for p in locations if p.slug == wanted.get("location")), None)
    offer, place = offer or next(iter(offered), None), place or next(iter(locations), None)
    slot = None
    if offer and place:
        option = offer.lengths[0].option
        slot = next(iter(next_free(option=option, location=place, now=now)), None)
    return {
        "form": FinderForm(wanted or None, offered=offered, locations=locations),
        "offered": offered,
        "offer": offer,
        "place": place,
        "slot": slot,
        "zone": place.zone if place else None,
    }


@require_safe
def what_to_expect(request: HttpRequest) -> HttpResponse:
    """What a session is like, before it and after it."""
    return render(request, "site/what_to_expect.html")


@require_safe
def visit(request: HttpRequest) -> HttpResponse:
    """Where we are and when the doors are open."""
    now = clock.now()
    policy = policy_for(None, now=now)
    context = {"places": selectors.places(now=now, horizon=policy.horizon)}
    return render(request, "site/visit.html", context)


@require_safe
@cache_control(max_age=A_DAY, public=True)
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines may read what is public and need nothing else."""
    return render(request, "site/robots.txt", content_type="text/plain")


@require_safe
@cache_control(max_age=A_DAY, public=True)
def favicon(request: HttpRequest) -> HttpResponse:
    """Some programs ask for this address whatever the page says."""
    return redirect(static("img/mark.svg"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what could not be read, in words."""
    return render(request, "400.html", status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose page was open too long, or whose cookies were refused.

    A script would show nothing of it: there the page loads again, with a token that is good.
    """
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    return render(request, "403_csrf.html", status=403)
