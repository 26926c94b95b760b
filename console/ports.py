"""What the console is handed from above: the acts of an operator, and the sandbox's people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Json = dict[str, Any]


class Trait(NamedTuple):
    """One line of a card: `key` names it, `text` is the sentence, `figures` what stands behind it ("16 %")."""

    key: str
    text: str
    figures: str


class Operator(Protocol):
    """What an operator may do. Each act returns the one sentence that tells how it went; nothing is raised."""

    async def online(self, profile_id: int, channel_id: int) -> str:
        """Bring an echo online in a channel."""

    async def offline(self, session_id: int) -> str:
        """Take a session offline."""

    async def retry(self, profile_id: int) -> str:
        """Try again what stands still."""

    async def pause(self, profile_id: int) -> str:
        """Let collecting rest where it stands."""

    async def resume(self, profile_id: int) -> str:
        """Let collecting go on from where it rests."""

    async def cancel(self, profile_id: int) -> str:
        """Give collecting up; what was read is kept."""

    async def refresh(self, profile_id: int) -> str:
        """Collect and train a ready profile anew."""

    async def roll_back(self, profile_id: int) -> str:
        """Have the version before speak again."""

    @property
    def has_bases(self) -> bool:
        """Whether echoes speak by base models of a server, which can be chosen."""

    async def bases(self) -> Sequence[tuple[str, str]] | str:
        """The base models to choose from, as names and what to call them; a sentence where that can't be told."""

    async def choose_base(self, profile_id: int, base: str) -> str:
        """Have an echo speak by a base model."""

    async def choose_server_base(self, server_id: int, base: str) -> str:
        """Have all echoes of a server speak by a base model, and those to come."""

    async def fetch(self, name: str) -> str:
        """Have the servers fetch a base model; returns when that is done."""

    async def halt(self, server_id: int) -> str:
        """Silence every echo of a server at once."""

    async def unhalt(self, server_id: int) -> str:
        """Let echoes of a server come online again."""

    async def forget(self, profile_id: int) -> str:
        """Erase everything of a profile, for good."""

    async def card(self, profile_id: int) -> Sequence[Trait] | str:
        """How the person of a profile writes; a sentence where that can't be told."""

    async def evidence(self, profile_id: int, key: str) -> Sequence[str] | str:
        """Links to messages that show a line of the card, the newest first; a sentence where that can't be told."""

    def channels(self, server_id: int) -> Sequence[tuple[int, str]]:
        """The channels of a server in which an echo could speak: id and name."""


class Town(Protocol):
    """The sandbox's people, to be spoken as (`echo.sandbox.people.People`).

    People and channels are given by name or id. Refusals raise ValueError, whose message is one sentence.
    """

    def people(self) -> list[Json]:
        """`{"id", "name", "bot", "manager"}` of everybody; a manager may ask for echoes of others."""

    def channels(self) -> list[Json]:
        """`{"id", "name", "parent"}` of every channel and thread."""

    def commands(self) -> list[Json]:
        """`{"name": "echo create", "kind", "description", "options": [{"name", "type", "required", ...}]}`.

        `kind` is "slash", or "user" for a command of people's menus.
        """

    async def say(self, author: str, channel: str, content: str, reply_to: str | None = None) -> Json:
        """Write a message."""

    async def command(self, author: str, channel: str, command: str, options: Mapping[str, Any]) -> Json:
        """Run a slash command; `{"responses": [...]}` once it is answered. An answer that is a form has `modal`."""

    async def press(self, author: str, message_id: str, custom_id: str, values: Sequence[str] | None = None) -> Json:
        """Press a button; as `command`."""

    async def modal(self, author: str, custom_id: str, values: Mapping[str, str]) -> Json:
        """Send a form; as `command`."""

    async def autocomplete(
        self, author: str, channel: str, command: str, option: str, text: str, options: Mapping[str, Any] | None = None
    ) -> list[Json]:
        """Proposals `{"name", "value"}` for an option being typed."""

    def messages(
        self, channel: str, after: str | None = None, viewer: str | None = None, limit: int | None = 100
    ) -> list[Json]:
        """The newest messages of a channel, oldest first, with what only `viewer` sees.

        Each has `id, author, author_id, webhook, shown, ts` (seconds since the epoch)`, components, ephemeral,
        reply_to, edited`; a component has `custom_id, label, kind, disabled`.
        """

    def subscribe(self, callback: Callable[[Json], None]) -> Callable[[], None]:
        """Call back on every change of what is visible; returns what ends that.

        A change has `type` ("message" and "edited" with `message`, "deleted" with `id`, "typing" with `author`,
        "channels", "people"), `channel` and `only_user` (ids or None).
        """
