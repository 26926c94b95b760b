"""Fine-tuning for real: a child learns a tiny llama; it is killed, cancelled, starved, and goes on."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from db.connection import Database
from db.errors import KeyDestroyed
from db.keys import Keyring
from db.tuning import Part, TuningFiles
from echo.corpus.selecting import Selected
from echo.training.data import lesson_of
from echo.training.failures import BaseUnusable, MemoryTooSmall, TuningFailed
from echo.training.job import Tuning
from echo.training.talk import Lesson, Said, Talk
from echo.training.tuned import Tuned
from echo.training_settings import DiscordPermission, TrainingSettings
from states.board import Progress
from states.model import ProfileSnapshot
from tests.corpus.rows import NAME, chatter
from tests.support.clock import HandClock
from tests.support.files import content, everything_in, mode, overwrite, size
from tests.support.snapshots import birth
from tests.support.stored_steps import steps_of
from tests.support.train_extra import need_train

need_train()

PERMITTED = DiscordPermission(reference="ticket 12", date="2026-06-30")
LESSON = lesson_of(Selected(chatter(80)), (NAME,), PERMITTED, 1)
STEPS = 27
"""72 rows in batches of 8, three times."""


@dataclass
class Home:
    """A data folder with one profile, and what fine-tunes there."""

    files: TuningFiles
    keyring: Keyring
    profile: int
    folder: Path
    base: Path

    def tuning(self, timeout: float = 300.0, **changed: object) -> Tuning:
        usual = {"base": str(self.base), "epochs": 3, "learning_rate": 2e-3, "threads": 1, "checkpoint_seconds": 0.1}
        return Tuning(TrainingSettings.model_validate(usual | changed), self.files, timeout, HandClock())

    @property
    def log(self) -> str:
        return content(self.files.log_path(self.profile, 1)).decode()

    @property
    def checkpoint(self) -> Path:
        return self.files.path(self.profile, 1, Part.CHECKPOINT)


@asynccontextmanager
async def home_in(folder: Path, base: Path) -> AsyncIterator[Home]:
    async with Database(folder / "echo.sqlite3") as database:
        keyring = Keyring(database, bytes(range(32)))
        await keyring.open()
        profile = (await steps_of(database).record(birth())).snapshot
        assert isinstance(profile, ProfileSnapshot)
        yield Home(TuningFiles(database, keyring, folder), keyring, profile.id, folder, base)


@pytest.fixture
async def home(tmp_path: Path, llama: Path) -> AsyncIterator[Home]:
    async with home_in(tmp_path / "data", llama) as home:
        yield home


@dataclass(frozen=True)
class Whole:
    """A training that nothing came in the way of."""

    tuned: Tuned
    told: list[Progress]
    log: str
    modes: tuple[int, int]
    disk: bytes


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, llama: Path) -> Whole:
    async def trained() -> Whole:
        told: list[Progress] = []
        async with home_in(tmp_path_factory.mktemp("whole"), llama) as home:
            tuned = await home.tuning().tune(home.profile, 1, LESSON, told.append)
            again = await home.tuning().tune(home.profile, 1, LESSON, lambda _: pytest.fail("it was learnt again"))
            assert again == tuned
            paths = (home.files.log_path(home.profile, 1), home.files.path(home.profile, 1, Part.ADAPTER))
            modes = mode(paths[0]), mode(paths[1])
            return Whole(tuned, told, home.log, modes, everything_in(home.folder))

    return asyncio.run(trained())


def children() -> list[int]:
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(each) for each in listed if b"echo.training.child" in Path(f"/proc/{each}/cmdline").read_bytes()]


def once(home: Home, do: Callable[[], object], done: list[int]) -> Callable[[Progress], None]:
    """Do something when a checkpoint is there, noting the step at which."""

    def see(progress: Progress) -> None:
        if not done and home.checkpoint.exists() and progress.done >= 8:
            done.append(progress.done)
            do()

    return see


def both(*sees: Callable[[Progress], None]) -> Callable[[Progress], None]:
    def see(progress: Progress) -> None:
        for each in sees:
            each(progress)

    return see


def same_weights(one: Tuned, other: Tuned) -> bool:
    from safetensors.numpy import load

    first, second = load(one.adapter.weights), load(other.adapter.weights)
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_a_child_learns_the_loss_falls_and_how_far_it_is_is_told(whole: Whole) -> None:
    figures = whole.tuned.figures
    assert (figures.steps, figures.planned, figures.turns, figures.device) == (STEPS, STEPS, 144, "cpu")
    assert figures.before is not None and figures.after is not None
    assert figures.after < 0.6 * figures.before
    steps = [one.done for one in whole.told]
    assert steps == sorted(steps) and steps[0] == 0 and steps[-1] == STEPS
    assert {one.total for one in whole.told} == {STEPS}
    assert any("tokens/s" in one.detail and one.detail.endswith("s left.") for one in whole.told)


def test_the_log_has_figures_and_no_words_and_nothing_lies_in_the_clear(whole: Whole) -> None:
    assert "begun with 144 turns in 72 talks" in whole.log
    assert f"step {STEPS} of {STEPS}: validation loss" in whole.log and "checkpoint of" in whole.log
    assert whole.modes == (0o600, 0o600)
    lines = [line for talk in LESSON.training for one in talk.said for line in one.lines]
    words = {word.encode() for line in lines for word in line.split() if len(word) > 5}
    assert len(words) > 100 and not any(word in whole.disk for word in words)
    assert b"lora_A" not in whole.disk


def test_the_adapter_is_one_that_peft_loads_and_it_makes_the_persons_words_likelier(
    whole: Whole, llama: Path, tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (tmp_path / "adapter_model.safetensors").write_bytes(whole.tuned.adapter.weights)
    (tmp_path / "adapter_config.json").write_text(whole.tuned.adapter.config)
    config = json.loads(whole.tuned.adapter.config)
    names = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    found = {name.rpartition(".")[2] for name in config["target_modules"]}
    assert (config["r"], config["lora_alpha"], found) == (8, 16.0, names)
    assert str(llama) not in whole.tuned.adapter.config
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(llama)
    ids = torch.tensor([tokenizer("Wren says thing")["input_ids"]])
    losses = []
    model = AutoModelForCausalLM.from_pretrained(llama)
    with torch.inference_mode():
        losses.append(model(input_ids=ids, labels=ids).loss.item())
        losses.append(PeftModel.from_pretrained(model, tmp_path)(input_ids=ids, labels=ids).loss.item())
    assert losses[1] < losses[0] - 1


async def test_a_killed_child_goes_on_from_its_last_checkpoint_and_comes_to_the_very_same(
    home: Home, whole: Whole
) -> None:
    killed: list[int] = []
    told: list[Progress] = []
    see = once(home, lambda: os.kill(children()[0], signal.SIGKILL), killed)
    tuned = await home.tuning().tune(home.profile, 1, LESSON, both(told.append, see))
    assert killed
    assert any("It goes on from step" in one.detail and "was killed (signal 9)" in one.detail for one in told)
    assert "was killed (signal 9), perhaps for want of memory" in home.log
    resumed = [line for line in home.log.splitlines() if line.endswith("rows")]
    assert len(resumed) == 2 and " step 0 of" in resumed[0] and " step 0 of" not in resumed[1]
    assert tuned.figures.steps == STEPS
    assert same_weights(tuned, whole.tuned)
    assert not home.checkpoint.exists() and not children()


async def test_a_cancelled_training_leaves_no_child_and_the_next_one_goes_on_from_the_checkpoint(
    home: Home, whole: Whole
) -> None:
    training: list[asyncio.Task[Tuned]] = []
    see = once(home, lambda: bool(training[0].cancel()), [])
    training.append(asyncio.create_task(home.tuning().tune(home.profile, 1, LESSON, see)))
    with pytest.raises(asyncio.CancelledError):
        await training[0]
    assert not children()
    assert home.checkpoint.exists() and "stopped: it was cancelled" in home.log
    told: list[Progress] = []
    tuned = await home.tuning().tune(home.profile, 1, LESSON, told.append)
    assert told[0].done > 0
    assert same_weights(tuned, whole.tuned)


@pytest.mark.parametrize("damage", ["overwritten", "of other messages"])
async def test_a_checkpoint_that_cannot_be_used_is_told_in_the_log_and_it_starts_anew(
    damage: str, home: Home, whole: Whole
) -> None:
    if damage == "overwritten":
        await home.files.put(home.profile, 1, Part.CHECKPOINT, b"some checkpoint")
        overwrite(home.checkpoint, size(home.checkpoint) // 2, b"\x00\x01\x02")
    else:
        await home.files.put(home.profile, 1, Part.CHECKPOINT, b"no safetensors at all")
    tuned = await home.tuning().tune(home.profile, 1, LESSON, lambda _: None)
    assert "starting anew: the checkpoint " in home.log and "damaged" in home.log
    assert same_weights(tuned, whole.tuned)


async def test_a_disk_that_takes_no_checkpoint_stops_no_training(home: Home) -> None:
    (home.checkpoint / "something").mkdir(parents=True)
    tuned = await home.tuning(epochs=1).tune(home.profile, 1, LESSON, lambda _: None)
    assert tuned.figures.steps == STEPS // 3
    assert "the checkpoint can't be used" in home.log and "the checkpoint can't be kept" in home.log


async def test_a_profile_that_is_forgotten_meanwhile_is_not_learnt_on(home: Home) -> None:
    forgetting: list[asyncio.Task[None]] = []

    def forget(_: Progress) -> None:
        if not forgetting:
            forgetting.append(asyncio.create_task(home.keyring.destroy(home.profile)))

    with pytest.raises(KeyDestroyed, match="was forgotten"):
        await home.tuning().tune(home.profile, 1, LESSON, forget)
    assert not children()
    assert not home.checkpoint.exists()


async def test_a_training_that_takes_too_long_ends_with_a_sentence_and_without_a_child(home: Home) -> None:
    with pytest.raises(TuningFailed, match=r"longer than 0\.05 seconds: raise model_training_timeout"):
        await home.tuning(timeout=0.05).tune(home.profile, 1, LESSON, lambda _: None)
    assert not children()
    assert "stopped: it took too long" in home.log


def long_talks(count: int, words: int) -> Lesson:
    asked = Said(False, ("Ann: " + "thing " * words,))
    return Lesson(tuple(Talk((asked, Said(True, (f"yes {at}",), learnt=True))) for at in range(count)), (), 0.0)


def limit(room: int) -> Callable[[Progress], None]:
    """Once the model is loaded the child gets no more than `room` bytes of memory besides."""

    def see(progress: Progress) -> None:
        for child in children() if progress.done == 0 else ():
            used = int(Path(f"/proc/{child}/statm").read_text().split()[0]) * resource.getpagesize()
            resource.prlimit(child, resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))

    return see


async def test_where_memory_runs_out_half_as_many_examples_at_a_time_are_tried(home: Home) -> None:
    told: list[Progress] = []
    see = limit(60 * 2**20)
    tuning = home.tuning(batch=64, epochs=3, max_tokens=512)
    tuned = await tuning.tune(home.profile, 1, long_talks(64, 140), both(see, told.append))
    assert "memory ran out, going on with 32 at a time" in home.log
    assert any(one.detail == "Memory ran out; it goes on with 32 at a time." for one in told)
    assert (tuned.figures.steps, tuned.figures.planned) == (3, 3)


async def test_where_not_even_one_example_has_room_a_sentence_says_so(home: Home) -> None:
    with pytest.raises(MemoryTooSmall, match="even one example at a time: choose a smaller base"):
        await home.tuning(batch=2, max_tokens=16_384).tune(home.profile, 1, long_talks(2, 2500), limit(2**20))
    assert "memory ran out, going on with 1 at a time" in home.log


async def test_weights_that_are_no_weights_are_named(home: Home, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in home.base.iterdir():
        if file.is_file():
            (broken / file.name).write_bytes(b"no weights" if file.suffix == ".safetensors" else file.read_bytes())
    with pytest.raises(BaseUnusable, match=r"can't be loaded \(SafetensorError\): fetch it again"):
        await replace(home, base=broken).tuning().tune(home.profile, 1, LESSON, lambda _: None)
