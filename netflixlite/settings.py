"""All settings, read from the environment in one place. `.env.example` lists every variable (a test keeps it so).

The defaults need no service and boot a laptop. There is no base/dev/prod split: installations differ by
variables, not by files. With DEBUG off a secret key must be given (`make up` makes one and passes it).
"""

import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _secret(name: str) -> str:
    """A secret by environment, or by a file that `NAME_FILE` points to; '' when neither is given."""
    given = env.str(name, default="")
    path = env.str(f"{name}_FILE", default="")
    if given or not path:
        return str(given)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE points to {path}, which cannot be read: {error}.") from error


# Core ---------------------------------------------------------------------------------------------------

#: Where all state lives. Deleting this folder is a fresh start.
HOME = Path(env.str("NETFLIXLITE_HOME", default=str(BASE_DIR / "var"))).resolve()
try:
    for _folder in ("db", "keys", "media", "static", "uploads", "work"):
        (HOME / _folder).mkdir(parents=True, exist_ok=True, mode=0o700 if _folder == "keys" else 0o755)
except OSError as _error:
    raise ImproperlyConfigured(f"NETFLIXLITE_HOME is {HOME}, which cannot be written: {_error}.") from _error
DEBUG = env.bool("NETFLIXLITE_DEBUG", default=False)
TESTING = "pytest" in sys.modules


def _kept(name: str) -> str:
    """What `make up` keeps under HOME, so that commands typed in a shell mean the same installation; '' if nothing."""
    try:
        return (HOME / "keys" / name).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


SECRET_KEY = _secret("NETFLIXLITE_SECRET_KEY") or _kept("secret-key")
if not SECRET_KEY:
    if not (DEBUG or TESTING):
        raise ImproperlyConfigured(
            "NETFLIXLITE_SECRET_KEY is not set and NETFLIXLITE_DEBUG is off. Start with `make up`, which makes a "
            "key and keeps it, or set NETFLIXLITE_SECRET_KEY (or NETFLIXLITE_SECRET_KEY_FILE) to a long random text."
        )
    SECRET_KEY = "only-for-debug-and-tests-" + "0" * 40
#: Earlier keys, which still open what they signed: given, or kept by `manage.py rotatesecret`.
SECRET_KEY_FALLBACKS = [
    *env.list("NETFLIXLITE_SECRET_KEY_FALLBACKS", default=[]),
    *(key for key in _kept("secret-keys-earlier").split() if key != SECRET_KEY),
]

#: The address that viewers type. Cookies are secure when it starts with https.
SITE_URL: str = env.str("NETFLIXLITE_SITE_URL", default=_kept("site-url") or "http://127.0.0.1:8000").rstrip(
    "/"
)
_site = urlsplit(SITE_URL)
HTTPS = _site.scheme == "https"
ALLOWED_HOSTS = env.list(
    "NETFLIXLITE_ALLOWED_HOSTS",
    default=sorted({"127.0.0.1", "localhost", "[::1]", _site.hostname or "localhost"}),
)
CSRF_TRUSTED_ORIGINS = [SITE_URL]
#: How many web processes `make up` starts. More than one needs shared live state: refused until it exists.
WEB_PROCESSES = env.int("NETFLIXLITE_WEB_PROCESSES", default=1)
#: The name on the screen.
SITE_NAME = env.str("NETFLIXLITE_SITE_NAME", default="netflixlite")

#: For how long a page's titles may be remembered that are the same for all profiles of one age, in seconds. What is
#: withdrawn is gone at once all the same (recommend/stretch.py).
PAGES_REMEMBER_SECONDS = 0.0 if TESTING else 5.0

# Apps ---------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "netflixlite.apps.ShellConfig",
    "netflixlite.jobs.apps.JobsConfig",
    "netflixlite.live.apps.LiveConfig",
    "accounts.apps.AccountsConfig",
    "catalog.apps.CatalogConfig",
    "cdn.apps.CdnConfig",
    "playback.apps.PlaybackConfig",
    "recommend.apps.RecommendConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "channels",
    "storages",
]

