"""Who may do what by a reaction, role by role, and what of it nobody can overdo."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

from echo.discord.access import BY_NAME
from echo.discord.access_rows import ROWS, Kind, Role
from echo.discord.often import Often
from echo.discord.reacting import SIGNS, Sign
from states.decide import Step
from states.model import SessionSnapshot
from tests.discord.edge import NOON, Edge, edge_at

PEOPLE = {Role.SUBJECT: "Bo", Role.MANAGER: "Ada", Role.MEMBER: "Cy Day"}
EMOJI = {sign: emoji for emoji, sign in SIGNS.items()}


async def spoken(edge: Edge, turn: int = 1) -> int:
    """A message that Bo's echo said in #general."""
    profile = edge.profile("Bo") if edge.board.profiles else await edge.ready("Bo")
    if not edge.board.sessions_online():
        assert isinstance(await edge.router.online(profile.id, edge.channel("general"), 0), Step)
    session: SessionSnapshot = edge.session(profile)
    text = f"a word of Bo's echo, number {turn}"
    said = edge.world.post_message(
        edge.channel("general"), edge.world.bot.id, f"**Bo (echo):**\n{text}", now=edge.clock.timestamp()
    )
    draft = await edge.generations.draft(session, turn, [text], 1.0, 1.0, (), 1.0, "wanted", f"{profile.id}-1", NOON)
    await edge.generations.mark_said(draft, 0, said.id, NOON)
    return said.id


async def test_reactions_do_what_the_table_says_for_every_role(tmp_path: Path) -> None:
    assert {row.name for row in ROWS if row.kind is Kind.REACTION} == set(Sign)
    async with edge_at(tmp_path) as edge:
        for turn, (role, person) in enumerate(PEOPLE.items(), 1):
            message_id = await spoken(edge, turn)
            for sign in (Sign.QUESTION, Sign.LIKE, Sign.DISLIKE):
                assert role in BY_NAME[sign].roles
                await edge.people.react(person, message_id, EMOJI[sign])
            await edge.until(partial(edge.people.letters, person))
            await edge.until(partial(_thumbs, edge, 2 * turn))
            card = edge.people.letters(person)[0]
            assert bool(card["components"]) == (role is Role.SUBJECT)
        for turn, (role, person) in enumerate(reversed(PEOPLE.items()), 10):
            message_id = await spoken(edge, turn)
            await edge.people.react(person, message_id, EMOJI[Sign.REMOVE])
            await edge.people.react("Ada", message_id, EMOJI[Sign.LIKE])
            stays = role not in BY_NAME[Sign.REMOVE].roles
            assert stays == (role is Role.MEMBER)
            if stays:
                await edge.until(lambda: sum(t.likes for t in edge.board.feedback.get(1, ())) == 3)
            else:
                await edge.until(partial(_gone, edge, message_id))
            assert (edge.world.message(edge.channel("general"), message_id) is not None) == stays


async def test_nothing_comes_of_reactions_to_what_people_wrote_and_of_more_than_somebody_may(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        message_id = await spoken(edge)
        written = await edge.people.say("Ada", "general", "what I wrote myself")
        for emoji in ("🗑️", "👍", "❓"):
            await edge.people.react("Bo", written["id"], emoji)
        for _ in range(3):
            await edge.people.react("Cy Day", message_id, "❓")
            await edge.people.react("Cy Day", message_id, "❓", remove=True)
        await edge.people.react("Cy Day", message_id, "👍")
        await edge.until(lambda: edge.board.feedback.get(1) and edge.people.letters("Cy Day"))
        assert edge.world.message(edge.channel("general"), int(written["id"])) is not None
        assert edge.people.letters("Bo") == [] and len(edge.people.letters("Cy Day")) == 1


async def test_whoever_put_many_thumbs_can_remove_a_message_all_the_same(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        message_id = await spoken(edge)
        for _ in range(31):
            await edge.people.react("Bo", message_id, "👍")
            await edge.people.react("Bo", message_id, "👍", remove=True)
        await edge.people.react("Bo", message_id, EMOJI[Sign.REMOVE])
        await edge.until(partial(_gone, edge, message_id))


def test_somebody_may_do_so_much_in_a_span_and_then_again() -> None:
    often = Often(2, timedelta(minutes=1))
    assert [often.allows("a", NOON) for _ in range(3)] == [True, True, False]
    assert often.allows("b", NOON)
    assert often.allows("a", NOON + timedelta(minutes=1))


def _thumbs(edge: Edge, count: int) -> bool:
    each = [(t.likes, t.dislikes, t.own_likes, t.own_dislikes) for t in edge.board.feedback.get(1, ())]
    return sum(map(sum, each)) == count


def _gone(edge: Edge, message_id: int) -> bool:
    return edge.world.message(edge.channel("general"), message_id) is None
