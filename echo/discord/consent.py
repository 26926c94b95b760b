"""The question put to the subject: its text by version, and the buttons under it. Pure.

Nothing of anybody is fetched or stored before the subject presses *I agree* here. A text that was ever shown is never
changed: a new wording is a new version, so that the hash kept with an answer says what was agreed to.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from enum import StrEnum
from typing import Final

HERE: Final = 3
"""The version of the text that is shown where what is read stays on the computer that runs Echo."""
ELSEWHERE: Final = 4
"""The one that is shown where it goes to a model server elsewhere: a yes to the other one is no yes to that."""
FROM_NOW_ON_HERE: Final = 5
FROM_NOW_ON_ELSEWHERE: Final = 6
"""The same where no day is set: what the subject writes later is read too, as they write it."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One version of the question: the whole, and the parts of it that differ from case to case."""

    whole: str
    asked_by_other: str
    asked_by_subject: str
    stays: str
    """Said where the model runs on the computer that runs Echo."""
    goes: str
    """Said where it runs elsewhere."""


WORDINGS: Final[dict[int, Wording]] = {
    1: Wording(
        whole=(
            "{subject}: {asker} in **{server}**. An echo is a bot that writes the way you write. It exists only if you "
            "want it to; nothing has been read yet.\n"
            "**What would be read:** what you wrote in {channels} before {before}, and of others only the messages "
            "just before yours (at most {context} each time), to know what you were answering.\n"
            "**What for:** a model learns how you write. Your echo then talks where you or a manager of this server "
            "bring it online, always under the name “{name} (echo)”. {reach}\n"
            "**For how long:** the messages are kept encrypted for {days} days, what was learned from them until it is "
            "erased.\n"
            "**How to stop:** `/echo offline` silences your echo, and `/echo forget` or one press of the button that "
            "will be here erases everything, at any time.\n"
            "Only your own press counts. Without an answer this question ends on {until}."
        ),
        asked_by_other="{asker} asks whether Echo may make an echo of you",
        asked_by_subject="you asked for an echo of yourself",
        stays="Nothing that is read leaves the computer that runs this bot.",
        goes="What is read also goes to a model server that whoever runs this bot has chosen, and to nobody else.",
    )
}
WORDINGS[2] = replace(WORDINGS[1], stays="")
WORDINGS[HERE] = replace(
    WORDINGS[1],
    whole=(
        "{subject}: {asker} in **{server}**. An echo is a bot that writes the way you write. It exists only if you "
        "want it to; nothing has been read yet.\n"
        "**What would be read:** what you wrote in {channels} before {before}, and of others only the messages just "
        "before yours (at most {context} each time, under made-up names), to know what you were answering. Addresses, "
        "numbers, passwords and the like are blotted out first, as far as they are recognised. What you edit or delete "
        "on Discord is changed or deleted here too.\n"
        "**What for:** a model learns how you write. Your echo then talks where you or a manager of this server bring "
        "it online, always under the name “{name} (echo)”. {reach}\n"
        "**For how long:** the messages are kept encrypted for {days} days, what was learned from them until it is "
        "erased.\n"
        "**How to stop:** `/echo offline` silences your echo, and `/echo forget` or one press of the button that will "
        "be here erases everything, at any time.\n"
        "Only your own press counts. Without an answer this question ends on {until}."
    ),
)
WORDINGS[ELSEWHERE] = replace(WORDINGS[HERE], stays="")
WORDINGS[FROM_NOW_ON_HERE] = replace(
    WORDINGS[HERE],
    whole=WORDINGS[HERE].whole.replace(
        "before {before}, and of others", "up to now **and from now on, as you write it**, and of others"
    ),
)
WORDINGS[FROM_NOW_ON_ELSEWHERE] = replace(WORDINGS[FROM_NOW_ON_HERE], stays="")
GOING: Final = frozenset({2, ELSEWHERE, FROM_NOW_ON_ELSEWHERE})
"""The versions that say that what is read also goes to another computer."""
_LINK: Final = re.compile(r"(?<=\])(?=\()|(?<=:)(?=//)|(?<=\.gg)(?=/)|(?<=/invite)(?=/)", re.IGNORECASE)
"""Where a space keeps Discord from making a link or an invitation of a text."""
SHOWN_CHANNELS = 8
"""Channels that are named one by one."""


class Answer(StrEnum):
    """What a button says; part of its custom id."""

    YES = "yes"
    NO = "no"
    ALLOW = "allow"
    """A manager's key: the echo is allowed in this server."""
    FORGET = "forget"
    """Under a question that was agreed to: erase everything."""
    SURE = "sure"
    """The confirmation that a manager is asked for before somebody else's echo is erased."""


class Style(StrEnum):
    """How a button looks."""

    GOOD = "success"
    PLAIN = "secondary"
    BAD = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """One button of a message."""

    label: str
    custom_id: str
    style: Style


