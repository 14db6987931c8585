from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import to_python

from clinic.clients.models import email_key

COPY = "+"  # in an occurrence: "2+1" is the first copy of the second, sent again by a person


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages, by what a worker or a desk asks of them."""

    def planned(self) -> MessageQuerySet:
        return self.filter(status=Message.Status.PLANNED)

    def due(self, *, now: datetime) -> MessageQuerySet:
        """Planned messages that a worker may take at `now`."""
        return self.planned().filter(ready_at__lte=now)

    def overdue(self, *, now: datetime) -> MessageQuerySet:
        """Planned messages that should have gone by `now`, those being sent included."""
        return self.planned().filter(due_at__lte=now)

    def late(self, *, now: datetime) -> MessageQuerySet:
        """Overdue messages that nobody has taken for MESSAGE_ALARM, or that long tried in vain.

        What waits for its owner's first good moment is not late: nothing went wrong with it.
        """
        limit = now - settings.MESSAGE_ALARM
        is_left = Q(last_error="", ready_at__lte=limit)
        return self.overdue(now=limit).filter(is_left | ~Q(last_error=""))

    def failed(self) -> MessageQuerySet:
        return self.filter(status=Message.Status.FAILED)

    def about(self, subject: str) -> MessageQuerySet:
        return self.filter(subject=subject)

    def sent_to(self, address: str, *, since: datetime) -> MessageQuerySet:
        """What left for `address`, spelled as its letters were, at `since` or later."""
        return self.filter(sent_to=address, sent_at__gte=since)

    def known_as(self, name: str) -> MessageQuerySet:
        """The message the server calls `name`: by its receipt, or by our own Message-ID."""
        return self.filter(Q(receipt=name) | Q(message_id=name)) if name else self.none()


class Message(models.Model):
    """One thing to tell one person over one channel: a row before it is mail, and proof after.

    It keeps what was promised, when, to whom and what came of it, but not the words: those are
    rendered when it goes and only their hash and the versions of the texts stay.
    """

    class Kind(models.TextChoices):
        CARE = "T", _("care and bookings")
        MARKETING = "M", _("marketing")
        FEEDBACK = "F", _("feedback")

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("text message")

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENT = "sent", _("sent")
        VOID = "void", _("no longer wanted")
        DROPPED = "dropped", _("not sent")
        FAILED = "failed", _("failed")

    key = models.CharField(
        max_length=200,
        unique=True,
        help_text=_("subject:code:occurrence:recipient:channel:version"),
    )
    subject = models.CharField(max_length=80, help_text=_("What it is about: booking:123"))
    code = models.CharField(max_length=8, help_text=_("Its place in the message plan: M01"))
    occurrence = models.CharField(
        max_length=40, default="1", help_text=_("Which of several with the same code")
    )
    recipient = models.CharField(max_length=40, help_text=_("A role: client, staff:7"))
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.EMAIL)
    version = models.PositiveIntegerField(
        default=0, help_text=_("Rises with every change the recipient must learn of")
    )
    kind = models.CharField(max_length=1, choices=Kind, default=Kind.CARE)

    due_at = models.DateTimeField(help_text=_("When it was promised to go"))
    useful_until = models.DateTimeField(
        null=True, blank=True, help_text=_("From then on it is dropped, not sent")
    )
    ready_at = models.DateTimeField(
        help_text=_(
            "When a worker may take it: due at first, then the end of the lease of the worker "
            "that has it, or the next try"
        )
    )
    lease = models.UUIDField(null=True, blank=True, help_text=_("Who took it last"))
    attempts = models.PositiveSmallIntegerField(default=0)

    status = models.CharField(max_length=8, choices=Status, default=Status.PLANNED)
    reason = models.CharField(max_length=200, blank=True, help_text=_("Why it was not sent"))
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the server accepted it")
    )
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When it came to this end")
    )
    delivered_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the recipient's side took it, if it says")
    )
    bounced_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When it came back for good")
    )

    message_id = models.CharField(max_length=200, help_text=_("The same at every try"))
    sent_to = models.CharField(max_length=254, blank=True)
    receipt = models.CharField(
        max_length=200,
        blank=True,
        help_text=_("What the server calls it, where it says"),
    )
    content_versions = models.JSONField(
        default=list, blank=True, help_text=_("Versions of the texts it was made of")
    )
    content_hash = models.CharField(
        max_length=64, blank=True, help_text=_("SHA-256 of what was sent")
    )

    found: object = None  # what its owner read at the last look, for its letter; not stored

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(
                fields=["channel", "ready_at"],
                condition=Q(status="planned"),
                name="message_due",
            ),
            models.Index(fields=["subject", "code"], name="message_subject"),
            models.Index(fields=["status", "due_at"], name="message_status"),
            models.Index(
                fields=["sent_to", "sent_at"],
                condition=Q(sent_at__isnull=False),
                name="message_sent_to",
            ),
            models.Index(
                fields=["sent_at"], condition=Q(sent_at__isnull=False), name="message_sent"
            ),
            models.Index(fields=["receipt"], name="message_receipt"),
            models.Index(fields=["message_id"], name="message_message_id"),
        ]
        constraints = [
            models.CheckConstraint(
                name="message_settled_unless_planned",
                condition=Q(status="planned", settled_at=None)
                | (~Q(status="planned") & Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="message_sent_has_its_proof",
                condition=~Q(status="sent") | (Q(sent_at__isnull=False) & ~Q(sent_to="")),
            ),
            models.CheckConstraint(
                name="message_says_why_it_was_not_sent",
                condition=~Q(status__in=["void", "dropped", "failed"]) | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="message_status_is_known",
                condition=Q(status__in=["planned", "sent", "void", "dropped", "failed"]),
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def occasion(self) -> str:
        """Which of several with the same code it is; a copy sent again is of the same."""
        return self.occurrence.partition(COPY)[0]


def address_key(channel: str, address: str) -> str:
    """Return `address` as two spellings of it compare: lower case, or a number in E.164."""
    if channel == Message.Channel.EMAIL:
        return email_key(address)
    number = to_python(address.strip())
    return number.as_e164 if number and number.is_valid() else address.strip()[:254]


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    """Suppressed addresses."""

    def open(self) -> SuppressionQuerySet:
        return self.filter(lifted_at=None)

    def of(self, *, channel: str, address: str) -> SuppressionQuerySet:
        return self.filter(channel=channel, address=address_key(channel, address))

    def reason_of(self, *, channel: str, address: str) -> Suppression.Reason | None:
        """Return why `address` gets nothing, or None when it does. One query."""
        rows = self.filter(
            channel=channel, address=address_key(channel, address), lifted_at=None
        ).values_list("reason", flat=True)[:1]
        return next((Suppression.Reason(reason) for reason in rows), None)


class Suppression(models.Model):
    """An address that gets nothing over one channel until it is lifted."""

    class Reason(models.TextChoices):
        BOUNCED = "bounced", _("it bounced")
        COMPLAINED = "complained", _("our mail was reported as spam")
        STOPPED = "stopped", _("texts were stopped")

    channel = models.CharField(max_length=8, choices=Message.Channel)
    address = models.CharField(max_length=254, help_text=_("As address_key spells it"))
    reason = models.CharField(max_length=12, choices=Reason)
    source = models.CharField(
        max_length=80, help_text=_("Who told us, and by which event: twilio:SM...")
    )
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(
        max_length=80, blank=True, help_text=_("Who or what lifted it: staff:7")
    )

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        permissions = [("lift_suppression", _("Can send to a suppressed address again"))]
        indexes = [
            models.Index(fields=["source"], name="suppression_source"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "address"],
                condition=Q(lifted_at=None),
                name="one_open_suppression_per_address",
            ),
            models.CheckConstraint(
                name="suppression_says_who_lifted_it",
                condition=Q(lifted_at=None, lifted_by="")
                | (Q(lifted_at__isnull=False) & ~Q(lifted_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}, {self.get_reason_display()}"
