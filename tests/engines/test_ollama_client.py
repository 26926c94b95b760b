"""The one adapter to an Ollama server, over real HTTP: what each call gives, and how each of its failures is told."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from echo.engines.ollama.client import OllamaClient
from echo.engines.ollama.connection import PAUSES
from echo.engines.ollama.failures import ContextExceeded, ModelMissing, NotSupported, OllamaFailure, Refused
from tests.support.ollama import MODEL, LoopbackOllama, Trouble, ollama_at_loopback
from tests.support.ollama_blobs import digest_of, tiny_gguf
from tests.support.ollama_hosts import Hand

SECRET = "the spare key is under the fern"
ASKED = [{"role": "system", "content": "You are the echo of Mara."}, {"role": "user", "content": SECRET}]
OPTIONS = {"num_ctx": 4096, "seed": 3}
Call = Callable[[OllamaClient], Awaitable[object]]


@pytest.fixture
async def server() -> AsyncIterator[LoopbackOllama]:
    async with ollama_at_loopback() as server:
        yield server


def client_of(server: LoopbackOllama, timeout: float = 10.0, stall: float = 10.0) -> OllamaClient:
    return OllamaClient(server.address, timeout, stall, sleep=Hand().sleep)


async def failed(call: Awaitable[object]) -> OllamaFailure:
    """How it failed: without anything that was said, and without what the package complained about."""
    with pytest.raises(OllamaFailure) as problem:
        await call
    seen = problem.value
    shown = "".join(traceback.format_exception(seen))
    assert SECRET not in shown and "ollama._types" not in shown and "httpx." not in shown
    return seen


def ask(client: OllamaClient, model: str = MODEL) -> Awaitable[object]:
    return client.chat(model, ASKED, OPTIONS)


# ---------------------------------------------------------------- what it gives


async def test_an_answer_carries_what_it_took(server: LoopbackOllama) -> None:
    server.writes = lambda chat: "slowly but it floats"
    client = client_of(server).after(1.5)
    first = await client.chat(MODEL, ASKED, OPTIONS)
    again = await client.chat(MODEL, ASKED, OPTIONS)
    assert (first.content, first.cut, first.wait) == ("slowly but it floats", False, 1.5)
    assert first.first_token is not None and 0 < first.first_token <= first.seconds
    assert first.prompt_tokens == again.prompt_tokens == server.seen[0].tokens
    # On a busy machine a look at what is loaded may take longer than the loopback's loading.
    assert first.tokens == 4 and first.token_seconds > 0 and min(first.load_seconds, again.load_seconds) > 0


async def test_an_answer_that_ran_out_of_tokens_is_marked(server: LoopbackOllama) -> None:
    server.writes = lambda chat: "slowly but it floats"
    made = await client_of(server).chat(MODEL, ASKED, {**OPTIONS, "num_predict": 2})
    assert made.cut and made.tokens == 2


async def test_what_is_there_is_told_with_its_sizes_and_where_it_comes_from(server: LoopbackOllama) -> None:
    client = client_of(server)
    await client.create("echo-1-2:3", MODEL, system="You are the echo of Mara.", parameters={"top_p": 0.5})
    assert await client.version() == "0.33.0"
    base, persona = sorted(await client.tags(), key=lambda tag: tag.name, reverse=True)
    assert (base.name, base.parent, base.size, base.quantisation) == (MODEL, "", 2_000_000_000, "Q4_K_M")
    assert (persona.name, persona.parent, persona.family, persona.parameters) == ("echo-1-2:3", MODEL, "llama", "3.2B")
    shown = await client.show("echo-1-2:3")
    assert (shown.system, shown.parent, shown.adapter) == ("You are the echo of Mara.", MODEL, False)
    assert (shown.context, shown.chats, shown.thinks, shown.embeds) == (131_072, True, False, False)
    assert "top_p" in shown.parameters and "SYSTEM" in shown.modelfile and shown.template


async def test_a_model_with_an_adapter_is_seen(server: LoopbackOllama, tmp_path: Path) -> None:
    server.version = "0.32.0"
    data = tiny_gguf({"general.type": "adapter"})
    (tmp_path / "lora.gguf").write_bytes(data)
    client = client_of(server)
    await client.push_blob(tmp_path / "lora.gguf", digest_of(data))
    await client.create("with-adapter", MODEL, adapters={"lora.gguf": digest_of(data)})
    assert (await client.show("with-adapter")).adapter


async def test_loading_keeps_a_base_and_unloading_lets_it_go(server: LoopbackOllama) -> None:
    client = client_of(server)
    await client.load(MODEL, 2048, "30m")
    (loaded,) = await client.running()
    assert (loaded.name, loaded.size, loaded.context) == (MODEL, 2_000_000_000, 2048) and loaded.expires_at
    await client.unload(MODEL)
    assert await client.running() == [] and server.chats == []


async def test_each_text_is_embedded_in_its_place(server: LoopbackOllama) -> None:
    server.models["all-minilm"] = ["embedding"]
    client = client_of(server)
    boat, tax, again = await client.embed("all-minilm", ["a boat", "tax papers", "a boat"])
    assert boat == again != tax and len(boat) == len(tax) > 1
    before = len(server.paths)
    assert await client.embed("all-minilm", []) == [] and len(server.paths) == before


async def test_a_pull_tells_how_far_it_is(server: LoopbackOllama) -> None:
    seen: list[tuple[str, int, int | None]] = []
    await client_of(server).pull("gemma3:1b", lambda *facts: seen.append(facts))
    sizes = [(done, total) for status, done, total in seen if status.startswith("pulling ") and total]
    assert sizes[0][0] == 0 and sizes[-1][0] == sizes[-1][1] and sizes == sorted(sizes)
    assert seen[-1][0] == "success" and "gemma3:1b" in server.models


async def test_a_model_is_made_of_a_file_that_was_sent(server: LoopbackOllama, tmp_path: Path) -> None:
    data, sent = tiny_gguf({"general.name": "x" * 3_000_000}), list[tuple[int, int]]()
    path, digest = tmp_path / "merged.gguf", digest_of(data)
    path.write_bytes(data)
    client = client_of(server)
    assert not await client.has_blob(digest)
    await client.push_blob(path, digest, lambda done, total: sent.append((done, total)))
    assert await client.has_blob(digest) and server.blobs[digest] == data
    assert len(sent) == 3 and sent == sorted(sent) and sent[-1] == (len(data), len(data))
    statuses: list[str] = []
    await client.create("echo-1-2:4", files={"merged.gguf": digest}, progress=lambda *facts: statuses.append(facts[0]))
    assert statuses[-2:] == ["writing manifest", "success"]
    assert (await client.show("echo-1-2:4")).context == 2048


async def test_removing_says_whether_it_was_there(server: LoopbackOllama) -> None:
    client = client_of(server)
    await client.create("echo-1-2:3", MODEL, adapters={}, files={})
    assert [await client.delete("echo-1-2:3"), await client.delete("echo-1-2:3")] == [True, False]
    assert list(server.models) == [MODEL]


# ---------------------------------------------------------------- how it fails


@pytest.mark.parametrize(
    ("trouble", "kind", "sentence", "tries"),
    [
        (Trouble.BUSY, "busy", "is busy with other requests", 3),
        (Trouble.LOSES, "broken_stream", "broke off in the middle of an answer", 3),
        (Trouble.CONTEXT, "context_exceeded", "raise ollama_num_ctx", 1),
        (Trouble.MEMORY, "refused", "has too little memory", 1),
        (Trouble.BREAKS, "broken_stream", "broke off in the middle of an answer", 1),
        (Trouble.UNFINISHED, "broken_stream", "broke off in the middle of an answer", 1),
        (Trouble.ENDLESS, "broken_stream", "broke off in the middle of an answer", 1),
        (Trouble.FAILS_LATE, "broken_stream", "failed in the middle of an answer", 1),
        (Trouble.MISSHAPEN, "not_ollama", "is not Ollama", 1),
        (Trouble.FOREIGN_PAGE, "not_ollama", "is not Ollama", 1),
        (Trouble.FOREIGN_LIST, "not_ollama", "is not Ollama", 1),
        (Trouble.REDIRECTS, "not_ollama", "is not an open Ollama (status 307)", 1),
    ],
)
async def test_each_trouble_of_a_chat_is_of_one_kind_and_only_what_said_nothing_is_tried_again(
    trouble: Trouble, kind: str, sentence: str, tries: int, server: LoopbackOllama
) -> None:
    server.trouble = trouble
    server.writes = lambda chat: SECRET
    failure = await failed(ask(client_of(server)))
    assert failure.kind == kind and sentence in str(failure)
    assert server.paths == ["/api/chat"] * tries


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.LOSES])
async def test_what_passes_is_tried_again_after_pauses_that_grow(trouble: Trouble, server: LoopbackOllama) -> None:
    server.fails(trouble, times=2, at="/api/chat")
    hand = Hand()
    await ask(OllamaClient(server.address, 10.0, 10.0, sleep=hand.sleep))
    assert len(server.paths) == 3 and len(hand.slept) == 2
    assert all(most / 2 <= slept <= most for slept, most in zip(hand.slept, PAUSES, strict=True))


async def test_a_server_that_is_down_is_told_after_as_many_tries(server: LoopbackOllama) -> None:
    await server.stop()
    hand, heard = Hand(), list[OllamaFailure | None]()
    client = OllamaClient(
        server.address, 10.0, 10.0, sleep=hand.sleep, heard=lambda failure, has_model: heard.append(failure)
    )
    for call in (ask(client), client.tags(), client.pull(MODEL), client.has_blob(digest_of(b"")), client.version()):
        failure = await failed(call)
        assert failure.kind == "unreachable" and "start it with `ollama serve`" in str(failure)
    assert len(heard) == 15 and all(one is not None and one.is_away for one in heard)


@pytest.mark.parametrize("call", [ask, lambda c: c.pull("gemma3:1b"), lambda c: c.create("x", MODEL)])
async def test_what_never_begins_and_what_stops_are_given_up_in_time(call: Call, server: LoopbackOllama) -> None:
    server.trouble = Trouble.HANGS
    failure = await failed(call(client_of(server, timeout=0.2)))
    assert failure.kind == "too_slow" and "took longer than 0.2 seconds: raise ollama_timeout" in str(failure)
    server.trouble = Trouble.STALLS
    server.writes = lambda chat: SECRET
    # A step without figures may take as long as a first word.
    failure = await failed(call(client_of(server, timeout=0.2 if call is not ask else 10.0, stall=0.2)))
    assert failure.kind == "too_slow" and "paused for more than 0.2 seconds" in str(failure)
    await server.until(lambda: server.abandoned == 2)


async def test_words_that_go_on_and_on_are_given_up_in_time(server: LoopbackOllama) -> None:
    server.trouble = Trouble.DRIBBLES
    failure = await failed(ask(client_of(server, timeout=0.3)))
    assert failure.kind == "too_slow" and "took longer than 0.3 seconds" in str(failure)


async def test_a_download_that_says_the_same_again_and_again_is_given_up() -> None:
    async def the_same(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b'{"status": "pulling abc", "completed": 5, "total": 100}\n')

    seen: list[int] = []
    application = web.Application()
    application.add_routes([web.post("/api/pull", the_same)])
    async with TestServer(application, handler_cancellation=True) as server:
        client = OllamaClient(f"http://127.0.0.1:{server.port}", 10.0, 0.2)
        failure = await failed(client.pull(MODEL, lambda status, done, total: seen.append(done)))
    assert failure.kind == "too_slow" and len(seen) > 1 and set(seen) == {5}


async def test_messages_left_out_in_silence_are_told(server: LoopbackOllama) -> None:
    long = [{"role": "user", "content": "word " * 1000}, {"role": "user", "content": "and now?"}]
    failure = await failed(client_of(server).chat(MODEL, long, {"num_ctx": 512, "seed": 1}))
    assert isinstance(failure, ContextExceeded) and server.seen[0].dropped == 1
    one = [{"role": "user", "content": "word " * 1000}]
    assert isinstance(await failed(client_of(server).chat(MODEL, one, {"num_ctx": 512, "seed": 1})), ContextExceeded)


async def test_a_model_that_is_not_there_is_told_and_never_fetched(server: LoopbackOllama) -> None:
    client = client_of(server)
    calls = (ask(client, "gemma3:1b"), client.show("gemma3:1b"), client.create("echo-1-2:3", "gemma3:1b"))
    for call in calls:
        failure = await failed(call)
        assert isinstance(failure, ModelMissing) and "run `ollama pull gemma3:1b`" in str(failure)
    assert server.pulled == [] and "/api/create" not in server.paths
    failure = await failed(client.pull("nobody-knows-it"))
    assert isinstance(failure, ModelMissing) and "finds no model “nobody-knows-it” to fetch" in str(failure)


async def test_what_a_server_or_model_can_not_do_is_told(server: LoopbackOllama) -> None:
    server.models["all-minilm"] = ["embedding"]
    client = client_of(server)
    failure = await failed(client.embed(MODEL, [SECRET]))
    assert isinstance(failure, NotSupported) and "set ollama_embedding_model to an embedding model" in str(failure)
    assert isinstance(await failed(ask(client, "all-minilm")), NotSupported)
    assert isinstance(await failed(client.chat(MODEL, ASKED, OPTIONS, think=False)), NotSupported)


async def test_a_server_that_is_too_old_or_too_new_is_told(server: LoopbackOllama) -> None:
    server.trouble = Trouble.TOO_OLD
    client = client_of(server)
    assert (await client.show(MODEL)).chats and (await client.show(MODEL)).context is None
    for call in (client.running(), client.embed(MODEL, ["boat"]), client.create("x", MODEL)):
        failure = await failed(call)
        assert isinstance(failure, NotSupported) and "update Ollama" in str(failure)
    server.trouble = Trouble.TOO_NEW
    failure = await failed(client.create("x", MODEL, adapters={"lora.gguf": digest_of(b"")}))
    assert isinstance(failure, NotSupported) and "can't do that any more" in str(failure)


@pytest.mark.parametrize(
    ("trouble", "kind", "sentence"),
    [
        (Trouble.DISK_FULL, "refused", "has no room left on its disk"),
        (Trouble.FAILS_LATE, "refused", "can't fetch “gemma3:1b” now"),
        (Trouble.BREAKS, "broken_stream", "broke off"),
        (Trouble.UNFINISHED, "broken_stream", "broke off"),
    ],
)
async def test_a_pull_that_fails_is_told_and_not_begun_anew(
    trouble: Trouble, kind: str, sentence: str, server: LoopbackOllama
) -> None:
    server.trouble = trouble
    failure = await failed(client_of(server).pull("gemma3:1b"))
    assert failure.kind == kind and sentence in str(failure)
    assert server.paths == ["/api/pull"]


async def test_a_file_that_is_no_model_or_another_one_or_not_there_is_told(
    server: LoopbackOllama, tmp_path: Path
) -> None:
    client, path = client_of(server), tmp_path / "merged.gguf"
    assert "can't be read" in str(await failed(client.push_blob(path, digest_of(b"x"))))
    path.write_bytes(b"something else")
    failure = await failed(client.push_blob(path, digest_of(b"x")))
    assert isinstance(failure, Refused) and "got another file than was sent" in str(failure) and not server.blobs
    whole = tiny_gguf()
    path.write_bytes(whole[:-8])
    digest = digest_of(whole[:-8])
    await client.push_blob(path, digest)
    failure = await failed(client.create("echo-1-2:4", files={"merged.gguf": digest}))
    assert isinstance(failure, Refused) and "can make no model of that file" in str(failure)
    assert "takes no model of the name" in str(await failed(client.create("a/b/c:d", files={"merged.gguf": digest})))


async def test_an_upload_that_breaks_is_begun_anew(server: LoopbackOllama, tmp_path: Path) -> None:
    data = tiny_gguf({"general.name": "x" * 3_000_000})
    path = tmp_path / "merged.gguf"
    path.write_bytes(data)
    server.fails(Trouble.BREAKS, at="/api/blobs")
    await client_of(server).push_blob(path, digest_of(data))
    assert server.uploads == 1 and len(server.paths) == 2


async def test_what_the_listener_raises_is_no_failure_of_ollama(server: LoopbackOllama) -> None:
    def progress(status: str, done: int, total: int | None) -> None:
        raise BrokenPipeError("the terminal is gone")

    heard: list[OllamaFailure | None] = []
    with pytest.raises(BrokenPipeError, match="the terminal is gone"):
        await OllamaClient(server.address, 10.0, 10.0, heard=lambda failure, has_model: heard.append(failure)).pull(
            "gemma3:1b", progress
        )
    assert heard == [] and server.paths == ["/api/pull"]


async def test_who_is_cancelled_has_the_server_stop(server: LoopbackOllama) -> None:
    server.chats_may_go.clear()
    asking = asyncio.ensure_future(ask(client_of(server)))
    await server.until(lambda: len(server.seen) == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await server.until(lambda: server.abandoned == 1)
