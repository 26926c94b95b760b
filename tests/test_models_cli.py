"""`echo-bot models`, against loopback Ollamas over real HTTP."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from echo import models_cli
from echo.cli import EXIT_CODES, parser
from echo.config import load
from echo.errors import EngineUnavailable, UsageError
from echo.store import open_store
from states.model import ProfileSnapshot, ProfileState
from states.terms import ALL_PURPOSES, Terms
from tests.support.clock import HandClock
from tests.support.ollama import MODEL, Trouble, ollama_at_loopback
from tests.support.snapshots import SERVER, birth, changed_to

KEY = "00" * 32
NOWHERE = "http://127.0.0.1:9"


async def asked(home: Path, host: str, *words: str, **settings: object) -> tuple[int, str]:
    """The exit code and what was printed. In a thread, as the command runs a loop of its own."""
    environ = {"ECHO_DATA_DIR": str(home), "ECHO_MASTER_KEY": KEY, "ECHO_OLLAMA_HOST": host, "ECHO_OLLAMA_TIMEOUT": "9"}
    environ |= {f"ECHO_{key.upper()}": str(value) for key, value in settings.items()}
    loaded, said = load(environ=environ, cwd=home), list[str]()
    options = parser().parse_args(["models", *words])
    code = await asyncio.to_thread(models_cli.run, options, loaded, said.append, HandClock())
    return code, "\n".join(said)


async def findings(home: Path, host: str, **settings: object) -> tuple[int, dict[str, tuple[bool, str]]]:
    """The exit code of a check, and what it says by what it is about; the last of each."""
    code, said = await asked(home, host, "check", "--json", **settings)
    return code, {one["about"]: (one["ok"], one["sentence"]) for one in json.loads(said)["findings"]}


async def profile_that_speaks(home: Path, **fields: Any) -> ProfileSnapshot:
    async with open_store(home, bytes(32), HandClock()) as store:
        recorded = await store.steps.record(birth())
        assert isinstance(recorded.snapshot, ProfileSnapshot)
        speaks = replace(
            recorded.snapshot,
            state=ProfileState.READY,
            model_path="models/1-3.model",
            model_version=3,
            made=3,
            **fields,
        )
        profile = (await store.steps.record(changed_to(recorded.snapshot, speaks))).snapshot
        assert isinstance(profile, ProfileSnapshot) and profile.can_speak
        return profile


async def test_the_list_tells_what_every_server_has_and_which_one_is_away(tmp_path: Path) -> None:
    async with ollama_at_loopback() as first, ollama_at_loopback(models={"all-minilm": ["embedding"]}) as second:
        first.models[f"echo-{SERVER}-1:3"] = first.models.made_from(MODEL, system="You are Mara.")
        code, said = await asked(tmp_path, f"{first.address}, {second.address}", "list")
        lines = said.splitlines()
        assert code == 0 and [line.split(",")[0] for line in lines if line[0] != " "] == [first.address, second.address]
        assert f"  {MODEL}" in lines[1] and "chats" in lines[1] and "131,072 tokens of context" in lines[1]
        assert f"a persona of {MODEL}" in lines[2] and "its base included" in lines[2]
        assert "embeds" in lines[-1] and "chats" not in lines[-1]
        code, said = await asked(tmp_path, f"{first.address}, {NOWHERE}", "list", "--json")
    assert code == 69 and code in EXIT_CODES
    there, away = json.loads(said)["hosts"]
    assert [one["name"] for one in there["personas"]] == [f"echo-{SERVER}-1:3"] and there["trouble"] == ""
    assert "does not answer" in away["trouble"] and away["bases"] == []


async def test_a_pull_tells_how_far_it_is_on_standard_error_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with ollama_at_loopback() as server:
        code, said = await asked(tmp_path, server.address, "pull", "gemma3:1b")
        far = capsys.readouterr().err.splitlines()
        assert (code, said) == (0, "gemma3:1b is there.") and "gemma3:1b" in server.models
        assert [line for line in far if "25 %" in line] and "success" in far[-1]
        assert all(line.startswith(f"gemma3:1b on {server.address}: ") for line in far)
        for wrong, sentence in (("no-such", "finds no model “no-such”"), ("a b", "no name of a model")):
            with pytest.raises(UsageError, match=sentence):
                await asked(tmp_path, server.address, "pull", wrong)
        code, _ = await asked(tmp_path, f"{NOWHERE}, {server.address}", "pull", "all-minilm")
        assert code == 69 and "all-minilm" in server.models and "does not answer" in capsys.readouterr().err
    with pytest.raises(EngineUnavailable, match="does not answer"):
        await asked(tmp_path, NOWHERE, "pull", "gemma3:1b")


async def test_a_check_finds_nothing_amiss_where_all_is_there(tmp_path: Path) -> None:
    async with ollama_at_loopback() as server:
        code, said = await asked(tmp_path, server.address, "check")
        assert code == 0 and all(line.startswith("ok ") for line in said.splitlines())
        assert "No Echo has run on this data folder yet" in said
        profile = await profile_that_speaks(tmp_path)
        assert "is on no server; it is made when" in (await findings(tmp_path, server.address))[1]["persona"][1]
        server.models[f"echo-{profile.server_id}-1:3"] = server.models.made_from(MODEL, system="You are Mara.")
        code, found = await findings(tmp_path, server.address)
        assert code == 0 and found["persona"] == (
            True,
            f"The persona echo-{profile.server_id}-1:3 of profile 1 is there, on {server.address}.",
        )


async def test_a_check_names_what_is_missing_and_what_does_not_fit(tmp_path: Path) -> None:
    await profile_that_speaks(tmp_path, tuned=True, base="gemma3:1b", terms=Terms(purposes=ALL_PURPOSES))
    async with ollama_at_loopback(models={"all-minilm": ["embedding"], MODEL: ["completion"]}, context=2048) as server:
        code, found = await findings(tmp_path, server.address, ollama_embedding_model=MODEL)
        assert code == 2
        assert "takes 2,048 tokens of context, fewer than ollama_num_ctx (4,096)" in found["context"][1]
        assert "can't embed" in found["embedding"][1] and "set ollama_embedding_model" in found["embedding"][1]
        assert "has no model “gemma3:1b”: run `echo-bot models pull gemma3:1b`" in found["base"][1]
        assert "was fine-tuned, is on no server: have the echo learn anew" in found["persona"][1]
        code, found = await findings(tmp_path, server.address, ollama_model="all-minilm")
        assert code == 2 and not found["base"][0]
        assert (await findings(tmp_path, f"{server.address}, {NOWHERE}"))[0] == 69


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [(Trouble.TOO_OLD, "update it to 0.6.4 or newer"), (Trouble.FOREIGN_PAGE, "is not Ollama")],
)
async def test_a_server_that_is_too_old_or_none_is_named_with_the_remedy(
    trouble: Trouble, sentence: str, tmp_path: Path
) -> None:
    async with ollama_at_loopback(trouble=trouble) as server:
        code, said = await asked(tmp_path, server.address, "check")
    assert code in (2, 69) and sentence in said and "Traceback" not in said
