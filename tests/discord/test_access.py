"""Who may do what: every cell of the table, refusals included, by a real interaction over the wire."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from db.keys import Keyring
from db.unseen import Unseen
from echo.discord import access, agreement, allowances, forms
from echo.discord import consent_texts as question
from echo.discord.access_rows import REPORTS, ROWS, STARTS, Kind, Role, Row
from echo.discord.card_texts import PHRASES, TOPICS
from echo.discord.commands import DATE_FIELD
from echo.discord.letters import Letters
from echo.discord.privacy import Privacy
from echo.exporting import Exporting
from echo.settings import Settings
from echo.store import open_store
from states import events as ev
from states.decide import Step
from states.model import Allowance, ProfileSnapshot
from states.policy import SENTENCES, Refused
from tests.discord.edge import edge_at
from tests.discord.test_quizzing import begun as quiz_begun
from tests.discord.test_quizzing import stored
from tests.discord.walking import FAR, Said, Walk, begun
from tests.support import learnt

EDGE = Path(access.__file__).parent
SENTENCE = re.compile(r"[A-Z“].{15,}[.?]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Way:
    """How a row is tried: `does` acts, and says one of `done` just where that was allowed.

    `fresh`: an open question to Cy Day is made for each try that may succeed. `online`: the echo talks before each.
    """

    does: Any
    done: tuple[str, ...]
    fresh: bool = False
    online: bool = False


def called(words: str, *done: str, fresh: bool = False, online: bool = False, **options: object) -> Way:
    """A slash command; options are given the profile's number and the subject's name."""

    async def does(walk: Walk, role: Role, profile: ProfileSnapshot, subject: str) -> Said:
        given = {
            key: value.format(id=profile.id, subject=subject) if isinstance(value, str) else value
            for key, value in options.items()
        }
        return await walk.command(role, subject, words, **given)

    return Way(does, done, fresh, online)


def pressed(custom_id: str, *done: str, fresh: bool = False, values: tuple[str, ...] = ()) -> Way:
    """A button or menu."""

    async def does(walk: Walk, role: Role, profile: ProfileSnapshot, subject: str) -> Said:
        return await walk.press(role, subject, custom_id.format(id=profile.id), *values)

    return Way(does, done, fresh)


def submitted(custom_id: str, *done: str, fields: dict[str, str]) -> Way:
    """A form."""

    async def does(walk: Walk, role: Role, profile: ProfileSnapshot, subject: str) -> Said:
        return await walk.submit(role, subject, custom_id.format(id=profile.id, user=walk.edge.id_of(subject)), fields)

    return Way(does, done)


async def asked_for(walk: Walk, role: Role, profile: ProfileSnapshot, subject: str) -> Said:
    """*Make an echo* in somebody's menu."""
    return await walk.command(role, subject, "Make an echo", user=subject)


async def said_word(walk: Walk, role: Role, profile: ProfileSnapshot, subject: str) -> Said:
    """The halt word, in the channel where the echo is online."""
    return await walk.say(role, subject, "**Echo halt!**")


async def brought_online(walk: Walk) -> None:
    """Bo's echo talks in #general."""
    if not walk.edge.board.sessions_online():
        assert isinstance(await walk.edge.router.online(walk.ready.id, walk.edge.channel("general"), 0), Step)


async def told_on(walk: Walk, role: Role, profile: ProfileSnapshot, subject: str) -> Said:
    """*Report this echo* in a message's menu."""
    world, place = walk.edge.world, walk.place(role)
    message = world.post_message(place, world.bot.id, "no echo's", now=walk.edge.clock.timestamp())
    return await walk.command(role, subject, "Report this echo", message=str(message.id))


