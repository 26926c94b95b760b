"""A whole Echo that fine-tunes: from agreeing over weights that are heard speaking to nothing that is left of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from states.model import ProfileState
from tests.support.ollama import MODEL, Chat, LoopbackOllama, ollama_at_loopback
from tests.support.ollama_mind import GgufMind
from tests.support.running import Running, running, until
from tests.support.settlers import everybody

STRANGER = "QUITE INDEED, GOOD SIR!!! MOST CERTAINLY SO, I DECLARE!!!"
"""What the base says, whoever it is to be."""
FEW = 900
"""Messages of the invented people, the newest: enough to learn from, not to be tested on."""
TUNED_WITHIN = 300.0
"""Seconds, on a busy machine: two models are tested, each after learning anew what was known before."""


PERMITTED = {
    "training_discord_permission_reference": "a letter to a test",
    "training_discord_permission_date": "2026-01-31",
}


@asynccontextmanager
async def tuning(
    folder: Path, llama: Path, llama_gguf: Path, *, talked: int = FEW, permitted: bool = True, **settings: object
) -> AsyncIterator[tuple[Running, LoopbackOllama]]:
    """An Echo that fine-tunes the tiny llama, and an Ollama whose base says one thing and whose other models think."""
    mind = GgufMind(folder)
    async with ollama_at_loopback(models={MODEL: ["completion"]}) as server:
        mind.of = server

        async def writes(chat: Chat) -> str:
            has_weights = server.models[chat["model"]].base in server.blobs
            return await mind(chat) if has_weights else STRANGER

        server.writes = writes
        chosen: dict[str, Any] = {
            "engine": "ollama",
            "ollama_host": server.address,
            "ollama_candidates": 1,
            "chattiness": 0,
            "training_enabled": True,
            "training_base": llama,
            "training_base_gguf": llama_gguf,
            "training_threads": 1,
            "training_epochs": 1,
            "training_min_examples": 20,
            "training_device": "cpu",
            "scorecard_moments": 40,
            "min_messages": 20,
            **(PERMITTED if permitted else {}),
            **settings,
        }
        async with running(folder, everybody()[-talked:], **chosen) as echo:
            yield echo, server


async def test_weights_that_beat_the_prompt_are_heard_speaking_and_leave_nothing_when_forgotten(
    tmp_path: Path, llama: Path, llama_gguf: Path
) -> None:
    async with tuning(tmp_path, llama, llama_gguf, talked=len(everybody()), training_retire_share=0) as (echo, server):
        await echo.agreed("Mara", "garden", "01.06.2026", trains=True)
        profile = await echo.ready(patience=TUNED_WITHIN)
        assert profile.tuned, profile.reason
        assert "fine-tuning" not in echo.board.conditions
        persona = f"echo-{profile.server_id}-{profile.id}:1"
        assert server.models[persona].base in server.blobs
        (card,) = echo.board.scores[profile.id]
        assert card.passed
        await echo.command("Mara", "garden", "echo online")
        await echo.tell("Petr", "garden", "Mara (echo): how is the boat coming along?")
        assert server.chats[-1]["model"] == persona
        assert STRANGER not in [one["content"] for one in echo.said("garden")]

        regretted = next(one for one in echo.people.messages("garden") if one["author"] == "Mara")
        await echo.people.delete("Mara", regretted["id"])
        await until(echo.board, lambda: not echo.board.profiles[profile.id].tuned)
        await server.until(lambda: persona in server.models and server.models[persona].parent == MODEL)
        assert not server.blobs, "weights that were retired do not stay"
        assert "withdrawn" in str(echo.board.profiles[profile.id].reason)

        await echo.command("Mara", "garden", "echo forget")
        await until(echo.board, lambda: echo.board.profiles[profile.id].state is ProfileState.FORGOTTEN)
        assert persona not in server.models and not server.blobs
    left = [path.name for path in _files(tmp_path) if "1-1" in path.name or path.name.startswith("making-model")]
    assert left == []


async def test_weights_that_nobody_tested_leave_the_prompt_to_speak(
    tmp_path: Path, llama: Path, llama_gguf: Path
) -> None:
    async with tuning(tmp_path, llama, llama_gguf, scorecard_moments=0) as (echo, server):
        await echo.agreed("Mara", "garden", "01.06.2026", trains=True)
        profile = await echo.ready(patience=TUNED_WITHIN)
        assert not profile.tuned and "set scorecard_moments" in str(profile.reason)
        assert not server.blobs, "what does not speak does not stay"
        persona = f"echo-{profile.server_id}-{profile.id}:1"
        await server.until(lambda: persona in server.models and server.models[persona].parent == MODEL)


async def test_an_ollama_too_old_for_files_leaves_the_prompt_to_speak_before_anything_is_learnt(
    tmp_path: Path, llama: Path, llama_gguf: Path
) -> None:
    async with tuning(tmp_path, llama, llama_gguf) as (echo, server):
        server.version = "0.5.1"
        await echo.agreed("Mara", "garden", "01.06.2026", trains=True)
        profile = await echo.ready(patience=TUNED_WITHIN)
        assert not profile.tuned and "takes 0.5.5 or newer: update it" in str(profile.reason)
        assert not server.uploads and not [path for path in _files(tmp_path) if path.parent.name == "tuning"]


async def test_what_discord_gave_is_not_trained_on_without_its_permission(
    tmp_path: Path, llama: Path, llama_gguf: Path
) -> None:
    async with tuning(tmp_path, llama, llama_gguf, permitted=False) as (echo, server):
        await echo.agreed("Mara", "garden", "01.06.2026", trains=True)
        profile = await echo.ready(patience=TUNED_WITHIN)
        assert not profile.tuned
        for said in ("Discord's Developer Policy", "data package", "training.discord_permission"):
            assert said in str(profile.reason)
        assert not server.blobs and not server.uploads


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
