"""The clinic's place and people; the Django project."""

from clinic.celery import app as celery_app

__all__ = ["celery_app"]
