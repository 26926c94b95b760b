"""The roles that Echo's process needs filled; adapters fill them, the composition root joins them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from db.stored import NO_WISHES, Wishes
from echo.moments import Answer, Examined, Moment, PersonaName, TestedMoment, Trained, Why
from echo.persona.turns import Burst
from states.board import Progress
from states.decide import Refusal, Step
from states.effects import Notice
from states.events import Event
from states.model import MachineKey, ProfileSnapshot, SessionSnapshot
from states.objections import Objection
from states.terms import Summoner

__all__ = [
    "Answer",
    "ChannelGone",
    "Chat",
    "Clock",
    "CollectPort",
    "Collected",
    "Engine",
    "Examined",
    "Heard",
    "Line",
    "Moment",
    "PersonaName",
    "Post",
    "Requests",
    "TestedMoment",
    "Timers",
    "Trained",
    "Why",
]

# ---------------------------------------------------------------- what comes in


class Post(Protocol):
    """Hands an event to a machine's mailbox and does not wait."""

    def __call__(self, key: MachineKey, event: Event) -> None: ...


class Requests(Protocol):
    """What the edges ask for and wait for: each call returns once its step is recorded, or refused."""

    async def ask(self, key: MachineKey, event: Event) -> Step | Refusal:
        """Give one machine an event."""

    async def create(
        self, server_id: int, user_id: int, asker_id: int, channel_id: int, cutoff: datetime, approves: bool = False
    ) -> Step | Refusal:
        """Ask for an echo: the birth of a profile. `approves`: whoever asks manages the server."""

    async def online(
        self,
        profile_id: int,
        channel_id: int,
        by: int,
        opens: bool = False,
        standing: Summoner = Summoner.EVERYONE,
    ) -> Step | Refusal:
        """Bring a profile's echo online in a channel; `opens` lets it begin conversations there.

        `standing` is the narrowest circle of possible summoners that `by` belongs to; the subject and the operator are
        known by their ids.
        """

    async def offline(self, session_id: int, by: int, reason: str) -> Step | Refusal:
        """Take a session offline."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that stands in a channel. `ts` in seconds since the epoch, UTC; text lives in memory only.

    `author_id` is 0 and `speaker` the profile's id where it is one of Echo's own webhook messages.
    """

    message_id: int
    channel_id: int
    author_id: int
    author: str
    ts: float
    text: str
    human: bool
    speaker: int | None = None
    reply_to: int | None = None


# ---------------------------------------------------------------- what goes out


@dataclass(frozen=True, slots=True)
class Line:
    """One message that an echo is to say."""

    session: SessionSnapshot
    profile: ProfileSnapshot
    text: str
    generation_id: int
    part: int


class ChannelGone(Exception):
    """The channel, server or permission that a send needs is not there (any more). The message is a sentence."""


class Chat(Protocol):
    """Speaking on Discord. Failures that may pass raise ServiceUnavailable, lasting ones ChannelGone."""

    async def ask_consent(self, profile: ProfileSnapshot, nonce: str, standing: int | None = None) -> int:
        """Put the persistent question with its buttons in `profile.channel_id`; the message's id.

        The same nonce gives the same message. Where the message `standing` asks already, it is that one.
        """

    async def announce(self, profile: ProfileSnapshot, notice: Notice, nonce: str) -> None:
        """Tell the channel how the profile stands, and settle the question's message."""

    async def remind(self, profile: ProfileSnapshot, nonce: str) -> None:
        """Tell the subject, privately where that is possible, that their consent ends soon."""

    async def disclose(self, session: SessionSnapshot, profile: ProfileSnapshot, nonce: str) -> None:
        """Tell the session's channel, pinging nobody, that an echo is online there; the same nonce does so once."""

    async def introduce(self, session: SessionSnapshot, profile: ProfileSnapshot, person: str, nonce: str) -> None:
        """Tell `person`, a name, there what the echo is that is about to answer them; the same nonce does so once."""

    async def say(self, line: Line) -> int:
        """Say it through the channel's webhook (or with a header as the bot), pinging nobody; the message's id."""

    async def find_said(self, line: Line, since: datetime) -> int | None:
        """The id of this very line if it already stands in the channel since then: asked before a doubtful repeat."""

    async def take_back(self, channel_id: int, message_id: int) -> None:
        """Delete an echo's message; one that is not there any more is as good as deleted."""

    async def type_in(self, channel_id: int) -> None:
        """Show that somebody types, for about ten seconds."""

    async def recent(self, channel_id: int, limit: int) -> list[Heard]:
        """The newest `limit` messages of a channel, oldest first, from memory or else from Discord."""

    def names_of(self, profile: ProfileSnapshot) -> tuple[str, ...]:
        """By what names the subject is called in that server, the shown one first; never none."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collecting came to: `messages` of the subject are stored in all.

    Of `places` channels and threads that were looked into, `failed` could not be read (whole).
    """

    messages: int
    places: int
    failed: int


