from django.contrib import admin

from clinic.trail.models import Entry, Seal
from clinic.web.admin import ReadOnly


@admin.register(Entry)
class EntryAdmin(ReadOnly, admin.ModelAdmin):
    """Who did what. To be read; the log page of the workspace says it in words."""

    list_display = ("at", "user_id", "what", "subject")
    list_filter = ("what",)
    search_fields = ("what", "=subject", "=user_id")
    date_hierarchy = "at"
    ordering = ("-pk",)
    show_full_result_count = False


@admin.register(Seal)
class SealAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("position", "entry_id", "digest")
    search_fields = ("=position", "=entry__subject")
    list_filter = (("entry", admin.EmptyFieldListFilter),)
    raw_id_fields = ("entry",)
    ordering = ("-position",)
    show_full_result_count = False
