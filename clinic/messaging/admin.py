from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from clinic.messaging import services
from clinic.messaging.models import Message, Suppression
from clinic.web import clock
from clinic.web.admin import ReadOnly


@admin.register(Message)
class MessageAdmin(ReadOnly, admin.ModelAdmin):
    """What was promised and what came of it. To be read: only the outbox writes."""

    list_display = (
        "subject",
        "code",
        "recipient",
        "channel",
        "status",
        "due_at",
        "sent_at",
        "delivered_at",
    )
    list_filter = ("status", "code", "channel", "kind")
    search_fields = ("=subject", "key", "sent_to", "=message_id", "receipt")
    date_hierarchy = "due_at"
    ordering = ("-due_at", "-pk")
    show_full_result_count = False


@admin.register(Suppression)
class SuppressionAdmin(ReadOnly, admin.ModelAdmin):
    """Who gets nothing more. To be read, and to be lifted by those who may."""

    list_display = ("address", "channel", "reason", "since", "lifted_at", "lifted_by")
    list_filter = ("channel", "reason", ("lifted_at", admin.EmptyFieldListFilter))
    search_fields = ("address", "source")
    ordering = ("-since", "-pk")
    actions = ["lift"]

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.lift_suppression")

    @admin.action(description=_("Send to the chosen addresses again"), permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        """Lift what is still open; a STOP stays, as only its sender takes it back."""
        chosen = queryset.exclude(reason=Suppression.Reason.STOPPED)
        by, now = f"staff:{request.user.pk}", clock.now()
        count = sum(services.lift(suppression=each, by=by, now=now) for each in chosen)
        self.message_user(
            request,
            ngettext(
                "%(count)s address gets mail again.",
                "%(count)s addresses get mail again.",
                count,
            )
            % {"count": count},
            messages.SUCCESS if count else messages.WARNING,
        )
