"""What any message would say of a visit: looked at here, or sent to whoever looks."""

from __future__ import annotations

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.contrib import messages as toasts
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from booking.samples import EMAIL, PERMISSION, SAMPLES, Sample, sample_letter
from booking.services.samples import send_test
from booking.views.staff.frame import user_of, visit_or_404
from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page


@require_safe
@allowed(PERMISSION)
def previews(request: HttpRequest, reference: str) -> HttpResponse:
    """Lead to the first message of the plan."""
    first = SAMPLES[0]
    return redirect("staff:preview", reference, first.slug, first.channel)


@require_safe
@allowed(PERMISSION)
def preview(request: HttpRequest, reference: str, slug: str, channel: str) -> HttpResponse:
    """Show one message as it would read about this visit now."""
    booking, sample = visit_or_404(request, reference), _sample_or_404(slug, channel)
    letter = sample_letter(sample, booking=booking, user=user_of(request), now=clock.now())
    context = {
        "booking": booking,
        "sample": sample,
        "samples": SAMPLES,
        "letter": letter,
        "is_email": sample.channel == EMAIL,
    }
    with timezone.override(booking.location.zone):
        return staff_page(request, "staff/preview.html", context)


@require_safe
@allowed(PERMISSION)
@csp(
    {
        "default-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "img-src": ["data:"],
        "frame-ancestors": [SELF],
        "sandbox": ["allow-popups"],
    }
)
@xframe_options_sameorigin
def html(request: HttpRequest, reference: str, slug: str, channel: str) -> HttpResponse:
    """Answer the HTML alone, for a frame that can run nothing and load nothing."""
    booking, sample = visit_or_404(request, reference), _sample_or_404(slug, channel)
    letter = sample_letter(sample, booking=booking, user=user_of(request), now=clock.now())
    return HttpResponse(letter.html)


@press(else_to="preview")
@allowed(PERMISSION)
def test(request: HttpRequest, reference: str, slug: str, channel: str) -> HttpResponse:
    """Send an e-mail to whoever is signed in, and to nobody else."""
    booking, sample = visit_or_404(request, reference), _sample_or_404(slug, channel)
    if sample.channel != EMAIL:
        raise Http404
    user = user_of(request)
    send_test(sample=sample, booking=booking, user=user, now=clock.now())
    toasts.success(request, _("A test is on its way to %(email)s.") % {"email": user.email})
    return see_other(reverse("staff:preview", args=[reference, slug, channel]))


def _sample_or_404(slug: str, channel: str) -> Sample:
    for sample in SAMPLES:
        if (sample.slug, sample.channel) == (slug, channel):
            return sample
    raise Http404
