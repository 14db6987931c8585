"""Settings, read from the environment. With nothing set: SQLite, a file broker, mail as files.

`.env.example` names every variable; with DEBUG off the necessary ones are required.
"""

import os
import re
import sys
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from kombu.transport import TRANSPORT_ALIASES

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=True)
TESTING = "pytest" in sys.modules
VAR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
VAR.mkdir(parents=True, exist_ok=True)


def required(name: str, why: str) -> str:
    """Return the variable `name`; without it a clinic in production does not start."""
    if value := env(name, default=""):
        return value
    raise ImproperlyConfigured(f"{name} is not set: {why} (DEBUG is off).")


def local_secret_key() -> str:
    """Return this machine's own key, made on first use and kept in var/."""
    path = VAR / "secret_key"
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(get_random_secret_key())
        draft.chmod(0o600)
        draft.rename(path)
    return path.read_text()


EMAIL_PROVIDER = env("EMAIL_PROVIDER", default="")  # postmark, mailgun, sendgrid, ...

# What production must say
if DEBUG:
    SECRET_KEY = env("SECRET_KEY", default="") or local_secret_key()
    SITE_URL = env("SITE_URL", default=f"http://localhost:{env('PORT', default='8000')}")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
    EMAIL_URL = env("EMAIL_URL", default="")
else:
    SECRET_KEY = required("SECRET_KEY", "it signs cookies and links")
    SITE_URL = required("SITE_URL", "links in mail need the address of this site")
    hosts = required("ALLOWED_HOSTS", "name the hosts this site answers to")
    ALLOWED_HOSTS = [host.strip() for host in hosts.split(",")]
    EMAIL_URL = env("EMAIL_URL", default="") or (
        "" if EMAIL_PROVIDER else required("EMAIL_URL", "say how mail leaves, or EMAIL_PROVIDER")
    )
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # the ones before
SITE_URL = SITE_URL.rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# The clinic
CLINIC_NAME = env("CLINIC_NAME", default="Lumen Microcurrent")
CLINIC_EMAIL = env("CLINIC_EMAIL", default="hello@lumen.example")
CLINIC_PHONE = env("CLINIC_PHONE", default="+1 503 555 0142")
CLINIC_ADDRESS = env("CLINIC_ADDRESS", default="214 Alder Street, Suite 2, Portland, OR 97205")
EMERGENCY_NUMBER = env("EMERGENCY_NUMBER", default="911")
CURRENCY = env("CURRENCY", default="USD")
DEMO = env.bool("DEMO", default=DEBUG) and DEBUG
CLOCK_OFFSET = timedelta(seconds=env.int("CLOCK_OFFSET", default=0))

INSTALLED_APPS = [
    "clinic.trail.admin_site.NotingAdmin",  # Django's admin, whose changes are in the log
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "phonenumber_field",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "anymail",
    "clinic.web",
    "clinic.trail",
    "clinic.accounts",
    "clinic.places",
    "clinic.clients",
    "clinic.messaging",
    "treatments",
    "booking",
    "clinic.site",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clinic.trail.middleware.NothingUnnoted",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "clinic.accounts.middleware.HandedOver",
    "clinic.accounts.middleware.SecondStepFirst",
    "clinic.accounts.middleware.NotUncounted",
]

ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "clinic.web.context.clinic",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# Data
DATABASE_URL = env("DATABASE_URL", default=f"sqlite:///{VAR / 'clinic.sqlite3'}")
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE makes writers queue instead of failing half-way; WAL lets readers pass them.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=27103364; PRAGMA cache_size=2000; "
        "PRAGMA recursive_triggers=ON;",  # else REPLACE would pass by those that refuse a DELETE
    }
    # A file, not shared memory: threads in tests then wait for each other as processes do.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / f"test-{os.getpid()}.sqlite3")}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = env("REDIS_URL", default="")
# A booking waits no longer than this for Redis: half for the cache, half for the broker.
BROKER_PATIENCE = timedelta(milliseconds=500)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "socket_timeout": BROKER_PATIENCE.total_seconds() / 2,
            "socket_connect_timeout": BROKER_PATIENCE.total_seconds() / 2,
        },
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # the default of 300 would forget counts of tries
    }
}

# Work in the background: the outbox table is the schedule, the broker a doorbell
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default=REDIS_URL or "clinicfs://localhost")
if CELERY_BROKER_URL.startswith("clinicfs"):
    TRANSPORT_ALIASES["clinicfs"] = "clinic.fsbroker:Transport"
    QUEUE = VAR / "queue"
    (QUEUE / "control").mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(QUEUE),
        "data_folder_out": str(QUEUE),
        "control_folder": str(QUEUE / "control"),
        "polling_interval": 0.2,
    }
