"""Whose signature counts, for how long, and for which network."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from belofte.v1 import promise_service_pb2, types_pb2

from engine.domain.plan import Route
from engine.domain.reasons import Reason, Refusal
from engine.network.image import compile_image
from engine.optimizer.decide import decide_basket
from engine.optimizer.quoted_plan import made_again
from engine.optimizer.scene import set_scene
from engine.service.decode import decode_quote
from engine.service.encode import encode_plan
from engine.service.fields import Violations
from engine.service.plain_quotes import PlainPromises
from engine.service.quote_tokens import KEY_FILE, QuoteKey, QuoteSigner, quote_secret, read_token
from engine.service.settings import Settings
from tests.optimizer.baskets import NOW, drawn_scene, drawn_stock
from tests.optimizer.test_routes import drawn_routes
from tests.service.test_plain_orders import CLOCK, plainer_image
from tests.service.test_plain_quotes import MOMENT, drawn_quote

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


def test_what_is_collected_counts_for_all_of_its_time() -> None:
    """Whatever the minute by which it had to be ordered: no carrier leaves without it."""
    drawn = ((scene, decide_basket(scene, (), 100)) for scene in (drawn_routes(seed, 1) for seed in range(100)))
    scene, plan = next((s, p) for s, p in drawn if p.shipments and {each.route for each in p.shipments} == {Route.PICKUP})
    token, until = QuoteSigner(KEY, scene.image, ASKED, NOW, "3-14", NOW).sign(scene, plan)
    assert until == NOW + 30
    assert len(read_token(token, KEY, scene.image, ASKED, until).loads) == len(plan.shipments)


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


def test_plain_quotes_are_signed_as_others_are() -> None:
    """Token by token: the plan in it, made again, costs and carries what the answer says."""
    signed = 0
    for seed in range(120):
        rng = random.Random(seed)
        image = plainer_image(rng)
        stock = drawn_stock(rng, image)
        requests = [drawn_quote(rng, image) for _ in range(4)]
        promises = PlainPromises(image, 500, CLOCK, KEY)
        answers = promises.answer([request.SerializeToString() for request in requests], stock, MOMENT)
        for request, answer in zip(requests, answers, strict=True):
            for option in promise_service_pb2.QuotePromiseResponse.FromString(answer).options if answer else ():
                quoted = read_token(option.quote_token, KEY, image, request.basket, NOW)
                assert option.valid_until.seconds // 60 == min(NOW + 30, option.order_by.seconds // 60)
                wrong = Violations()
                basket = decode_quote(request, image, NOW, 500, wrong)
                scene = set_scene(image, stock, replace(basket, policy_id=image.records.policies[quoted.policy].policy_id))
                plan = made_again(scene, quoted, NOW, "basket")
                assert plan.cost_micros == option.cost_micros
                told = encode_plan(scene, plan, f"option-{option.rank}", option.plan.certificate.solve_micros)
                assert told == option.plan
                signed += 1
    assert signed > 100
