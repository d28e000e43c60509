"""Who may connect and call, by the settings of a server."""

from collections.abc import Iterable

import grpc

from engine.service.identity import OPEN, Gate, Identity
from engine.service.roles import check_every_method
from engine.service.settings import UNIX_PREFIX, Settings, SettingsError
from engine.service.token_keys import KeysError


def check_access(settings: Settings) -> None:
    """Raise SettingsError where settings do not go together, or would let anybody in from another machine."""
    wrong = []
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        wrong.append("tls_certificate, tls_key: both were expected, or none")
    if settings.tls_client_ca is not None and settings.tls_certificate is None:
        wrong.append("tls_client_ca: tls_certificate and tls_key were expected with it")
    if settings.tls_certificate is not None and settings.is_native:
        wrong.append("front: aio was expected where tls_certificate is given: the native front has no TLS")
    is_known = _is_known(settings)
    if settings.identity == "required" and not is_known:
        wrong.append("identity: token_keys or tls_client_ca was expected, to know callers by")
    if settings.identity == "auto" and not is_known and not settings.is_local:
        wrong.append(
            f"host: {settings.host} can be reached from other machines, and nothing says who may call: give token_keys or"
            " tls_client_ca; or identity=off, where something in front of it asks callers who they are"
        )
    if settings.workers > 1 and settings.host.startswith(UNIX_PREFIX):
        wrong.append("workers: 1 was expected where calls come by a Unix socket, which one process has")
    if wrong:
        raise SettingsError("\n".join(wrong))


def gate_of(settings: Settings, methods: Iterable[str]) -> Gate:
    """Who may call what. Raises SettingsError, and UnguardedMethodsError where nobody has said who may call a method."""
    check_access(settings)
    check_every_method(methods)
    if settings.identity == "off" or not _is_known(settings):
        return OPEN
    try:
        return Gate(Identity(settings.token_keys, settings.token_issuer, settings.token_audience))
    except KeysError as error:
        raise SettingsError(f"token_keys: {error}") from error


def tls_of(settings: Settings) -> grpc.ServerCredentials | None:
    """How connections are secured; None: not at all."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    clients = settings.tls_client_ca.read_bytes() if settings.tls_client_ca is not None else None
    pair = settings.tls_key.read_bytes(), settings.tls_certificate.read_bytes()
    return grpc.ssl_server_credentials([pair], clients, require_client_auth=clients is not None)


def _is_known(settings: Settings) -> bool:
    return bool(settings.token_keys) or settings.tls_client_ca is not None
