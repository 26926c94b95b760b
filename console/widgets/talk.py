"""The messages of one channel, newest at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from textual.containers import VerticalScroll

from console.ports import Json
from console.widgets.said import Press, Said

SHOWN: Final = 60
"""Messages shown when a channel is opened."""
MOST: Final = 200
"""Messages shown at all; beyond, the oldest go."""


class Talk(VerticalScroll, can_focus=False):
    """Stays at the bottom while new messages come, unless somebody has scrolled up."""

    def __init__(self, zone: tzinfo, id: str) -> None:
        super().__init__(id=id)
        self._zone = zone
        self._said: dict[str, Said] = {}

    async def show(self, views: Sequence[Json]) -> None:
        """Show these messages and no others."""
        await self.remove_children()
        self._said = {}
        for view in views:
            self._said[str(view["id"])] = self._made(view)
        await self.mount_all(self._said.values())
        self.anchor()

    async def add(self, view: Json) -> None:
        """Show one more message."""
        if str(view["id"]) in self._said:
            await self.change(view)
            return
        made = self._made(view)
        self._said[str(view["id"])] = made
        await self.mount(made)
        while len(self._said) > MOST:
            oldest = next(iter(self._said))
            await self._said.pop(oldest).remove()

    async def change(self, view: Json) -> None:
        """Show a message as it is now."""
        shown = self._said.get(str(view["id"]))
        if shown is not None:
            await shown.change(view)

    async def remove_message(self, message_id: str) -> None:
        """Take a deleted message away."""
        gone = self._said.pop(message_id, None)
        if gone is not None:
            await gone.remove()

    def presses(self) -> list[Press]:
        """The buttons that can be pressed, newest message first, each message's from left to right."""
        found: list[Press] = []
        for said in reversed(self._said.values()):
            found += [press for press in said.query(Press) if not press.disabled]
        return found

    def _made(self, view: Json) -> Said:
        above = next(reversed(self._said.values())).view if self._said else None
        answered = self._said.get(str(view.get("reply_to")))
        return Said(view, self._zone, above, answered.view if answered else None)
