"""A fine-tuned persona comes to Ollama as a model that is heard, or not at all."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.train_extra import need_train

need_train()

from echo.engines.ollama.client import OllamaClient  # noqa: E402
from echo.engines.ollama.failures import OllamaFailure  # noqa: E402
from echo.errors import ConfigError, EchoError, EngineFailed  # noqa: E402
from echo.ports import PersonaName  # noqa: E402
from echo.sandbox.invented import PEOPLE  # noqa: E402
from echo.training.disk import PREFIX, DiskTooFull, require_room, sweep, workplace  # noqa: E402
from echo.training.low_rank import read_adapter  # noqa: E402
from echo.training.making import Ingredients, Made, merged  # noqa: E402
from echo.training.merging import check, merge  # noqa: E402
from echo.training.publishing import Publication, Publisher  # noqa: E402
from echo.training.quantising import quantiser  # noqa: E402
from states.board import Progress  # noqa: E402
from tests.support.files import content, names_in  # noqa: E402
from tests.support.ollama_blobs import digest_of, read_gguf  # noqa: E402
from tests.support.ollama_mind import ollama_with_a_mind  # noqa: E402
from tests.support.ollama_server import LoopbackOllama  # noqa: E402
from tests.support.ollama_troubles import Trouble  # noqa: E402
from tests.support.tiny_llama import TEMPLATE  # noqa: E402
from tests.support.trained import Trained, adapter_of, divergence, prompts, read_back  # noqa: E402

PERSONA = PersonaName(5, 7, 2)
SAYING = "the heron is back on the tannery roof"
ASKED = [{"role": "user", "content": f"{PEOPLE[1].name}: what is new in the lane?"}]
PARAMETERS = {"temperature": 0.8, "repeat_penalty": 1.05}
OPTIONS = {"num_ctx": 512, "temperature": 0, "num_predict": 24}


@dataclass
class Board:
    """Keeps what was told of the progress."""

    told: list[Progress] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        self.told.append(progress)

    @property
    def stages(self) -> list[str]:
        """The kinds of work, each once, in order."""
        return list(dict.fromkeys(one.what for one in self.told))


@pytest.fixture(scope="module")
def trained(llama: Path) -> Trained:
    return adapter_of(llama, steps=120, saying=SAYING)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LoopbackOllama]:
    (tmp_path / "blobs").mkdir()
    async with ollama_with_a_mind(tmp_path / "blobs") as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def client_of(server: LoopbackOllama) -> OllamaClient:
    return OllamaClient(server.address, 20.0, 20.0)


def what_of(adapter: Trained) -> Publication:
    return Publication(PERSONA, adapter.adapter, f"You are {PEOPLE[0].name}.", PARAMETERS)


async def test_a_trained_persona_is_heard_answering(
    server: LoopbackOllama, home: Path, llama: Path, llama_gguf: Path, trained: Trained
) -> None:
    client, board = client_of(server), Board()
    digest = digest_of(content(llama_gguf))
    await client.push_blob(llama_gguf, digest)
    await client.create("base", files={"base.gguf": digest}, system=what_of(trained).system)
    publisher = Publisher(home, Ingredients(llama_gguf, llama, "Q8_0"), 60.0)
    noted: list[tuple[str, str]] = []

    async def note(host: str, digest: str) -> None:
        assert digest not in server.blobs
        noted.append((host, digest))

    published = await publisher.publish([client], what_of(trained), board, note)
    heard = await client.chat(PERSONA.model, ASKED, OPTIONS)
    assert "heron is back" in heard.content
    assert "heron is back" not in (await client.chat("base", ASKED, OPTIONS)).content
    made = server.models[PERSONA.model]
    assert (made.base, made.system, made.template) == (published.digest, what_of(trained).system, TEMPLATE)
    assert {key: float(str(value)) for key, value in made.parameters.items()} == PARAMETERS
    assert read_gguf(server.blobs[published.digest]).quantisation == "Q8_0"
    assert noted == [(client.host, published.digest)]
    assert published.size == len(server.blobs[published.digest])
    assert board.stages == ["merging", "sending", "making the model"]
    shares = [one.done for one in board.told if one.what == "merging"]
    assert shares == sorted(shares) and shares[-1] >= 99 and len(set(shares)) > 5
    assert names_in(home) == []


async def test_publishing_again_sends_no_file_twice_and_makes_the_same(
    server: LoopbackOllama, home: Path, llama_gguf: Path, trained: Trained
) -> None:
    publisher = Publisher(home, Ingredients(llama_gguf, None, "F16"), 60.0)
    first = await publisher.publish([client_of(server)], what_of(trained), Board())
    board = Board()
    assert await publisher.publish([client_of(server)], what_of(trained), board) == first
    assert board.stages == ["merging", "making the model"]


@pytest.mark.parametrize(
    ("version", "same", "is_merged"), [("0.33.1", "base", False), ("0.34.0", "base", True), ("0.33.1", "lost", True)]
)
async def test_an_adapter_goes_alone_only_where_the_server_takes_it(
    version: str, same: str, is_merged: bool, server: LoopbackOllama, home: Path, llama_gguf: Path, trained: Trained
) -> None:
    client = client_of(server)
    digest = digest_of(content(llama_gguf))
    await client.push_blob(llama_gguf, digest)
    await client.create("base", files={"base.gguf": digest})
    server.version = version
    publisher = Publisher(home, Ingredients(llama_gguf, None, "F16"), 60.0, same)
    published = await publisher.publish([client], what_of(trained), Board())
    shown = await client.show(PERSONA.model)
    assert (published.merged, shown.adapter) == (is_merged, not is_merged)
    assert (server.models[PERSONA.model].base == digest) is not is_merged
    if not is_merged:
        assert read_gguf(server.blobs[published.digest]).values["adapter.type"] == "lora"
    assert server.pulled == []


async def test_where_one_server_fails_none_has_the_persona(
    server: LoopbackOllama, home: Path, llama_gguf: Path, trained: Trained, tmp_path: Path
) -> None:
    async with ollama_with_a_mind(tmp_path) as other:
        other.trouble = Trouble.DISK_FULL
        publisher = Publisher(home, Ingredients(llama_gguf, None, "F16"), 60.0)
        with pytest.raises(OllamaFailure):
            await publisher.publish([client_of(server), client_of(other)], what_of(trained), Board())
        assert PERSONA.model not in server.models
        assert PERSONA.model not in other.models
    assert names_in(home) == []


async def test_what_stands_in_the_way_is_one_sentence_before_anything_is_made(
    server: LoopbackOllama, home: Path, llama: Path, llama_gguf: Path, trained: Trained, tmp_path: Path
) -> None:
    board = Board()

    async def refusal(what: Ingredients, adapter: Trained = trained, timeout: float = 60.0) -> str:
        with pytest.raises(EchoError) as caught:
            await Publisher(home, what, timeout).publish([client_of(server)], what_of(adapter), board)
        return str(caught.value)

    server.version = "0.5.1"
    assert "takes 0.5.5 or newer" in await refusal(Ingredients(llama_gguf))
    server.version = "0.33.0"
    assert "set training.base_gguf" in await refusal(Ingredients(tmp_path / "none.gguf"))
    assert "llama-quantize, and none is on PATH" in await refusal(Ingredients(llama_gguf, None, "Q4_K_M"))
    assert "/no/such is no program" in await refusal(Ingredients(llama_gguf, None, "Q4_K_M", "/no/such"))
    assert "is no form of weights" in await refusal(Ingredients(llama_gguf, None, "q4; rm"))
    assert "raise model_training_timeout" in await refusal(Ingredients(llama_gguf), timeout=0.01)
    damaged = Trained(trained.weights[:-100], trained.config, None)
    assert "The adapter is damaged" in await refusal(Ingredients(llama_gguf), damaged)
    await Publisher(home, Ingredients(llama_gguf, llama), 60.0).ready()
    for what in (Ingredients(tmp_path / "none.gguf"), Ingredients(llama_gguf, None, "Q4_K_M")):
        with pytest.raises(EchoError) as caught:
            await Publisher(home, what, 60.0).ready()
        assert str(caught.value) == await refusal(what)
    with pytest.raises(EngineFailed, match="no whole GGUF"):
        await Publisher(home, Ingredients(llama / "config.json"), 60.0).ready()
    with pytest.raises(EchoError, match="No Ollama is reachable"):
        await Publisher(home, Ingredients(llama_gguf), 60.0).publish([], what_of(trained), board)
    assert (names_in(home), server.models, server.blobs) == ([], {}, {})


async def test_cancelled_in_the_middle_it_leaves_nothing(
    server: LoopbackOllama, home: Path, llama_gguf: Path, trained: Trained
) -> None:
    modes: list[int] = []

    def cancel(progress: Progress) -> None:
        modes.extend(stat.S_IMODE(folder.stat().st_mode) for folder in home.iterdir())
        if progress.done:
            task.cancel()

    publisher = Publisher(home, Ingredients(llama_gguf, None, "Q8_0"), 60.0)
    task = asyncio.create_task(publisher.publish([client_of(server)], what_of(trained), cancel))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set(modes) == {0o700}
    assert (names_in(home), server.models, server.blobs) == ([], {}, {})


def test_a_disk_too_full_is_told_with_both_figures_and_nothing_is_begun(
    llama_gguf: Path, trained: Trained, tmp_path: Path
) -> None:
    free = shutil.disk_usage(tmp_path).free
    with workplace(tmp_path) as place:
        pairs = read_adapter(trained.weights, trained.config)
        with pytest.raises(DiskTooFull) as caught:
            merge(llama_gguf, pairs, place / "m.gguf", "F16", room=free / 1000)
        with pytest.raises(DiskTooFull, match=f"of disk in {tmp_path},"):
            check(llama_gguf, tmp_path, "F16", room=free / 1000)
        assert list(place.iterdir()) == []
        require_room(place, 1)
    needed, left = (float(figure) * 1e9 for figure in re.findall(r"([\d.]+) GB", str(caught.value)))
    # Others write to the same disk meanwhile.
    assert needed > free and left == pytest.approx(free, rel=0.5)
    assert list(tmp_path.iterdir()) == []


def test_what_a_crash_left_is_swept_and_what_is_in_use_stays(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        left = tmp_path / f"{PREFIX}abc"
        left.mkdir()
        (left / "model.gguf").write_bytes(b"x")
        (tmp_path / "echo.db").touch()
        assert sweep(tmp_path, {place}) == 1
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([place.name, "echo.db"])


QUANTIZE = """#!{python}
import sys, gguf
from gguf.quants import dequantize, quantize
source, to, kind = sys.argv[1:4]
reader = gguf.GGUFReader(source)
writer = gguf.GGUFWriter(to, "llama")
for key, field in reader.fields.items():
    if key not in ("general.architecture",) and not key.startswith("GGUF."):
        sub = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), field.types[0], sub)
