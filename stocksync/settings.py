"""Django settings, read from the environment and `.env`; `.env.example` lists every variable."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from environs import env

from stocksync.broker import broker_settings
from stocksync.control_room import theme
from stocksync.databases import database_from_url
from stocksync.environment import (
    address,
    base_dir,
    channels,
    day,
    demo,
    for_its_owner,
    hour,
    kept_secret_key,
    limits,
    log_format,
    long_enough,
    make_folder,
    mirror_folder,
    non_negative,
    positive,
    private_file,
    proxy_header,
    read,
    read_secret_files,
    redis_address,
    row_caps,
    settings_errors,
    span_of_hours,
    symbols,
)
from stocksync.web.configuration import cache_settings, content_security_policy

BASE_DIR = base_dir(Path(__file__).resolve().parent.parent)
with settings_errors():
    read_secret_files()
env.read_env(BASE_DIR / ".env", recurse=False)

MAIN_INDEXES = "000001.SH,000016.SH,000300.SH,000688.SH,000852.SH,000905.SH,399001.SZ,399005.SZ,399006.SZ,899050.BJ"

with settings_errors():
    DEBUG = env.bool("DEBUG", False)
    VAR_DIR = Path(env.str("STOCKSYNC_VAR", "") or BASE_DIR / "var")
    SECRET_KEY = read("SECRET_KEY", "", long_enough)
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
    # Behind a server that speaks TLS; docs/production.md has the values.
    PROXIES = env.int("PROXIES", 0, validate=non_negative)
    SECURE_PROXY_SSL_HEADER = read("SECURE_PROXY_SSL_HEADER", "", proxy_header)
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", False)
    # Programs of the same host ask for these without the proxy.
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)/?$"]
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", False)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 0, validate=non_negative)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", False)
    SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", False)
    CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
    WEB_REQUEST_SECONDS = env.float("WEB_REQUEST_SECONDS", 20.0, validate=positive)
    WEB_THREADS = env.int("WEB_THREADS", 8, validate=positive)
    WEB_HEAVY_READS = env.int("WEB_HEAVY_READS", 1, validate=positive)
    CACHE_REDIS_URL = read("CACHE_REDIS_URL", "", redis_address)

    DATABASE_URL = env.str("DATABASE_URL", "")
    CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "")

    TUSHARE_TOKEN = env.str("TUSHARE_TOKEN", "")
    # A demonstration is data made up on this machine. It has a database of its own, whatever DATABASE_URL says.
    DEMO_MARKER = VAR_DIR / "demonstration"
    DEMO = read(
        "STOCKSYNC_DEMO", "", partial(demo, token=TUSHARE_TOKEN, begun=not DATABASE_URL and DEMO_MARKER.exists())
    )
    DEMO_FOLLOWED = DEMO and not env.str("STOCKSYNC_DEMO", "")
    TUSHARE_API_URL = read("TUSHARE_API_URL", "", address) or "https://api.tushare.pro"
    TUSHARE_TIMEOUT_SECONDS = env.float("TUSHARE_TIMEOUT_SECONDS", 30.0, validate=positive)
    TUSHARE_RATE_LIMIT_MAX_CALLS = env.int("TUSHARE_RATE_LIMIT_MAX_CALLS", 195, validate=positive)
    TUSHARE_RATE_LIMIT_WINDOW_SECONDS = env.float("TUSHARE_RATE_LIMIT_WINDOW_SECONDS", 60.0, validate=positive)
    TUSHARE_DAILY_MAX_CALLS = env.int("TUSHARE_DAILY_MAX_CALLS", 0, validate=non_negative)
    TUSHARE_INTERFACE_LIMITS = read("TUSHARE_INTERFACE_LIMITS", "", limits)
    TUSHARE_POINTS = env.int("TUSHARE_POINTS", 0, validate=non_negative)
    TUSHARE_ROW_CAPS = read("TUSHARE_ROW_CAPS", "", row_caps)
    DATAAPI_PASS_THROUGH = env.bool("DATAAPI_PASS_THROUGH", False)
    AKSHARE_URL = read("AKSHARE_URL", "", address)
    AKSHARE_TIMEOUT_SECONDS = env.float("AKSHARE_TIMEOUT_SECONDS", 30.0, validate=positive)
    AKSHARE_RATE_LIMIT_MAX_CALLS = env.int("AKSHARE_RATE_LIMIT_MAX_CALLS", 1, validate=positive)
    AKSHARE_RATE_LIMIT_WINDOW_SECONDS = env.float("AKSHARE_RATE_LIMIT_WINDOW_SECONDS", 3.0, validate=positive)
    RATE_LIMIT_REDIS_URL = read("RATE_LIMIT_REDIS_URL", "", redis_address)
    RATE_LIMIT_RETRY_BASE_SECONDS = env.float("RATE_LIMIT_RETRY_BASE_SECONDS", 3.0, validate=non_negative)

    YFINANCE_URL = read("YFINANCE_URL", "", address)
    YFINANCE_TIMEOUT_SECONDS = env.float("YFINANCE_TIMEOUT_SECONDS", 10.0, validate=positive)
    YFINANCE_RATE_LIMIT_MAX_CALLS = env.int("YFINANCE_RATE_LIMIT_MAX_CALLS", 45, validate=positive)
    YFINANCE_RATE_LIMIT_WINDOW_SECONDS = env.float("YFINANCE_RATE_LIMIT_WINDOW_SECONDS", 60.0, validate=positive)
    WATCHLIST_REDIS_URL = read("WATCHLIST_REDIS_URL", "", redis_address)
    WATCHLIST_REDIS_EXPIRE_SECONDS = env.float("WATCHLIST_REDIS_EXPIRE_SECONDS", 0.0, validate=non_negative)

    SYNC_DAILY_HISTORY_BATCH_SIZE = env.int("SYNC_DAILY_HISTORY_BATCH_SIZE", 50, validate=positive)
    SYNC_DAILY_HISTORY_START_DATE = read("SYNC_DAILY_HISTORY_START_DATE", "", day)
    SYNC_FINANCE_HISTORY_BATCH_SIZE = env.int("SYNC_FINANCE_HISTORY_BATCH_SIZE", 100, validate=positive)
    SYNC_FINANCE_HISTORY_START_DATE = read("SYNC_FINANCE_HISTORY_START_DATE", "20200101", day)
    SYNC_INCREMENTAL_MISSING_LIMIT = env.int("SYNC_INCREMENTAL_MISSING_LIMIT", 300, validate=non_negative)
    SYNC_FAILURE_MAX_RETRIES = env.int("SYNC_FAILURE_MAX_RETRIES", 3, validate=non_negative)
    SYNC_TASK_STALE_TIMEOUT_MINUTES = env.float("SYNC_TASK_STALE_TIMEOUT_MINUTES", 10.0, validate=positive)
    SYNC_LEASE_SECONDS = env.float("SYNC_LEASE_SECONDS", 60.0, validate=positive)
    SYNC_CONCURRENCY = env.int("SYNC_CONCURRENCY", 64, validate=positive)
    SYNC_RETRY_BASE_SECONDS = env.float("SYNC_RETRY_BASE_SECONDS", 1.0, validate=non_negative)
    INDEX_DAILY_SYMBOLS = read("INDEX_DAILY_SYMBOLS", MAIN_INDEXES, symbols)
    SYNC_RECHECK_MAX_CALLS = env.int("SYNC_RECHECK_MAX_CALLS", 20, validate=non_negative)

    NOTIFY_URLS = read("NOTIFY_URLS", "", channels)
    ALERT_QUIET_HOURS = read("ALERT_QUIET_HOURS", "", span_of_hours)
    ALERT_DIGEST_AT = read("ALERT_DIGEST_AT", "", hour)
    ALERT_LATE_HOURS = env.float("ALERT_LATE_HOURS", 4.0, validate=non_negative)
    ALERT_DISK_FREE_PERCENT = env.float("ALERT_DISK_FREE_PERCENT", 10.0, validate=non_negative)
    HEARTBEAT_URL = read("HEARTBEAT_URL", "", address)
    METRICS_TOKEN = env.str("METRICS_TOKEN", "")
    LOG_FORMAT = read("LOG_FORMAT", "line", log_format)
    SCHEDULING_CONCURRENCY = env.int("SCHEDULING_CONCURRENCY", 4, validate=positive)
    SCHEDULING_LEASE_SECONDS = env.float("SCHEDULING_LEASE_SECONDS", 60.0, validate=positive)
    SCHEDULING_SWEEP_SECONDS = env.float("SCHEDULING_SWEEP_SECONDS", 5.0, validate=positive)
    SCHEDULING_GRACE_SECONDS = env.float("SCHEDULING_GRACE_SECONDS", 120.0, validate=positive)
    SCHEDULING_SHUTDOWN_SECONDS = env.float("SCHEDULING_SHUTDOWN_SECONDS", 3.0, validate=non_negative)

with settings_errors():
    make_folder("STOCKSYNC_VAR", VAR_DIR)
    MIRROR_DIR = read("MIRROR_DIR", "", partial(mirror_folder, var_dir=VAR_DIR))
if not SECRET_KEY:
    SECRET_KEY = kept_secret_key(VAR_DIR)

INSTALLED_APPS = [
    "market_data",
    "scheduling",
    "django_celery_beat",
    "django_celery_results",
    "stocksync",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
    "stocksync.control_room.apps.ControlRoomConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "stocksync.web.errors.ErrorsAsJson",
    "stocksync.web.errors.RefusesNul",
    "stocksync.web.limits.BoundedTime",
    "stocksync.web.limits.FewHeavyReads",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
CONTENT_SECURITY_POLICY = content_security_policy(debug=DEBUG)
DEFAULT_EXCEPTION_REPORTER = "stocksync.web.debug_page.Reporter"

AUTHENTICATION_BACKENDS = ["stocksync.web.sign_in.SignInGuard", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# The pair: by the name alone a stranger could lock everybody out, by the address a whole office.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_CLIENT_IP_CALLABLE = "stocksync.web.sign_in.address_of"
AXES_LOCKOUT_CALLABLE = "stocksync.web.sign_in.locked_out"
AXES_VERBOSE = False
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "stocksync.urls"
WSGI_APPLICATION = "stocksync.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

with settings_errors():
    DATABASES = {"default": database_from_url("" if DEMO else DATABASE_URL, VAR_DIR, demo=DEMO)}
_on_one_machine = DATABASES["default"]["ENGINE"] == "stocksync.sqlite"
if _on_one_machine:
    private_file(VAR_DIR, DATABASES["default"]["NAME"])
    private_file(VAR_DIR, str(VAR_DIR / "rate_limit.sqlite3"))
CACHES = cache_settings(CACHE_REDIS_URL, VAR_DIR, has_server=not _on_one_machine)

LANGUAGE_CODE = "en"
LANGUAGES = theme.LANGUAGES
LOCALE_PATHS = [BASE_DIR / "stocksync" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
UNFOLD = theme.UNFOLD
STATIC_URL = "static/"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "stocksync.bokeh_files.BokehFinder",
]
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True, mode=0o700)
# Served from the applications as they are: nothing to collect first.
WHITENOISE_USE_FINDERS = True

with settings_errors(), for_its_owner():
    CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT_OPTIONS = broker_settings(CELERY_BROKER_URL, VAR_DIR)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_RESULT_BACKEND = "django-db"
# The job housekeeping deletes them.
CELERY_RESULT_EXPIRES = None
CELERY_TASK_DEFAULT_QUEUE = "sync"
CELERY_TASK_ROUTES = {
    "scheduling.dispatch": {"queue": "control"},
    "scheduling.sweep": {"queue": "control"},
}
# The database owns the work and a message only wakes a worker up: no late acknowledgement, nothing held back.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = SCHEDULING_CONCURRENCY
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = SCHEDULING_SHUTDOWN_SECONDS
CELERY_BEAT_SCHEDULER = "scheduling.schedulers:DatabaseScheduler"
CELERY_BEAT_SYNC_EVERY = 1
# Older moments than this are for the sweep, which knows each job's policy on missed runs.
CELERY_BEAT_CRON_STARTING_DEADLINE = int(SCHEDULING_GRACE_SECONDS)

REST_FRAMEWORK = {
    # The first one decides that strangers get 401, and the header that goes with it.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "stocksync.web.sign_in.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["stocksync.rest.permissions.PermissionOfAction"],
    "DEFAULT_THROTTLE_CLASSES": ["stocksync.web.sign_in.ThrottleOfUser"],
    "DEFAULT_THROTTLE_RATES": {"user": "3000/min"},
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["stocksync.rest.parsing.Parser", "stocksync.rest.parsing.AnyTypeParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "stocksync.rest.pagination.HeaderPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": "stocksync.rest.options.Methods",
    "NUM_PROXIES": PROXIES,
    # There is one; the description would take any other text for its name.
    "ALLOWED_VERSIONS": ["1"],
    "EXCEPTION_HANDLER": "stocksync.rest.errors.as_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Token", "TOKEN_TTL": timedelta(days=365)}
SPECTACULAR_SETTINGS = {
    "TITLE": "stocksync",
    "DESCRIPTION": "Jobs and their runs, sync work and its failures, coverage, and the data.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "PARSER_WHITELIST": ["stocksync.rest.parsing.Parser"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "JobStatusEnum": "scheduling.api.presenting.JOB_STATUSES",
        "ExecutionStatusEnum": "scheduling.context.Status",
        "SyncTaskStatusEnum": "market_data.models.SyncTask.Status",
        "PartitionStateEnum": "market_data.models.Partition.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "stocksync.rest.schema.complete",
    ],
}
# What a job is that the API is asked to create without being told its type.
SCHEDULING_DEFAULT_JOB_TYPE = "watchlist"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "stocksync.logs.LineFormatter", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "stocksync.json_logs.JsonFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "loggers": {
        "axes": {"handlers": ["stderr"], "level": "WARNING"},
        "celery": {"handlers": ["stderr"], "level": "WARNING"},
        "django": {"handlers": ["stderr"], "level": "WARNING"},
        # Below this level it tells of each 404.
        "django.request": {"level": "ERROR"},
        "stocksync": {"handlers": ["stderr"], "level": "WARNING"},
        "market_data": {"handlers": ["stderr"], "level": "WARNING"},
        "scheduling": {"handlers": ["stderr"], "level": "INFO"},
    },
}
