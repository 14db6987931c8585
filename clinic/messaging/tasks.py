from celery import shared_task

from clinic.messaging import doorbell, services
from clinic.web import clock


@shared_task(ignore_result=True)
def send_due_messages() -> None:
    """Send what is due. Running twice, or in two places, is harmless: a row is claimed once."""
    doorbell.answered()
    services.sound_alarm(now=clock.now())
    services.send_due_messages(clock=clock.now)


@shared_task(ignore_result=True)
def sound_alarm() -> None:
    """Say so in the log while messages are late."""
    services.sound_alarm(now=clock.now())
