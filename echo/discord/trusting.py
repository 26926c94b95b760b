"""`/echo trust`: managers name the roles whose holders may bring those echoes online whose people let trusted roles."""

from __future__ import annotations

from typing import Final

from echo.discord.asking import Asking
from echo.discord.consent import plain
from echo.discord.halting import Halting
from echo.discord.translate import Call
from echo.errors import UsageError

NONE: Final = "No role is trusted in this server; `/echo trust role:` names one."
TRUSTED: Final = "Trusted here: {roles}. Who has such a role may bring those echoes online whose people say so."
NOW: Final = "The role **{role}** is trusted from now on; `/echo trust role: back:True` takes that back."
BACK: Final = "The role **{role}** is not trusted any more, from this moment on."
EVERYONE: Final = "Everybody has that role, so it says nothing of anybody: choose another one."
UNTRUSTED: Final = "The role **{role}** is not trusted here, so there was nothing to take back."
MOST: Final = 25
"""Roles of one server."""
TOO_MANY: Final = "At most {most} roles can be trusted in a server: take another one back first."


class Trusting:
    """The command; only managers are let in by the table."""

    def __init__(self, halting: Halting) -> None:
        self._halting = halting

    async def run(self, asking: Asking, call: Call) -> None:
        """Trust a role, trust it no more, or show which are. Raises UsageError or StorageError."""
        server_id, by, given = asking.asker.server_id, asking.asker.id, call.text("role")
        trusted = self._halting.trusted(server_id)
        if not given:
            names = ", ".join(f"**{self._name(asking, role)}**" for role in sorted(trusted))
            await asking.reply.say(TRUSTED.format(roles=names) if names else NONE)
            return
        role_id = int(given)
        name = self._name(asking, role_id)
        if call.is_set("back"):
            if role_id not in trusted:
                raise UsageError(UNTRUSTED.format(role=name))
            await asking.reply.patiently(self._halting.distrust(server_id, role_id, by))
            await asking.reply.say(BACK.format(role=name))
            return
        if role_id == server_id:
            raise UsageError(EVERYONE)
        if len(trusted | {role_id}) > MOST:
            raise UsageError(TOO_MANY.format(most=MOST))
        await asking.reply.patiently(self._halting.trust(server_id, role_id, by))
        await asking.reply.say(NOW.format(role=name))

    def _name(self, asking: Asking, role_id: int) -> str:
        role = asking.server.get_role(role_id)
        return plain(role.name) if role is not None else str(role_id)
