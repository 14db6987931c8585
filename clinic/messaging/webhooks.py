"""What mail providers and Twilio tell us: delivered, bounced, reported, STOP.

Each door opens only with the secret that both sides know. Hearing a thing twice changes nothing,
and logs carry our own ids.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import wraps
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.conf import settings
from django.dispatch import receiver
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseForbidden,
)
from django.urls import resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from twilio.request_validator import RequestValidator

from clinic.messaging import services
from clinic.messaging.channels.sms import RECIPIENT_STOPPED, Account
from clinic.messaging.models import Message, Suppression
from clinic.web import clock

View = Callable[[HttpRequest], HttpResponse]
EMAIL, SMS = Message.Channel.EMAIL, Message.Channel.SMS
Reason = Suppression.Reason

STOP = {"STOP", "STOPALL", "QUIT", "END", "REVOKE", "OPTOUT", "CANCEL", "UNSUBSCRIBE"}
START = {"START", "UNSTOP", "YES"}
NO_REPLY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
# https://www.twilio.com/docs/api/errors: no number, no mobile, not in use, a landline
NO_TEXT_ARRIVES = {
    **dict.fromkeys(("21211", "21614", "30005", "30006"), Reason.BOUNCED),
    str(RECIPIENT_STOPPED): Reason.STOPPED,
}

# anymail calls every bounce of these providers a bounce; their own word says which are for good.
IS_HARD: dict[str, Callable[[Any], bool]] = {
    "Amazon SES": lambda said: said["bounce"]["bounceType"] == "Permanent",
    "Brevo": lambda said: said["event"] != "soft_bounce",
    "MailerSend": lambda said: said["type"] != "activity.soft_bounced",
    "Mailjet": lambda said: bool(said["hard_bounce"]),
    "Postmark": lambda said: said["Type"] != "SoftBounce",
    "Resend": lambda said: said["data"]["bounce"]["type"] == "Permanent",
    "SendGrid": lambda said: said["type"] != "blocked",
    "SparkPost": lambda said: said["msys"]["message_event"]["bounce_class"] in {"10", "30"},
}


# Mail


@csrf_exempt
def mail_events(request: HttpRequest, provider: str) -> HttpResponse:
    """Hand what our own provider reports to anymail, which asks for the secret and sends signals.

    Closed to all others, and while no secret is set.
    """
    if provider != settings.EMAIL_PROVIDER or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise Http404
    return resolve(f"/{provider}/tracking/", urlconf="anymail.urls").func(request)


@receiver(tracking, dispatch_uid="clinic.messaging")
def hear_of_mail(event: AnymailTrackingEvent, esp_name: str, **signal: Any) -> None:
    """Write down what became of one mail, and which address gets no more of them."""
    now = clock.now()
    message = Message.objects.filter(channel=EMAIL).known_as(event.message_id or "").first()
    if message and event.event_type == EventType.DELIVERED:
        services.mark_delivered(message=message, now=now)
    if reason := reason_of(event, esp_name):
        if address := event.recipient or (message and message.sent_to):
            services.suppress(
                channel=EMAIL,
                address=address,
                reason=reason,
                source=f"{esp_name}:{event.event_id or event.message_id or ''}",
                now=now,
            )
        if message and reason == Reason.BOUNCED:
            services.mark_undelivered(message=message, reason="the address bounced", now=now)
    elif message and event.event_type in (EventType.REJECTED, EventType.FAILED):
        services.mark_undelivered(message=message, reason="refused by the provider", now=now)


def reason_of(event: AnymailTrackingEvent, esp_name: str) -> Suppression.Reason | None:
    """Return why the address gets no more mail, or None when it does."""
    if event.event_type == EventType.COMPLAINED:
        return Reason.COMPLAINED
    if event.event_type == EventType.BOUNCED and is_hard(event, esp_name):
        return Reason.BOUNCED
    if event.event_type == EventType.REJECTED:  # the provider kept a bounce or a report in mind
        return {
            RejectReason.INVALID: Reason.BOUNCED,
            RejectReason.BOUNCED: Reason.BOUNCED,
            RejectReason.SPAM: Reason.COMPLAINED,
        }.get(event.reject_reason)
    return None


def is_hard(event: AnymailTrackingEvent, esp_name: str) -> bool:
    """Whether a bounce is for good: a full mailbox is not. What says neither is not for good."""
    try:
        return IS_HARD[esp_name](event.esp_event) if esp_name in IS_HARD else True
    except (KeyError, TypeError):
        return False


# Texts


def from_twilio(view: View) -> View:
    """Let in only what Twilio signed; without an account of ours there is no such address."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not settings.SMS_URL:
            raise Http404
        validator = RequestValidator(Account.from_url(settings.SMS_URL).token)
        address = settings.SITE_URL + request.get_full_path()
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(address, request.POST, signature):
            return HttpResponseForbidden("signature", content_type="text/plain")
        return view(request)

    return csrf_exempt(require_POST(guarded))


@from_twilio
def incoming_text(request: HttpRequest) -> HttpResponse:
    """Keep to STOP and START; whatever else a client texts is answered by nobody."""
    number, name = request.POST.get("From", ""), request.POST.get("MessageSid", "")
    if not number or not name:
        return HttpResponseBadRequest("From, MessageSid", content_type="text/plain")
    word = word_of(request.POST.get("OptOutType") or request.POST.get("Body", ""))
    now, source = clock.now(), f"twilio:{name}"
    if word in STOP:
        services.stop_texts(number=number, source=source, now=now)
    elif word in START:
        services.allow_texts(number=number, source=source, now=now)
    return HttpResponse(NO_REPLY, content_type="text/xml")


def word_of(text: str) -> str:
    """Return what a text says, by its letters alone: "Opt out." is OPTOUT."""
    plain = unicodedata.normalize("NFKC", text[:100])
    return "".join(letter for letter in plain if letter.isalnum()).upper()


@from_twilio
def text_status(request: HttpRequest) -> HttpResponse:
    """Write down whether a text arrived, and which number gets no more of them."""
    name, error = request.POST.get("MessageSid", ""), request.POST.get("ErrorCode", "")
    message = Message.objects.filter(channel=SMS).known_as(name).first()
    if message is None:
        return HttpResponse(status=204)
    now, status = clock.now(), request.POST.get("MessageStatus")
    if status == "delivered":
        services.mark_delivered(message=message, now=now)
    elif status in ("undelivered", "failed"):
        if reason := NO_TEXT_ARRIVES.get(error):
            services.suppress(
                channel=SMS,
                address=message.sent_to,
                reason=reason,
                source=f"twilio:{name}",
                now=now,
            )
        services.mark_undelivered(
            message=message, reason=f"the text did not arrive, error {error[:8]}", now=now
        )
    return HttpResponse(status=204)
