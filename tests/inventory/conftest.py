"""One Valkey for the tests of a file; each test begins with nothing in it."""

from collections.abc import Iterator

import pytest

from tests.valkey_server import ValkeyServer


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def server(shared_server: ValkeyServer) -> ValkeyServer:
    with shared_server.client() as client:
        client.flushall()
        client.script_flush()
    return shared_server
