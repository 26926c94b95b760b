"""What the console's own parts tell one another."""

from __future__ import annotations

from textual.message import Message


class BoardChanged(Message):
    """Something on the board changed; a newer one takes the place of one that waits, so a thousand are one."""

    def can_replace(self, message: Message) -> bool:
        """Whether `message`, which waits behind this one, says the same."""
        return isinstance(message, BoardChanged)


class TownChanged(Message):
    """Something visible happened in the sandbox; what, waits in the chat pane's queue. Merged like BoardChanged."""

    def can_replace(self, message: Message) -> bool:
        """Whether `message`, which waits behind this one, says the same."""
        return isinstance(message, TownChanged)


class SceneChanged(Message):
    """Somebody else is spoken as, or another channel is looked at."""


class ProfileChosen(Message):
    """A profile was chosen from the list; what the keys do is about it from now on."""

    def __init__(self, profile_id: int) -> None:
        super().__init__()
        self.profile_id = profile_id
