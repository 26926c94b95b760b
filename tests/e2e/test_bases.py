"""Base models chosen in a running Echo: personas follow, what speaks follows, and echoes to come take it."""

from __future__ import annotations

from pathlib import Path

from states.board import FETCHED
from states.model import ProfileSnapshot
from tests.e2e.test_whole_way import stored
from tests.support.ollama import MODEL, LoopbackOllama, Trouble, ollama_at_loopback
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners

OTHER = "gemma3:1b"


def parent(server: LoopbackOllama, profile: ProfileSnapshot) -> str | None:
    """The base of the persona of a profile on the server."""
    made = server.models.find(f"echo-{profile.server_id}-{profile.id}:{profile.model_version}")
    return made.parent if made else None


async def becomes(echo: Running, server: LoopbackOllama, base: str) -> None:
    """Wait until the persona is made from a base."""
    while parent(server, echo.board.profiles[1]) != base:
        await echo.command("Mara", "garden", "echo status")


async def test_a_base_is_pulled_and_chosen_and_the_echo_speaks_by_it(tmp_path: Path) -> None:
    async with ollama_at_loopback(writes=lambda chat: "slowly but it floats") as server:
        async with running(tmp_path, gardeners(), engine="ollama", ollama_host=server.address, chattiness=0) as echo:
            operator, far = echo.echo.operator, set[str]()
            await echo.agreed("Mara", "garden", "01.06.2026")
            profile = await echo.ready()
            await becomes(echo, server, MODEL)
            first, one = list(await operator.bases())
            assert first == ("", f"{MODEL}, as the settings say") and one[0] == MODEL
            assert str(one[1]).startswith(f"{MODEL}, 3.2B, Q4_K_M, ") and str(one[1]).endswith("B")

            echo.board.watch(lambda: far.add(echo.board.conditions.get(FETCHED, "")))
            assert await operator.fetch(OTHER) == f"{OTHER} is there; it can be chosen now."
            assert any("50 %" in line for line in far) and FETCHED not in echo.board.conditions
            assert "finds no model “no-such”" in await operator.fetch("no-such")

            assert "speaks by gemma3:1b from now on" in await operator.choose_base(1, OTHER)
            assert "speaks by that model already" in await operator.choose_base(1, OTHER)
            await becomes(echo, server, OTHER)
            await echo.command("Mara", "garden", "echo online")
            await echo.tell("Petr", "garden", "Mara (echo): how is the boat coming along?")
            assert server.chats[-1]["model"] == f"echo-{profile.server_id}-1:1" and echo.said("garden")

            told = await operator.choose_server_base(profile.server_id, MODEL)
            assert "1 echo changes" in told and echo.board.bases == {profile.server_id: MODEL}
            await echo.people.command("Petr", "garden", "echo create", {"user": "Petr", "before": "01.06.2026"})
            await until(echo.board, lambda: len(echo.board.profiles) == 2)
            assert [one.base for one in echo.board.profiles.values()] == [MODEL, MODEL], "those to come take it"
        export = tmp_path / "export.jsonl"
        async with running(tmp_path, export, engine="ollama", ollama_host=server.address) as echo:
            assert echo.board.bases == {profile.server_id: MODEL}
            await echo.echo.operator.choose_server_base(profile.server_id, "")
            assert echo.board.bases == {} and stored(tmp_path, "SELECT * FROM server_bases") == []


async def test_a_base_that_can_not_be_had_is_told_while_it_is_tried_again(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback() as server,
        running(tmp_path, gardeners(), engine="ollama", ollama_host=server.address, chattiness=0) as echo,
    ):
        operator = echo.echo.operator
        await echo.agreed("Mara", "garden", "01.06.2026")
        await echo.ready()
        await operator.choose_base(1, "no-such:7b")
        told = await until(echo.board, lambda: echo.board.conditions.get("model 1"))
        assert "has no model “no-such:7b”" in told and server.pulled == [], "nothing is fetched unasked"
        await operator.choose_base(1, "")
        await until(echo.board, lambda: "model 1" not in echo.board.conditions)
        await becomes(echo, server, MODEL)
        server.trouble = Trouble.FOREIGN_PAGE
        assert "is not Ollama" in str(await operator.bases())


async def test_without_base_models_the_operator_is_told_so(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners()) as echo:
        operator = echo.echo.operator
        assert not operator.has_bases
        assert "set engine to ollama" in str(await operator.bases())
        assert "set engine to ollama" in await operator.fetch(OTHER)
