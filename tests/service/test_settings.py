"""Settings are the first door: what is wrong is named before anything starts, and no password leaves it."""

import json
import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.service.process import READY_VARIABLE
from engine.service.settings import OTHER_VARIABLES, Settings, SettingsError, mask_url, read_settings


@pytest.fixture(autouse=True)
def empty_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variables and no file but those of the test."""
    for name in [name for name in os.environ if name.upper().startswith("BELOFTE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refusal(**options: object) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings(**options)
    return str(caught.value)


def test_defaults() -> None:
    assert read_settings().shown() == {
        "network": "", "data_dir": "data", "host": "127.0.0.1", "port": 50051, "front": "auto", "workers": 1,
        "tls_certificate": "", "tls_key": "", "tls_client_ca": "", "token_keys": "", "token_issuer": "", "token_audience": "",
        "identity": "auto",
        "redis_url": "", "ledger_url": "", "webhooks": "", "partition": "belofte", "shards": 1, "message_bytes_max": 1048576,
        "lines_max": 500, "attempts_max": 4,
        "record_lag_entries_max": 10000, "record_lag_ms_max": 1000,
        "record_wait_ms_max": 5000, "wait_ms_max": 500, "reservations_max": 100_000, "quote_key": "",
        "quote_minutes_valid": 30, "node_budget": 100000,
        "warm_up": "all", "metrics_port": 0, "traces_url": "", "log_level": "info", "log_format": "console",
    }  # fmt: skip


def test_option_wins_over_variable_wins_over_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("belofte.toml").write_text("port = 1\nlines_max = 2\nattempts_max = 3\n")
    monkeypatch.setenv("BELOFTE_PORT", "10")
    monkeypatch.setenv("BELOFTE_LINES_MAX", "20")
    settings = read_settings(port=100, lines_max=None)
    assert (settings.port, settings.lines_max, settings.attempts_max) == (100, 20, 3)


def test_named_file_is_read_instead_of_the_one_in_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("belofte.toml").write_text("port = 1\nlines_max = 7\n")
    Path("other.toml").write_text("port = 2\n")
    monkeypatch.setenv("BELOFTE_CONFIG", "other.toml")
    settings = read_settings()
    assert (settings.port, settings.lines_max) == (2, 500)


def test_variables_that_are_read_elsewhere_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELOFTE_CACHE", "/somewhere")
    monkeypatch.setenv("BELOFTE_READY_FD", "7")
    assert "cache" not in read_settings().shown()
    assert {READY_VARIABLE, "BELOFTE_CACHE"} == set(OTHER_VARIABLES)


def test_every_variable_that_nothing_reads_is_named_with_the_nearest_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger URL under a name typed wrong would have the orders in another ledger. Its value is not shown."""
    monkeypatch.setenv("BELOFTE_LEDGER_ULR", "postgresql://u:hush-hush@h/d")
    monkeypatch.setenv("belofte_prot", "1")
    monkeypatch.setenv("BELOFTE_XYZZY", "1")
    assert refusal().splitlines() == [
        "BELOFTE_LEDGER_ULR: there is no such setting; did you mean 'BELOFTE_LEDGER_URL'?",
        "BELOFTE_XYZZY: there is no such setting",
        "belofte_prot: there is no such setting; did you mean 'BELOFTE_PORT'?",
    ]


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("BELOFTE_PORT", "http", "BELOFTE_PORT: a whole number from 0 to 65535 was expected, not 'http'"),
        ("BELOFTE_PORT", "65536", "BELOFTE_PORT: a whole number from 0 to 65535 was expected, not '65536'"),
        ("BELOFTE_PORT", "-1", "BELOFTE_PORT: a whole number from 0 to 65535 was expected, not '-1'"),
        ("BELOFTE_PORT", "1.5", "BELOFTE_PORT: a whole number from 0 to 65535 was expected, not '1.5'"),
        ("BELOFTE_PORT", "", "BELOFTE_PORT: a whole number from 0 to 65535 was expected, not ''"),
        ("BELOFTE_LINES_MAX", "0", "BELOFTE_LINES_MAX: a whole number from 1 to 10000 was expected, not '0'"),
        (
            "BELOFTE_MESSAGE_BYTES_MAX", "1023",
            "BELOFTE_MESSAGE_BYTES_MAX: a whole number from 1024 to 268435456 was expected, not '1023'",
        ),
        ("BELOFTE_LOG_FORMAT", "xml", "BELOFTE_LOG_FORMAT: 'console' or 'json' was expected, not 'xml'"),
        ("BELOFTE_LOG_LEVEL", "INFO", "BELOFTE_LOG_LEVEL: 'debug', 'info', 'warning' or 'error' was expected, not 'INFO'"),
        (
            "BELOFTE_PARTITION", "{p}",
            "BELOFTE_PARTITION: 1 to 32 letters, digits or ._- were expected, the first a letter or digit, not '{p}'",
        ),
        (
            "BELOFTE_NETWORK", "nowhere",
            "BELOFTE_NETWORK: the path of an existing network folder was expected (empty: the sample network), not 'nowhere'",
        ),
        (
            "BELOFTE_HOST", "localhost:50051",
            "BELOFTE_HOST: a host name or an IP address was expected, without port or brackets, or unix:/PATH,"
            " not 'localhost:50051'",
        ),
        ("BELOFTE_CONFIG", "gone.toml", "BELOFTE_CONFIG: a TOML file that can be read was expected: gone.toml is not a file"),
    ],
)  # fmt: skip
def test_bad_variable_is_named_with_what_was_expected(
    variable: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert refusal() == message


def test_data_folder_that_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("taken").write_text("")
    monkeypatch.setenv("BELOFTE_DATA_DIR", "taken")
    assert refusal() == "BELOFTE_DATA_DIR: the path of a folder was expected, not 'taken'"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("port = true", "belofte.toml: port: a whole number from 0 to 65535 was expected, not 'True'"),
        ("port = 2.0", "belofte.toml: port: a whole number from 0 to 65535 was expected, not '2.0'"),
        ("data_dir = 3", "belofte.toml: data_dir: the path of a folder was expected, not '3'"),
        ("host = 3", "belofte.toml: host: a valid string was expected, not '3'"),
        ("prot = 2", "belofte.toml: prot: there is no such setting; did you mean 'port'?"),
        ("[quux]", "belofte.toml: quux: there is no such setting"),
    ],
)
def test_bad_line_of_the_file_is_named(line: str, message: str) -> None:
    Path("belofte.toml").write_text(line + "\n")
    assert refusal() == message


