"""What somebody who works here sets for themselves."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking.places import SEES_VISITS
from booking.views.staff.frame import user_of
from clinic.accounts.access import allowed
from clinic.accounts.services import switch_shortcuts
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page


@require_safe
@allowed(*SEES_VISITS)
def settings(request: HttpRequest) -> HttpResponse:
    """The keyboard shortcuts and whether they are on; ways to sign-in and calendars."""
    return staff_page(request, "staff/settings.html")


@press(else_to="settings")
@allowed(*SEES_VISITS)
def shortcuts(request: HttpRequest) -> HttpResponse:
    """Switch the keyboard shortcuts on or off."""
    is_on = request.POST.get("on") == "1"
    switch_shortcuts(user=user_of(request), is_on=is_on)
    said = _("Keyboard shortcuts are on.") if is_on else _("Keyboard shortcuts are off.")
    messages.success(request, said)
    return see_other(reverse("staff:settings"))
