"""Finding what could be typed next: commands, options, and values that the sandbox or the bot proposes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

from console.command_line import Command, commands_of
from console.completing import (
    Completing,
    Proposal,
    Typing,
    command_proposals,
    completing,
    option_proposals,
    value_proposal,
)
from console.guidance import suggested_day, suggested_person
from console.ports import Town
from console.scene import Person

DATE_OPTION: Final = "before"
"""The option that takes a day; Discord has no kind of option for days, so none are proposed by the sandbox."""


class Proposer:
    """Knows what the proposals that it made mean: people see a name, and the bot is sent an id."""

    def __init__(self, town: Town, clock: Callable[[], datetime], zone: tzinfo) -> None:
        self._town = town
        self._clock = clock
        self._zone = zone
        self._meanings: dict[tuple[str, str], str] = {}

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands that there are now."""
        return commands_of(self._town.commands())

    def meant(self, options: Mapping[str, str]) -> dict[str, str]:
        """The options with what was proposed in the place of what was shown."""
        return {name: self._meanings.get((name, value), value) for name, value in options.items()}

    async def propose(
        self, text: str, speaker: Person, channel_id: str, people: Sequence[Person]
    ) -> tuple[Completing | None, list[Proposal]]:
        """What is typed at the end of `text`, and what could stand there instead of what does."""
        at = completing(text, self.commands, [one.name for one in people])
        if at is None:
            return None, []
        found = await self._found(at, speaker, channel_id, people)
        return at, [one for one in found if one.insert.strip() != at.typed.strip()]

    async def _found(
        self, at: Completing, speaker: Person, channel_id: str, people: Sequence[Person]
    ) -> list[Proposal]:
        if at.what is Typing.COMMAND:
            return command_proposals(at.typed, self.commands)
        if at.what is Typing.OPTION or at.option is None or at.command is None:
            return option_proposals(at)
        if at.option.name == DATE_OPTION:
            return self._days(at, people)
        typed = at.typed.strip('"')
        try:
            found = await self._town.autocomplete(
                speaker.id, channel_id, at.command.name, at.option.name, typed, self.meant(at.others or {})
            )
        except ValueError:
            return []  # What can't be proposed can still be typed; sending it says what is wrong.
        for one in found:
            self._meanings[at.option.name, str(one["name"])] = str(one["value"])
        names = [str(one["name"]) for one in found]
        if at.option.kind == "user" and not typed.strip("@"):
            # Nobody in particular is being typed: whom the guidance line names comes first.
            first = f"@{suggested_person([one.name for one in people], speaker.name)}"
            names.sort(key=lambda name: name != first)
        return [value_proposal(at, name) for name in names]

    def _days(self, at: Completing, people: Sequence[Person]) -> list[Proposal]:
        """Days worth proposing, whose form shows how a day is written."""
        subject = (at.others or {}).get("user", "").lstrip("@")
        now = self._clock()
        days = {suggested_day(subject, now, self._zone): ""}
        days[suggested_day("", now, self._zone)] = "today, the latest"
        return [value_proposal(at, day, about) for day, about in days.items() if day.startswith(at.typed)]