MIDDLEWARE = [
    "netflixlite.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "netflixlite.headers.SecurityHeadersMiddleware",
    "netflixlite.static.WholeFileWhiteNoise",
    "netflixlite.compressing.CompressHtmlMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.signing.middleware.SessionLifeMiddleware",
    "accounts.audit.middleware.AuditMiddleware",
    "netflixlite.refusing.RefusalsMiddleware",
    "netflixlite.setup.FirstRunMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.devices.middleware.DeviceMiddleware",
    "accounts.middleware.ProfileMiddleware",
    "accounts.signing.middleware.StaffFactorMiddleware",
    "accounts.signals.middleware.SignalsMiddleware",
]

ROOT_URLCONF = "netflixlite.urls"
ASGI_APPLICATION = "netflixlite.asgi.application"

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
                "netflixlite.context.site",
                "accounts.privacy.session.banner",
            ],
        },
    },
]

# Database -----------------------------------------------------------------------------------------------

# WAL + IMMEDIATE + a long timeout: anything less loses writes under load (docs/decisions/0004).
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728; "
        "PRAGMA journal_size_limit=27262976; PRAGMA cache_size=2000; PRAGMA temp_store=MEMORY;"
    ),
}


def _database(variable: str, file: str) -> dict[str, object]:
    """A database by URL, or an SQLite file under HOME."""
    if url := env.str(variable, default=""):
        parsed: dict[str, object] = env.db_url_config(url)
        if str(parsed["ENGINE"]).endswith("sqlite3"):
            parsed["OPTIONS"] = dict(_SQLITE_OPTIONS)
        return parsed
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HOME / "db" / file,
        "OPTIONS": dict(_SQLITE_OPTIONS),
        "TEST": {"NAME": HOME / "db" / f"test-{file}"},
    }


