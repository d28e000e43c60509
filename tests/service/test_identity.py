"""Who calls is proved by token or certificate on whichever front, and one table says who may call what."""

import datetime
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.domain.reasons import Refusal
from engine.service import token_keys
from engine.service.access import check_access, gate_of, tls_of
from engine.service.caller import Caller, caller_of
from engine.service.handlers import METHODS
from engine.service.identity import Gate, Identity
from engine.service.roles import ROLES, Role, UnguardedMethodsError, check_every_method
from engine.service.settings import SettingsError, read_settings
from engine.service.token_keys import KeysError
from tests.acceptance.asking import refusal
from tests.service.fronts import FRONTS, QUOTE, SECONDS_MAX, RunningFront
from tests.sidecars import wait_until

KEY, OTHER_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
EVENTS = "/belofte.v1.OrderService/WatchEvents"


def public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_set(**keys: ec.EllipticCurvePrivateKey) -> bytes:
    made = [
        {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())), "kid": name, "alg": "ES256"}
        for name, key in keys.items()
    ]
    return json.dumps({"keys": made}).encode()


def token(*roles: str, key: Any = KEY, algorithm: str = "ES256", kid: str = "", **claims: Any) -> str:
    given = {"sub": "shop", "exp": int(time.time()) + 600, "roles": list(roles), **claims}
    return jwt.encode(
        {name: value for name, value in given.items() if value is not None}, key, algorithm, {"kid": kid} if kid else None
    )


def with_token(text: str) -> dict[str, Any]:
    return {"metadata": (("authorization", f"Bearer {text}"),), "timeout": SECONDS_MAX}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "keys.pem"
    file.write_bytes(public_pem(KEY))
    return file


@pytest.fixture(params=list(FRONTS))
def running(request: pytest.FixtureRequest, keys: Path) -> Iterator[RunningFront]:
    made = RunningFront(
        request.param, gate=Gate(Identity(str(keys), "issuer", "belofte")), methods=(QUOTE, EVENTS), server_streams=(EVENTS,)
    )
    yield made
    made.close()


def good(*roles: str, **claims: Any) -> str:
    return token(*roles, **{"iss": "issuer", "aud": "belofte", **claims})


def test_who_has_the_role_is_served(running: RunningFront) -> None:
    for role in ("checkout", "oms", "admin"):
        assert running.quote(b"x", **with_token(good("unheard", role))) == b"x"


@pytest.mark.parametrize("roles", [(), ("feed",), ("store:S1",), ("Checkout",), ("store:",), ("store",)])
def test_who_has_not_is_denied(running: RunningFront, roles: tuple[str, ...]) -> None:
    found = refusal(lambda: running.quote(b"x", **with_token(good(*roles))))
    assert (found.code, found.reason) == ("PERMISSION_DENIED", "PERMISSION_DENIED")
    assert running.room.batches == []


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "none": lambda: "", "no token": lambda: "abc", "cut off": lambda: good("oms")[:-5],
    "of another key": lambda: good("oms", key=OTHER_KEY),
    "expired": lambda: good("oms", exp=int(time.time()) - 600), "without an end": lambda: good("oms", exp=None),
    "not yet good": lambda: good("oms", nbf=int(time.time()) + 600), "of nobody": lambda: good("oms", sub=None),
    "of another issuer": lambda: good("oms", iss="other"), "for another": lambda: good("oms", aud="other"),
    "unsigned": lambda: jwt.encode({"sub": "shop", "exp": 2**33, "iss": "issuer", "aud": "belofte"}, None, "none"),
    "signed by the public key": lambda: _hmac_by_public_key(), "with roles as text": lambda: good(roles="oms"),
    "changed": lambda: ".".join([*good("feed").split(".")[:1], good("oms").split(".")[1], good("feed").split(".")[2]]),
}  # fmt: skip


def _hmac_by_public_key() -> str:
    """What a library that believes a token's own word for its algorithm takes."""
    import base64
    import hmac

    def part(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    claims = {"sub": "shop", "exp": 2**33, "iss": "issuer", "aud": "belofte", "roles": ["admin"]}
    text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return (text + b"." + part(hmac.digest(public_pem(KEY), text, "sha256"))).decode()


@pytest.mark.parametrize("name", list(BAD_TOKENS))
def test_bad_token_is_refused(running: RunningFront, name: str) -> None:
    found = refusal(lambda: running.quote(b"x", **with_token(BAD_TOKENS[name]())))
    assert (found.code, found.reason) == ("UNAUTHENTICATED", "UNAUTHENTICATED")
    assert running.room.batches == []


def test_call_without_a_token_is_refused_and_health_is_not(running: RunningFront) -> None:
    assert refusal(lambda: running.quote(b"x", timeout=SECONDS_MAX)).code == "UNAUTHENTICATED"
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    health = health_pb2_grpc.HealthStub(running.channel)
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS_MAX).status == 1


