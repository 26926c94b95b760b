"""What is done with what is held of somebody, told to the audit: looking at it, before it is shown, adding to it."""

from __future__ import annotations

from typing import Protocol

from db.audit import Act, Audit
from states.model import ProfileSnapshot


class Account(Protocol):
    """Tells of an act of `by` (0: the operator) on a profile. Raises StorageError: then nothing is shown."""

    async def __call__(self, act: Act, profile: ProfileSnapshot, by: int, **facts: int | str) -> None:
        """Facts are ids, counts and words of ours."""


async def unaccounted(act: Act, profile: ProfileSnapshot, by: int, **facts: int | str) -> None:
    """Where no audit is kept, as in parts that are used by themselves."""


def accounted(audit: Audit) -> Account:
    """What the audit tells of."""

    async def account(act: Act, profile: ProfileSnapshot, by: int, **facts: int | str) -> None:
        await audit.note(act, by=by, server_id=profile.server_id, profile_id=profile.id, **facts)

    return account
