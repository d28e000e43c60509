"""Whose signature counts, for how long, and for which network."""

from dataclasses import replace
from pathlib import Path

import pytest
from belofte.v1 import types_pb2

from engine.domain.reasons import Reason, Refusal
from engine.network.image import compile_image
from engine.optimizer.decide import decide_basket
from engine.service.quote_tokens import KEY_FILE, QuoteKey, QuoteSigner, quote_secret, read_token
from engine.service.settings import Settings
from tests.optimizer.baskets import NOW, drawn_scene

KEY = QuoteKey(b"a secret of sixteen letters", 30)
ASKED = types_pb2.Basket(channel="web")
SCENE = next(scene for scene in map(drawn_scene, range(100)) if decide_basket(scene, scene.services, 100).shipments)


def signed(key: QuoteKey = KEY) -> tuple[str, int]:
    signer = QuoteSigner(key, SCENE.image, ASKED, NOW, "3-14", NOW)
    return signer.sign(SCENE, decide_basket(SCENE, SCENE.services, 100))


def refusal_of(token: str, key: QuoteKey = KEY, minute: int = NOW, **network: str) -> tuple[Reason, str]:
    image = SCENE.image
    if network:
        image = compile_image(replace(image.records, network=replace(image.network, **network)))
    with pytest.raises(Refusal) as refused:
        read_token(token, key, image, ASKED, minute)
    return refused.value.reason, refused.value.message


def test_it_counts_until_its_last_minute() -> None:
    token, until = signed()
    assert NOW <= until <= NOW + 30
    assert read_token(token, KEY, SCENE.image, ASKED, until).loads
    assert refusal_of(token, minute=until + 1)[0] is Reason.QUOTE_EXPIRED


def test_it_counts_with_its_own_key_alone() -> None:
    token, _ = signed()
    assert refusal_of(token, QuoteKey(b"another secret, also long"))[0] is Reason.QUOTE_FOREIGN
    assert refusal_of(token, QuoteKey())[0] is Reason.QUOTE_FOREIGN
    assert read_token(token, QuoteKey(KEY.secret, 1), SCENE.image, ASKED, NOW).loads


def test_another_network_and_another_version_of_it_are_told_apart() -> None:
    token, _ = signed()
    assert refusal_of(token, name="elsewhere")[0] is Reason.QUOTE_FOREIGN
    reason, message = refusal_of(token, currency="USD")
    assert reason is Reason.QUOTE_CHANGED
    assert "network_version" in message


def test_the_folder_keeps_a_secret_for_all_its_engines(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    first = quote_secret(settings)
    assert len(first) == 32
    assert quote_secret(settings) == first
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert quote_secret(Settings(data_dir=tmp_path, quote_key="0123456789abcdef")) == b"0123456789abcdef"
