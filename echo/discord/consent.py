"""The question put to the subject in public: its text, and the buttons under it. Pure.

Nothing of anybody is fetched or stored by an *I agree* here: it shows the subject alone what there is to agree to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from echo.discord.consent_texts import reach

_LINK: Final = re.compile(r"(?<=\])(?=\()|(?<=:)(?=//)|(?<=\.gg)(?=/)|(?<=/invite)(?=/)", re.IGNORECASE)
"""Where a space keeps Discord from making a link or an invitation of a text."""
SHOWN_CHANNELS = 8
"""Channels that are named one by one."""


class Answer(StrEnum):
    """What a button says; part of its custom id."""

    YES = "yes"
    """Show me, and nobody else, what there is to agree to."""
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

    `before` and `until` are shown as they are; without a day (None) what is written later is read too. `stays`: the
    model runs on the computer that runs Echo.
    """

    subject_id: int
    asker_id: int
    asker: str
    server: str
    channels: Sequence[str]
    before: str | None
    until: str
    stays: bool = True


QUESTION: Final = (
    "{subject}: {asker} in **{server}**. An echo is a bot that writes the way you write. It exists only if you want it "
    "to; nothing has been read yet.\n"
    "**What would be read:** what you wrote in {channels} {day}, and of others only the messages just before yours. "
    "{reach}\n"
    "**Your choice:** *I agree* shows to you alone what exactly you would agree to, where you choose channels, "
    "purposes, places, hours, who may bring it online and until when. Nothing counts before you press *I agree to "
    "this* there, and somebody who manages this server has to allow it too.\n"
    "**How to stop:** `/echo consent revoke` silences your echo at once, `/echo forget` erases everything at any "
    "time.\n"
    "Only your own press counts. Without an answer this question ends on {until}."
)


def ask(question: Question) -> str:
    """The question's text, which names the subject by exactly one mention. At most 2,000 characters."""
    by_other = f"**{plain(question.asker)}** asks whether Echo may make an echo of you"
    by_subject = question.subject_id == question.asker_id
    ever = "up to now **and from now on, as you write it**"
    return QUESTION.format(
        subject=f"<@{question.subject_id}>",
        asker="you asked for an echo of yourself" if by_subject else by_other,
        server=plain(question.server),
        channels=channel_list(question.channels),
        day=ever if question.before is None else f"before {question.before}",
        until=question.until,
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
