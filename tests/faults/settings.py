"""The clinic's own settings, and an app that owns messages about parcels."""

from clinic.settings import *  # noqa: F403
from clinic.settings import INSTALLED_APPS, env

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.parcels.Parcels"]
EMAIL_TIMEOUT = env.float("EMAIL_TIMEOUT", default=20)