def test_streams_are_guarded_as_well(running: RunningFront) -> None:
    watch = running.channel.unary_stream(EVENTS)
    assert refusal(lambda: next(watch(b"", timeout=SECONDS_MAX))).code == "UNAUTHENTICATED"
    assert refusal(lambda: next(watch(b"", **with_token(good("feed"))))).code == "PERMISSION_DENIED"


def test_a_token_that_was_good_ends_all_the_same(running: RunningFront, monkeypatch: pytest.MonkeyPatch) -> None:
    text = good("oms")
    assert running.quote(b"x", **with_token(text)) == b"x"
    from engine.service import identity

    monkeypatch.setattr(identity, "LEEWAY_SECONDS", 0)
    later = time.time() + 700
    monkeypatch.setattr(identity.time, "time", lambda: later)
    assert refusal(lambda: running.quote(b"x", **with_token(text))).code == "UNAUTHENTICATED"


# -- keys


def test_keys_that_are_turned_over_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_keys, "UNKNOWN_SECONDS_MIN", 0.0)
    file = tmp_path / "keys.json"
    file.write_bytes(key_set(a=KEY))
    identity = Identity(str(file))
    new = (("authorization", f"Bearer {token('oms', key=OTHER_KEY, kid='b')}"),)
    assert isinstance(identity.caller(new), Refusal)
    file.write_bytes(key_set(a=KEY, b=OTHER_KEY))
    assert identity.caller(new) == caller_of("shop", ["oms"])
    file.write_text("no keys at all")
    another = (("authorization", f"bearer {token('feed', key=OTHER_KEY, kid='b')}"),)
    assert isinstance(identity.caller(another), Caller), "those known stay in force"
    unknown = (("authorization", f"Bearer {token('oms', key=OTHER_KEY, kid='c')}"),)
    assert isinstance(identity.caller(unknown), Refusal)


def test_keys_come_from_a_url() -> None:
    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(key_set(a=KEY))

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Keys) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            identity = Identity(f"http://127.0.0.1:{server.server_port}/keys")
            good_one = (("authorization", f"Bearer {token('oms', kid='a')}"),)
            assert identity.caller(good_one) == caller_of("shop", ["oms"])
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("text", [b"", b"{}", b'{"keys": []}', b"-----BEGIN PUBLIC KEY-----", b'{"keys": [{"kty": "none"}]}'])
def test_a_source_without_keys_stops_the_start(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "keys").write_bytes(text)
    with pytest.raises(KeysError):
        Identity(str(tmp_path / "keys"))
    with pytest.raises(KeysError):
        Identity(str(tmp_path / "none"))


# -- certificates


def certificate(name: str, roles: list[str], issuer: Any = None) -> tuple[Any, Any]:
    """(key, certificate), signed by itself or by an issuer (key, certificate)."""
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    attributes += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, role) for role in roles]
    subject, now = x509.Name(attributes), datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )  # fmt: skip
    return key, builder.sign(issuer[0] if issuer else key, hashes.SHA256())


def pem(key: Any) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip


