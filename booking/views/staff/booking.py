"""Booking for somebody on the phone or at the desk: one page, on which nothing typed is lost.

Everything that is chosen or typed travels in one form. Its buttons look (find a client, another
day, a time); one of them books.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from booking import links
from booking.errors import BookingError, NotNow, NotOffered, ReasonMissing, SlotTaken
from booking.forms.desk import BookForm, read_chosen
from booking.models import ACTIVE, BookingEvent, Status
from booking.selectors.changes import quiet_step
from booking.selectors.details import missing_details, times_missed, visits_ahead
from booking.selectors.finding import find_clients
from booking.services.confirming import CONSENT_WORDING
from booking.services.desk import Newcomer, book_visit
from booking.services.forms import can_be_told, is_overdue
from booking.services.ledger import staff
from booking.views.holds import go_on
from booking.views.staff.desk import Desk, choice_of, read_desk, recognized
from booking.views.staff.desk_times import times_context
from booking.views.staff.frame import may_open_client, user_of, visit_or_404, visit_url
from booking.views.steps import extras_in_words
from clinic.accounts import handing
from clinic.accounts.access import allowed
from clinic.trail.services import note
from clinic.web import clock
from clinic.web.pages import render_page
from clinic.web.presses import press, see_other
from clinic.web.workspace import in_frame, staff_page
from treatments.errors import NoPrice

BOOKS = ("booking.add_booking", "booking.add_own_booking")


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(*BOOKS)
def book(request: HttpRequest) -> HttpResponse:
    """Choose for whom, what and when; the last button books."""
    desk = read_desk(request)
    if desk is None:
        return staff_page(request, "staff/book_nowhere.html")
    if request.method == "POST" and "book" in request.POST:
        return _book(request, desk)
    return _page(request, desk)


@require_safe
@allowed(*BOOKS)
def booked(request: HttpRequest, reference: str) -> HttpResponse:
    """What was booked, and what comes next: the link to read out, or the client who is here.

    With nothing to come, its time let go or canceled, the page of the visit says so.
    """
    booking, now = visit_or_404(request, reference), clock.now()
    if booking.status not in ACTIVE:
        return redirect(visit_url(booking))
    assert booking.client is not None  # noqa: S101  # visit_or_404 finds no other
    zone = booking.location.zone
    is_today = booking.starts_at.astimezone(zone).date() == now.astimezone(zone).date()
    context = {
        "booking": booking,
        "extras": extras_in_words(booking.add_ons.all(), booking.extra_minutes),
        "form_url": links.page_url(booking, "form"),
        "is_told": can_be_told(booking.client),
        "is_waiting": booking.status == Status.PENDING_FORM,
        "may_check_in": is_today and booking.status == Status.CONFIRMED,
        "may_open_client": may_open_client(request, booking, now=now),
        "step": quiet_step(booking, by=BookingEvent.By.STAFF, now=now),
    }
    with timezone.override(zone):
        return staff_page(request, "staff/booked.html", context)


@press(else_to="booked")
@allowed(*BOOKS)
def hand_over(request: HttpRequest, reference: str) -> HttpResponse:
    """Sign out and open the form alone, for the client to whom this device is handed."""
    booking, now = visit_or_404(request, reference), clock.now()
    back = reverse("staff:booked", args=[booking.reference])
    if booking.status != Status.PENDING_FORM or is_overdue(booking, now=now):
        return see_other(back)
    about = f"booking:{booking.pk}"
    note(user_id=user_of(request).pk, what="visit.handed_over", subject=about, now=now)
    page = links.page_path(booking, "form")
    handing.hand_over(request, page=page, back=back)
    return see_other(page)


def _book(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Book what the page showed; else the page again, with what is in the way."""
    form = BookForm(desk.data, is_new=desk.client is None)
    chosen = read_chosen(desk.data.get("chosen", ""))
    if chosen is None:
        form.add_error(None, _("Choose a time first."))
    if not form.is_valid() or chosen is None:
        return _page(request, desk, form=form, status=422)
    choice = choice_of(desk)
    people = choice.people if choice else []
    provider = next((person for person in people if person.pk == chosen.provider), None)
    try:
        if choice is None or not choice.is_as_asked or provider is None:
            raise NotOffered
        booking = book_visit(
            wish=choice.wish.with_(provider),
            starts_at=chosen.starts_at,
            price_shown=chosen.price,
            person=desk.client or _newcomer(form),
            has_talk=desk.has_talk,
            agrees_to_texts=bool(form.cleaned_data.get("texts")),
            reason=form.cleaned_data["reason"],
            request_key=form.cleaned_data["request_key"],
            actor=staff(desk.user),
            now=desk.now,
        )
    except ReasonMissing as error:
        form.add_error("reason", str(error.message))
        return _page(request, desk, form=form, status=422)
    except SlotTaken as error:
        return _page(request, desk, form=form, refusal=error, gone=chosen.starts_at, status=409)
    except NotNow as error:
        return _page(request, desk, form=form, refusal=error, status=409)
    except (NotOffered, NoPrice) as error:
        refusal = error if isinstance(error, BookingError) else NotOffered()
        return _page(request, desk, form=form, refusal=refusal, status=422)
    return go_on(request, reverse("staff:booked", args=[booking.reference]))


def _newcomer(form: BookForm) -> Newcomer:
    typed = form.cleaned_data
    return Newcomer(typed["name"], str(typed["phone"]), typed["email"])


def _page(
    request: HttpRequest,
    desk: Desk,
    *,
    form: BookForm | None = None,
    refusal: BookingError | None = None,
    gone: datetime | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page with all that was chosen and typed. At most 45 queries."""
    desk, is_recognized = recognized(desk)
    if form is None or is_recognized:
        form = BookForm(initial=_typed(desk.data), is_new=desk.client is None)
    context: dict[str, Any] = {
        "desk": desk,
        "form": form,
        "is_recognized": is_recognized,
        "refusal": refusal,
        **_client_context(desk),
    }
    choice = choice_of(desk)
    if choice is not None:
        context |= {"choice": choice} | times_context(desk, choice, gone=gone)
        if "now" in desk.data and not desk.data.get("reason"):
            form.initial["reason"] = _("Walk-in")
    with timezone.override(desk.place.zone):
        return render_page(
            request,
            "staff/book.html",
            "staff/_book.html",
            in_frame(request, context),
            status=status,
        )


def _typed(data: QueryDict) -> dict[str, Any]:
    names = ("name", "phone", "email", "texts", "no_talk", "reason")
    typed = {name: data[name] for name in names if name in data}
    return typed | {"request_key": data.get("request_key") or uuid4()}


def _client_context(desk: Desk) -> dict[str, Any]:
    """Whom it is for: the client, or who is found by what was typed. Up to 5 queries."""
    typed = desk.data.get("q", "").strip()
    if desk.client is None:
        found = find_clients(typed, user=desk.user, now=desk.now) if typed else []
        return {"q": typed, "found": found}
    return {
        "missing": missing_details(desk.client, wording=CONSENT_WORDING, now=desk.now),
        "ahead": visits_ahead(desk.client, now=desk.now),
        "missed": times_missed(desk.client),
    }
