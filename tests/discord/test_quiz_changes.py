"""What is deleted at the very moment at which a quiz is about to show it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from db.keys import Keyring
from db.quizzes import Quizzes
from echo.discord.quizzing import NOT_FOR_ALL, Quizzing
from echo.settings import Settings
from states.model import ProfileSnapshot
from tests.discord.edge import Edge, edge_at, join_quizzing
from tests.discord.test_quizzing import REAL, ready, standing


class Overtaken(Quizzes):
    """Of the first moment that is asked, what the subject wrote is deleted just then."""

    def watch(self, edge: Edge) -> None:
        """Delete it there."""
        self.edge, self.gone = edge, ""

    async def note_asked(self, moment_id: int) -> None:
        """A moment is shown now."""
        kept = next(one for one in await self.moments(self.edge.profile("Bo").id) if one.id == moment_id)
        await super().note_asked(moment_id)
        if not self.gone:
            self.gone = kept.moment.real[0]
            await self.edge.corpus.remove(kept.moment.message_ids)
            self.edge.board.show(replace(self.edge.profile("Bo"), stale=1))


async def test_what_is_deleted_just_before_it_is_shown_is_never_shown(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        await ready(edge, 4)
        shown: list[str] = []
        edge.people.subscribe(lambda update: shown.append(str(update)))
        keyring = Keyring(edge.database, bytes(32))
        await keyring.open()
        store = Overtaken(edge.database, keyring, edge.clock)
        store.watch(edge)

        async def counted(profile_id: int) -> None:
            raise AssertionError(profile_id)

        quizzing = Quizzing(
            *(edge.client, store, edge.board, Settings()),
            *(lambda name, work: asyncio.ensure_future(work), edge.wishes.of, counted, lambda: 1),
        )
        join_quizzing(edge.client, quizzing)
        await edge.command("Ada", "echo quiz", "general", user="@Bo")
        await standing(edge, f"> {REAL}")
        assert store.gone and not any(f"{store.gone}\\n" in one for one in shown)
        assert any(REAL in one for one in shown)


async def test_what_an_echo_said_that_learnt_from_closed_channels_is_not_shown_where_others_read(
    tmp_path: Path,
) -> None:
    async with edge_at(tmp_path) as edge:
        await ready(edge, 4)
        asked: list[int] = []

        async def nowhere(profile: ProfileSnapshot, version: int, channel_id: int) -> bool:
            asked.append(version)
            return False

        quizzing = edge.client.buttons.quizzing
        assert isinstance(quizzing, Quizzing)
        quizzing.may_show = nowhere
        assert await edge.refused("Ada", "echo quiz", user="@Bo") == NOT_FOR_ALL.format(count=0, fewest=3)
        assert asked
