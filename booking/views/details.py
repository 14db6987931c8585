"""Steps 3 and 4: who are you, and is all of this right?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from booking.errors import AskTheClinic, BookingError, HoldExpired, SlotTaken
from booking.forms.details import DetailsForm, from_draft
from booking.models import HOLDS, Booking, Draft
from booking.selectors.pricing import begins_later
from booking.services import confirm_booking, save_draft
from booking.services.confirming import CONSENT_WORDING, is_complete
from booking.terms import terms
from booking.views.choosing import or_choose_again
from booking.views.errands import NewVisit
from booking.views.holds import address, go_on, hold_context, instead_of_form, own_booking
from booking.views.steps import DETAILS, REVIEW, booking_summary, steps
from booking.views.times import times_page
from booking.views.visitors import for_visitor
from booking.views.wishes import Asked, start_url, times_url
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.web import clock
from clinic.web.pages import render_page
from clinic.web.phones import in_national_form
from clinic.web.presses import press, see_other


def never_treat() -> list[str]:
    """Return what no current goes with, in words: S02-S05, S07 and S20 of the handbook."""
    return [
        _(
            "An implanted or body-worn electronic device: a pacemaker, defibrillator, nerve "
            "stimulator, cochlear implant, or a drug or insulin pump"
        ),
        _("Epilepsy, or a seizure at any time in your life"),
        _("Pregnant, or possibly pregnant"),
        _("Cancer now, or chemotherapy or radiotherapy now"),
        _("Heart surgery in the last 12 months"),
        _("Isotretinoin as a capsule, now or in the last 6 months"),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@for_visitor
def details(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """Take down who comes, what they agree to, and that nothing speaks against it."""
    booking, now = own_booking(visitor, reference), clock.now()
    typed = request.POST if request.method == "POST" else None
    draft = Draft.objects.filter(visitor=visitor.id).first()
    form = DetailsForm(typed, initial=from_draft(draft), is_known=booking.client is not None)
    is_valid = form.is_valid()
    if elsewhere := instead_of_form(booking, now):
        if typed is not None and booking.status in HOLDS:
            save_draft(visitor=visitor, now=now, **form.typed())
        return go_on(request, elsewhere)
    if is_valid:
        confirmed = {"safety_confirmed_at": now, "safety_wording": CONSENT_WORDING}
        save_draft(visitor=visitor, now=now, **form.typed(), **confirmed)
        return go_on(request, address("review", booking))
    with timezone.override(booking.location.zone):
        context = _context(request, booking, step="details", now=now)
        context |= {"form": form, "never_treat": never_treat()}
        return render_page(
            request,
            "booking/details.html",
            "booking/_details_form.html",
            context,
            status=422 if form.errors else 200,
        )


@require_safe
@for_visitor
def review(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """All of it once more, with the price and the policy in dates and dollars."""
    booking, now = own_booking(visitor, reference), clock.now()
    if elsewhere := instead_of_form(booking, now):
        return see_other(elsewhere)
    return review_page(request, visitor, booking, now=now)


@press(else_to="review")
@for_visitor
@or_choose_again
def confirm(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """Promise the visit. A second press finds it promised."""
    booking, now = own_booking(visitor, reference), clock.now()
    try:
        confirm_booking(booking=booking, visitor=visitor, now=now)
    except HoldExpired:
        return see_other(address("expired", booking))
    except AskTheClinic as error:
        return review_page(request, visitor, booking, now=now, refusal=error)
    except SlotTaken as error:
        asked = Asked(Wish.of(booking).as_asked_by(visitor))
        return times_page(
            request, NewVisit(visitor), asked, now=now, refusal=error, wanted=booking.starts_at
        )
    except BookingError as error:
        messages.warning(request, str(error.message))
        return see_other(address("details", booking))
    return see_other(address("confirmed", booking))


def review_page(
    request: HttpRequest,
    visitor: Visitor,
    booking: Booking,
    *,
    now: datetime,
    refusal: AskTheClinic | None = None,
) -> HttpResponse:
    """Render the last step; 409 where the visit could not be confirmed, and what to do then."""
    draft = Draft.objects.filter(visitor=visitor.id).first()
    if draft is None or not is_complete(draft, is_known=booking.client is not None):
        return see_other(address("details", booking))
    with timezone.override(booking.location.zone):
        context = _context(request, booking, step="review", now=now)
        context |= {
            "you": booking.client or draft,
            "phone": in_national_form(str((booking.client or draft).phone)),
            "terms": terms(booking, now=now),
            "refusal": refusal,
            "price_from": begins_later(booking, now=now),
        }
        return render(request, "booking/review.html", context, status=409 if refusal else 200)


def _context(request: HttpRequest, booking: Booking, *, step: str, now: datetime) -> dict[str, Any]:
    """What both steps show: the time that is kept, and what is being booked."""
    wish = Wish.of(booking)
    return {
        "booking": booking,
        "hold": hold_context(request, booking, step=step, now=now),
        **steps(REVIEW if step == "review" else DETAILS, wish=wish, booking=booking),
        "summary": booking_summary(booking, now=now),
        "start_url": start_url(wish),
        "times_url": times_url(wish),
    }
