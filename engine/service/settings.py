"""Every setting of a server in one typed object, from `BELOFTE_…` variables over an optional TOML file over defaults.

A bad value stops the start with one error that names each variable and what was expected there; settings are shown with
their secrets masked.
"""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from engine.inventory.shards import SHARDS_MAX

PREFIX = "BELOFTE_"
CONFIG_VARIABLE = "BELOFTE_CONFIG"
CONFIG_FILE = "belofte.toml"
REDIS_SCHEMES = ("redis", "rediss", "unix")
LEDGER_SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg")
OTHER_VARIABLES = ("BELOFTE_CACHE", "BELOFTE_READY_FD")
"""Read elsewhere: where compiled kernels are kept, and how a child tells its starter that it is ready."""

UNIX_PREFIX = "unix:"
SOCKET_PATH_BYTES_MAX = 107
"""What the kernel takes as the address of a Unix socket."""

URL_FIELDS = ("redis_url", "ledger_url")
"""Settings that may hold a password: never shown or quoted as they are."""

SECRETS = ("quote_key",)
"""Settings that are never shown or quoted at all."""

_SECRET_QUERY = re.compile(r"passw|passphrase|secret|token", re.IGNORECASE)
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\Z")


class SettingsError(ValueError):
    """Settings that cannot be used: one line for each bad one, secrets left out."""


def read_settings(**options: object) -> "Settings":
    """The settings of this process: `options` (of the command line; None: not given) over variables over the TOML file.

    The file is `$BELOFTE_CONFIG`, or `belofte.toml` in the working folder where there is one. Raises SettingsError.
    """
    given = {name: value for name, value in options.items() if value is not None}
    unknown = _unknown_variables()
    if unknown:
        raise SettingsError("\n".join(unknown))
    try:
        return Settings(**given)  # type: ignore[arg-type]  # checked by the model itself
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        raise SettingsError("\n".join(_sentence(problem, given) for problem in problems)) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{_config_path()}: a TOML file was expected: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{CONFIG_VARIABLE}: a TOML file that can be read was expected: {error}") from None


def _unknown_variables() -> list[str]:
    """One sentence for each variable of our prefix that nothing reads: a name typed wrong would leave a default in force."""
    known = [CONFIG_VARIABLE, *OTHER_VARIABLES, *(PREFIX + name.upper() for name in Settings.model_fields)]
    given = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    # What all have in common would make any two of them alike.
    ends = [name.removeprefix(PREFIX) for name in known]
    return [f"{name}: there is no such setting{_hint(name.upper().removeprefix(PREFIX), ends, PREFIX)}" for name in given]


def _hint(name: str, known: Iterable[str], prefix: str = "") -> str:
    nearest = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {prefix + nearest[0]!r}?" if nearest else ""


def _whole_number(value: object) -> object:
    # Without this, `true` would be read as 1 and 2.0 as 2.
    if isinstance(value, bool | float):
        raise ValueError("not a whole number")
    return value


def _folder(value: Path) -> Path:
    if value.exists() and not value.is_dir():
        raise ValueError("the path of a folder was expected")
    return value


def _file(value: object) -> object:
    if value == "":
        return None
    if isinstance(value, str | Path) and not Path(value).is_file():
        raise ValueError("the path of an existing file was expected")
    return value


def _network_folder(value: object) -> object:
    if value == "":
        return None
    if isinstance(value, str | Path) and not Path(value).is_dir():
        raise ValueError("the path of an existing network folder was expected (empty: the sample network)")
    return value


def _webhooks_file(value: object) -> object:
    if value == "":
        return None
    if isinstance(value, str | Path) and not Path(value).is_file():
        raise ValueError("the path of an existing TOML file was expected (empty: nobody is told of events)")
    return value


def _host(value: str) -> str:
    if value.startswith(UNIX_PREFIX):
        path = value.removeprefix(UNIX_PREFIX)
        if not path.startswith("/") or len(path.encode()) > SOCKET_PATH_BYTES_MAX:
            raise ValueError(f"unix:/PATH was expected, the path absolute and at most {SOCKET_PATH_BYTES_MAX} bytes long")
        return value
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not _HOST_NAME.match(value):
            raise ValueError("a host name or an IP address was expected, without port or brackets, or unix:/PATH") from None
    return value


def _redis_url(value: str) -> str:
    parts = _split(value)
    network = parts.scheme != "unix" and parts.hostname and re.fullmatch(r"(/\d*)?", parts.path)
    socket = parts.scheme == "unix" and parts.path.startswith("/") and not parts.hostname
    if value and (parts.scheme not in REDIS_SCHEMES or not (network or socket)):
        raise ValueError(
            "a URL redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix:///PATH was expected (empty: the embedded server)"
        )
    return value


