"""The last look at what an echo would say: every draft of every engine is shown to it, before it is kept and again
before it is said.

Each text is looked at as it stands and as it is read: invisible signs and look-alike letters hide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.corpus.scrubbing import scrub
from echo.persona.avowal import avows, denies
from echo.persona.bans import Bans
from echo.persona.commitments import commitment_in
from echo.persona.fingerprints import SPAN, WHOLE, Fingerprints
from echo.persona.leaking import NOTHING, Told, tells, urges
from echo.persona.links import leads
from echo.persona.readings import is_hidden, readings
from echo.persona.secrecy import VEIL, sensitive
from echo.persona.tokens import folded, span_words, spans
from echo.persona.turns import Utterance
from echo.persona.unmasking import bare_words, unmasked
from states.objections import Objection

LENGTH: Final = 2000
"""Characters: the most that Discord takes in one message."""
LAST: Final = 3
"""Messages of the echo's own that are not repeated, nor carried on to a quote."""
_LIVE: Final = re.compile(r"<(?:@[!&]?|#|id:|/[^>\n:]{1,100}:)\w+>|@(?:everyone|here)\b", re.IGNORECASE)
"""Discord's mentions of people, roles, channels, commands and everybody, and links to a server's own pages."""
_COMMAND: Final = re.compile(
    r"^\s*[/!?$.%&+=~>;-]{1,2}(?:ban|kick|mute|unmute|timeout|warn|purge|clear|prune|role|give|pay|transfer|say|eval|exec"
    r"|play|nuke|lock|slowmode|nick|invite|dm|announce|giveaway|echo|ping)\b",
    re.IGNORECASE,
)
"""What another bot may take for a command."""
_DOUBTFUL: Final = re.compile(rf"[\d@/\[:_{VEIL}-]|www")
"""Without one of these signs, and without a long word, there is nothing that `sensitive` could find."""
_LONG_WORD: Final = 16


def identifies(text: str, words: Sequence[str]) -> bool:
    """Whether the text, which has these `bare_words`, holds data of a kind that is scrubbed from every corpus."""
    doubtful = _DOUBTFUL.search(text) is not None or max(map(len, words), default=0) >= _LONG_WORD
    return (doubtful and sensitive(text)) or bool(scrub(text)[1])


def mentions(text: str) -> bool:
    """Whether the text would ping somebody or something, or order another bot about."""
    return (("@" in text or "<" in text) and _LIVE.search(text) is not None) or _COMMAND.search(text) is not None


class _Heard:
    """What stands in the talk, so that it is not said again: it is compared with every candidate."""

    def __init__(self, context: Sequence[Utterance]) -> None:
        self.context = context
        # What Echo put behind it, unseen, is no part of what was said.
        mine = [unmasked(u.text) for u in context if u.own][-LAST:]
        self.mine = "\n".join(mine)
        self._mine = {folded(text) for text in mine}
        others = [unmasked(u.text) for u in context if not u.own]
        self._theirs = [folded(text) for text in others]
        self._wholes = {tuple(span_words(text)) for text in others}
        self._spans = {span for text in others for span in spans(text, SPAN)}

    def repeats(self, text: str) -> bool:
        """Whether it is a whole line of one's own."""
        said = folded(unmasked(text))
        return said in self._mine and " " in said

    def has(self, text: str, words: Sequence[str]) -> bool:
        """Whether somebody else just said so, all of it or a long part; `words` are the text's `span_words`."""
        if len(words) < WHOLE:
            return False
        said = folded(text)
        if tuple(words) in self._wholes or any(said in one for one in self._theirs):
            return True
        return bool(self._spans) and not self._spans.isdisjoint(spans(text, SPAN))


