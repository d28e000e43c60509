"""A schedule: who steps next and what fails, drawn from a seed; in the end everything heals and must come to rest.

Two engines, two servers, two sidecars. How often which fault comes is drawn first, so that some seeds see many promotions and
others many restarts; a violation is repeated by its seed, see `trace`.
"""

from collections import Counter
from random import Random
from typing import NamedTuple

from tests.model.auditor import Auditor, Violation
from tests.model.engines import CLIENT_KINDS, Call, Engine
from tests.model.rules import ALL, Rules
from tests.model.sidecars import Sidecar
from tests.model.stock import CANCEL, CELLS, CONFIRM, EXTEND, HOLD, ORDER, PUT, RELEASE
from tests.model.world import FIRST, Clock, Last, Ledger, Position, Server

STEPS = 400
TOKENS_MAX = 16
REST_ROUNDS_MAX = 400
REST_STEPS = 11
"""Steps of a round: one of the sidecar, five of each engine."""

BURST, BURST_STEPS = 4, 12
"""A fault makes others likelier for a while: what matters is what fails while another failure is being mended."""
UNITS_MIN, UNITS_MORE = 2, 8
SURE = {"recorded", "called off", "floor", "exists", "cancelled", "ended", "supply"}
"""Answers after which a caller need not ask again."""


class Found(NamedTuple):
    """How a schedule ended: the invariant that broke, "" for none; steps done; and what happened, how often."""

    broken: str
    steps: int
    counts: Counter[str]


class World:
    """Everything there is, and what callers know."""

    def __init__(self, seed: int, rules: Rules) -> None:
        self.rng = rng = Random(seed)
        self.clock = Clock()
        self.ledger = Ledger(rules)
        self.auditor = Auditor(self.clock, self.ledger, rules)
        self.servers = [Server(name, self.clock, rules) for name in "AB"]
        self.servers[1].follow(self.servers[0])
        first = self.servers[0]
        self.engines = [Engine(f"engine {n}", first, self.ledger, self.auditor, self.clock, rules, rng, self) for n in (1, 2)]
        self.sidecars = [Sidecar(f"sidecar {n}", first, self.ledger, self.auditor, self._publish) for n in (1, 2)]
        self.sidecars[0].start()
        self.calls: list[Call] = []
        self.answers: dict[int, str] = {}
        self.tokens: list[Last] = [FIRST]
        self._serial = 0
        self.lines: list[str] | None = None

    # -- callers

    def tell(self, call: Call, answer: str) -> None:
        """A caller is answered."""
        self.answers[call.request] = answer
        if self.lines is not None:
            self.say(f"    {call.kind} {call.request} is told: {answer}")

    def new_request(self) -> int:
        """An id that tells when it was made."""
        self._serial += 1
        return self.clock.now * 1_000 + self._serial

    def call(self) -> None:
        """A caller asks for something new, or again, at whichever engine."""
        rng, calls = self.rng, self.calls
        engine = self.engines[int(rng.random() * 2)]
        if calls and rng.random() < 0.4:
            call = calls[-1 - int(rng.random() * min(len(calls), 12))]
        else:
            call = self._new_call()
            calls.append(call)
        if self.lines is not None:
            self.say(f"    {call.kind} {call.request} of {call.key} is sent to {engine.name}")
        engine.take(call)

    def _new_call(self) -> Call:
        rng, calls = self.rng, self.calls
        request = self.new_request()
        kind = CLIENT_KINDS[int(rng.random() * len(CLIENT_KINDS))] if calls else PUT
        earlier = calls[-1 - int(rng.random() * min(len(calls), 6))] if calls else None
        if kind in (EXTEND, CONFIRM, RELEASE):
            if earlier is None or earlier.kind != HOLD:
                kind = HOLD
            else:
                return Call(request, kind, earlier.key, 0, 0)
        if kind == CANCEL:
            if earlier is None or earlier.kind != ORDER:
                kind = ORDER
            else:
                return Call(request, kind, earlier.request, 0, 0)
        if kind == PUT:
            return Call(request, kind, 0, int(rng.random() * CELLS), UNITS_MIN + int(rng.random() * UNITS_MORE))
        # Now and then an order comes again under another request id.
        again = kind == ORDER and earlier is not None and earlier.kind == ORDER and rng.random() < 0.3
        key = earlier.key if again and earlier is not None else request
        return Call(request, kind, key, 0, 1 + int(rng.random() * 2))

    def read(self) -> None:
        """A caller asks for stock no older than what it has seen."""
        tokens, engine = self.tokens, self.engines[int(self.rng.random() * 2)]
        del tokens[:-TOKENS_MAX]
        token = tokens[int(self.rng.random() * len(tokens))]
        if self.lines is not None:
            self.say(f"    {engine.name} is asked for stock as of {token.position}")
        engine.read(token)

    def _publish(self, server: Server, message: tuple[tuple[int, Position], ...]) -> None:
        for engine in self.engines:
            if engine.server is server and self.rng.random() < 0.9:
                engine.heard.append(message)

    def heal(self) -> None:
        """Somebody notices that the server it reaches is no primary, or an old one, and goes to the one promoted last."""
        newest = max(self.servers, key=lambda server: (server.is_primary, server.promoted))
        old = self.servers[1 - self.servers.index(newest)]
        which = int(self.rng.random() * 5)
        if which < 4:
            (*self.engines, *self.sidecars)[which].server = newest
        elif old.is_primary:
            old.follow(newest)

    # -- faults

    def fail(self, kind: str) -> None:
        """One fault."""
        rng = self.rng
        server = self.servers[int(rng.random() * 2)]
        if kind == "restart":
            server.restart(int(rng.random() * rng.random() * 10))
        elif kind == "empty":
            server.empty()
        elif kind == "promote":
            server.promote()
        elif kind == "follow":
            other = self.servers[1 - self.servers.index(server)]
            if server.is_primary and other.is_primary:
                server.follow(other)
        elif kind == "route":
            each = (*self.engines, *self.sidecars)[int(rng.random() * 4)]
            each.server = server
        elif kind == "engine":
            self.engines[int(rng.random() * 2)].restart()
        elif rng.random() < 0.5:
            self.sidecars[int(rng.random() * 2)].stop()
        else:
            self.sidecars[int(rng.random() * 2)].start()
        if self.lines is not None:
            self.say(f"  ! {kind} {server.name}")

    def say(self, line: str) -> None:
        """Note it for who looks at a violation."""
        if self.lines is not None:
            self.lines.append(line)


