"""What every template may name."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def clinic(request: HttpRequest) -> dict[str, Any]:
    """Name the clinic's facts in every page."""
    return facts()


def facts() -> dict[str, Any]:
    """Return the clinic's own facts, as settings give them, for pages and letters alike."""
    first, _, rest = settings.CLINIC_NAME.partition(" ")
    return {
        "clinic": {
            "name": settings.CLINIC_NAME,
            "wordmark": {"first": first, "rest": rest},
            "email": settings.CLINIC_EMAIL,
            "phone": settings.CLINIC_PHONE,
            "address": settings.CLINIC_ADDRESS,
        },
        "is_demo": settings.DEMO,
        "site_url": settings.SITE_URL,
    }
