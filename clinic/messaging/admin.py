from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from clinic.messaging.models import Message


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