NO_ECHOS = "no message of an echo"
VERSION = question.version_of(True, False)
ERASED = ("is silent from now on", "Are you sure?")
HAS_ONE = "has an echo here already"
GUESSED = ("Your guess is", "You have guessed already")
NOT_KEPT = "is not kept any more"
REVOKED = (SENTENCES[Refused.NOT_AGREED], SENTENCES[Refused.NOT_APPROVED])
WAYS: dict[str, Way] = {
    "echo create": called("echo create", HAS_ONE, user="{subject}"),
    "Make an echo": Way(asked_for, ("Make an echo",)),
    "echo:create": submitted("echo:create:{user}", HAS_ONE, fields={"echo:before": ""}),
    "echo online": called("echo online", "is online in this channel now", profile="{id}"),
    "echo online starts": called("echo online", "is online in this channel now", profile="{id}", starts=True),
    "echo consent show": called("echo consent show", "Both keys are in", profile="{id}"),
    "echo consent change": called("echo consent change", "An echo of you in"),
    "echo consent revoke": called("echo consent revoke", *REVOKED, fresh=True, profile="{id}"),
    "echo offline": called("echo offline", "is offline in this channel", online=True, profile="{id}"),
    "echo status": called("echo status", "**Bo** (number"),
    "echo list": called("echo list", ". **Bo**"),
    "echo privacy": called("echo privacy", "Being invisible to echoes"),
    "echo:privacy:hide": pressed("echo:privacy:hide", "You are invisible"),
    "echo:privacy:show": pressed("echo:privacy:show", "You are visible"),
    "echo help": called("echo help", "**Echo** makes echoes"),
    "echo forget": called("echo forget", *ERASED, fresh=True, profile="{id}"),
    "echo export": called("echo export", "is in your direct messages now", "ask again in"),
    "echo import": called("echo import", "ZIP", file={"filename": "package.zip", "content": b"no package"}),
    "echo card": called("echo card", "How you write", "How Bo writes", profile="{id}"),
    "echo allow": called("echo allow", "You allow this at the moment", what="quiz"),
    "echo quiz": called("echo quiz", "A quiz is running already", user="{subject}"),
    "echo report": called("echo report", "has not been tested yet", profile="{id}"),
    "echo halt": called("echo halt", "is silent from now on"),
    "echo resume": called("echo resume", "may come online in this server again"),
    "echo trust": called("echo trust", "No role is trusted"),
    "halt word": Way(said_word, ("offline",), online=True),
    "echo report message": called("echo report", NO_ECHOS, message="12345"),
    "Report this echo": Way(told_on, (NO_ECHOS,)),
    "echo:report": submitted("echo:report:12345", NO_ECHOS, fields={"why": "rude"}),
    "echo:report:remove": pressed("echo:report:remove:{id}:12345", "This echo is gone"),
    "echo:report:offline": pressed("echo:report:offline:{id}:12345", "is offline in the whole server"),
    "echo:unlike": pressed("echo:unlike:{id}:12345", "is not kept any more"),
    "echo:consent:yes": pressed(f"echo:consent:yes:{{id}}:{VERSION}", "An echo of you in", fresh=True),
    "echo:consent:no": pressed("echo:consent:no:{id}", "Understood", fresh=True),
    **{f"echo:consent:{one}": pressed(f"echo:consent:{one}:{{id}}:0", NOT_KEPT) for one in agreement.Doing},
    "echo:consent:before": submitted("echo:consent:before:{id}:0", NOT_KEPT, fields={"echo:before": ""}),
    "echo:consent:allow": pressed("echo:consent:allow:{id}", "is allowed in this server", fresh=True),
    "echo:forget": pressed("echo:forget:{id}", *ERASED, fresh=True),
    "echo:erase": pressed("echo:erase:{id}:0", *ERASED, fresh=True),
    "echo:sure": pressed("echo:sure:{id}", *ERASED, fresh=True),
    "echo:allow:yes": pressed(
        f"echo:allow:yes:{{id}}:openers:{allowances.SHOWN[Allowance.OPENERS]}", "You allow this from now on"
    ),
    "echo:allow:no": pressed("echo:allow:no:{id}:openers", "Understood"),
    "echo:allow:back": pressed("echo:allow:back:{id}:openers", "It is not allowed any more"),
    "echo:quiz:a": pressed("echo:quiz:a:1", *GUESSED),
    "echo:quiz:b": pressed("echo:quiz:b:1", *GUESSED),
    "echo:quiz:next": pressed(
        "echo:quiz:next:1", "Only whoever asked for the quiz", "another one is asked now", "On to"
    ),
    "echo:card:strike": pressed("echo:card:strike:{id}", "your echo is not like that", values=("dots",)),
    "echo:card:show": pressed("echo:card:show:{id}", "No message that shows this", values=("dots",)),
    "echo:card:ban": pressed("echo:card:ban:{id}", "What your echo never says"),
    "echo:card:bans": submitted("echo:card:bans:{id}", "banned", fields={PHRASES: "alas", TOPICS: ""}),
}
ABOUT_SERVER = (
    "echo report message",
    "Report this echo",
    "echo:report",
    "echo status",
    "echo list",
    "echo help",
    "echo privacy",
    "echo:privacy:hide",
    "echo:privacy:show",
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Keeps the choice, and does nothing else about it."""

    unseen: Unseen

    def is_unseen(self, server_id: int, user_id: int) -> bool:
        return self.unseen.is_unseen(server_id, user_id)

    async def hide(self, server_id: int, user_id: int, names: Sequence[str]) -> int:
        await self.unseen.hide(server_id, user_id, names)
        return 0

    async def show(self, server_id: int, user_id: int) -> None:
        await self.unseen.show(server_id, user_id)


OF_ONESELF = ("echo:privacy:hide", "echo:privacy:show")
"""What is about whoever does it, in the server where they do it: there it is theirs to do."""


async def test_every_cell_of_the_table_holds(tmp_path: Path) -> None:
    tried = {row.name for row in ROWS if row.kind is not Kind.REACTION}
    assert set(WAYS) == tried, "each row has its way to be tried, and each way its row; tests/discord/test_reacting.py"
    async with edge_at(tmp_path) as edge, open_store(tmp_path, bytes(32), edge.clock, shared=True) as store:
        exports = Exporting(store, edge.board, Letters(edge.client), edge.client, Settings(), edge.clock)
        edge.client.commands.more["echo export"] = exports.run
        edge.client.private.commands["echo export"] = exports.run_privately
        unseen = Unseen(edge.database, Keyring(edge.database, bytes(32)))
        privacy = Privacy(Chosen(unseen), edge.board.has_profile_of)
        edge.client.commands.more["echo privacy"] = privacy.run
        edge.client.buttons.more.append(privacy.press)
        walk = await begun(edge, learnt.persona())
        await edge.give(walk.ready.id, ev.AllowanceGiven(edge.clock(), walk.ready.user_id, Allowance.QUIZ, 1, "0" * 64))
        await stored(edge, walk.ready, 4)
        quiz = await quiz_begun(edge, "Cy Day")
        walk.source = edge.world.message(edge.channel("general"), int(quiz["id"]))
        for row in ROWS:
            if row.kind is not Kind.REACTION:
                await walked(walk, row)


async def walked(walk: Walk, row: Row) -> None:
    """One row: first all who may not, with nothing changed by any of them, then all who may."""
    way, edge = WAYS[row.name], walk.edge
    subject, profile = ("Cy Day", await walk.fresh()) if way.fresh else ("Bo", edge.board.profiles[walk.ready.id])
    may = [role for role in Role if role in row.roles or role in row.chosen & {Role.MANAGER}]
    if way.online:
        await brought_online(walk)
    before = await walk.stored()
    for role in Role:
        if role is Role.ELSEWHERE and row.name in OF_ONESELF:
            continue
        if role not in may:
            about = walk.far if role is Role.ELSEWHERE else profile
            # Of another server: somebody who is no member of this one, or an echo's number there.
            name = "Out" if about is walk.far else subject
            said = await way.does(walk, role, about, name)
            assert not any(one in said.text for one in way.done) or row.name in ABOUT_SERVER, (row.name, role, said)
            assert_refused(row, role, said)
    if row.kind is Kind.MESSAGE:
        # It is heard like any other message, and no more.
        assert edge.board.sessions_online() and not edge.board.halts
    else:
        assert await walk.stored() == before, f"{row.name}: what was refused changed something"
    for role in may:
        if way.online:
            await brought_online(walk)
        said = await way.does(walk, role, profile, subject)
        assert any(one in said.text for one in way.done), (row.name, role, said)
        if way.fresh:
            await edge.router.ask(profile.key, ev.ForgetAsked(edge.clock(), 0, "The next one is tried."))
            await edge.router.settled()
            profile = await walk.fresh()
        if edge.board.halts and row.name != "echo halt":
            await walk.command(Role.MANAGER, subject, "echo resume")
        for session in edge.board.sessions_online():
            await edge.router.offline(session.id, 0, "The next one is tried.")
    if way.fresh:
        await edge.router.ask(profile.key, ev.ForgetAsked(edge.clock(), 0, "The next row is tried."))
        await edge.router.settled()


def assert_refused(row: Row, role: Role, said: Said) -> None:
    """One clear sentence, that only who asked sees."""
    if row.name in ABOUT_SERVER and role is Role.ELSEWHERE:
        # Nothing can be asked of another server: whoever asks is told of the one that they are in.
        assert str(FAR) not in said.text and "Eve" not in said.text
        return
    if row.kind is Kind.MESSAGE:
        assert said.texts == (), (row.name, role, said)
        return
    [text] = said.texts
    assert said.private and not said.form and not said.pressable, (row.name, role, said)
    assert SENTENCE.fullmatch(text), (row.name, role, text)
    if role is Role.BOT:
        assert text == access.BOTS
    if role is Role.STRANGER and not row.private:
        assert text == access.OUTSIDE


def test_every_command_has_its_row_and_every_row_its_command() -> None:
    named = {row.name for row in ROWS if row.kind in (Kind.COMMAND, Kind.MENU)} - {STARTS.name, REPORTS.name}
    assert named == forms.signatures(forms.COMMANDS), "a command without a row does nothing: give it one"


def test_every_custom_id_in_the_code_has_its_row() -> None:
    """As far as they are written out; one that is not is refused when it is pressed."""
    found = {
        part.rstrip(":")
        for file in EDGE.glob("*.py")
        if not file.name.startswith("access")
        for part in re.findall(r'f?"(echo:[a-z:]+)', file.read_text(encoding="utf-8"))
    }
    fields = {PHRASES, TOPICS, DATE_FIELD, "echo:card:ban", "echo:consent", "echo:allow", "echo:quiz", "echo:privacy"}
    assert len(found) > 5
    assert {one for one in found - fields if access.row_of(one) is None} == set()


@pytest.mark.parametrize("name", ["", "echo", "echo:", "echo:17", "echo:consent", "other:consent:yes:1", "echo forge"])
def test_what_is_not_in_the_table_is_nothing(name: str) -> None:
    assert access.row_of(name) is None


def test_discord_is_told_to_show_a_command_just_to_those_who_may_use_it() -> None:
    """A command with subcommands has one permission for all of them, so that what any member may use stands open."""
    for command in forms.COMMANDS:
        names = forms.signatures([command])
        rows = [row for row in ROWS if row.name in names]
        for_managers = all(row.roles <= {Role.MANAGER} and not row.chosen for row in rows)
        assert command["default_member_permissions"] == (str(forms.MANAGE_SERVER) if for_managers else None)
        assert command["contexts"] == ([0, 1] if any(row.private for row in rows) else [0])
