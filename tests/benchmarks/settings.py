"""The clinic's own settings, with one more address: the bare view it is compared with."""

from clinic.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.urls"
SECURE_SSL_REDIRECT = False  # measured without the proxy that speaks TLS
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}  # no styles are built for this server
