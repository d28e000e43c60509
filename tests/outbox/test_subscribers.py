"""Files of subscribers: everything wrong is named, and no secret is shown."""

import base64
from pathlib import Path

import pytest

from engine.outbox.sender import signatures
from engine.outbox.subscribers import SubscribersError, read_subscribers
from tests.outbox.receiver import SECRET

SECRET_TEXT = "whsec_" + base64.b64encode(SECRET).decode()


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "webhooks.toml"
    path.write_text(text)
    return path


def test_what_is_not_said_is_as_usual(tmp_path: Path) -> None:
    text = f"""
    [erp]
    url = "https://erp.example/hooks"
    secret = "{SECRET_TEXT}"
    [wms-ams]
    url = "http://wms.internal:8080"
    secret = ["{SECRET_TEXT}", "whsec_{base64.b64encode(bytes(24)).decode()}"]
    types = ["ORDER_SOURCED", "INVENTORY_CHANGED"]
    location_ids = ["ams"]
    from_beginning = true
    timeout_seconds_max = 5
    attempts_max = 3
    concurrency_max = 1
    """
    erp, wms = read_subscribers(written(tmp_path, text))
    assert (erp.name, erp.secrets, erp.types, erp.location_ids) == ("erp", (SECRET,), frozenset(), frozenset())
    assert (erp.from_beginning, erp.timeout_seconds_max, erp.attempts_max, erp.concurrency_max) == (False, 15, 30, 8)
    assert (wms.types, wms.location_ids) == ({"ORDER_SOURCED", "INVENTORY_CHANGED"}, {"ams"})
    assert (wms.secrets, wms.from_beginning, wms.timeout_seconds_max) == ((SECRET, bytes(24)), True, 5)
    assert (wms.attempts_max, wms.concurrency_max) == (3, 1)
    assert "secret" not in repr(erp)


def test_everything_wrong_is_named_at_once(tmp_path: Path) -> None:
    text = """
    alone = 1
    ["no name"]
    [a]
    url = "ftp://x"
    secret = "whsec_c2hvcnQ="
    types = ["ORDER_SOURCE"]
    location_ids = "ams"
    attempt_max = 3
    attempts_max = 0
    concurrency_max = true
    from_beginning = 1
    [b]
    url = "https://user:hunter2@b.example"
    secret = ["not base64!"]
    """
    with pytest.raises(SubscribersError) as caught:
        read_subscribers(written(tmp_path, text))
    lines = str(caught.value).replace(f"{tmp_path}/webhooks.toml: ", "").splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "alone", "'no name'", "a.attempt_max", "a.attempts_max", "a.concurrency_max", "a.from_beginning", "a.url", "a.secret",
        "a.types", "a.location_ids", "b.url", "b.secret",
    ]  # fmt: skip
    assert "did you mean 'attempts_max'" in lines[2]
    assert "did you mean 'ORDER_SOURCED'" in lines[8]
    assert "hunter2" not in str(caught.value) and "c2hvcnQ" not in str(caught.value)


@pytest.mark.parametrize("text", ["[a", "\xff"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "webhooks.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SubscribersError, match="TOML"):
        read_subscribers(path)
    with pytest.raises(SubscribersError, match="can be read"):
        read_subscribers(tmp_path / "none.toml")


def test_signatures_are_those_of_the_published_example() -> None:
    # The example of the specification's reference implementations.
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signed = signatures((key, SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed.split(" ")[0] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert len(signed.split(" ")) == 2