#: `telemetry` takes the many small writes (beacons, delivery logs), `cache` the cache and rate limits: in files of
#: their own, so that they never hold up the catalogue.
DATABASES = {
    "default": _database("NETFLIXLITE_DATABASE_URL", "main.sqlite3"),
    "telemetry": _database("NETFLIXLITE_TELEMETRY_DATABASE_URL", "telemetry.sqlite3"),
    "cache": _database("NETFLIXLITE_CACHE_DATABASE_URL", "cache.sqlite3"),
}
DATABASE_ROUTERS = ["netflixlite.routers.ByPurpose"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES: dict[str, dict[str, object]] = {
    "default": (
        {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
        if TESTING
        else {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": env.str("NETFLIXLITE_CACHE_URL"),
        }
        if env.str("NETFLIXLITE_CACHE_URL", default="")
        else {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache_entries",
            # The rate limits live here too. Django's default of 300 entries would let whoever tries 300 names push the
            # count of the one name out that is being guessed.
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        }
    )
}

# Media and storage --------------------------------------------------------------------------------------

#: Uploaded source files and work in progress: always a local folder with room.
MEDIA_ROOT = HOME / "media"
MEDIA_URL = "/media/"
WORK_DIR = HOME / "work"
FILE_UPLOAD_TEMP_DIR = HOME / "uploads"
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
#: Programs; empty means the ones that came with the installation (docs/operations.md says why PATH comes last).
FFMPEG = env.str("NETFLIXLITE_FFMPEG", default="")
FFPROBE = env.str("NETFLIXLITE_FFPROBE", default="")
#: Which renditions a film gets when nobody says otherwise: 'per-title' (measured), 'standard', 'light' or 'apple'.
LADDER = env.str("NETFLIXLITE_LADDER", default="per-title")
if LADDER not in ("per-title", "standard", "light", "apple"):
    raise ImproperlyConfigured(
        f"NETFLIXLITE_LADDER is {LADDER!r}; write per-title, standard, light or apple."
    )
#: Whether films get a second ladder in AV1 when the machine has nothing else to do: 'idle' or 'never'.
AV1 = env.str("NETFLIXLITE_AV1", default="idle")
if AV1 not in ("idle", "never"):
    raise ImproperlyConfigured(f"NETFLIXLITE_AV1 is {AV1!r}; write idle or never.")
#: Whether titles made from now on are encrypted: their packages, with keys that playback sessions alone give out.
ENCRYPT = env.bool("NETFLIXLITE_ENCRYPT", default=False)
#: How much the films may take on the disk (sources, packages and uploads under way), in GB of 10^9 bytes; 0: no bound
#: but the disk.
MEDIA_QUOTA_GB = env.float("NETFLIXLITE_MEDIA_QUOTA_GB", default=0.0)
#: An unfinished upload is thrown away when nothing of it has come for this many days.
UPLOAD_DAYS = env.float("NETFLIXLITE_UPLOAD_DAYS", default=7.0)
#: What becomes of a source when all is made of it: 'keep', 'archive' (it is moved to ARCHIVE_DIR) or 'remove'.
SOURCES = env.str("NETFLIXLITE_SOURCES", default="keep")
if SOURCES not in ("keep", "archive", "remove"):
    raise ImproperlyConfigured(f"NETFLIXLITE_SOURCES is {SOURCES!r}; write keep, archive or remove.")
ARCHIVE_DIR = Path(env.str("NETFLIXLITE_ARCHIVE", default=str(HOME / "archive")))
#: How loud every film's sound is made (integrated, EBU R 128), in LUFS; empty leaves loudness alone.
_loudness = env.str("NETFLIXLITE_LOUDNESS", default="-18")
try:
    LOUDNESS = float(_loudness) if _loudness.strip() else None
except ValueError:
    raise ImproperlyConfigured(
        f"NETFLIXLITE_LOUDNESS is {_loudness!r}; write a number of LUFS from -31 to -10, or leave it empty."
    ) from None
if LOUDNESS is not None and not -31 <= LOUDNESS <= -10:
    raise ImproperlyConfigured(f"NETFLIXLITE_LOUDNESS is {LOUDNESS:g}; it goes from -31 to -10 LUFS.")

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
WHITENOISE_AUTOREFRESH = DEBUG
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    # Packages and artwork. Another django-storages backend can stand here; sources stay local.
    "default": {
        "BACKEND": env.str("NETFLIXLITE_STORAGE", default="django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.json("NETFLIXLITE_STORAGE_OPTIONS", default={}),
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "netflixlite.storage.BundledStaticFilesStorage"
    },
}

# Jobs ---------------------------------------------------------------------------------------------------

#: How many jobs a worker runs at once; 0 means one for each core and one more: small jobs go on beside encoders.
WORKER_SLOTS = env.int("NETFLIXLITE_WORKER_SLOTS", default=0)
#: Truth about a job is its row; the broker only wakes workers (docs/decisions/0003). Empty: files under HOME.
BROKER_URL = env.str("NETFLIXLITE_BROKER_URL", default="")
BROKER_DIR = HOME / "broker"
#: A running job is given to another worker when its worker has been silent this long, in seconds.
JOB_LEASE_SECONDS = env.float("NETFLIXLITE_JOB_LEASE_SECONDS", default=30.0)
#: A job that failed is tried again after this many seconds, then twice as many, up to 10 minutes.
JOB_RETRY_SECONDS = env.float("NETFLIXLITE_JOB_RETRY_SECONDS", default=5.0)
#: Modules of your own that register further kinds of jobs; imported by every process.
JOB_MODULES = env.list("NETFLIXLITE_JOB_MODULES", default=[])

# Library and metadata -----------------------------------------------------------------------------------

#: Folders of films and series that are watched: absolute paths, comma separated. They are only ever read.
LIBRARY = env.list("NETFLIXLITE_LIBRARY", default=[])
#: How often they are looked through, in minutes.
LIBRARY_MINUTES = env.float("NETFLIXLITE_LIBRARY_MINUTES", default=15.0)
#: How many of their films may be under way at once; the newest come first.
LIBRARY_WINDOW = env.int("NETFLIXLITE_LIBRARY_WINDOW", default=4)
#: Whether their titles are published by themselves as soon as they can be played.
LIBRARY_PUBLISH = env.bool("NETFLIXLITE_LIBRARY_PUBLISH", default=True)
#: The age that a title of theirs needs when nothing beside it says so: children see nothing that nobody has rated.
LIBRARY_MATURITY = env.int("NETFLIXLITE_LIBRARY_MATURITY", default=18)
#: Key of The Movie Database (v3 key or v4 token). Without it the studio does not offer the look-up.
TMDB_KEY = _secret("NETFLIXLITE_TMDB_KEY")

# Push to browsers ---------------------------------------------------------------------------------------

CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# CDN ----------------------------------------------------------------------------------------------------

#: Private keys of the control plane: token signing. Made at first use; never leaves this folder.
KEYS_DIR = HOME / "keys"
#: How long a playback token lasts, in seconds.
TOKEN_SECONDS = env.int("NETFLIXLITE_TOKEN_SECONDS", default=900)
#: A node is suspect when it has been silent this long, in seconds (heartbeats come every 2).
NODE_LEASE_SECONDS = env.float("NETFLIXLITE_NODE_LEASE_SECONDS", default=6.0)
#: When nodes are filled with what can wait, by each node's own clock; a node's row may say otherwise.
FILL_WINDOW = env.str("NETFLIXLITE_FILL_WINDOW", default="02:00-14:00")
if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", FILL_WINDOW):
    raise ImproperlyConfigured(
        f"NETFLIXLITE_FILL_WINDOW is {FILL_WINDOW!r}; write two times of day like 02:00-14:00."
    )
#: What a fill may take of a node's network at most, in Mb/s; 0: what the node itself finds free.
FILL_MBPS = env.float("NETFLIXLITE_FILL_MBPS", default=0.0)
#: A database of addresses (MaxMind's format, .mmdb) that says where on the globe viewers are; '': none is asked.
GEO_DATABASE = env.str("NETFLIXLITE_GEO_DATABASE", default="")
#: How long the nodes' delivery log is kept, in days.
DELIVERY_DAYS = env.float("NETFLIXLITE_DELIVERY_DAYS", default=14.0)

# What is learnt -----------------------------------------------------------------------------------------

#: Where models lie (docs/recommend-learning.md). Web machines of one site share this folder, or each learns nothing.
MODELS_DIR = Path(env.str("NETFLIXLITE_MODELS", default=str(HOME / "models")))
#: Whether to learn from what is watched. Off: rows are made of what is popular, and of what titles are.
LEARNING = env.bool("NETFLIXLITE_LEARNING", default=True)
#: What a training may take: memory in MB (0: half of what is free, 4096 at most), processor time in minutes.
LEARNING_MEMORY_MB = env.int("NETFLIXLITE_LEARNING_MEMORY_MB", default=0)
LEARNING_MINUTES = env.int("NETFLIXLITE_LEARNING_MINUTES", default=60)
#: How far back it looks, in days.
LEARNING_DAYS = env.int("NETFLIXLITE_LEARNING_DAYS", default=730)
#: With fewer accounts than this, "who watched one watched the other" counts only if three accounts did so.
LEARNING_PRIVATE_BELOW = env.int("NETFLIXLITE_LEARNING_PRIVATE_BELOW", default=50)
#: What acts of viewers are worth, where it is not what docs/recommend-signals.md says: down=0.1/-0.3,listed=0.2/0.3
RECOMMEND_WEIGHTS = env.dict("NETFLIXLITE_RECOMMEND_WEIGHTS", default={})
#: So many viewings of one profile are learnt from in a day, and so many titles of it count for what is trending.
RECOMMEND_VIEWINGS_A_DAY = env.int("NETFLIXLITE_RECOMMEND_VIEWINGS_A_DAY", default=200)
RECOMMEND_VOTES_A_DAY = env.int("NETFLIXLITE_RECOMMEND_VOTES_A_DAY", default=12)
#: Whether what children watch counts for what is trending with grown-ups.
RECOMMEND_KIDS_COUNT = env.bool("NETFLIXLITE_RECOMMEND_KIDS_COUNT", default=False)
#: For how long acts of viewers are kept, in days; 0: for ever.
RECOMMEND_SIGNAL_DAYS = env.int("NETFLIXLITE_RECOMMEND_SIGNAL_DAYS", default=1095)

# Accounts and security ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
#: The first one answers alone; the others stand here for sessions that began by them.
AUTHENTICATION_BACKENDS = [
    "accounts.signing.backend.HouseBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.signing.plain.SignIn",
    "signup": "accounts.signing.plain.SignUp",
    "add_email": "accounts.signing.plain.AddAddress",
    "change_password": "accounts.signing.plain.ChangePassword",
    "set_password": "accounts.signing.plain.SetPassword",
    "reset_password": "accounts.signing.plain.Reset",
    "reset_password_from_key": "accounts.signing.plain.NewPassword",
    "reauthenticate": "accounts.signing.plain.ProveByPassword",
}
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
#: Whether strangers may sign up by themselves.
SIGN_UP_OPEN = env.bool("NETFLIXLITE_SIGN_UP_OPEN", default=True)
#: Whether mails leave this machine. Without a relay they are printed in the log, so nobody can be asked to answer one.
MAIL_RELAY = bool(env.str("NETFLIXLITE_EMAIL_URL", default=""))
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if MAIL_RELAY else "optional"
#: An address is proved by a code from the mail, typed where one signs up: it works on another device's mail, too.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = MAIL_RELAY
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = True
#: How long "it was you just now" holds before changes to the account, in seconds.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_REAUTHENTICATION_REQUIRED = True
PASSWORD_RESET_TIMEOUT = 3600
#: What is counted, by address, account or key (docs/signing-in.md). A passkey alone is counted by address only: nobody
#: else's failures keep its owner out.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/10m/ip,6/10m/key",
    "signup": "10/m/ip",
    "reset_password": "10/m/ip,3/10m/key",
    "reset_password_from_key": "10/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "confirm_email": "1/10s/key",
}
MFA_ADAPTER = "accounts.signing.factors.FactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.signing.forms.AuthenticateForm",
    "reauthenticate": "accounts.signing.forms.ReauthenticateForm",
    "add_webauthn": "accounts.signing.forms.AddPasskeyForm",
    "edit_webauthn": "accounts.signing.forms.NamePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_PASSKEY_LOGIN_ENABLED = True
#: Needs a proved address: without one a lost passkey would be a lost account.
MFA_PASSKEY_SIGNUP_ENABLED = MAIL_RELAY
#: Addresses are proved before they are kept wherever there is a relay; without one nobody could ever prove one.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RATE_LIMITS = {"webauthn_login": "30/m/ip"}
#: Whether those who run the site need a second factor at the admin's door: 'required' or 'recommended'.
STAFF_MFA = env.str("NETFLIXLITE_STAFF_MFA", default="")
if not STAFF_MFA:
    _loopback = re.fullmatch(r"localhost|(.+\.)?localhost|127(\.\d+){3}|::1", _site.hostname or "localhost")
    STAFF_MFA = "recommended" if _loopback else "required"
if STAFF_MFA not in ("required", "recommended"):
    raise ImproperlyConfigured(f"NETFLIXLITE_STAFF_MFA is {STAFF_MFA!r}; write required or recommended.")
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
#: Copies of what is known of somebody, until they are over; for their owners alone.
EXPORTS_DIR = HOME / "exports"
#: How long an account can be kept after all once its erasure was asked for, in days.
ERASURE_DAYS = env.float("NETFLIXLITE_ERASURE_DAYS", default=14.0)
#: Key of the audit log's chain; '': a file under HOME/keys, made at first use. Never in the database.
AUDIT_KEY = _secret("NETFLIXLITE_AUDIT_KEY")
#: Argon2id at 19 MiB, 2 passes, 1 lane: OWASP's figure for small hosts; the library's default of 100 MiB is a way
#: to exhaust one.
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else ["accounts.hashers.SmallHostArgon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.signing.passwords.NotOfThisSite"},
]
#: Over https browsers take cookies of these names from this very host alone, and only secure ones (RFC 6265bis, 4.1.3).
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}netflixlite_session"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}netflixlite_csrf"
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}django_language"
MESSAGE_STORAGE = "netflixlite.notes.Notes"
CSRF_FAILURE_VIEW = "netflixlite.refusing.forged"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
#: A session ends when nobody has used it for 30 days, and after 90 days however much it was used, in seconds.
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_LIFETIME = 60 * 60 * 24 * 90
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
#: Header that a trusted proxy sets, e.g. "X-Forwarded-Proto"; empty means: no proxy is trusted.
_proxy = env.str("NETFLIXLITE_TRUSTED_PROXY_HEADER", default="")
#: Without that header nobody here can tell http from https, and a redirect would go round for ever.
SECURE_SSL_REDIRECT = HTTPS and env.bool("NETFLIXLITE_REDIRECT_TO_HTTPS", default=bool(_proxy))
#: Nodes beside the site speak to it directly, signed.
SECURE_REDIRECT_EXEMPT = [r"^api/v1/cdn/", r"^edge/", r"^origin/", r"^v1/"]
if _proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_" + _proxy.upper().replace("-", "_"), "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if env.str("NETFLIXLITE_EMAIL_URL", default="")
    else "django.core.mail.backends.console.EmailBackend"
)
if env.str("NETFLIXLITE_EMAIL_URL", default=""):
    vars().update(env.email_url("NETFLIXLITE_EMAIL_URL"))
