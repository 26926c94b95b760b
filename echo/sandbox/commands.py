"""The application commands that the bot has registered, and the REST routes by which it does so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from echo.sandbox.answers import Refusal, unknown
from echo.sandbox.command_forms import CHAT_INPUT, Json, as_answered, command_faults, fault

MOST_COMMANDS: Final = {1: 100, 2: 15, 3: 15}
"""By command type: how many of it one application may have globally, and again in each server."""
GLOBAL: Final = None
BOT_DM: Final = 1
"""The context of a direct message with the bot."""

Scope = int | None
"""The server whose commands are meant; None for the commands of all servers."""


def _refused_form(errors: dict[str, Any]) -> Refusal:
    return Refusal(400, 50035, "Invalid Form Body", errors)


class CommandRegistry:
    """One application's commands, by scope. Every method that makes or changes one gives it as Discord would."""

    def __init__(self, application_id: int, next_id: Callable[[], int]) -> None:
        """`next_id` gives a new snowflake at every call."""
        self._application_id = application_id
        self._next_id = next_id
        self._commands: dict[Scope, dict[int, Json]] = {}

    def listed(self, scope: Scope) -> list[Json]:
        """The scope's commands in the order of their registration."""
        return list(self._commands.get(scope, {}).values())

    def usable_in(self, guild_id: int | None) -> Iterator[Json]:
        """What a member of the server may call: its own commands, then the global ones that these don't hide.

        None: what anybody may call in a direct message with the bot, which are the global ones that are for there.
        """
        if guild_id is None:
            yield from (one for one in self.listed(GLOBAL) if one["contexts"] is None or BOT_DM in one["contexts"])
            return
        own = self.listed(guild_id)
        yield from own
        taken = {(one["type"], one["name"]) for one in own}
        yield from (one for one in self.listed(GLOBAL) if (one["type"], one["name"]) not in taken)

    def get(self, scope: Scope, command_id: int) -> Json:
        """One command; raises `Refusal` for an unknown one, as all the following do for what is wrong."""
        found = self._commands.get(scope, {}).get(command_id)
        if found is None:
            raise unknown("Application Command")
        return found

    def create(self, scope: Scope, form: object) -> tuple[Json, bool]:
        """Registers a command and says whether it is new: one of the same type and name is replaced."""
        checked = _checked(form, scope)
        earlier = self._named(scope, checked)
        if earlier is None:
            self._refuse_too_many([*self.listed(scope), {"type": checked.get("type") or CHAT_INPUT}])
        return self._kept(scope, checked, earlier), earlier is None

    def overwrite(self, scope: Scope, forms: object) -> list[Json]:
        """Makes these the scope's only commands; those of the same type and name keep their ids."""
        if forms is not None and not isinstance(forms, list):
            raise _refused_form(fault("Only iterables may be used in an Array"))
        listed = forms or []
        faults = {str(at): wrong for at, one in enumerate(listed) if (wrong := command_faults(one, guild_id=scope))}
        if faults:
            raise _refused_form(faults)
        names = [(one.get("type") or CHAT_INPUT, one["name"]) for one in listed]
        if len(set(names)) < len(names):
            raise _refused_form(fault("Application command names must be unique"))
        self._refuse_too_many([{"type": kind} for kind, _ in names])
        ids = [self._named(scope, one) for one in listed]
        self._commands[scope] = {}
        return [self._kept(scope, one, command_id) for one, command_id in zip(listed, ids, strict=True)]

    def edit(self, scope: Scope, command_id: int, changes: object) -> Json:
        """Changes the given fields of a command."""
        known = self.get(scope, command_id)
        if not isinstance(changes, dict):
            raise _refused_form(fault("Only dictionaries may be used in a DictType"))
        checked = _checked({**known, **changes, "type": known["type"]}, scope)
        namesake = self._named(scope, checked)
        if namesake not in (None, command_id):
            raise _refused_form({"name": fault("Application command names must be unique")})
        return self._kept(scope, checked, command_id)

    def delete(self, scope: Scope, command_id: int) -> None:
        """Takes a command away."""
        self.get(scope, command_id)
        del self._commands[scope][command_id]

    def _named(self, scope: Scope, form: Json) -> int | None:
        wanted = (form.get("type") or CHAT_INPUT, form["name"])
        known = self._commands.get(scope, {}).items()
        return next((number for number, one in known if (one["type"], one["name"]) == wanted), None)

    def _kept(self, scope: Scope, form: Json, command_id: int | None) -> Json:
        number = self._next_id() if command_id is None else command_id
        kept = as_answered(
            form, command_id=number, application_id=self._application_id, version=self._next_id(), guild_id=scope
        )
        self._commands.setdefault(scope, {})[number] = kept
        return kept

    @staticmethod
    def _refuse_too_many(commands: list[Json]) -> None:
        for kind, most in MOST_COMMANDS.items():
            if sum(one["type"] == kind for one in commands) > most:
                raise Refusal(400, 30032, f"Maximum number of application commands reached ({most}).")


def _checked(form: object, scope: Scope) -> Json:
    faults = command_faults(form, guild_id=scope)
    if faults:
        raise _refused_form(faults)
    assert isinstance(form, dict)
    return form