class Guard:
    """Knows the fingerprints of a corpus.

    `bans` are what the subject does not wish to be said, `allowed` the hosts (in lower case) that may be linked to.
    """

    def __init__(self, prints: Fingerprints) -> None:
        self._prints = prints
        self._heard = _Heard(())
        self.bans = Bans()
        self.allowed: Collection[str] = frozenset()

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Guard:
        """From every message of the corpus, the subject's and the others'."""
        return cls(Fingerprints.learn(texts))

    def kept(self, lines: NDArray[np.bool_]) -> Guard:
        """Only what is of these messages, which are numbered anew."""
        return Guard(self._prints.kept(lines))

    def joined(self, texts: Iterable[str], known: int) -> Guard:
        """With these messages behind the `known` ones."""
        return Guard(self._prints.joined(texts, known))

    def copies(self, text: str) -> bool:
        """Whether the text repeats SPAN words in a row, or a whole message of WHOLE words or more."""
        return self._prints.has(span_words(text))

    def passes(self, text: str, context: Sequence[Utterance] = ()) -> bool:
        """Whether the text may be said after the context."""
        return self.objection(text, context) is None

    def objection(self, text: str, context: Sequence[Utterance] = ()) -> Objection | None:
        """Why the text must not be said after the context; None where it may. See also `deep_objection`."""
        if not text.strip() or len(text) > LENGTH:
            return Objection.FORM
        if avows(text):
            return None
        if mentions(text) or (not text.isascii() and mentions(unmasked(text))):
            return Objection.MENTION
        return self._harm(text, context) or (Objection.WISH if self.bans.forbids(text) else None)

    def objection_together(self, texts: Sequence[str], context: Sequence[Utterance] = ()) -> Objection | None:
        """Why messages that may be said one by one may not follow each other: a quote, a secret, a promise or a banned
        phrase that was split among them is one all the same."""
        if len(texts) < 2:
            return None
        joined = "\n".join(texts)
        return Objection.WISH if self.bans.forbids_together(joined) else self._harm(joined, context)

    def deep_objection(self, text: str, context: Sequence[Utterance] = (), told: Told = NOTHING) -> Objection | None:
        """What only those write who were asked to: what the engine was `told`, words that must be decoded, a quote that
        is said bit by bit, or read in another way. For text that is no splice of ours, and for what is to be said."""
        if avows(text):
            return None
        if tells(text, told):
            return Objection.PROMPT
        if is_hidden(text):
            return Objection.HIDDEN
        heard = self._heard_in(context)
        for one in readings(text):
            is_link = ("://" in one or "www." in one) and leads(one, self.allowed)
            if is_link or self.copies(one) or told.is_in(one) or identifies(one, bare_words(one)):
                return Objection.HIDDEN
        carried_on = heard.mine and self._prints.has_across(span_words(unmasked(heard.mine)), span_words(text))
        return Objection.QUOTE if carried_on else None

    def _heard_in(self, context: Sequence[Utterance]) -> _Heard:
        heard = self._heard
        if heard.context is not context:
            # Other threads answer other talk meanwhile: what is looked at here is what was asked about here.
            heard = self._heard = _Heard(context)
        return heard

    def _harm(self, text: str, context: Sequence[Utterance]) -> Objection | None:
        heard, words = self._heard_in(context), bare_words(text)
        if commitment_in(words) is not None:
            return Objection.CLAIM
        if denies(words, text):
            return Objection.DENIAL
        if urges(words):
            return Objection.HARM
        if leads(text, self.allowed):
            return Objection.LINK
        if heard.repeats(text):
            return Objection.REPEAT
        return next((found for one in {text, unmasked(text)} if (found := self._said(one, words, heard))), None)

    def _said(self, text: str, words: Sequence[str], heard: _Heard) -> Objection | None:
        if identifies(text, words):
            return Objection.SECRET
        spoken = span_words(text)
        if self._prints.has(spoken):
            return Objection.QUOTE
        return Objection.OTHERS if heard.has(text, spoken) else None

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The fingerprints, for storage."""
        return self._prints.arrays()

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Guard:
        """The guard that `arrays` gave. Raises KeyError where a part is missing."""
        return cls(Fingerprints.of(stored))