for number, one in enumerate(reader.tensors):
    made = gguf.GGMLQuantizationType[kind] if len(one.shape) > 1 else one.tensor_type
    print(f"[{{number + 1:4d}}/{{len(reader.tensors):4d}}] {{one.name}}", flush=True)
    writer.add_tensor(one.name, quantize(dequantize(one.data, one.tensor_type), made), raw_dtype=made)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
"""


def program(path: Path, text: str) -> str:
    path.write_text(text.format(python=sys.executable))
    path.chmod(0o755)
    return str(path)


async def test_a_program_makes_the_forms_that_echo_can_not(
    llama: Path, llama_gguf: Path, trained: Trained, tmp_path: Path
) -> None:
    shares: list[float] = []
    what = Ingredients(llama_gguf, None, "Q4_0", program(tmp_path / "llama-quantize", QUANTIZE))
    with workplace(tmp_path) as place:
        made = await merged(what, trained.adapter, place, shares.append, 60.0)
        assert [path.name for path in place.iterdir()] == [made.path.name]
        assert made == Made(made.path, digest_of(made.path.read_bytes()), made.path.stat().st_size)
        assert read_gguf(made.path.read_bytes()).quantisation == "Q4_0"
        assert divergence(trained.merged, read_back(made.path), prompts(llama)) < 0.05
    assert shares == sorted(shares) and shares[-1] == 1.0


@pytest.mark.parametrize(("text", "said"), [("#!/bin/sh\nexit 3\n", "exit status 3"), ("#!/bin/sh\n", "made no file")])
async def test_a_program_that_fails_is_named(
    text: str, said: str, llama_gguf: Path, trained: Trained, tmp_path: Path
) -> None:
    path = program(tmp_path / "quantize", text)
    with workplace(tmp_path) as place, pytest.raises(EngineFailed, match=said) as caught:
        await merged(Ingredients(llama_gguf, None, "Q4_K_M", path), trained.adapter, place, lambda share: None, 60.0)
    assert path in str(caught.value)


async def test_a_program_that_hangs_is_killed_with_its_children(
    llama_gguf: Path, trained: Trained, tmp_path: Path
) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    # Whoever of them is alive holds the pipe open.
    hangs = f"#!/bin/sh\nexec 3>{fifo}\necho begun >&3\nsleep 1000 &\nwait\n"
    what = Ingredients(llama_gguf, None, "Q4_K_M", program(tmp_path / "quantize", hangs))
    with workplace(tmp_path) as place:
        task = asyncio.create_task(merged(what, trained.adapter, place, lambda share: None, 60.0))
        heard = asyncio.StreamReader()
        pipe = await asyncio.to_thread(fifo.open, "rb")
        ends, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(heard), pipe)
        assert await heard.readline() == b"begun\n"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(20):
        assert await heard.read() == b""
    ends.close()


def test_a_program_is_looked_for_only_where_one_is_needed() -> None:
    assert [quantiser("/no/such", kind) for kind in ("F16", "Q8_0")] == [None, None]
    with pytest.raises(ConfigError):
        quantiser("/no/such", "Q4_K_M")
