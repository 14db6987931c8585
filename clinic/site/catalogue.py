"""The public catalogue: the list of treatments with its filters, and a page for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from booking.models import Provider
from booking.selectors import Offered, extras_with, next_free, offers
from clinic.places.models import Location
from clinic.places.policies import policy_for
from clinic.site.filters import FilterForm
from clinic.site.selectors import open_locations
from clinic.web import clock
from clinic.web.pages import render_page
from treatments.models import InstructionKind
from treatments.selectors import instruction_steps, instructions_for

NEXT_FREE = 3  # as many times as the page shows before anyone asks


@dataclass(frozen=True)
class PriceTable:
    """What each person asks at one place, an amount per length; None where they have no price."""

    location: Location
    rows: list[tuple[Provider, list[Decimal | None]]]


@require_safe
def treatments(request: HttpRequest) -> HttpResponse:
    """What we offer, narrowed as the address says; what it says beyond us is left out, and told."""
    offered = offers(locations=list(open_locations()), now=clock.now())
    form = FilterForm(request.GET, offered=offered)
    asked = form.asked()
    found = asked.matching(offered)
    context = {
        "form": FilterForm(offered=offered, asked=asked),
        "asked": asked,
        "is_unclear": bool(form.errors),
        "found": found,
        "count": ngettext("%(n)s treatment", "%(n)s treatments", len(found)) % {"n": len(found)},
        "closest": None if found else asked.closest(offered),
        "consultation": next((o for o in offered if o.treatment.is_consultation), None),
    }
    return render_page(request, "site/treatments.html", "site/_treatment_results.html", context)


@require_safe
def treatment(request: HttpRequest, slug: str) -> HttpResponse:
    """One treatment with its prices and next free times, for the length and place of the address.

    Nothing chosen, or nothing we know: the shortest, at the first place that gives it.
    """
    now = clock.now()
    offer = next(iter(offers(locations=list(open_locations()), now=now, slug=slug)), None)
    if offer is None:
        raise Http404
    lengths = {str(length.option.minutes): length for length in offer.lengths}
    length = lengths.get(request.GET.get("minutes", ""), offer.lengths[0])
    places = {place.slug: place for place in length.locations}
    place = places.get(request.GET.get("location", ""), length.locations[0])
    versions = instructions_for(treatment=offer.treatment, add_ons=())
    before, after = (
        instruction_steps(v for v in versions if v.instruction.kind == kind)
        for kind in (InstructionKind.PREP, InstructionKind.AFTERCARE)
    )
    context = {
        "offer": offer,
        "length": length,
        "place": place,
        "slots": next_free(option=length.option, location=place, now=now, count=NEXT_FREE),
        "extras": extras_with(offer, now=now),
        "tables": price_tables(offer),
        "before": before,
        "after": after,
        "policy": policy_for(place, now=now),
    }
    with timezone.override(place.zone):
        return render_page(request, "site/treatment.html", "site/_next_free.html", context)


def price_tables(offer: Offered) -> list[PriceTable]:
    """Return a table for each place, a row for each person, a column for each length."""
    amounts = {
        (quote.location, quote.provider, length.option): quote.amount
        for length in offer.lengths
        for quote in length.quotes
    }
    return [
        PriceTable(
            location,
            [
                (person, [amounts.get((location, person, x.option)) for x in offer.lengths])
                for person in dict.fromkeys(p for place, p, _ in amounts if place == location)
            ],
        )
        for location in offer.locations
    ]
