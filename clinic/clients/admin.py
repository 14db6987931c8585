from django.contrib import admin

from clinic.clients.models import Client, Consent
from clinic.web.admin import ReadOnly


class ConsentInline(ReadOnly, admin.TabularInline):
    model = Consent
    extra = 0


@admin.register(Client)
class ClientAdmin(admin.ModelAdmin):
    list_display = ("name", "email", "phone", "time_zone", "created_at")
    search_fields = ("name", "email", "phone")
    list_filter = ("created_at",)
    date_hierarchy = "created_at"
    readonly_fields = ("user",)  # joined by who proves the address, and by nobody else
    inlines = (ConsentInline,)
    show_full_result_count = False


@admin.register(Consent)
class ConsentAdmin(ReadOnly, admin.ModelAdmin):
    """What clients agreed to. Answers are added where they are asked, never changed."""

    list_display = ("client", "kind", "is_given", "wording_version", "source", "given_at")
    list_filter = ("kind", "is_given", "source")
    list_select_related = ("client",)
    search_fields = ("client__name", "client__email")
    date_hierarchy = "given_at"
    show_full_result_count = False
