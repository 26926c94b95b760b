"""What of a message is somebody's words, and those words made neutral. Pure.

Three things may happen to a message that is not only words. What nobody needs to have seen drops out (SKIP). What the
reader has seen and Echo cannot see cuts the conversation: what follows may answer the unseen. And what is not its
author's words at all is NOISE. Source of fields and types: Discord API reference, "Message Object".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Final

from echo.corpus.commands import is_command
from echo.corpus.mark import is_marked
from echo.corpus.pseudonyms import People
from echo.corpus.scrubbing import NOTHING, scrub
from echo.persona.placeholders import EVERYBODY, MOMENT, ROLE

__all__ = ["Cleaned", "Kind", "People", "clean_raw", "clean_text", "scrub"]

PLAIN, REPLY, SLASH_ANSWER, MENU_ANSWER = 0, 19, 20, 23
"""The types of message that somebody wrote; the others are the system's."""
FORWARD: Final = 1
"""The type of reference that makes a message a forward; what it shows are somebody else's words."""
UNSEEN: Final = "unseen member"
"""Why nothing is kept of a member who is invisible to echoes: their name is learnt alone, to be replaced elsewhere."""
_NOBODY: Final[Mapping[int, str]] = MappingProxyType({})

LINK: Final = re.compile(r"(?<!<)\bhttps?://[^\s<>]+", re.IGNORECASE)
"""A link under which Discord shows a card of its page. In angle brackets, <https://...>, it shows none."""
_HIDDEN_LINK: Final = re.compile(r"<(https?://[^\s<>]+)>", re.IGNORECASE)
_WRAPPING: Final = " \t\n|*_~`<>()[]"
_CODE: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_ODD: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\xa0\xad\u2000-\u200b\u200e\u200f\u202a-\u202f\u205f-\u2064\u2066-\u2069\u3000"
    "\ud800-\udfff\ufeff]|(?<=[0-9A-Za-z@.])[\u200c\u200d](?=[0-9A-Za-z@.])"
)
"""Control characters, spaces of odd widths, what nobody sees, and halves of surrogate pairs, which UTF-8 cannot carry.

Unseen between the letters of an address or a name, they would hide it. Between other letters, and in emoji, joiners
have a meaning.
"""
_UNSEEN: Final = frozenset(
    "\r\xad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
    + "".join(map(chr, range(0x2061, 0x2065)))
    + "".join(map(chr, range(0x2066, 0x206A)))
    + "".join(map(chr, range(0x202A, 0x202F)))
)
_MARKUP: Final = re.compile(
    r"<(?:@!?(?P<user>\d{1,20})|@&(?P<role>\d{1,20})|#(?P<channel>\d{1,20})|a?:(?P<emoji>\w{1,64}):\d{1,20}"
    r"|(?P<time>t):-?\d{1,17}(?::[a-zA-Z])?|/(?P<command>[^\s:<>][^:<>\n]{0,99}):\d{1,20}|(?P<guide>id):[\w-]{1,40})>"
)
_EVERYBODY: Final = re.compile(r"(?<![\w@])@(?:everyone|here)\b")


class Kind(Enum):
    """What a message is to the corpus."""

    WORDS = auto()
    """Its text is kept; it may be cut besides."""
    CUT = auto()
    """No words, but something stands there that Echo cannot see."""
    SKIP = auto()
    """Nothing that anybody would answer to: it drops out."""
    NOISE = auto()
    """Not its author's words."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What came of a message. `text` is empty unless WORDS. `cut`: what follows may answer something unseen.

    `why` is what was dropped or made the cut, in a word (empty where nothing was); `scrubbed` counts the placeholders
    that were put in, by kind.
    """

    kind: Kind
    text: str = ""
    cut: bool = False
    why: str = ""
    scrubbed: Mapping[str, int] = field(default_factory=lambda: NOTHING)


def clean_raw(raw: Mapping[str, Any], people: People, echo_id: int) -> Cleaned:
    """A message of Discord's JSON, of REST and gateway alike. `echo_id` is Echo's own user and application id.

    `people` learns the names of its author and of those it mentions. Raises one of `LookupError`, `TypeError`,
    `ValueError` and `AttributeError` for JSON of another shape than the described one.
    """
    author = raw["author"]
    if int(author["id"]) == echo_id or str(raw.get("application_id")) == str(echo_id):
        return Cleaned(Kind.NOISE, why="echo")
    if raw.get("type", PLAIN) not in (PLAIN, REPLY, SLASH_ANSWER, MENU_ANSWER):
        return Cleaned(Kind.NOISE, why="system")
    if raw.get("message_snapshots") or (raw.get("message_reference") or {}).get("type", 0) == FORWARD:
        # Not their words; but people answer to what they read in it, which is not in the corpus.
        return Cleaned(Kind.CUT, cut=True, why="forward")
    _learn(people, author, raw.get("member"))
    for user in raw.get("mentions") or ():
        _learn(people, user, user.get("member"))
    if people.is_unseen(int(author["id"])):
        return Cleaned(Kind.NOISE, why=UNSEEN)
    unseen, skipped = _unseen(raw), _skipped(raw)
    cleaned = clean_text(str(raw.get("content") or ""), people, unseen=bool(unseen), skipped=bool(skipped))
    if cleaned.why == "unseen":
        return Cleaned(cleaned.kind, cleaned.text, cleaned.cut, unseen, cleaned.scrubbed)
    return Cleaned(cleaned.kind, why=skipped) if cleaned.why == "skipped" else cleaned


