from django.contrib import admin
from django.http import HttpRequest

from clinic.clients.models import Client, ClientMerge, ClientNote, Consent
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
    readonly_fields = ("user", "merged_into")  # joined by who proves the address; by a merge
    inlines = (ConsentInline,)
    show_full_result_count = False


@admin.register(ClientNote)
class ClientNoteAdmin(ReadOnly, admin.ModelAdmin):
    """Notes of the front desk. They are written and taken away at the client's record."""

    list_display = ("client", "text", "written_by", "written_at", "removed_at")
    list_filter = ("written_at", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("client", "written_by")
    search_fields = ("client__name", "text")
    date_hierarchy = "written_at"
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: ClientNote | None = None) -> bool:
        """Whoever may look at every client: an aesthetician reads notes at a record of theirs."""
        may_see_all = request.user.has_perm("clients.view_client")
        return may_see_all and super().has_view_permission(request, obj)


@admin.register(ClientMerge)
class ClientMergeAdmin(ReadOnly, admin.ModelAdmin):
    """Which records became one. They are merged and taken apart at the client's record."""

    list_display = ("kept", "merged", "merged_by", "merged_at", "undone_at")
    list_filter = ("merged_at", ("undone_at", admin.EmptyFieldListFilter))
    list_select_related = ("kept", "merged", "merged_by")
    search_fields = ("kept__name", "kept__email", "merged__name", "merged__email")
    date_hierarchy = "merged_at"
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