@dataclass(frozen=True, slots=True)
class Press:
    """What a custom id says: which answer, about which profile, on which version of the text (0: none)."""

    answer: Answer
    profile_id: int
    version: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """All that the text of a question says.

    `before` and `until` are shown as they are; without a day (None) what is written later is read too. `context` is
    how many messages before each of theirs are read. `stays`: the model runs on the computer that runs Echo.
    """

    subject_id: int
    subject: str
    asker_id: int
    asker: str
    server: str
    channels: Sequence[str]
    before: str | None
    days: int
    until: str
    context: int
    stays: bool = True


def text_hash(version: int) -> str:
    """SHA-256 of a version's wording (its parts in order, one a line, as UTF-8), in hexadecimal."""
    return hashlib.sha256("\n".join(astuple(WORDINGS[version])).encode()).hexdigest()


def version_of(stays: bool, from_now_on: bool = False) -> int:
    """The version of the text to show. `stays`: what is read stays on the computer that runs Echo; `from_now_on`: it
    is also read as it is written."""
    if from_now_on:
        return FROM_NOW_ON_HERE if stays else FROM_NOW_ON_ELSEWHERE
    return HERE if stays else ELSEWHERE


def reach(stays: bool) -> str:
    """Where what is read goes."""
    return WORDINGS[HERE].stays if stays else WORDINGS[ELSEWHERE].goes


def ask(question: Question) -> str:
    """The question's text, which names the subject by exactly one mention. At most 2,000 characters."""
    wording = WORDINGS[version_of(question.stays, question.before is None)]
    by_subject = question.subject_id == question.asker_id
    by_other = wording.asked_by_other.format(asker=f"**{plain(question.asker)}**")
    return wording.whole.format(
        subject=f"<@{question.subject_id}>",
        name=plain(question.subject),
        asker=wording.asked_by_subject if by_subject else by_other,
        server=plain(question.server),
        channels=channel_list(question.channels),
        before=question.before,
        days=question.days,
        until=question.until,
        context=question.context,
        reach=reach(question.stays),
    )


def channel_list(names: Sequence[str]) -> str:
    """The channels in words: the first few by name, the others by number.

    Those that the bot may read later are meant as well: what was out of reach is read once it is not.
    """
    shown = [f"#{plain(name)}" for name in names[:SHOWN_CHANNELS]]
    if not shown:
        return "the channels that this bot may read and in their threads"
    more = len(names) - len(shown)
    if more:
        shown.append(f"{more} more channel{'' if more == 1 else 's'}")
    listed = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"the channels that this bot may read (now {listed}) and in their threads"


def plain(name: str) -> str:
    """A name that can't format, ping, link or stretch a message: at most 60 characters, no Markdown, no mentions."""
    kept = "".join(sign for sign in name if sign.isprintable() and sign not in "`*_~|<>@\\")
    kept = unlinked(" ".join(kept.split()))
    return (kept if len(kept) <= 60 else f"{kept[:59]}…") or "somebody"


def unlinked(text: str) -> str:
    """The same text with spaces where Discord would make a link or an invitation of it."""
    return _LINK.sub(" ", text)


def question_buttons(profile_id: int, version: int) -> tuple[Button, ...]:
    """The buttons under an open question."""
    return (
        Button("I agree", f"echo:consent:{Answer.YES}:{profile_id}:{version}", Style.GOOD),
        Button("No", f"echo:consent:{Answer.NO}:{profile_id}", Style.PLAIN),
    )


def allow_button(profile_id: int) -> tuple[Button, ...]:
    """The button by which somebody who manages the server puts in the other key."""
    return (Button("Allow it in this server", f"echo:consent:{Answer.ALLOW}:{profile_id}", Style.GOOD),)


def forget_button(profile_id: int) -> tuple[Button, ...]:
    """The button under a question that was agreed to."""
    return (Button("Stop and erase everything", f"echo:{Answer.FORGET}:{profile_id}", Style.BAD),)


def sure_button(profile_id: int) -> tuple[Button, ...]:
    """The button that confirms the erasing of somebody else's echo."""
    return (Button("Yes, erase everything", f"echo:{Answer.SURE}:{profile_id}", Style.BAD),)


def read_press(custom_id: str) -> Press | None:
    """What a button's custom id says; None for one that is not Echo's."""
    match custom_id.split(":"):
        case ["echo", "consent", "yes", profile, version] if _is_number(profile) and _is_number(version):
            return Press(Answer.YES, int(profile), int(version))
        case ["echo", "consent", ("no" | "allow") as answer, profile] if _is_number(profile):
            return Press(Answer(answer), int(profile))
        case ["echo", ("forget" | "sure") as answer, profile] if _is_number(profile):
            return Press(Answer(answer), int(profile))
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18