DEFAULT_FROM_EMAIL = env.str("NETFLIXLITE_EMAIL_FROM", default=f"{SITE_NAME} <no-reply@localhost>")

# Whether other sites below the same domain speak https, and whether browsers should know it from a list that they come
# with, is for whoever owns the domain to say (Strict-Transport-Security can be added by the proxy).
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# Payments -----------------------------------------------------------------------------------------------

#: Who takes money for plans: 'none' (everybody has the plan that an operator gave), 'manual' (invoices that an
#: operator marks as paid) or 'stripe'.
PAYMENTS = env.str("NETFLIXLITE_PAYMENTS", default="none")
if PAYMENTS not in ("none", "manual", "stripe"):
    raise ImproperlyConfigured(f"NETFLIXLITE_PAYMENTS is {PAYMENTS!r}; write none, manual or stripe.")
#: Whether only who has a subscription, or was given a plan by an operator, may watch.
PAYWALL = env.bool("NETFLIXLITE_PAYWALL", default=False)
if PAYWALL and PAYMENTS == "none":
    raise ImproperlyConfigured(
        "NETFLIXLITE_PAYWALL is on while NETFLIXLITE_PAYMENTS is none: nobody could subscribe. Set it to manual or "
        "stripe, or turn the paywall off."
    )
