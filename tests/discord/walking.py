"""Everybody who may ask something of Echo, and what they do as Discord tells of it, also what no client offers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from echo.discord.access_rows import Role
from echo.sandbox.command_calls import find_call
from echo.sandbox.interaction_payloads import COMMAND, COMPONENT, MODAL_SUBMIT
from echo.sandbox.interactions import DEFERRED_MESSAGE, Interaction
from echo.sandbox.records import Message, User
from echo.sandbox.records import Role as ServerRole
from states.model import ProfileSnapshot, ProfileState
from tests.discord.edge import PATIENCE, Edge

FAR = 777
"""Another server, and its profile's number."""
TRUSTED_ROLE = 4_242


@dataclass(frozen=True, slots=True)
class Said:
    """What came of an act: the answers in order, whether only the actor sees them, and whether a form was opened."""

    texts: tuple[str, ...]
    private: bool
    form: str = ""
    pressable: bool = False

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join((*self.texts, self.form))


@dataclass(slots=True)
class Walk:
    """The edge with one person of every role. `ready` is Bo's echo, `far` somebody's in another server."""

    edge: Edge
    ready: ProfileSnapshot
    far: ProfileSnapshot
    actors: dict[Role, User] = field(default_factory=dict)
    source: Message | None = None

    def actor(self, role: Role, subject: str) -> int:
        """The id of who acts in a role, where it is about the echo of `subject`."""
        return self.edge.id_of(subject) if role is Role.SUBJECT else self.actors[role].id

    async def command(self, role: Role, subject: str, words: str, **options: object) -> Said:
        """A command, by somebody in this role."""
        world, place = self.edge.world, self.place(role)
        call = find_call(self.edge.sandbox.interactions.commands, world.guild.id, words)
        named = {key: "Dee" if value == "Out" else value for key, value in options.items()}
        data = call.data(world, place, named, now=self.edge.clock.timestamp())
        if named != options:
            data = self._of_no_member(data)
        return await self._begun(COMMAND, self.actor(role, subject), place, data)

    async def press(self, role: Role, subject: str, custom_id: str, *values: str) -> Said:
        """A press of what may stand under no message at all."""
        world, place = self.edge.world, self.place(role)
        source = self.source
        if source is None or source.channel_id != place or role is Role.ELSEWHERE:
            source = world.post_message(place, world.bot.id, "look", now=self.edge.clock.timestamp())
        data = {"component_type": 3 if values else 2, "custom_id": custom_id} | ({"values": values} if values else {})
        return await self._begun(COMPONENT, self.actor(role, subject), place, data, source)

    async def submit(self, role: Role, subject: str, custom_id: str, fields: Mapping[str, str]) -> Said:
        """A form, sent though nobody opened it."""
        rows = [
            {"type": 1, "id": at, "components": [{"type": 4, "id": at + 50, "custom_id": name, "value": value}]}
            for at, (name, value) in enumerate(fields.items(), 1)
        ]
        data = {"custom_id": custom_id, "components": rows}
        return await self._begun(MODAL_SUBMIT, self.actor(role, subject), self.place(role), data)

    async def say(self, role: Role, subject: str, text: str) -> Said:
        """A message where the echo is online; what became of that is told as `offline` and `silenced`."""
        edge, place = self.edge, self.place(role)
        edge.world.post_message(place, self.actor(role, subject), text, now=edge.clock.timestamp())
        # Discord tells of both in order: when this is answered, that was heard.
        await self.command(Role.MEMBER, subject, "echo help")
        await edge.router.settled()
        found = ["offline"] if not edge.board.sessions_online() else []
        return Said((*found, *(["silenced"] if edge.board.halts else [])), private=True)

    async def fresh(self, subject: str = "Cy Day") -> ProfileSnapshot:
        """An open question to somebody who is to be asked anew."""
        edge = self.edge
        user = edge.id_of(subject)
        general = edge.channel("general")
        await edge.router.create(edge.world.guild.id, user, edge.id_of("Ada"), general, edge.clock())
        await edge.until(lambda: edge.profile(subject).consent_message_id)
        found: ProfileSnapshot = await edge.until(lambda: edge.profile(subject))
        assert found.state is ProfileState.AWAITING_CONSENT, found
        return found

    async def stored(self) -> tuple[Any, ...]:
        """All that the database holds, and where every machine stands, once nothing is under way.

        But what is still to be performed: a row of that never comes without one of the journal.
        """
        moving = (ProfileState.FORGETTING,)
        await self.edge.until(lambda: not any(p.state in moving for p in self.edge.board.profiles.values()))
        await self.edge.router.settled()
        async with self.edge.database.read() as connection:
            names = [row[0] for row in await connection.execute_fetchall(TABLES)]
            rows = [tuple(map(tuple, await connection.execute_fetchall(f"SELECT * FROM {name}"))) for name in names]
        return tuple(zip(names, rows, strict=True)), dict(self.edge.board.profiles), dict(self.edge.board.sessions)

    def _of_no_member(self, data: Any) -> Any:
        """The same about somebody who is no member of the server, whom no client would offer."""
        dee, out = str(self.actors[Role.MEMBER].id), str(self.actors[Role.STRANGER].id)
        found = json.loads(json.dumps(data).replace(dee, out))
        del found["resolved"]["members"]
        return found

    def place(self, role: Role) -> int:
        if role is Role.STRANGER:
            return self.edge.world.open_dm(self.actors[role].id, now=self.edge.clock.timestamp()).id
        return self.edge.channel("general")

    async def _begun(self, kind: int, user: int, place: int, data: Any, source: Message | None = None) -> Said:
        hub = self.edge.sandbox.interactions
        begun = hub.begin(kind, user, place, data, source=source)
        async with asyncio.timeout(PATIENCE):
            while not (begun.over or _answered(begun)):
                begun.news.clear()
                await begun.news.wait()
        assert not begun.failed, "it was not answered in time"
        found = [self.edge.world.message(place, one) for one in dict.fromkeys(begun.said)]
        messages = [one for one in found if one is not None]
        return Said(
            tuple(one.content for one in messages),
            all(one.only_user for one in messages),
            str(begun.modal["title"]) if begun.modal else "",
            any(one.components for one in messages),
        )


TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name != 'outbox' ORDER BY name"
)

Way = Callable[[Walk, Role, ProfileSnapshot, str], Any]
"""Does what a row is about, in a role, with a profile and the name of its subject."""


def _answered(begun: Interaction) -> bool:
    return begun.answer is not None and (begun.answer != DEFERRED_MESSAGE or begun.fulfilled)


async def begun(edge: Edge, model: bytes) -> Walk:
    """Bo's echo is ready, with `model`; somebody of every role is there."""
    world, now = edge.world, edge.clock.timestamp()
    path = None
    profile = await edge.ready("Bo")
    path = await edge.models.save(profile.id, 1, model)
    edge.board.show(replace(profile, model_path=path))
    people = {
        name: User(world.ids.next(now), name.casefold(), name, bot=name == "Robo")
        for name in ("Dee", "Tru", "Eve", "Out", "Robo")
    }
    for name, user in people.items():
        world.users[user.id] = user
        if name != "Out":
            world.join(user, now=now)
    world.roles[TRUSTED_ROLE] = ServerRole(TRUSTED_ROLE, "friends", 0, 5)
    world.modify_member(people["Tru"].id, roles=[TRUSTED_ROLE])
    far = replace(profile, id=FAR, server_id=FAR, user_id=people["Eve"].id)
    edge.router.adopt([far])
    actors = {
        Role.MANAGER: world.users[edge.id_of("Ada")],
        Role.TRUSTED: people["Tru"],
        Role.MEMBER: people["Dee"],
        Role.STRANGER: people["Out"],
        Role.BOT: people["Robo"],
        Role.ELSEWHERE: people["Eve"],
    }
    return Walk(edge, edge.board.profiles[profile.id], far, actors)