def test_file_that_is_not_toml() -> None:
    Path("belofte.toml").write_text("port: 1\n")
    assert refusal().startswith("belofte.toml: a TOML file was expected: ")


def test_bad_option_is_named_as_on_the_command_line() -> None:
    assert refusal(lines_max="many") == "--lines-max: a whole number from 1 to 10000 was expected, not 'many'"


def test_every_bad_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELOFTE_PORT", "x")
    monkeypatch.setenv("BELOFTE_ATTEMPTS_MAX", "y")
    assert refusal().splitlines() == [
        "BELOFTE_PORT: a whole number from 0 to 65535 was expected, not 'x'",
        "BELOFTE_ATTEMPTS_MAX: a whole number from 1 to 100 was expected, not 'y'",
    ]


@pytest.mark.parametrize(
    "url", ["redis://h", "redis://:p@h:6379/0", "rediss://u:p@h:6380/2", "unix:///run/v.sock", "unix:///v.sock?db=1", "redis://[::1]:1"]
)  # fmt: skip
def test_redis_urls(url: str) -> None:
    assert read_settings(redis_url=url).redis_url == url


@pytest.mark.parametrize(
    "url",
    [
        "h:6379",
        "http://h",
        "redis://",
        "redis://h:secret",
        "redis://:1/secret@h",
        "redis://h/name",
        "redis://u:1#pw@h",
        "redis://u:1?pw@h",
        "unix://v.sock",
        "sqlite:///x",
    ],
)
def test_bad_redis_url_is_refused_without_being_quoted(url: str) -> None:
    message = refusal(redis_url=url)
    assert message == (
        "--redis-url: a URL redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix:///PATH was expected "
        "(empty: the embedded server)"
    )