#: An invoice is due after so many days; when it is late, watching goes on for so many days more.
INVOICE_DAYS = env.int("NETFLIXLITE_INVOICE_DAYS", default=14)
GRACE_DAYS = env.int("NETFLIXLITE_GRACE_DAYS", default=7)
#: What stands on invoices: who issues them, and how to pay; `\n` begins a new line.
BILL_FROM = env.str("NETFLIXLITE_BILL_FROM", default="").replace("\\n", "\n") or SITE_NAME
BILL_PAY = env.str("NETFLIXLITE_BILL_PAY", default="").replace("\\n", "\n")
STRIPE_KEY = _secret("NETFLIXLITE_STRIPE_KEY")
STRIPE_WEBHOOK_SECRET = _secret("NETFLIXLITE_STRIPE_WEBHOOK_SECRET")
if PAYMENTS == "stripe" and not (STRIPE_KEY and STRIPE_WEBHOOK_SECRET):
    raise ImproperlyConfigured(
        "NETFLIXLITE_PAYMENTS is stripe: give NETFLIXLITE_STRIPE_KEY and NETFLIXLITE_STRIPE_WEBHOOK_SECRET (or files "
        "that hold them, by the same names with _FILE)."
    )
STRIPE_API = "https://api.stripe.com"
#: How often a call to Stripe is tried again by itself when the network fails.
STRIPE_RETRIES = 2

