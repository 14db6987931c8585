"""What Celery does for those who sign in."""

from celery import shared_task
from django.core.management import call_command


@shared_task(ignore_result=True)
def clear_expired_sessions() -> None:
    """Forget sessions that nobody can use any more."""
    call_command("clearsessions")
