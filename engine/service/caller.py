"""Who calls, as it was proved to the front."""

from dataclasses import dataclass
from functools import lru_cache

from engine.service.roles import ROLES, Role

STORE_PREFIX = f"{Role.STORE}:"


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller: its name, its roles, and the locations whose store it is."""

    name: str
    roles: frozenset[Role]
    store_locations: frozenset[str] = frozenset()
    is_known: bool = True
    """False: its name is that of its connection, and nobody asked who it is."""

    def may_call(self, method: str) -> bool:
        """Whether the table lets it."""
        return bool(self.roles & ROLES.get(method, frozenset()))

    @property
    def is_store_only(self) -> bool:
        """Whether it has no other role than a store's, and so sees only what is its own."""
        return self.roles == {Role.STORE}


def caller_of(name: str, roles: list[str]) -> Caller:
    """A caller by the roles that were proved; words that are no role give nothing."""
    known = {role.value: role for role in Role if role is not Role.STORE}
    given = {known[role] for role in roles if role in known}
    locations = frozenset(role.removeprefix(STORE_PREFIX) for role in roles if role.startswith(STORE_PREFIX)) - {""}
    return Caller(name, frozenset(given | ({Role.STORE} if locations else set())), locations)


@lru_cache(maxsize=4_096)
def nobody(name: str) -> Caller:
    """Whoever calls where callers are not asked who they are: everything is allowed."""
    return Caller(name, frozenset(Role) - {Role.STORE}, is_known=False)
