"""What an engine is asked, and what it answers: the values that the port `Engine` speaks in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from db.stored import NO_WISHES, Mark, Wishes
from echo.persona.turns import Burst, Utterance
from states.scores import Axis


@dataclass(frozen=True, slots=True)
class Trained:
    """A model as bytes (to be stored encrypted), and what the scorecard keeps of its making."""

    blob: bytes
    messages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PersonaName:
    """Which persona speaks: version `version` of a profile in a server.

    `base` is the base model that it speaks by, "" the one of the settings. `tuned`: it is a fine-tuned model of its
    own, not one made from the base with a system text. `by_base`: it speaks by the base itself, with its card in each
    request, for what is stored on the server tells more than may be told where it speaks.
    """

    server_id: int
    profile_id: int
    version: int
    base: str = ""
    tuned: bool = False
    by_base: bool = False

    @property
    def series(self) -> str:
        """What all versions of this persona are called on a server of models."""
        return f"echo-{self.server_id}-{self.profile_id}"

    @property
    def model(self) -> str:
        """What this version is called there."""
        return f"{self.series}:{self.version}"


@dataclass(frozen=True, slots=True)
class Moment:
    """What an answer is made for: the conversation (oldest first) and who is asked to answer.

    `me` are the names of the subject, the shown one first. `seed` makes the answer repeatable. `memory` is what was
    said in this session earlier than the context, oldest first: the echo's own words, and what they answered.
    `opens`: nobody is answered, a conversation is to be begun at `now` (seconds since the epoch, UTC). `wishes` are
    the subject's; `marks` say how people found what the echo said before. `earlier` are the channel's messages
    right before `context`, without a gap, oldest first. `persona` is who speaks; None where that has no name, as in
    a test. Nobody waits for the answer longer than `leisure` times the person's own delay, and never longer than
    `most` seconds, both from `since` on (seconds since the epoch, UTC; 0: from the last message). Links may lead to
    the hosts of `allowed_links` (in lower case) alone. `examples`: messages of theirs may stand in the prompt of a
    language model.
    """

    context: tuple[Utterance, ...]
    me: tuple[str, ...]
    addressed: bool
    seed: int
    memory: tuple[Utterance, ...] = ()
    opens: bool = False
    now: float = 0.0
    wishes: Wishes = NO_WISHES
    marks: tuple[Mark, ...] = ()
    earlier: tuple[Utterance, ...] = ()
    persona: PersonaName | None = None
    leisure: float = 1.0
    most: float = 60.0
    since: float = 0.0
    allowed_links: frozenset[str] = frozenset()
    examples: bool = True


@dataclass(frozen=True, slots=True)
class TestedMoment:
    """A moment that the test held out: the turn really written, what of its context can be shown, and the echo's words.

    It is message text: to be stored sealed, or not at all.
    """

    burst: Burst
    shown: int
    echo: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Examined:
    """What the test of a corpus came to; `states.scores.Scorecard` tells of `axes`, `weakest` and `sentence`.

    `moments` were asked, which took `seconds`. Of the echo's messages so many `copied` a span or repeated a whole
    message more often than may be, and so many `leaked` what must never be told. `quiz` can be shown to people.
    """

    axes: tuple[Axis, ...]
    weakest: str | None
    sentence: str
    moments: int
    seconds: float
    copied: int = 0
    leaked: int = 0
    quiz: tuple[TestedMoment, ...] = ()


class Why(StrEnum):
    """Why an echo spoke or stayed silent."""

    ADDRESSED = "addressed"
    WANTED = "wanted"
    OPENING = "opening"
    UNWANTED = "unwanted"
    NOTHING_TO_SAY = "nothing_to_say"
    ANOTHER = "another"
    """Another echo has the word."""
    SHARE = "share"
    """It, or the echoes together, have said their share of what is said in the channel."""
    NOT_AGREED = "not_agreed"
    """Its person does not let it speak there, or at this hour."""
    BOTS = "bots"
    """Bots have been talking among themselves for long enough."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine would say now. No texts is silence.

    `delay` is the seconds from the last message of the context to the first text, `gaps` those before each later one
    (len(texts) - 1 of them), `chance` the probability with which it spoke (0..1), `typing` the seconds that the person
    takes to type the first text.
    """

    texts: tuple[str, ...]
    delay: float
    gaps: tuple[float, ...]
    chance: float
    why: Why
    typing: float = 0.0
