"""Weights that were uploaded to Ollama are erased there too, and it is looked whether they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo.engines.embedded import EmbeddedEngine
from echo.engines.ollama.files import erase_file
from echo.errors import EngineUnavailable
from tests.support.ollama import ollama_at_loopback
from tests.support.ollama_blobs import digest_of, tiny_gguf
from tests.support.ollama_hosts import hosts_at

WEIGHTS = tiny_gguf()
DIGEST = digest_of(WEIGHTS)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(WEIGHTS)
    return path


async def test_a_file_of_a_publishing_that_broke_off_is_erased(weights: Path) -> None:
    async with ollama_at_loopback() as server:
        hosts = hosts_at(server.address)
        client = hosts.at(server.address)
        await client.push_blob(weights, DIGEST, lambda done, total: None)
        models = [tag.name for tag in await client.tags()]
        await erase_file(hosts, server.address, DIGEST)
        assert not await client.has_blob(DIGEST)
        assert [tag.name for tag in await client.tags()] == models
        await erase_file(hosts, server.address, DIGEST)


async def test_a_file_that_another_model_needs_is_told_of(weights: Path) -> None:
    async with ollama_at_loopback() as server:
        hosts = hosts_at(server.address)
        client = hosts.at(server.address)
        await client.push_blob(weights, DIGEST, lambda done, total: None)
        await client.create("copied-by-hand", files={"model.gguf": DIGEST})
        with pytest.raises(EngineUnavailable, match=r"still holds a fine-tuned model's file.*ollama rm"):
            await erase_file(hosts, server.address, DIGEST)


async def test_a_server_that_is_not_asked_any_more_can_prove_nothing() -> None:
    async with ollama_at_loopback() as server:
        with pytest.raises(EngineUnavailable, match="add it to ollama_host until it is erased there"):
            await erase_file(hosts_at(server.address), "http://10.0.0.9:11434", f"sha256:{0:064d}")
        assert server.paths == []
    with pytest.raises(EngineUnavailable, match="set engine to ollama until it is gone"):
        await EmbeddedEngine().erase_file("http://10.0.0.9:11434", f"sha256:{0:064d}")