RESTARTED = 0.2
"""How likely a step finds the sidecars started again when none runs."""

FAULTS = ("restart", "empty", "promote", "follow", "route", "engine", "sidecar")
EACH = (
    *("sidecar", "sidecar", "sidecar", "sidecar", "commit", "commit", "call", "call"),
    *("catch_up", "hear", "ask", "read", "replicate", "tick", "tick", "heal", "sweep", "give_up"),
)


def _weights(rng: Random) -> tuple[list[str], list[str]]:
    """What steps are drawn from; faults, each of them rare, usual or left out."""
    faults = [fault for fault in FAULTS for _ in range((0, 1, 1, 4)[int(rng.random() * 4)])]
    steps = [*EACH, *(each for each in EACH for _ in range(int(rng.random() * 3)))]
    return steps, faults or ["route"]


def _step(world: World, what: str) -> None:
    rng = world.rng
    which = rng.random() < 0.5
    engine = world.engines[which]
    if what == "sidecar":
        sidecar = world.sidecars[which]
        if sidecar.steps is None:
            sidecar = world.sidecars[1 - which]
        if sidecar.steps is None and rng.random() < RESTARTED:
            sidecar.start()
        sidecar.step()
        if world.lines is not None and sidecar.steps is not None:
            world.say(f"{sidecar.name} on {sidecar.server.name}: {sidecar.doing} ({sidecar.epoch}, {sidecar.last.position})")
    elif what == "replicate":
        for server in world.servers:
            server.replicate(1 + int(rng.random() * 3))
    elif what == "tick":
        world.clock.now += rng.random() < 0.5
    elif what in ("call", "read", "heal"):
        getattr(world, what)()
    else:
        getattr(engine, what)()
        if world.lines is not None:
            world.say(f"{engine.name} on {engine.server.name}: {what}, seen {engine.seen.position}, stale {engine.stale}")


def _rest(world: World) -> int:
    """Everything heals; who waits is answered, holds expire, and the store equals the ledger. How many steps that took."""
    servers, engines, sidecars, clock = world.servers, world.engines, world.sidecars, world.clock
    primary = next((server for server in servers if server.is_primary), servers[0])
    if not primary.is_primary:
        primary.promote()
    for each in (*engines, *sidecars):
        each.server = primary
    sidecars[1].stop()
    sidecars[0].start()
    for call in world.calls[-8:]:
        if world.answers.get(call.request) not in SURE:
            engines[0].take(call)
    for turn in range(REST_ROUNDS_MAX):
        clock.now += turn % 6 == 5
        sidecars[0].step()
        for engine in engines:
            engine.catch_up()
            engine.commit()
            engine.hear()
            engine.ask()
            engine.sweep()
            if turn > REST_ROUNDS_MAX // 2:
                engine.give_up()
        primary_is_recorded = primary.state.head == world.ledger.last
        if turn > 20 and primary_is_recorded and not world.auditor.data.holds and all(each.is_idle for each in engines):
            world.auditor.check_store(primary)
            return (turn + 1) * REST_STEPS
    raise Violation("it does not come to rest")


def run(
    seed: int, rules: Rules = ALL, steps: int = STEPS, only: tuple[str, ...] = (), lines: list[str] | None = None
) -> Found:  # fmt: skip
    """One schedule. `only`: faults that come, often, instead of those drawn; `lines` receives what is done, step by step."""
    world = World(seed, rules)
    world.lines = lines
    rng = world.rng
    kinds, faults = _weights(rng)
    often = (0.0, 0.01, 0.03, 0.06)[int(rng.random() * 4)]
    if only:
        faults, often = list(only), 0.06
    done, calm_at = 0, 0
    try:
        for done in range(steps):
            if rng.random() < (often if done >= calm_at else often * BURST):
                calm_at = done + BURST_STEPS
                world.fail(faults[int(rng.random() * len(faults))])
            else:
                _step(world, kinds[int(rng.random() * len(kinds))])
        done = steps + _rest(world)
    except Violation as violation:
        return Found(str(violation), done + 1, world.auditor.counts)
    return Found("", done, world.auditor.counts)


def trace(seed: int, rules: Rules = ALL, steps: int = STEPS, only: tuple[str, ...] = ()) -> str:
    """The schedule of a seed, one line a step, for reading."""
    lines: list[str] = []
    found = run(seed, rules, steps, only, lines)
    return "\n".join([f"seed {seed}: {found.broken or 'nothing broke'}", *lines[-120:]])
