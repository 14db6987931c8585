"""What Celery does for the log; each task calls one service."""

from celery import shared_task

from clinic.trail import services
from clinic.web import clock


@shared_task(ignore_result=True)
def seal_log() -> None:
    """Seal what nobody sealed right after it was written."""
    services.seal(everything=True)


@shared_task(ignore_result=True)
def purge_log() -> None:
    """Delete what nobody may keep any longer."""
    services.purge(now=clock.now())
