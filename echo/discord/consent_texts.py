"""What subjects agree to, by version: every wording that was ever shown, and the one that is shown now. Pure.

A text that was ever shown is never changed: a new wording is a new version, so that the hash kept with an answer says
what was agreed to. The first six were put in public, and agreed to as they stood; the later ones are shown to the
subject alone, with what they choose.
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Wording:
    """One older version: the whole, and the parts of it that differ from case to case."""

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
WORDINGS[3] = replace(
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
WORDINGS[4] = replace(WORDINGS[3], stays="")
WORDINGS[5] = replace(
    WORDINGS[3],
    whole=WORDINGS[3].whole.replace(
        "before {before}, and of others", "up to now **and from now on, as you write it**, and of others"
    ),
)
WORDINGS[6] = replace(WORDINGS[5], stays="")


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of what the subject alone is shown: the whole, and the parts that depend on what they choose."""

    whole: str
    before: str
    """Said where a day is set."""
    from_now_on: str
    """Said where none is."""
    all_read: str
    some_read: str
    statistics: str
    examples: str
    fine_tuning: str
    all_spoken: str
    some_spoken: str
    any_time: str
    hours: str
    subject: str
    managers: str
    trusted: str
    everyone: str
    stays: str
    """Said where the model runs on the computer that runs Echo."""
    goes: str
    """Said where it runs elsewhere."""


HERE: Final = 7
"""The version that is shown where what is read stays on the computer that runs Echo."""
ELSEWHERE: Final = 8
"""The one that is shown where it goes to a model server elsewhere: a yes to the other one is no yes to that."""
FROM_NOW_ON_HERE: Final = 9
FROM_NOW_ON_ELSEWHERE: Final = 10
"""The same where no day is set: what the subject writes later is read too, as they write it."""

AGREEMENTS: Final[dict[int, Agreement]] = {
    FROM_NOW_ON_HERE: Agreement(
        whole=(
            "**An echo of you in {server}** is a bot that writes the way you write. Nothing counts before you press "
            "*I agree to this*, and then only what stands here.\n"
            "**Read:** what you wrote in {reads} {day}, and of others only the messages just before yours (at most "
            "{context} each time, under made-up names). Addresses, numbers, passwords and the like are blotted out "
            "first, as far as they are recognised. What you edit or delete on Discord is changed or deleted here too.\n"
            "**What for:** {purposes}. {reach}\n"
            "**Where and when it speaks:** in {speaks}, {hours}, where {summoner} it online; always under the name "
            "“{name} (echo)”.\n"
            "**Until** {until} ({days} days); you are reminded before. Messages are kept encrypted for {retention} "
            "days, what was learned from them until it is erased.\n"
            "**Two keys:** somebody who manages this server has to allow it too, and may take that back.\n"
            "**How to stop:** `/echo consent revoke` silences your echo and ends the reading at once, "
            "`/echo consent change` lets you choose anew, `/echo forget` erases everything."
        ),
        before="",
        from_now_on="up to now **and from now on, as you write it**",
        all_read="all channels that this bot may read, and their threads",
        some_read="{channels} and their threads",
        statistics="how you write is counted, and what you wrote is looked up, to answer as you would",
        examples="messages of yours stand as examples in the prompts of a language model",
        fine_tuning="a language model is trained on your messages",
        all_spoken="any channel",
        some_spoken="{channels} and their threads",
        any_time="at any time",
        hours="from {first}:00 to {end}:00 ({zone})",
        subject="you yourself bring",
        managers="you or somebody who manages this server brings",
        trusted="you, somebody who manages this server or somebody with a role that they trust brings",
        everyone="any member brings",
        stays="Nothing that is read leaves the computer that runs this bot.",
        goes="What is read also goes to a model server that whoever runs this bot has chosen, and to nobody else.",
    )
}
AGREEMENTS[FROM_NOW_ON_ELSEWHERE] = replace(AGREEMENTS[FROM_NOW_ON_HERE], stays="")
AGREEMENTS[FROM_NOW_ON_HERE] = replace(AGREEMENTS[FROM_NOW_ON_HERE], goes="")
AGREEMENTS[HERE] = replace(AGREEMENTS[FROM_NOW_ON_HERE], before="before {before}", from_now_on="")
AGREEMENTS[ELSEWHERE] = replace(AGREEMENTS[FROM_NOW_ON_ELSEWHERE], before="before {before}", from_now_on="")
GOING: Final = frozenset({2, 4, 6, ELSEWHERE, FROM_NOW_ON_ELSEWHERE})
"""The versions that say that what is read also goes to another computer."""


def text_hash(version: int) -> str:
    """SHA-256 of a version's wording (its parts in order, one a line, as UTF-8), in hexadecimal."""
    return hashlib.sha256(text_of(version).encode()).hexdigest()


def text_of(version: int) -> str:
    """A version's wording, its parts in order, one a line. Raises KeyError for none of that number."""
    wording: Wording | Agreement = AGREEMENTS[version] if version in AGREEMENTS else WORDINGS[version]
    return "\n".join(astuple(wording))


def version_of(stays: bool, from_now_on: bool = False) -> int:
    """The version of the text to show. `stays`: what is read stays on the computer that runs Echo; `from_now_on`: it
    is also read as it is written."""
    if from_now_on:
        return FROM_NOW_ON_HERE if stays else FROM_NOW_ON_ELSEWHERE
    return HERE if stays else ELSEWHERE


def reach(stays: bool) -> str:
    """Where what is read goes."""
    return AGREEMENTS[HERE].stays if stays else AGREEMENTS[ELSEWHERE].goes