def certificate_pem(made: Any) -> bytes:
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def authority(tmp_path: Path) -> Any:
    made = certificate("authority", [])
    server = certificate("localhost", [], made)
    for name, text in (
        ("ca.pem", certificate_pem(made[1])), ("server.pem", certificate_pem(server[1])), ("server.key", pem(server[0])),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(text)
    return made


def settings_of(folder: Path, *names: str, **given: Any) -> Any:
    files = {"tls_certificate": "server.pem", "tls_key": "server.key", "tls_client_ca": "ca.pem"}
    return read_settings(**{name: folder / files[name] for name in names}, **given)


def secured(running: RunningFront, authority: Any, client: Any = None) -> Callable[..., bytes]:
    chain = (pem(client[0]), certificate_pem(client[1])) if client else (None, None)
    credentials = grpc.ssl_channel_credentials(certificate_pem(authority[1]), *chain)
    return grpc.secure_channel(f"localhost:{running.port}", credentials).unary_unary(QUOTE)


def test_mutual_tls_tells_who_calls(tmp_path: Path, authority: Any) -> None:
    settings = settings_of(tmp_path, "tls_certificate", "tls_key", "tls_client_ca")
    assert not settings.is_native
    running = RunningFront("aio", gate=gate_of(settings, METHODS), tls=tls_of(settings))
    try:
        oms, feed = certificate("oms-1", ["oms"], authority), certificate("feed-1", ["feed"], authority)
        assert secured(running, authority, oms)(b"x", timeout=SECONDS_MAX) == b"x"
        found = refusal(lambda: secured(running, authority, feed)(b"x", timeout=SECONDS_MAX))
        assert found.code == "PERMISSION_DENIED" and "feed-1" in found.message
        strangers = certificate("stranger", [])
        for client in (None, certificate("oms-1", ["oms"], strangers)):
            assert refusal(lambda client=client: secured(running, authority, client)(b"x", timeout=3.0)).code in (  # type: ignore[misc]
                "UNAVAILABLE", "DEADLINE_EXCEEDED",
            )  # fmt: skip
        assert refusal(lambda: running.quote(b"x", timeout=3.0)).code == "UNAVAILABLE", "not in the clear"
    finally:
        running.close()


def test_tls_with_tokens(tmp_path: Path, authority: Any, keys: Path) -> None:
    settings = settings_of(tmp_path, "tls_certificate", "tls_key", token_keys=str(keys), host="0.0.0.0")
    running = RunningFront("aio", gate=gate_of(settings, METHODS), tls=tls_of(settings))
    try:
        call = secured(running, authority)
        assert call(b"x", **with_token(token("checkout"))) == b"x"
        assert refusal(lambda: call(b"x", timeout=SECONDS_MAX)).code == "UNAUTHENTICATED"
    finally:
        running.close()


# -- the table, and settings


def test_every_served_method_has_a_row_and_start_fails_without() -> None:
    check_every_method(METHODS)
    with pytest.raises(UnguardedMethodsError, match="PromiseService/New"):
        check_every_method([*METHODS, "/belofte.v1.PromiseService/New"])
    with pytest.raises(UnguardedMethodsError):
        gate_of(read_settings(), [*METHODS, "/belofte.v1.PromiseService/New"])


def test_what_is_not_in_the_table_is_denied() -> None:
    assert not caller_of("x", [*(role.value for role in Role if role is not Role.STORE), "store:S"]).may_call("/other/Method")


def test_roles_of_the_table() -> None:
    def may(role: str, method: str) -> bool:
        return caller_of("x", [role]).may_call(f"/belofte.v1.{method}")

    assert all(caller_of("x", ["admin"]).may_call(method) for method in ROLES)
    assert may("checkout", "PromiseService/QuotePromise") and not may("checkout", "SourcingService/SourceOrder")
    assert may("feed", "InventoryService/SyncInventory") and not may("feed", "PromiseService/QuotePromise")
    assert may("store:S1", "OrderService/AcceptShipment") and not may("store:S1", "OrderService/CancelOrder")
    assert not may("operations", "NetworkService/ReloadNetwork") and not may("oms", "InventoryService/AdjustInventory")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"host": "0.0.0.0"}, "host: 0.0.0.0 can be reached from other machines"),
        ({"identity": "required"}, "identity: token_keys or tls_client_ca was expected"),
        ({"tls_certificate": "server.pem"}, "tls_certificate, tls_key: both were expected"),
        ({"tls_client_ca": "ca.pem"}, "tls_client_ca: tls_certificate and tls_key were expected with it"),
        ({"tls_certificate": "server.pem", "tls_key": "server.key", "front": "native"}, "front: aio was expected"),
    ],
    ids=str,
)
def test_settings_that_let_anybody_in_stop_the_start(
    given: dict[str, str], text: str, tmp_path: Path, authority: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=text):
        check_access(read_settings(**given))
    check_access(read_settings(host="0.0.0.0", identity="off"))
    check_access(read_settings())


def test_callers_are_told_to_the_desk(running: RunningFront) -> None:
    call = running.quote.future(b"hold", **with_token(good("oms", "store:S1", "store:S2")))
    wait_until(lambda: bool(running.room.held))
    caller = running.room.held[0].caller
    assert (caller.name, caller.is_known, caller.is_store_only) == ("shop", True, False)
    assert caller.store_locations == {"S1", "S2"}
    call.cancel()
