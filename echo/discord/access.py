"""THE TABLE of who may do what: command, button, form, menu, reaction or message x role. Pure.

Every interaction is looked up here before anything is done (`enter`), and once more where it is known which echo it is
about (`check`). The documentation prints it, and a test walks every cell of it. What has no row is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from echo.discord.access_rows import ROWS, Kind, Role, Row
from echo.errors import NoPermission, UsageError
from states import terms_in_force
from states.model import ProfileSnapshot
from states.terms import Summoner, Terms

BY_NAME: Final[Mapping[str, Row]] = {row.name: row for row in ROWS}

BOTS: Final = "Echo does nothing for bots: ask as a person."
OUTSIDE: Final = (
    "This works in servers where Echo is a member: use it there. Here, `/echo forget` erases your echoes, "
    "`/echo export` gives you all that is held about you, and `/echo help` says what Echo is."
)
OF_ANOTHER: Final = "This belongs to another server: nothing was changed here or there."
UNKNOWN: Final = "Echo does not know this button or menu (any more), so nothing was changed: /echo help shows what is."
UNKNOWN_COMMAND: Final = "Echo does not know this command (any more): /echo help shows those that there are."


class Cell(StrEnum):
    """Whether somebody in a role may do what a row says."""

    YES = "yes"
    NO = "no"
    CHOSEN = "if the subject chose so"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who uses a command or button, and where. `server_id` is 0 in direct messages, where nobody is a manager.

    `is_manager`: they have Manage Server (or are its administrator); `is_trusted`: they have a role that its managers
    trust. `row` is what they use.
    """

    id: int
    name: str
    is_manager: bool
    server_id: int
    channel_id: int
    is_trusted: bool = False
    is_bot: bool = False
    row: Row = ROWS[0]


def cell(row: Row, role: Role) -> Cell:
    """What the table says."""
    if role in row.roles:
        return Cell.YES
    return Cell.CHOSEN if role in row.chosen else Cell.NO


def row_of(name: str) -> Row | None:
    """The row of a command by its words ("echo online"), or of a custom id: by its parts that are no numbers.

    "echo:allow:yes:17:quiz:2" is dealt with by the row "echo:allow:yes". None: nothing of that kind is known.
    """
    parts = [part for part in name.split(":") if not part.isdecimal()]
    while parts:
        found = BY_NAME.get(":".join(parts))
        if found is not None:
            return found
        parts.pop()
    return None


def roles(asker: Asker, subject_id: int, server_id: int) -> frozenset[Role]:
    """All that somebody is to the echo of `subject_id` in `server_id` (0: to no echo, only where they are)."""
    if asker.is_bot:
        return frozenset({Role.BOT})
    if not asker.server_id:
        return frozenset({Role.SUBJECT if asker.id == subject_id else Role.STRANGER})
    if server_id not in (0, asker.server_id):
        return frozenset({Role.ELSEWHERE})
    held = {Role.SUBJECT if asker.id == subject_id else Role.MEMBER}
    held |= {Role.MANAGER} if asker.is_manager else set()
    held |= {Role.TRUSTED} if asker.is_trusted else set()
    return frozenset(held)


def enter(asker: Asker) -> None:
    """All that can be said before it is known which echo it is about. Raises NoPermission with what they are told."""
    row = asker.row
    if asker.is_bot:
        raise NoPermission(BOTS)
    if not asker.server_id and not row.private:
        raise NoPermission(OUTSIDE)
    if not row.of_echo and not roles(asker, 0, 0) & row.roles:
        raise NoPermission(row.refusal)


def may(asker: Asker, profile: ProfileSnapshot, row: Row | None = None) -> bool:
    """Whether somebody may do what they use (or `row`) with this echo."""
    held = roles(asker, profile.user_id, profile.server_id)
    row = row or asker.row
    is_chosen = held & row.chosen and terms_in_force.may_summon(profile.terms, standing(asker, profile))
    return not held & row.never and bool(held & row.roles or is_chosen)


def standing(asker: Asker, profile: ProfileSnapshot) -> Summoner:
    """The narrowest circle of possible summoners that somebody belongs to."""
    return terms_in_force.standing_of(
        asker.id, profile.user_id, is_manager=asker.is_manager, is_trusted=asker.is_trusted
    )


def check(asker: Asker, profile: ProfileSnapshot, name: str, row: Row | None = None) -> None:
    """Raises NoPermission where somebody may not do what they use (or `row`) with this echo; `name` is its person's."""
    row = row or asker.row
    if may(asker, profile, row):
        return
    held = roles(asker, profile.user_id, profile.server_id)
    raise NoPermission(refusal(row, held, profile.terms, name))


def check_person(asker: Asker, person_id: int, name: str, row: Row | None = None) -> None:
    """The same where there is no echo yet, only whom it would be of. Raises NoPermission."""
    row = row or asker.row
    held = roles(asker, person_id, asker.server_id)
    if held & row.never or not held & row.roles:
        raise NoPermission(refusal(row, held, None, name))


def refusal(row: Row, held: frozenset[Role], terms: Terms | None, name: str) -> str:
    """What somebody is told who may not do what a row says."""
    if Role.BOT in held:
        return BOTS
    if Role.ELSEWHERE in held:
        return OF_ANOTHER
    if row.chosen and terms is not None:
        return terms_in_force.who_may_summon(terms, name)
    return row.refusal.format(name=name)


def known(name: str) -> Row:
    """The row of a command. Raises UsageError for one that there is not."""
    found = row_of(name)
    if found is None or found.kind not in (Kind.COMMAND, Kind.MENU):
        raise UsageError(UNKNOWN_COMMAND)
    return found


def known_id(custom_id: str) -> Row:
    """The row of a button, menu or form by its custom id. Raises UsageError for one that there is not."""
    found = row_of(custom_id)
    if found is None or found.kind not in (Kind.BUTTON, Kind.FORM):
        raise UsageError(UNKNOWN)
    return found
