"""The loopback Ollama keeps and makes models as the real one does, wherever Echo relies on it."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import ollama
import pytest

from tests.support.ollama import MODEL, LoopbackOllama, Trouble, ollama_at_loopback
from tests.support.ollama_blobs import digest_of, tiny_gguf

PERSONA = "echo-1-2:1"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loading the certificates for nothing takes longer than a test."""


@pytest.fixture
async def server() -> AsyncIterator[LoopbackOllama]:
    async with ollama_at_loopback() as server:
        yield server


@pytest.fixture
async def client(server: LoopbackOllama) -> AsyncIterator[ollama.AsyncClient]:
    async with ollama.AsyncClient(server.address, trust_env=False, verify=NO_TLS) as client:
        yield client


async def asked(server: LoopbackOllama, path: str, **body: Any) -> tuple[int, list[dict[str, Any]]]:
    """The status of an answer and its lines."""
    async with httpx.AsyncClient(base_url=server.address, trust_env=False, verify=NO_TLS, timeout=10.0) as client:
        answer = await client.post(path, json=body)
    return answer.status_code, [json.loads(line) for line in answer.text.splitlines()]


async def uploaded(server: LoopbackOllama, data: bytes, digest: str) -> int:
    async with httpx.AsyncClient(base_url=server.address, trust_env=False, verify=NO_TLS) as client:
        return (await client.post(f"/api/blobs/{digest}", content=data)).status_code


async def held(server: LoopbackOllama, digest: str) -> int:
    async with httpx.AsyncClient(base_url=server.address, trust_env=False, verify=NO_TLS) as client:
        return (await client.head(f"/api/blobs/{digest}")).status_code


async def test_a_model_made_from_another_shares_its_base_and_shows_what_is_its_own(
    server: LoopbackOllama, client: ollama.AsyncClient
) -> None:
    parameters = {"temperature": 0.9, "stop": ["\nPetr:"]}
    made = await client.create(PERSONA, from_=MODEL, system="You are an echo.", parameters=parameters)
    assert made.status == "success"
    shown = await client.show(PERSONA)
    assert shown.details is not None and shown.details.parent_model == MODEL
    assert "\nSYSTEM You are an echo.\n" in str(shown.modelfile)
    assert shown.parameters is not None and "\n" in shown.parameters and '"\\nPetr:"' in shown.parameters
    assert f"FROM /usr/share/ollama/.ollama/models/blobs/{server.models[MODEL].base.replace(':', '-')}" in str(
        shown.modelfile
    )
    assert shown.capabilities == ["completion", "tools"] and "ADAPTER" not in str(shown.modelfile)
    assert [one.model for one in (await client.list()).models] == [MODEL, PERSONA]
    assert (server.models[PERSONA].base, server.pulled) == (server.models[MODEL].base, [])


async def test_creating_tells_its_steps_and_a_second_time_finds_all_of_it_there(server: LoopbackOllama) -> None:
    status, first = await asked(server, "/api/create", model=PERSONA, **{"from": MODEL}, system="An echo.")
    assert status == 200 and [line["status"] for line in first][-2:] == ["writing manifest", "success"]
    assert sum("creating new layer" in line["status"] for line in first) == 1
    _, second = await asked(server, "/api/create", model=PERSONA, **{"from": MODEL}, system="An echo.")
    assert all("creating" not in line["status"] for line in second)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"model": "echo/1/2:1", "from": MODEL}, "invalid model name"),
        ({"model": "echo-1-2:", "from": MODEL}, "invalid model name"),
        ({"model": "e" * 81, "from": MODEL}, "invalid model name"),
        ({"model": PERSONA}, "neither 'from' or 'files' was specified"),
        ({"model": PERSONA, "from": MODEL, "adapters": {}}, "no files provided to convert"),
        ({"model": PERSONA, "files": {"model.gguf": f"sha256:{'0' * 64}"}}, "no such file or directory"),
        ({"model": PERSONA, "files": {"model.gguf": "sha256:1"}}, "invalid digest format"),
        ({"model": PERSONA, "files": {"/model.gguf": f"sha256:{'0' * 64}"}}, "file path must be relative"),
    ],
)
async def test_what_is_wrong_from_the_first_is_a_status(
    body: dict[str, Any], said: str, server: LoopbackOllama
) -> None:
    status, (line,) = await asked(server, "/api/create", **body)
    assert status == 400 and line["error"].endswith(said)
    assert list(server.models) == [MODEL]


async def test_what_goes_wrong_later_is_the_last_line_and_leaves_no_model(server: LoopbackOllama) -> None:
    cut = tiny_gguf()[:-4]
    assert await uploaded(server, cut, digest_of(cut)) == 201
    status, said = await asked(server, "/api/create", model=PERSONA, files={"model.gguf": digest_of(cut)})
    assert (status, said[0]) == (200, {"status": "parsing GGUF"})
    assert "failed to decode GGUF" in said[-1]["error"]
    for trouble in (Trouble.DISK_FULL, Trouble.FAILS_LATE):
        server.trouble = trouble
        status, said = await asked(server, "/api/create", model=PERSONA, **{"from": MODEL}, system="An echo.")
        assert status == 200 and "error" in said[-1]
    assert list(server.models) == [MODEL]


