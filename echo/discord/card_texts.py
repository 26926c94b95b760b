"""What a card says on Discord, its menus and button, and what was written into its form. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from db.stored import Wishes
from echo.discord.answers import LONGEST, fitted
from echo.discord.consent import Button, Style, plain
from echo.discord.menus import OFFERED, Choice, Menu, cut
from echo.errors import UsageError
from echo.persona.card import CardLine
from echo.persona.evidence import OF_FORM
from echo.persona.portrait import Portrait
from echo.persona.unmasking import bare_words, unmasked

STRIKE: Final = "echo:card:strike:"
SHOW: Final = "echo:card:show:"
ASIDE: Final = "echo:card:ban:"
BANS: Final = "echo:card:bans:"
"""What custom ids begin with; the profile's id follows."""
PHRASES: Final = "echo:phrases"
TOPICS: Final = "echo:topics"
LONGEST_FIELD: Final = 4000
"""Characters: the most that one of Discord's fields takes."""

NOT_LEARNT: Final = (
    "Your echo has not learned how you write yet; `/echo status` shows how far it is. What it must never say can be "
    "set already."
)
OWN_HEAD: Final = (
    "**How you write**, as your echo has learned it (what is ~~struck~~, it avoids). Nobody else sees this; managers "
    "of this server see what says nothing of your words and hours.\n"
)
OTHERS_HEAD: Final = "**How {name} writes**, as their echo has learned it. Words and hours are shown to {name} alone.\n"
OTHERS_NONE: Final = "The echo of **{name}** has not learned how they write yet; `/echo status` shows how far it is."


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one list of bans may hold. `shortest` and `longest`: characters of an entry."""

    what: str
    most: int
    shortest: int
    longest: int


OF_PHRASES: Final = Limits("words and phrases", 50, 1, 80)
OF_TOPICS: Final = Limits("topics", 25, 3, 40)


def read_id(custom_id: str) -> tuple[str, int] | None:
    """What a custom id of a card's menu or button asks for, and of which profile; None for any other."""
    for doing in (STRIKE, SHOW, ASIDE):
        number = custom_id.removeprefix(doing)
        if custom_id.startswith(doing) and number.isascii() and number.isdecimal() and len(number) <= 18:
            return doing, int(number)
    return None


def own(portrait: Portrait) -> str:
    """The whole card, for its subject."""
    if not portrait.lines:
        return NOT_LEARNT + _wished(portrait.wishes)
    lines = [_line(line, line.key in portrait.wishes.struck) for line in portrait.lines]
    wished = _wished(portrait.wishes)
    return (OWN_HEAD + fitted(lines, LONGEST - len(OWN_HEAD) - len(wished)) + wished)[:LONGEST]


def of_another(portrait: Portrait, name: str) -> str:
    """What others than the subject may see: the lines of form that are not struck."""
    lines = [_line(line, struck=False) for line in portrait.unstruck if line.key in OF_FORM]
    if not lines:
        return OTHERS_NONE.format(name=name)
    head = OTHERS_HEAD.format(name=name)
    return head + fitted(lines, LONGEST - len(head))


def brief(lines: Sequence[CardLine]) -> str:
    """A few lines in one, for the status."""
    return " ".join(f"{line.text[:-1]}{_figures(line)}." for line in lines)


def _line(line: CardLine, struck: bool) -> str:
    text = plain_line(line.text)
    return f"- {f'~~{text}~~' if struck else text}{_figures(line)}"


def _figures(line: CardLine) -> str:
    figures = line.figures()
    return f" ({figures})" if figures else ""


def plain_line(text: str) -> str:
    """The sentence without signs that would format it: favourite signs may be stars and underscores."""
    return "".join(f"\\{sign}" if sign in "*_~`|<>@\\" else sign for sign in text)


def _wished(wishes: Wishes) -> str:
    found = []
    if wishes.phrases:
        found.append(f"{len(wishes.phrases)} banned {'phrase' if len(wishes.phrases) == 1 else 'phrases'}")
    if wishes.topics:
        found.append(f"{len(wishes.topics)} banned {'topic' if len(wishes.topics) == 1 else 'topics'}")
    return f"\nIt also keeps to {' and '.join(found)}." if found else ""


def controls(profile_id: int, portrait: Portrait) -> list[Menu | Button]:
    """The menus and the button under one's own card."""
    lines = portrait.lines[:OFFERED]
    button = Button("Ban words and topics", f"{ASIDE}{profile_id}", Style.PLAIN)
    if not lines:
        return [button]
    struck = portrait.wishes.struck
    choices = [Choice(cut(line.text), line.key, line.figures(), line.key in struck) for line in lines]
    shown = [Choice(one.label, one.value, one.note) for one in choices]
    return [
        Menu("What your echo is to avoid", f"{STRIKE}{profile_id}", choices, 0, len(choices)),
        Menu("Show messages of yours behind a line", f"{SHOW}{profile_id}", shown),
        button,
    ]


def listed(text: str, limits: Limits) -> tuple[str, ...]:
    """The entries of a field, one a line, each once. Raises UsageError for one that is too short, too long, or one too
    many."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        entry = " ".join(line.split())
        if not entry:
            continue
        bare = "".join(bare_words(entry)) or unmasked(entry).strip()
        if not limits.shortest <= len(bare) or len(entry) > limits.longest:
            raise UsageError(
                f"Each of the {limits.what} has {limits.shortest} to {limits.longest} characters, and “{plain(entry)}” "
                "has not, so nothing was changed: mend that line and send the form again."
            )
        found.setdefault(bare, entry)
    if len(found) > limits.most:
        raise UsageError(
            f"At most {limits.most} {limits.what} can be banned and these are {len(found)}, so nothing was changed: "
            "leave some out."
        )
    return tuple(found.values())


def banned(wishes: Wishes) -> str:
    """What holds after the form was sent."""
    if not wishes.phrases and not wishes.topics:
        return "No words or topics are banned now."
    phrases, topics = len(wishes.phrases), len(wishes.topics)
    parts = ["1 word or phrase" if phrases == 1 else f"{phrases} words and phrases"] if phrases else []
    parts += ["1 topic" if topics == 1 else f"{topics} topics"] if topics else []
    verb = "is" if phrases + topics == 1 else "are"
    return f"From its next answer on your echo keeps to this: {' and '.join(parts)} {verb} banned."
