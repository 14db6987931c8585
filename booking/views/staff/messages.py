"""The desk of messages: what is due, late or failed, and what a person does about it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages as toasts
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking.forms.staff import STATES, DeskForm, ResendForm, VoidForm
from booking.selectors import desk
from booking.selectors.proof import texts_of
from booking.services.ledger import staff
from booking.services.resending import send_again
from booking.views.staff.frame import user_of
from clinic.accounts.access import allowed
from clinic.messaging import selectors as outbox
from clinic.messaging import services
from clinic.messaging.errors import MessageError
from clinic.messaging.models import Message
from clinic.web import clock
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page

ON_A_PAGE = 25
COUNTED = timedelta(days=7)  # of the table by code


@require_safe
@allowed("messaging.view_message")
def messages(request: HttpRequest) -> HttpResponse:
    """List messages by state, code, visit or recipient, under the gauges."""
    now = clock.now()
    form = DeskForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {"q": "", "code": "", "state": "due"}
    found = desk.in_state(asked["state"], now=now)
    if asked["code"]:
        found = found.filter(code=asked["code"])
    if asked["q"]:
        found = desk.matching(found, asked["q"])
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    gauges = outbox.gauges(now=now)
    context = {
        "asked": asked,
        "by_code": outbox.counts_by_code(since=now - COUNTED),
        "counts": {
            "due": gauges.planned_due,
            "late": gauges.late,
            "failed": outbox.failed().count(),
        },
        "form": form,
        "gauges": gauges,
        "now": now,
        "page": page,
        "rows": desk.rows(list(page.object_list)),
        "states": STATES,
    }
    return staff_page(request, "staff/messages.html", context)


@require_safe
@allowed("messaging.view_message")
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one message with all that is known of it, and what can be done about it."""
    return _message_page(request, get_object_or_404(Message, pk=pk))


@press(else_to="message")
@allowed("messaging.change_message")
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a message that failed be tried again."""
    row = get_object_or_404(Message, pk=pk)
    try:
        services.retry(message=row, by=f"staff:{user_of(request).pk}", now=clock.now())
    except MessageError as error:
        toasts.warning(request, error.message)
    else:
        toasts.success(request, _("It is tried again."))
    return see_other(reverse("staff:message", args=[pk]))


@press(else_to="message")
@allowed("messaging.change_message")
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message of a visit once more, for a reason that stays in the visit's history."""
    row, form = get_object_or_404(Message, pk=pk), ResendForm(request.POST)
    (found,) = desk.rows([row])
    if found.visit is None:
        raise Http404
    if not form.is_valid():
        return _message_page(request, row, resend_form=form, status=422)
    try:
        send_again(
            message=row,
            booking=found.visit,
            actor=staff(user_of(request)),
            now=clock.now(),
            **form.cleaned_data,
        )
    except MessageError as error:
        said = _("It is not sent again: %(reason)s.") % {"reason": str(error.message).rstrip(".")}
        toasts.warning(request, said)
    else:
        toasts.success(request, _("It goes once more."))
    return see_other(reverse("staff:message", args=[pk]))


@press(else_to="message")
@allowed("messaging.change_message")
def void(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a message that has not gone; its ledger keeps who did and why."""
    row, form = get_object_or_404(Message, pk=pk), VoidForm(request.POST)
    if not form.is_valid():
        return _message_page(request, row, form=form, status=422)
    reason = f"{user_of(request)}: {form.cleaned_data['reason']}"
    try:
        services.void_one(message=row, reason=reason, now=clock.now())
    except MessageError as error:
        toasts.warning(request, error.message)
    else:
        toasts.success(request, _("It will not go."))
    return see_other(reverse("staff:message", args=[pk]))


def _message_page(
    request: HttpRequest,
    message: Message,
    *,
    form: VoidForm | None = None,
    resend_form: ResendForm | None = None,
    status: int = 200,
) -> HttpResponse:
    (row,) = desk.rows([message])
    texts = texts_of(message)
    context = {
        "form": form or VoidForm(),
        "resend": resend_form or ResendForm(),
        "now": clock.now(),
        "row": row,
        "texts": texts,
    }
    with timezone.override(row.zone):
        return staff_page(request, "staff/message.html", context, status=status)