else:  # a worker waits for its broker as long as it takes; web pages have their own short line
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_keepalive": True}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
MESSAGE_TICK = env.float("MESSAGE_TICK", default=5.0)  # seconds between looks at the outbox
MESSAGE_LEASE = timedelta(seconds=env.float("MESSAGE_LEASE", default=120.0))
MESSAGE_BACKOFF = timedelta(seconds=env.float("MESSAGE_BACKOFF", default=60.0))  # doubles each try
MESSAGE_ATTEMPTS = env.int("MESSAGE_ATTEMPTS", default=8)
MESSAGE_ALARM = timedelta(seconds=env.float("MESSAGE_ALARM", default=300.0))  # late from then on
CELERY_BEAT_SCHEDULE = {
    "send-due-messages": {
        "task": "clinic.messaging.tasks.send_due_messages",
        "schedule": MESSAGE_TICK,
        "options": {"expires": 2 * MESSAGE_TICK},
    },
    "sound-alarm": {
        "task": "clinic.messaging.tasks.sound_alarm",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "end-lapsed-holds": {
        "task": "booking.tasks.end_lapsed_holds",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "end-overdue-forms": {
        "task": "booking.tasks.end_overdue_forms",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "settle-changes": {
        "task": "booking.tasks.settle_changes",
        "schedule": 60.0,
        "options": {"expires": 120},
    },
    "delete-old-holds": {
        "task": "booking.tasks.delete_old_holds",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "import-outside-calendars": {
        "task": "booking.tasks.import_outside_calendars",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "purge": {
        "task": "booking.tasks.purge",
        "schedule": crontab(hour=9, minute=20),  # UTC: night in America
        "options": {"expires": 3600},
    },
    "seal-log": {
        "task": "clinic.trail.tasks.seal_log",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "purge-log": {
        "task": "clinic.trail.tasks.purge_log",
        "schedule": crontab(hour=9, minute=30),
        "options": {"expires": 3600},
    },
    "clear-expired-sessions": {
        "task": "clinic.accounts.tasks.clear_expired_sessions",
        "schedule": crontab(hour=9, minute=40),
        "options": {"expires": 3600},
    },
}

# Mail and texts
if EMAIL_PROVIDER and not find_spec(f"anymail.webhooks.{EMAIL_PROVIDER}"):
    raise ImproperlyConfigured(f"EMAIL_PROVIDER: anymail does not know {EMAIL_PROVIDER!r}.")
ANYMAIL = {
    name.removeprefix("ANYMAIL_"): value
    for name, value in os.environ.items()
    if name.startswith("ANYMAIL_")
}
if EMAIL_URL:
    vars().update(env.email_url_config(EMAIL_URL))
elif EMAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
else:
    EMAIL_BACKEND = "clinic.messaging.mailbox.EmailBackend"
EMAIL_TIMEOUT = env.float("EMAIL_TIMEOUT", default=20.0)  # five of them are less than a lease
ANYMAIL["REQUESTS_TIMEOUT"] = EMAIL_TIMEOUT
MAILBOX = VAR / "mail"
SMS_URL = env("SMS_URL", default="")  # twilio://SID:TOKEN@api.twilio.com/+15551234567
if SMS_URL and not re.fullmatch(r"twilio(\+http)?://[^:/@]+:[^:/@]+@[^/@]+/[^/]+", SMS_URL):
    raise ImproperlyConfigured("SMS_URL: twilio://SID:TOKEN@api.twilio.com/+15551234567")
TEXTS = VAR / "texts"
HAS_SMS = bool(SMS_URL) or DEBUG  # a file is a way out for a developer, not for a client
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"{CLINIC_NAME} <{CLINIC_EMAIL}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Words, numbers and time
LANGUAGE_CODE = "en-us"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env("TIME_ZONE", default="UTC")  # of the admin; other pages show the place's own
PHONENUMBER_DEFAULT_REGION = env("PHONE_REGION", default="US")
PHONENUMBER_DB_FORMAT = "E164"

# Signing in: by a code from the mail or a passkey; staff with a second step
AUTHENTICATION_BACKENDS = ["clinic.accounts.backends.Backend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account:home"
LOGOUT_REDIRECT_URL = "site:home"
STAFF_HOME = "staff:home"  # where somebody who works here goes on to
ACCOUNT_ADAPTER = "clinic.accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]  # without password1 no form would ask for one
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True  # one address each: a new one takes the old one's place
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {  # passwords and codes from the mail: clinic.accounts.tries
    "login": None,
    "login_failed": "5/5m/key",  # codes of a second step
}
ACCOUNT_FORMS = {
    "add_email": "clinic.accounts.forms.AddressForm",
    "change_password": "clinic.accounts.forms.ChangedPasswordForm",
    "confirm_email_verification_code": "clinic.accounts.forms.AddressCodeForm",
    "confirm_login_code": "clinic.accounts.forms.CodeForm",
    "reauthenticate": "clinic.accounts.forms.PasswordAgainForm",
    "set_password": "clinic.accounts.forms.NewPasswordForm",
}
MFA_ADAPTER = "clinic.accounts.adapter.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG  # a passkey of http://localhost
MFA_TOTP_ISSUER = CLINIC_NAME
MFA_FORMS = {
    "activate_totp": "clinic.accounts.forms.AppForm",
    "authenticate": "clinic.accounts.forms.StepCodeForm",
    "authenticate_webauthn": "clinic.accounts.forms.PasskeyStepForm",
    "login_webauthn": "clinic.accounts.forms.PasskeySignInForm",
    "reauthenticate": "clinic.accounts.forms.StepAgainForm",
    "reauthenticate_webauthn": "clinic.accounts.forms.PasskeyAgainForm",
}

# Files the browser gets
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static", VAR / "assets"]
(VAR / "assets").mkdir(exist_ok=True)
STATIC_ROOT.mkdir(exist_ok=True)
NODE_MODULES = BASE_DIR / "node_modules"
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "clinic.web.staticfiles.Storage"
    },
}

# Safety
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
METRICS_TOKEN = env("METRICS_TOKEN", default="")  # without one nobody reads /metrics
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)  # how many proxies of ours stand in front
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "clinic.site.views.csrf_failure"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("CommonPasswordValidator", "NumericPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    }
]
if not DEBUG:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "fido2": {"level": "WARNING"},  # it would write down whose passkey it was
        "twilio": {"level": "WARNING"},  # it would write numbers and words down
    },
}
