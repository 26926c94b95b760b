"""The rows of the table of who may do what. `echo.discord.access` says what they mean for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from states.policy import SENTENCES, Refused


class Role(StrEnum):
    """What somebody is to an echo; some are several. A bot, a stranger and who is elsewhere are nothing else."""

    SUBJECT = "subject"
    """The person echoed, in the server or in direct messages."""
    MANAGER = "manager"
    """Who has the permission Manage Server there."""
    TRUSTED = "trusted role"
    """Who has a role that managers of the server trust."""
    MEMBER = "member"
    """Every member of the server; it is somebody else's echo."""
    STRANGER = "stranger"
    """Who writes from outside the server, in direct messages, and has no echo."""
    BOT = "bot"
    """Any program, other bots' and webhooks."""
    ELSEWHERE = "other server"
    """Anybody in another server, its managers included."""


class Kind(StrEnum):
    """What a row is about."""

    COMMAND = "command"
    MENU = "menu"
    """A command in a person's or a message's menu, under Apps."""
    BUTTON = "button"
    """A button, or a menu under a message."""
    FORM = "form"
    REACTION = "reaction"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that can be done. `name`: a command's words, or what a custom id is without its numbers.

    `shown` is what people call it. `roles` may do it, `chosen` may if the subject chose so. All others are told
    `refusal`, in which {name} is the subject, and so are those of `never`, whatever else they are. `of_echo`: it is
    about one echo, else about the server. `private`: also in direct messages. `limited`: it counts towards what
    somebody may ask for in a minute; what stops an echo does not.
    """

    name: str
    kind: Kind
    shown: str
    roles: frozenset[Role]
    refusal: str = ""
    chosen: frozenset[Role] = frozenset()
    never: frozenset[Role] = frozenset()
    of_echo: bool = True
    private: bool = False
    limited: bool = True


NOBODY: Final[frozenset[Role]] = frozenset()
EVERYBODY: Final = frozenset({Role.SUBJECT, Role.MANAGER, Role.TRUSTED, Role.MEMBER})
OWN: Final = frozenset({Role.SUBJECT})
GOVERNING: Final = frozenset({Role.SUBJECT, Role.MANAGER})
MANAGING: Final = frozenset({Role.MANAGER})
OTHERS: Final = EVERYBODY - OWN

GOVERNS: Final = "Only {name} and those with the permission Manage Server may do that with this echo."
MANAGES: Final = "That takes the permission Manage Server: ask somebody who manages this server."
NOT_YOURS: Final = "Only the person whose echo it is can do that: nobody else says what it is to be like."
NOT_ASKED: Final = SENTENCES[Refused.NOT_THE_SUBJECT]
OF_OTHERS: Final = (
    "Asking for an echo of somebody else takes the permission Manage Server: ask for your own echo, or ask somebody "
    "who manages this server."
)
STARTING: Final = (
    "Letting an echo begin conversations takes the permission Manage Server: leave `starts` out, or ask somebody who "
    "manages this server."
)
ALLOWING: Final = (
    "Allowing an echo in this server takes the permission Manage Server: ask somebody who manages this server."
)
WATCHING: Final = "This quiz is about you, and you know what you wrote: watch, and let the others guess."


def _command(
    name: str,
    roles: frozenset[Role],
    refusal: str = "",
    chosen: frozenset[Role] = NOBODY,
    *,
    of_echo: bool = True,
    private: bool = False,
    limited: bool = True,
) -> Row:
    return Row(name, Kind.COMMAND, f"`/{name}`", roles, refusal, chosen, NOBODY, of_echo, private, limited)


def _press(
    name: str,
    shown: str,
    roles: frozenset[Role],
    refusal: str = "",
    never: frozenset[Role] = NOBODY,
    *,
    private: bool = False,
    limited: bool = True,
) -> Row:
    return Row(name, Kind.BUTTON, shown, roles, refusal, NOBODY, never, True, private, limited)


def _about_server(name: str, shown: str) -> Row:
    """A button about whoever presses it, and no echo."""
    return Row(name, Kind.BUTTON, shown, EVERYBODY, of_echo=False, limited=False)


REPORTS: Final = Row("echo report message", Kind.COMMAND, "`/echo report message:`", EVERYBODY)
STARTS: Final = Row("echo online starts", Kind.COMMAND, "`/echo online starts:True`", MANAGING, STARTING)

ROWS: Final[tuple[Row, ...]] = (
    _command("echo create", GOVERNING, OF_OTHERS),
    Row("Make an echo", Kind.MENU, "*Make an echo*, in their menu", GOVERNING, OF_OTHERS),
    Row("echo:create", Kind.FORM, "the form of *Make an echo*", GOVERNING, OF_OTHERS),
    _command("echo online", OWN, chosen=OTHERS),
    STARTS,
    _command("echo offline", GOVERNING, GOVERNS, limited=False),
    _command("echo status", EVERYBODY, of_echo=False),
    _command("echo list", EVERYBODY, of_echo=False),
    _command("echo help", EVERYBODY | {Role.STRANGER}, of_echo=False, private=True),
    _command("echo privacy", EVERYBODY, of_echo=False, limited=False),
    _command("echo forget", GOVERNING, GOVERNS, private=True, limited=False),
    _command("echo export", OWN, NOT_YOURS, private=True),
    _command("echo import", OWN, NOT_YOURS),
    _command("echo card", GOVERNING, GOVERNS),
    _command("echo allow", OWN, NOT_YOURS),
    _command("echo quiz", EVERYBODY),
    _command("echo report", GOVERNING, GOVERNS),
    REPORTS,
    Row("Report this echo", Kind.MENU, "*Report this echo*, in a message's menu", EVERYBODY),
    Row("echo:report", Kind.FORM, "the form of *Report this echo*", EVERYBODY),
    _press("echo:report:remove", "*Remove it*, under a report", MANAGING, MANAGES, private=True, limited=False),
    _press(
        "echo:report:offline", "*Take the echo offline*, under a report", MANAGING, MANAGES, private=True, limited=False
    ),
    _press("echo:unlike", "*Not like me*", OWN, NOT_YOURS, private=True),
    Row("reaction question", Kind.REACTION, "❓ under its message, to be told what it is", EVERYBODY),
    Row("reaction wastebasket", Kind.REACTION, "🗑️ under its message, to remove it", GOVERNING, GOVERNS),
    Row("reaction thumbs up", Kind.REACTION, "👍 under its message", EVERYBODY),
    Row("reaction thumbs down", Kind.REACTION, "👎 under its message", EVERYBODY),
    _command("echo consent show", GOVERNING, GOVERNS),
    _command("echo consent change", OWN, NOT_YOURS),
    _command("echo consent revoke", GOVERNING, GOVERNS, limited=False),
    _press("echo:consent:yes", "*I agree*", OWN, NOT_ASKED),
    _press("echo:consent:no", "*No*, to the question", OWN, NOT_ASKED, limited=False),
    _press("echo:consent:agree", "*I agree to this*", OWN, NOT_ASKED),
    _press("echo:consent:more", "*Hours, end…*, above what one agrees to", OWN, NOT_ASKED),
    _press("echo:consent:day", "*The day…*", OWN, NOT_ASKED),
    Row("echo:consent:before", Kind.FORM, "the form of *The day…*", OWN, NOT_ASKED),
    _press("echo:consent:reads", "the menu of channels that are read", OWN, NOT_ASKED),
    _press("echo:consent:purposes", "the menu of purposes", OWN, NOT_ASKED),
    _press("echo:consent:speaks", "the menu of channels in which it speaks", OWN, NOT_ASKED),
    _press("echo:consent:summoner", "the menu of who may bring it online", OWN, NOT_ASKED),
    _press("echo:consent:hours", "the menu of hours", OWN, NOT_ASKED),
    _press("echo:consent:days", "the menu of days", OWN, NOT_ASKED),
    _press("echo:consent:allow", "*Allow it in this server*", MANAGING, ALLOWING),
    _press("echo:forget", "*Stop and erase everything*", GOVERNING, GOVERNS, limited=False),
    _press("echo:erase", "*Yes, erase everything*", GOVERNING, GOVERNS, private=True, limited=False),
    _press("echo:sure", "*Yes, erase everything*", GOVERNING, GOVERNS, limited=False),
    _press("echo:allow:yes", "*I allow this*", OWN, NOT_ASKED),
    _press("echo:allow:no", "*No*, to what may be allowed", OWN, NOT_ASKED, limited=False),
    _press("echo:allow:back", "*Take it back*", OWN, NOT_ASKED, limited=False),
    _press("echo:quiz:a", "*A*, in a quiz", OTHERS, WATCHING, OWN),
    _press("echo:quiz:b", "*B*, in a quiz", OTHERS, WATCHING, OWN),
    _press("echo:quiz:next", "*Next*, in a quiz that one began", EVERYBODY),
    _about_server("echo:privacy:hide", "*Be invisible*"),
    _about_server("echo:privacy:show", "*Be visible again*"),
    _press("echo:card:strike", "striking lines of a card", OWN, NOT_YOURS),
    _press("echo:card:show", "messages behind a line of a card", OWN, NOT_YOURS),
    _press("echo:card:ban", "*Ban words and topics*", OWN, NOT_YOURS),
    Row("echo:card:bans", Kind.FORM, "the form of *Ban words and topics*", OWN, NOT_YOURS),
    _command("echo halt", MANAGING, MANAGES, of_echo=False, limited=False),
    _command("echo resume", MANAGING, MANAGES, of_echo=False, limited=False),
    _command("echo trust", MANAGING, MANAGES, of_echo=False),
    Row("halt word", Kind.MESSAGE, "the halt word, as a message", GOVERNING, limited=False),
)
