"""Whom a message really pings: what its text names, less what `allowed_mentions` holds back. Pure.

Source: Discord API reference, "Allowed Mentions Object".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_USER = re.compile(r"<@!?(\d{15,20})>")
_ROLE = re.compile(r"<@&(\d{15,20})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")


@dataclass(frozen=True, slots=True)
class Named:
    """Ids in the order in which the text names them, each once."""

    users: tuple[int, ...]
    roles: tuple[int, ...]
    everyone: bool


def named_in(content: str, allowed: Mapping[str, Any] | None) -> Named:
    """The pings of `content` that `allowed` (an `allowed_mentions` object, None for all) lets through."""
    users = _unique(_USER.findall(content))
    roles = _unique(_ROLE.findall(content))
    everyone = _EVERYONE.search(content) is not None
    if allowed is None:
        return Named(users, roles, everyone)
    parse = allowed.get("parse") or ()
    return Named(
        _chosen(users, "users", allowed),
        _chosen(roles, "roles", allowed),
        everyone and "everyone" in parse,
    )


def pings_replied(allowed: Mapping[str, Any] | None) -> bool:
    """Whether an answer pings the author of what it answers: yes by default, no once `allowed_mentions` is given."""
    return allowed is None or bool(allowed.get("replied_user"))


def _unique(found: list[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(one) for one in found))


def _chosen(found: tuple[int, ...], kind: str, allowed: Mapping[str, Any]) -> tuple[int, ...]:
    if kind in (allowed.get("parse") or ()):
        return found
    listed = {str(one) for one in allowed.get(kind) or ()}
    return tuple(one for one in found if str(one) in listed)
