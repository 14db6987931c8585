from django.contrib import admin

from clinic.messaging.models import Message
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
    )
    list_filter = ("status", "code", "channel", "kind")
    search_fields = ("=subject", "key", "sent_to", "=message_id", "receipt")
    date_hierarchy = "due_at"
    ordering = ("-due_at", "-pk")
    show_full_result_count = False
