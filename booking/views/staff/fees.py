"""What a client owes for a visit that did not take place, and asking for nothing after all."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from booking.errors import NotNow
from booking.forms.staff import WaiveForm
from booking.services import waive_fee
from booking.services.ledger import staff
from booking.views.holds import see_other
from booking.views.staff.frame import user_of, visit_or_404, visit_url
from clinic.accounts.access import allowed
from clinic.web import clock


@require_POST
@allowed("booking.waive_fee")
def waive(request: HttpRequest, reference: str) -> HttpResponse:
    """Waive the fee of a visit, for a reason that stays in its history."""
    booking, form = visit_or_404(request, reference), WaiveForm(request.POST)
    if not form.is_valid():
        messages.warning(request, str(form.errors["reason"][0]))
        return see_other(visit_url(booking))
    try:
        waive_fee(
            booking=booking,
            actor=staff(user_of(request)),
            now=clock.now(),
            **form.cleaned_data,
        )
    except NotNow as error:
        messages.warning(request, str(error.message))
    else:
        messages.success(request, _("The fee is waived. The reason is in the history."))
    return see_other(visit_url(booking))