async def test_creating_from_an_unknown_model_asks_the_network(server: LoopbackOllama) -> None:
    await asked(server, "/api/create", model=PERSONA, **{"from": "gemma3:1b"})
    assert (server.pulled, "gemma3:1b" in server.models, PERSONA in server.models) == (["gemma3:1b"], True, True)
    _, said = await asked(server, "/api/create", model=PERSONA, **{"from": "nobody/knows"})
    assert said == [{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}]


async def test_a_blob_must_be_what_its_digest_says_and_is_kept_once(server: LoopbackOllama) -> None:
    data = tiny_gguf()
    assert await held(server, digest_of(data)) == 404
    assert await uploaded(server, data + b"x", digest_of(data)) == 400
    assert not server.blobs
    assert await uploaded(server, data, digest_of(data)) == 201
    assert await uploaded(server, data, digest_of(data)) == 200
    assert (await held(server, digest_of(data)), server.uploads) == (200, 1)
    await server.stop()
    await server.start()
    assert await held(server, digest_of(data)) == 404


async def test_a_model_of_a_file_is_what_the_file_says_and_goes_with_its_blob(
    server: LoopbackOllama, client: ollama.AsyncClient, tmp_path: Path
) -> None:
    data = tiny_gguf({"llama.context_length": 512, "tokenizer.chat_template": "{{ messages }}"})
    (tmp_path / "model.gguf").write_bytes(data)
    digest = await client.create_blob(tmp_path / "model.gguf")
    await client.create(PERSONA, files={"model.gguf": digest}, system="An echo.")
    shown = await client.show(PERSONA)
    assert shown.modelinfo is not None and shown.modelinfo["llama.context_length"] == 512
    assert (shown.template, shown.capabilities) == ("{{ messages }}", ["completion"])
    assert shown.details is not None and (shown.details.parent_model, shown.details.quantization_level) == ("", "F32")
    await client.create("echo-1-2:2", from_=PERSONA)
    await client.delete(PERSONA)
    assert digest in server.blobs
    await client.delete("echo-1-2:2")
    assert not server.blobs
    with pytest.raises(ollama.ResponseError, match="not found"):
        await client.delete(PERSONA)


async def test_adapters_are_taken_until_a_version_and_shown(server: LoopbackOllama, client: ollama.AsyncClient) -> None:
    adapter = tiny_gguf({"general.type": "adapter"})
    await uploaded(server, adapter, digest_of(adapter))
    body = {"model": PERSONA, "from": MODEL, "adapters": {"adapter.gguf": digest_of(adapter)}}
    await asked(server, "/api/create", **body)
    shown = await client.show(PERSONA)
    assert f"\nADAPTER /usr/share/ollama/.ollama/models/blobs/sha256-{digest_of(adapter)[7:]}\n" in str(shown.modelfile)
    server.trouble = Trouble.TOO_NEW
    assert await asked(server, "/api/create", **body) == (400, [{"error": "LoRA adapters are no longer supported"}])


async def test_a_pull_tells_how_far_it_is_and_may_fail_on_the_way(server: LoopbackOllama) -> None:
    server.trouble = Trouble.DISK_FULL
    _, said = await asked(server, "/api/pull", model="gemma3:1b")
    assert "no space left" in said[-1]["error"] and "gemma3:1b" not in server.models
    server.trouble = None
    _, said = await asked(server, "/api/pull", model="gemma3:1b")
    done = [line["completed"] / line["total"] for line in said if "completed" in line]
    assert done == [0.25, 0.5, 0.75, 1.0] and said[-1] == {"status": "success"}
    assert "gemma3:1b" in server.models


async def test_only_embedding_models_embed_and_what_is_alike_is_near(server: LoopbackOllama) -> None:
    server.models["all-minilm"] = ["embedding"]
    texts = ["the boat floats", "the boats float", "papers from the tax office"]
    _, (found,) = await asked(server, "/api/embed", model="all-minilm", input=texts)
    one, alike, other = found["embeddings"]
    near, far = (sum(a * b for a, b in zip(one, vector, strict=True)) for vector in (alike, other))
    assert near > 0.6 > far
    status, (said,) = await asked(server, "/api/embed", model=MODEL, input="the boat floats")
    assert status == 501 and "does not support embeddings" in said["error"]


async def test_an_old_one_lacks_what_was_not_invented_yet(server: LoopbackOllama, client: ollama.AsyncClient) -> None:
    server.trouble = Trouble.TOO_OLD
    _, (shown,) = await asked(server, "/api/show", model=MODEL)
    assert "capabilities" not in shown and "model_info" not in shown
    said = await asked(server, "/api/create", model=PERSONA, **{"from": MODEL})
    assert said == (400, [{"error": "path or modelfile are required"}])
    for missing in (client.ps, lambda: client.embed(MODEL, "a")):
        with pytest.raises(ollama.ResponseError, match="404"):
            await missing()