@pytest.mark.parametrize(
    "url",
    ["sqlite:///l.db", "sqlite:////var/l.db", "postgresql://u:p@h:5432/l", "postgresql+psycopg://h/l?sslmode=require", "postgresql:///l"],
)  # fmt: skip
def test_ledger_urls(url: str) -> None:
    settings = read_settings(ledger_url=url)
    assert (settings.ledger_url, settings.ledger_url_in_use) == (url, url)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite://h/l", "mysql://h/l", "postgresql://h", "postgresql://u:1/p@h/l", "l.db"]
)
def test_bad_ledger_url_is_refused_without_being_quoted(url: str) -> None:
    assert refusal(ledger_url=url) == (
        "--ledger-url: a URL sqlite:///PATH or postgresql://USER@HOST:PORT/DATABASE was expected "
        "(empty: SQLite in the data folder)"
    )


def test_ledger_is_sqlite_in_the_data_folder_by_default(tmp_path: Path) -> None:
    assert read_settings(data_dir="d").ledger_url_in_use == f"sqlite:///{tmp_path.resolve()}/d/ledger.sqlite3"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://h:6379/0", "redis://h:6379/0"),
        ("redis://user@h/0", "redis://user@h/0"),
        ("redis://:pw@h:6379/0", "redis://:***@h:6379/0"),
        ("postgresql://user:p%40w@h:5432/l", "postgresql://user:***@h:5432/l"),
        ("redis://u:a@b@h/0", "redis://u:***@h/0"),
        ("unix:///v.sock?password=pw&db=1", "unix:///v.sock?password=***&db=1"),
        ("postgresql://h/l?sslpassword=pw&sslmode=require", "postgresql://h/l?sslpassword=***&sslmode=require"),
        ("postgresql://h/l?%70assword=pw", "postgresql://h/l?password=***"),
        ("sqlite:///l.db", "sqlite:///l.db"),
        ("", ""),
    ],
)
def test_masked_urls(url: str, masked: str) -> None:
    assert mask_url(url) == masked


def test_passwords_are_not_shown_in_any_form() -> None:
    settings = read_settings(redis_url="redis://u:hidden@h/0", ledger_url="postgresql://u:hidden@h/l")
    shown = settings.shown()
    assert (shown["redis_url"], shown["ledger_url"]) == ("redis://u:***@h/0", "postgresql://u:***@h/l")
    assert not re.search("hidden", json.dumps(shown) + repr(settings) + str(settings))


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1:50051"), ("::1", "[::1]:50051"), ("belofte.example", "belofte.example:50051")],
)
def test_address(host: str, address: str) -> None:
    assert read_settings(host=host).address == address


def test_network_folder_and_empty_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net").mkdir()
    assert read_settings(network="net").network == Path("net")
    monkeypatch.setenv("BELOFTE_NETWORK", "")
    assert read_settings().network is None


def test_settings_do_not_change() -> None:
    settings: Settings = read_settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("host", "front", "is_native"),
    [
        ("127.0.0.1", "auto", True), ("127.8.0.1", "auto", True), ("::1", "auto", True), ("localhost", "auto", True),
        ("unix:/run/belofte.sock", "auto", True), ("0.0.0.0", "auto", False), ("::", "auto", False),
        ("10.1.2.3", "auto", False), ("example.org", "auto", False), ("10.1.2.3", "native", True), ("127.0.0.1", "aio", False),
    ],
)  # fmt: skip
def test_the_fast_front_is_the_default_where_nobody_else_can_reach_it(host: str, front: str, is_native: bool) -> None:
    assert read_settings(host=host, front=front).is_native is is_native


@pytest.mark.parametrize("host", ["unix:relative", "unix:", "unix:/" + "x" * 107])
def test_bad_socket_path_is_named(host: str) -> None:
    assert "unix:/PATH was expected" in refusal(host=host)


def test_socket_is_its_own_address() -> None:
    assert read_settings(host="unix:/run/belofte.sock").address == "unix:/run/belofte.sock"


def test_the_secret_of_quotes_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELOFTE_QUOTE_KEY", "0123456789abcdef")
    settings = read_settings()
    assert settings.shown()["quote_key"] == "***"
    assert "0123456789abcdef" not in repr(settings)
    monkeypatch.setenv("BELOFTE_QUOTE_KEY", "too short")
    with pytest.raises(SettingsError) as error:
        read_settings()
    assert str(error.value) == "BELOFTE_QUOTE_KEY: 16 to 256 characters were expected"
