"""What the admin may not do: some rows are written by services only."""

from typing import Any

from django.http import HttpRequest


class AddOnly:
    """Mixin for rows that are added and never changed: the latest counts, earlier ones stay."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(AddOnly):
    """Mixin for what the admin shows and never writes, inlines included."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