def _traces_url(value: str) -> str:
    parts = _split(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/")):
        raise ValueError("a URL http://HOST:PORT or https://HOST:PORT was expected (empty: no traces)")
    return value


def _ledger_url(value: str) -> str:
    parts = _split(value)
    # An "@" in the path means a password with an unquoted "/" in it, which would be shown as part of the path.
    file = parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1
    server = parts.scheme != "sqlite" and re.fullmatch(r"/[^/@]+", parts.path)
    if value and (parts.scheme not in LEDGER_SCHEMES or not (file or server)):
        raise ValueError(
            "a URL sqlite:///PATH or postgresql://USER@HOST:PORT/DATABASE was expected (empty: SQLite in the data folder)"
        )
    return value


def _split(url: str) -> SplitResult:
    """The parts of a URL, all of them empty where it is malformed."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading the port is what checks it
    except ValueError:
        return urlsplit("")
    # Signs of a password with an unquoted "#" or "?" in it, which would be shown as part of something else.
    return urlsplit("") if parts.fragment or "@" in parts.query else parts


Positive = Annotated[int, BeforeValidator(_whole_number), Field(ge=1)]


class Settings(BaseSettings):
    """What a server is started with. Fields of the same name in upper case, after `BELOFTE_`, are the variables."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    network: Annotated[Path | None, BeforeValidator(_network_folder)] = None
    """Network folder; empty: the sample network."""
    data_dir: Annotated[Path, AfterValidator(_folder)] = Path("data")
    """What the embedded servers keep."""
    host: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    port: Annotated[int, BeforeValidator(_whole_number), Field(ge=0, le=65_535)] = 50_051
    """0: any free port."""
    front: Literal["auto", "native", "aio"] = "auto"
    """native: many times the calls, without TLS. auto: that one on loopback and Unix sockets, the other elsewhere."""
    workers: Annotated[Positive, Field(le=64)] = 1
    """Engines on one port, each a process of its own; connections are spread over them."""
    tls_certificate: Annotated[Path | None, BeforeValidator(_file)] = None
    """Certificate chain of the server (PEM); empty: no TLS."""
    tls_key: Annotated[Path | None, BeforeValidator(_file)] = None
    """Its private key (PEM)."""
    tls_client_ca: Annotated[Path | None, BeforeValidator(_file)] = None
    """Who signs the certificates that clients must have (PEM); empty: clients need none."""
    token_keys: str = ""
    """Public keys of bearer tokens (JWT): a file, PEM or a JSON Web Key Set, or the URL of such a set; empty: no tokens."""
    token_issuer: str = ""
    """`iss` that tokens must have; empty: any."""
    token_audience: str = ""
    """`aud` that tokens must have; empty: any."""
    identity: Literal["auto", "required", "off"] = "auto"
    """Whether callers are asked who they are. auto: yes, but where there is nothing to know them by, on local addresses."""
    redis_url: Annotated[str, AfterValidator(_redis_url)] = Field(default="", repr=False)
    """Redis or Valkey; empty: the embedded server in the data folder."""
    ledger_url: Annotated[str, AfterValidator(_ledger_url)] = Field(default="", repr=False)
    """SQLite or PostgreSQL; empty: SQLite in the data folder."""
    webhooks: Annotated[Path | None, BeforeValidator(_webhooks_file)] = None
    """TOML file of those who are told of events, and their secrets; empty: nobody is."""
    partition: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")] = "belofte"
    """Hash tag of every key of this network in Redis: networks that share a server differ in it."""
    shards: Annotated[int, BeforeValidator(_whole_number), Field(ge=1, le=SHARDS_MAX)] = 1
    """Partitions over which the network's stock is split by item. It stays what it was when the first entry was recorded."""
    message_bytes_max: Annotated[int, BeforeValidator(_whole_number), Field(ge=1 << 10, le=1 << 28)] = 1 << 20
    """Bytes of one request."""
    lines_max: Annotated[Positive, Field(le=10_000)] = 500
    """Lines of one basket."""
    attempts_max: Annotated[Positive, Field(le=100)] = 4
    """Plans made for one order before it is refused as CONTENDED."""
    record_lag_entries_max: Annotated[Positive, Field(le=10_000_000)] = 10_000
    """Log entries that may wait for the record before commits are refused."""
    record_lag_ms_max: Annotated[Positive, Field(le=300_000)] = 1_000
    """How long the oldest entry may wait for the record before commits are refused."""
    record_wait_ms_max: Annotated[Positive, Field(le=300_000)] = 5_000
    """How long a write waits for its record before it answers that its fate is unknown."""
    wait_ms_max: Annotated[Positive, Field(le=300_000)] = 500
    """A call that is expected to wait for longer before it is worked on is refused at once, as OVERLOADED."""
    reservations_max: Annotated[Positive, Field(le=10_000_000)] = 100_000
    """Active reservations that one caller may have."""
    quote_key: Annotated[str, Field(pattern=r"^(.{16,256})?$")] = Field(default="", repr=False)
    """Secret that signs quote tokens, shared by all engines that take them; empty: one made in the data folder."""
    quote_minutes_valid: Annotated[Positive, Field(le=1_440)] = 30
    """How long a quote token is accepted; not beyond its order-by instant."""
    node_budget: Annotated[Positive, Field(le=1_000_000_000)] = 100_000
    """Nodes of branch and bound spent on one decision where its policy names no budget."""
    warm_up: Literal["all", "short"] = "all"
    """Kernels compiled before the first call is taken. short: large and divided orders wait for theirs, once on a machine."""
    metrics_port: Annotated[int, BeforeValidator(_whole_number), Field(ge=0, le=65_535)] = 0
    """Port of http://HOST:PORT/metrics for Prometheus; 0: none."""
    traces_url: Annotated[str, AfterValidator(_traces_url)] = ""
    """OpenTelemetry collector that spans of calls are sent to, by gRPC; empty: none. `OTEL_…` variables say the rest."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    @property
    def address(self) -> str:
        """`host:port`, an IPv6 host in brackets, or `unix:/path`."""
        if self.host.startswith(UNIX_PREFIX):
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def metrics_host(self) -> str:
        """Where meters are served: beside the calls, or on loopback where those come by a socket."""
        return "127.0.0.1" if self.host.startswith(UNIX_PREFIX) else self.host

    @property
    def is_local(self) -> bool:
        """Whether nobody on another machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.startswith(UNIX_PREFIX)

    @property
    def is_native(self) -> bool:
        """Whether the fast front serves."""
        return self.front == "native" or (self.front == "auto" and self.is_local and self.tls_certificate is None)

    @property
    def ledger_url_in_use(self) -> str:
        """The ledger's URL, also where it is the SQLite file of the data folder."""
        return self.ledger_url or f"sqlite:///{(self.data_dir / 'ledger.sqlite3').resolve()}"

    @property
    def network_in_use(self) -> Path:
        """The network folder, also where it is the sample network of the data folder."""
        return self.network or self.data_dir / "network"

    def shown(self) -> dict[str, str | int]:
        """Every setting as it may be printed and logged: passwords and tokens in URLs read `***`."""
        values: dict[str, str | int] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name in URL_FIELDS:
                value = mask_url(value)
            elif name in SECRETS and value:
                value = "***"
            values[name] = value if isinstance(value, int) else "" if value is None else str(value)
        return values

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options over variables over the TOML file; no other source."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _config_path())


def mask_url(url: str) -> str:
    """A URL with the password in its authority and any secret in its query replaced by `***`."""
    parts = urlsplit(url)
    authority, _, host = parts.netloc.rpartition("@")
    user, colon, _ = authority.partition(":")
    netloc = f"{user}:***@{host}" if colon else parts.netloc
    query = parts.query
    if _SECRET_QUERY.search(unquote(query)):
        pairs = parse_qsl(query, keep_blank_values=True)
        masked = [(key, "***" if _SECRET_QUERY.search(key) else value) for key, value in pairs]
        query = urlencode(masked, safe="*/", quote_via=quote)
    if (netloc, query) == (parts.netloc, parts.query):
        return url
    return f"{parts.scheme}://{netloc}{parts.path}?{query}".removesuffix("?")


def _config_path() -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    if not named:
        return Path(CONFIG_FILE) if Path(CONFIG_FILE).is_file() else None
    if not Path(named).is_file():
        raise FileNotFoundError(f"{named} is not a file")
    return Path(named)


def _sentence(problem: Mapping[str, Any], options: Mapping[str, object]) -> str:
    name = str(problem["loc"][0])
    if name not in Settings.model_fields:
        return f"{_source(name, options)}: there is no such setting{_hint(name, Settings.model_fields)}"
    if name in (*URL_FIELDS, *SECRETS):
        return f"{_source(name, options)}: {_expected(name, problem)}"
    return f"{_source(name, options)}: {_expected(name, problem)}, not {str(problem['input'])[:80]!r}"


def _source(name: str, options: Mapping[str, object]) -> str:
    variable = PREFIX + name.upper()
    if name in options:
        return "--" + name.replace("_", "-")
    if variable in {key.upper() for key in os.environ} or _config_path() is None:
        return variable
    return f"{_config_path()}: {name}"


def _expected(name: str, problem: Mapping[str, Any]) -> str:
    field = Settings.model_fields[name]
    if field.annotation is int:
        bounds: dict[str, int] = {}
        for part in field.metadata:
            for edge in ("ge", "le"):
                if hasattr(part, edge):
                    bounds[edge] = getattr(part, edge)
        return f"a whole number from {bounds['ge']} to {bounds['le']} was expected"
    if name == "quote_key":
        return "16 to 256 characters were expected"
    if name == "partition":
        return "1 to 32 letters, digits or ._- were expected, the first a letter or digit"
    if problem["type"] == "path_type":
        return "the path of a folder was expected"
    message = str(problem["msg"])
    if message.startswith("Input should be "):
        return f"{message.removeprefix('Input should be ')} was expected"
    # Pydantic puts this before the sentence of a validator.
    return message.removeprefix("Value error, ")