def _learn(people: People, user: Mapping[str, Any], member: Mapping[str, Any] | None) -> None:
    names = ((member or {}).get("nick"), user.get("global_name"), user.get("username"))
    people.learn(int(user["id"]), *(str(name) for name in names if name))


def _unseen(raw: Mapping[str, Any]) -> str:
    """What of a message only its readers see, in a word; empty for nothing."""
    files = raw.get("attachments")
    if not files:
        return ""
    kind = str(files[0].get("content_type") or "").partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "file"


def _skipped(raw: Mapping[str, Any]) -> str:
    for name, fields in (("sticker", ("sticker_items", "stickers")), ("poll", ("poll",)), ("embed", _EMBEDS)):
        if any(raw.get(one) for one in fields):
            return name
    return ""


_EMBEDS: Final = ("embeds", "components", "activity", "application", "call")


def clean_text(
    text: str,
    people: People,
    mentions: Mapping[int, str] = _NOBODY,
    *,
    unseen: bool = False,
    skipped: bool = False,
    scrubber: Callable[[str], tuple[str, Mapping[str, int]]] = scrub,
) -> Cleaned:
    """The words of a message as its author typed them, or as an export gives them.

    `mentions` are the shown names of those whom the text mentions, by id, as far as the export tells. `unseen`: with
    it came a picture, recording or file. `skipped`: with it came a sticker, a poll or an embed. `scrubber` stands for
    `scrub` where it is measured what that costs.
    """
    for user_id, name in mentions.items():
        people.learn(user_id, name)
    if is_marked(text):
        # Whoever posts it, here or in another installation: a program's words are nobody's.
        return Cleaned(Kind.NOISE, why="echo")
    if not text.isprintable():
        text = _ODD.sub(_plain, text)
    text = text.strip()
    if not text:
        return _wordless("unseen" if unseen else "skipped" if skipped else "empty", unseen)
    if is_command(text):
        return Cleaned(Kind.NOISE, why="command")
    if ">" in text:
        text = unquoted(text)
        if not text:
            return Cleaned(Kind.CUT, cut=True, why="unseen") if unseen else Cleaned(Kind.NOISE, why="quote")
    link = "://" in text and _has_card(text)
    if "://" in text and not _words_beside_links(text):
        return Cleaned(Kind.CUT, cut=True, why="link")
    if "<" in text:
        text = _neutral(text, people)
    if "@" in text:
        text = _EVERYBODY.sub(EVERYBODY, text)
    text, scrubbed = scrubber(people.renamed(text))
    why = "unseen" if unseen else "link" if link else ""
    return Cleaned(Kind.WORDS, text, unseen or link, why, scrubbed)


def _wordless(why: str, unseen: bool) -> Cleaned:
    return Cleaned(Kind.CUT if unseen else Kind.SKIP, cut=unseen, why=why)


def _plain(found: re.Match[str]) -> str:
    sign = found.group()
    if sign in _UNSEEN:
        return ""
    return "\ufffd" if "\ud800" <= sign <= "\udfff" else " "


def unquoted(text: str) -> str:
    """The text without quoted lines: those that begin with "> ", and all from ">>> " on. Code blocks stay whole."""
    kept: list[str] = []
    in_code = False
    for line in text.split("\n"):
        if not in_code and line.startswith(">>> "):
            break
        if not in_code and (line.startswith("> ") or line == ">"):
            continue
        if line.count("```") % 2:
            in_code = not in_code
        kept.append(line)
    return "\n".join(kept).strip()


def _has_card(text: str) -> bool:
    """Whether a link stands in the text that Discord shows a card for: not in code, nor in angle brackets."""
    return LINK.search(_CODE.sub(" ", text) if "`" in text else text) is not None


def _words_beside_links(text: str) -> bool:
    """Whether a text with links has anything else in it than what links are wrapped in."""
    return bool(LINK.sub(" ", _HIDDEN_LINK.sub(" ", text)).strip(_WRAPPING))


def _neutral(text: str, people: People) -> str:
    """Discord's markup as readable words: @Name, #name, :emoji:, /command, and placeholders for roles and times."""

    def word(found: re.Match[str]) -> str:
        kind, value = found.lastgroup, found[found.lastgroup or 0]
        if kind == "user":
            return "@" + people.name_of(int(value))
        if kind == "channel":
            return "#" + people.channel(int(value))
        return {"role": ROLE, "time": MOMENT, "guide": "#channel", "emoji": f":{value}:"}.get(str(kind), f"/{value}")

    return _MARKUP.sub(word, text)