class CollectPort(Protocol):
    """Reading what the subject wrote."""

    async def collect(self, profile: ProfileSnapshot, progress: Callable[[Progress], None]) -> Collected:
        """Read what is not stored yet, store as it goes, return what that came to.

        `progress` is told after every request how far it is. Raises NothingToRead, NoPermission (lasting) or
        ServiceUnavailable (may pass).
        """


# ---------------------------------------------------------------- what learns and speaks


class Engine(Protocol):
    """What learns a person and speaks as them. Raises EngineFailed (lasting) or EngineUnavailable (may pass)."""

    name: str

    async def train(
        self,
        author: str,
        bursts: Sequence[Burst],
        seed: int,
        progress: Callable[[float], None],
        timeout: float,
        *,
        base: str = "",
        examples: bool = True,
    ) -> Trained:
        """Learn from `bursts` (oldest first) within `timeout` seconds; `progress` gets shares 0..1.

        `base` is the base model that the person's echo speaks by, "" the one of the settings. `examples`: messages of
        theirs may stand in the prompts of a language model.
        """

    async def examine(
        self,
        author: str,
        bursts: Sequence[Burst],
        others: Sequence[Sequence[str]],
        seed: int,
        moments: int,
        progress: Callable[[float], None],
        timeout: float,
        *,
        tuned: PersonaName | None = None,
        base: str = "",
        examples: bool = True,
    ) -> Examined:
        """Test how like the person a model of `bursts` is: learn from the earlier part, answer in later moments.

        `others` are messages of other people who agreed to that, one list for each; at most `moments` are asked, and
        `timeout` is in seconds. `tuned` names a fine-tuned model that is to answer instead of the base; it must have
        learnt from nothing but the earlier part. `base` and `examples` as of `train`.
        """

    async def chance(self, model: bytes, version: str, moment: Moment, chattiness: float) -> float:
        """The probability (0..1) with which `answer` would speak at this moment, calibrated; nothing is composed."""

    async def answer(
        self, model: bytes, version: str, moment: Moment, chattiness: float, *, speak: bool | None = None
    ) -> Answer:
        """Answer a moment.

        `version` names the model, so that a loaded one may be kept; `chattiness` scales speaking unasked. `speak`: it
        was decided elsewhere whether to speak; None where that is decided here.
        """

    async def next_opening(self, model: bytes, version: str, channel: str, now: float, seed: int) -> float | None:
        """When the subject would next begin a conversation in that channel: seconds since the epoch, later than `now`.

        None where that is not within a week. Drawn by `seed` from the hours at which they began conversations.
        """

    async def amend(self, model: bytes, version: str, added: Sequence[Burst], withdrawn: Collection[int]) -> bytes:
        """The model with these turns added and the messages with these ids taken out, without learning anew.

        Neither `model` nor what is loaded of `version` changes: whoever stores the new bytes releases the old.
        """

    async def learnt(self, model: bytes) -> frozenset[int]:
        """The ids of the messages, of anybody, from which the model has learnt; 0 among them where one has no id.

        Raises EngineFailed where the model is damaged.
        """

    async def objection(self, model: bytes, version: str, texts: Sequence[str], moment: Moment) -> Objection | None:
        """Why the messages of one answer must not be said in a moment, whoever drafted them and whenever; None where
        they may."""

    async def publish(self, persona: PersonaName, model: bytes, wishes: Wishes = NO_WISHES) -> None:
        """Make what a server of models needs for this persona, with its subject's wishes, to speak; once more changes
        nothing.

        Raises EngineUnavailable where the server is away.
        """

    async def unpublish(self, server_id: int, profile_id: int, keep: Collection[int] = ()) -> int:
        """Remove a persona's versions, all but those to `keep`, from every server of models; how many there were.

        Raises EngineUnavailable where it can't be made sure that they are gone.
        """

    async def erase_file(self, host: str, digest: str) -> None:
        """See to it that the server of models at `host` holds no file with this digest ("sha256:..."), and prove it.

        Raises EngineUnavailable where it can't be made sure.
        """

    def release(self, version: str) -> None:
        """Let go of a loaded model: it is gone or replaced."""


# ---------------------------------------------------------------- upkeep


class Timers(Protocol):
    """Alarms that follow the snapshots' deadlines."""

    def reconcile(self, key: MachineKey, due: dict[str, datetime]) -> None:
        """Make the alarms of one machine exactly these."""


Clock = Callable[[], datetime]
"""Gives the present as aware UTC."""
