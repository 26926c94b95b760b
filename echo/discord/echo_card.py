"""What somebody is told privately who asks what an echo is, by a question mark under its message. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from echo.discord.consent import Button, Style
from echo.discord.disclosure import MARK

UNLIKE: Final = "echo:unlike"
"""What the custom id of *Not like me* begins with; the numbers of profile and message follow."""
CARD: Final = (
    "You asked what **{name} (echo)** in **{server}** is.\n"
    "**What:** a bot. A program learned from messages of {name} how they write, and imitates that. {name} did not "
    "write what it says, and nothing of it is a statement of theirs; it can be wrong about anything.\n"
    "**Whose consent:** {name} agreed to it themselves{since}, and somebody who manages the server did too. {until}\n"
    "**How to stop it:** {name} or a manager of the server silences it with `/echo offline`, and has it erased with "
    "`/echo forget`. Either of them may put 🗑️ under a message of it, which removes that one.\n"
    "**What about you:** `/echo privacy` makes you invisible to echoes in that server: then nothing that you write is "
    "read, kept or answered by them.\n"
    "**Is something wrong with it?** `/echo report` with the link of a message tells those who manage the server, and "
    "so does *Report this echo* in the message's menu under Apps. 👍 and 👎 under its messages are counted."
)
OPEN_END: Final = "It holds until either of them takes it back."
OWN: Final = "\nIt is your echo: if this message is not like you, say so, and it says less that is like it."
CLOSED: Final = (
    MARK + "Somebody asked what **{name} (echo)** is, and takes no direct messages from here, so in short: it is a "
    "bot that imitates how {name} writes, with {name}'s consent. `/echo help` tells you more; `/echo privacy` "
    "makes you invisible to it; `/echo report` tells those who manage this server."
)
NOTED: Final = "Noted: it says less that is like this from now on. Nobody else is told."
NOT_KEPT_ANY_MORE: Final = "What was said there is not kept any more, so nothing was changed."


@dataclass(frozen=True, slots=True)
class Known:
    """What is told of an echo. Names are escaped; `since` and `until` are days as people read them, "" for none."""

    name: str
    server: str
    since: str
    until: str


def card(known: Known, *, own: bool) -> str:
    """The card; `own`: for the person echoed."""
    text = CARD.format(
        name=known.name,
        server=known.server,
        since=f" on {known.since}" if known.since else "",
        until=f"It holds until {known.until}." if known.until else OPEN_END,
    )
    return text + OWN if own else text


def own_buttons(profile_id: int, message_id: int) -> tuple[Button, ...]:
    """For the person echoed."""
    return (Button("Not like me", f"{UNLIKE}:{profile_id}:{message_id}", Style.BAD),)


def read_unlike(custom_id: str) -> tuple[int, int] | None:
    """The numbers of profile and message of a press of *Not like me*; None for any other."""
    found = re.fullmatch(rf"{UNLIKE}:([0-9]{{1,20}}):([0-9]{{1,20}})", custom_id)
    return (int(found[1]), int(found[2])) if found is not None else None