# HTTP API -----------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.doors.HasProfile"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "netflixlite.errors.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "netflixlite",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Two things of the API have a kind: say which is which.
    "ENUM_NAME_OVERRIDES": {
        "DeviceKindEnum": ["computer", "phone", "tablet", "tv", "app"],
        "TitleKindEnum": ["film", "series"],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "netflixlite.schema.add_errors",
    ],
}

# Languages ----------------------------------------------------------------------------------------------

LANGUAGE_CODE = env.str("NETFLIXLITE_LANGUAGE", default="en")
LANGUAGES = [
    ("en", "English"),
    ("hi", "हिन्दी"),
    ("es", "Español"),
    ("fr", "Français"),
    ("de", "Deutsch"),
    ("ar", "العربية"),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("NETFLIXLITE_TIME_ZONE", default="UTC")

# Logging ------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "short": {
            "()": "netflixlite.logs.OneLine",
            "format": "{asctime}Z {levelname:<7} {name}: {message}",
            "datefmt": "%Y-%m-%dT%H:%M:%S",
            "style": "{",
        }
    },
    "filters": {"faults": {"()": "netflixlite.logs.FaultsOnly"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "short"}},
    "root": {"handlers": ["console"], "level": env.str("NETFLIXLITE_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR", "filters": ["faults"]},
        "django.security.DisallowedHost": {"level": "ERROR"},
    },
}
