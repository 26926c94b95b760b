"""Publishing the version that speaks, and removing those that may not, with servers of models that come and go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from db.outbox import OutboxRow
from db.stored import NO_WISHES, Wishes
from db.tuning import Part
from db.uploads import Upload
from echo.engines.embedded import EmbeddedEngine
from echo.errors import EngineFailed, EngineUnavailable
from echo.ports import PersonaName
from echo.reach import Reach
from echo.store import Store, open_store
from echo.versions import RETRY_FIRST, RETRY_MOST, Versions, persona_of
from states.board import Board
from states.effects import DropVersions, Effect, Publish
from states.model import ProfileSnapshot, ProfileState
from states.terms import ALL_PURPOSES, Purpose, Terms
from tests.support.clock import HandClock
from tests.support.files import files_in
from tests.support.snapshots import NOON, birth, changed_to


class Elsewhere(EmbeddedEngine):
    """An engine with a server of models that first fails so many times."""

    def __init__(self, *failures: EngineFailed | EngineUnavailable) -> None:
        super().__init__()
        self.failures = list(failures)
        self.published: list[tuple[PersonaName, bytes]] = []
        self.kept: list[tuple[int, int, set[int]]] = []
        self.released: list[str] = []
        self.erased: list[str] = []

    def fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    async def publish(self, persona: PersonaName, model: bytes, wishes: Wishes = NO_WISHES) -> None:
        self.fail()
        self.published.append((persona, model))
        self.wishes = wishes

    async def unpublish(self, server_id: int, profile_id: int, keep: Collection[int] = ()) -> int:
        self.fail()
        self.kept.append((server_id, profile_id, set(keep)))
        return 0

    async def erase_file(self, host: str, digest: str) -> None:
        self.erased.append(digest)

    def release(self, version: str) -> None:
        self.released.append(version)


@dataclass
class Here:
    """What the works stand on: two versions are stored, of which the second speaks."""

    store: Store
    board: Board
    engine: Elsewhere
    profile: ProfileSnapshot
    stays: bool = True
    waited: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    let_go: list[int] = field(default_factory=list)

    async def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.told.extend(self.board.troubles)

    def versions(self) -> Versions:
        """What is tested."""
        store, reach = self.store, Reach(self.store.consents, self.stays)
        return Versions(
            *(
                self.board,
                self.engine,
                store.models,
                store.uploads,
                store.tuning,
                reach,
                store.wishes,
                self.let_go.append,
            ),
            pause=self.pause,
        )

    async def do(self, effect: Effect) -> None:
        """Perform one effect as the interpreter would."""
        works = self.versions()
        row = OutboxRow(1, self.profile.key, effect, NOON, None, 0)
        await (works.publish if isinstance(effect, Publish) else works.drop)(row, self.profile)

    def stands(self, **fields: object) -> None:
        """The profile has gone on."""
        self.profile = replace(self.profile, **fields)  # type: ignore[arg-type]
        self.board.show(self.profile)


@asynccontextmanager
async def here(home: Path, engine: Elsewhere) -> AsyncIterator[Here]:
    async with open_store(home, bytes(32), HandClock()) as store:
        born = (await store.steps.record(birth())).snapshot
        assert isinstance(born, ProfileSnapshot)
        speaks = replace(born, state=ProfileState.READY, model_path="models/1-2.model", model_version=2, made=2)
        speaks = replace(speaks, terms=Terms(purposes=ALL_PURPOSES))
        profile = (await store.steps.record(changed_to(born, speaks))).snapshot
        assert isinstance(profile, ProfileSnapshot)
        for version in (1, 2):
            await store.models.save(profile.id, version, f"version {version}".encode())
        board = Board()
        board.show(profile)
        yield Here(store, board, engine, profile)
        assert not board.conditions, "nothing is left standing on the board"


def names(home: Path) -> list[str]:
    return [file.name for file in files_in(home / "models")]


async def test_what_can_not_be_published_yet_is_told_and_tried_again_ever_later(tmp_path: Path) -> None:
    failures: list[EngineFailed | EngineUnavailable] = [
        EngineUnavailable("Ollama does not answer."),
        EngineFailed("There is no model “x”: pull it."),
    ]
    async with here(tmp_path, Elsewhere(*failures, *[failures[0]] * 10)) as now:
        now.stands(base="x")
        await now.do(Publish(2, "x", tuned=False))
        (published,) = now.engine.published
        assert published == (PersonaName(now.profile.server_id, 1, 2, "x"), b"version 2")
        assert now.waited[:3] == [RETRY_FIRST, 2 * RETRY_FIRST, 4 * RETRY_FIRST] and now.waited[-1] == RETRY_MOST
        assert now.told[:2] == [str(failure) for failure in failures]


async def test_another_card_is_published_at_once_and_with_what_its_subject_wishes(tmp_path: Path) -> None:
    async with here(tmp_path, Elsewhere()) as now:
        await now.store.wishes.put(1, Wishes(struck=frozenset({"length"})))
        await now.versions().renew(1)
        assert [persona.version for persona, _ in now.engine.published] == [2]
        assert now.engine.wishes.struck == {"length"}
        now.engine.failures.append(EngineUnavailable("Ollama does not answer."))
        await now.versions().renew(1)
        now.stands(state=ProfileState.FORGETTING)
        await now.versions().renew(1)
        await now.versions().renew(99)
        assert len(now.engine.published) == 1


async def test_what_is_wished_while_a_server_is_slow_is_published_all_the_same(tmp_path: Path) -> None:
    class Slow(Elsewhere):
        async def unpublish(self, server_id: int, profile_id: int, keep: Collection[int] = ()) -> int:
            await now.store.wishes.put(1, Wishes(struck=frozenset({"length"})))
            return await super().unpublish(server_id, profile_id, keep)

    async with here(tmp_path, Slow()) as now:
        # Of the version that speaks weights lie there, by which it must not speak any more.
        await now.store.uploads.note(Upload(1, 2, "http://127.0.0.1:11434", "sha256:" + "ab" * 32))
        await now.do(Publish(2, "", tuned=False))
        assert now.engine.kept and now.engine.wishes.struck == {"length"}


async def test_nothing_goes_to_a_server_elsewhere_that_its_subject_did_not_agree_to(tmp_path: Path) -> None:
    async with here(tmp_path, Elsewhere()) as now:
        now.stays = False
        await now.do(Publish(2, "", tuned=False))
        assert now.engine.published == [] and now.waited == []


@pytest.mark.parametrize("previous", [1, None])
async def test_only_what_is_kept_stays_here_and_on_the_server(previous: int | None, tmp_path: Path) -> None:
    async with here(tmp_path, Elsewhere(EngineUnavailable("Ollama does not answer."))) as now:
        now.stands(previous=previous, previous_path="models/1-1.model" if previous else None)
        await now.do(DropVersions())
        kept = {2} if previous is None else {1, 2}
        assert names(tmp_path) == [f"1-{version}.model" for version in sorted(kept)]
        assert now.engine.kept == [(now.profile.server_id, 1, kept)] and now.waited == [RETRY_FIRST]
        assert ("1-1" in now.engine.released) == (previous is None) and "1-2" not in now.engine.released
        assert 1 in now.let_go


async def test_the_weights_of_a_version_that_no_longer_speaks_by_them_go_and_those_being_learnt_stay(
    tmp_path: Path,
) -> None:
    async with here(tmp_path, Elsewhere()) as now:
        for version in (1, 2, 3):
            for part in Part:
                await now.store.tuning.put(1, version, part, b"weights")
        now.stands(previous=1, previous_path="models/1-1.model", previous_tuned=True, tuned=False)
        await now.do(DropVersions())
        assert await now.store.tuning.left_of(1) == [
            f"tuning/1-{version}.{part}" for version in (1, 3) for part in ("adapter", "checkpoint")
        ]
        now.stands(previous=None, previous_path=None, previous_tuned=False, tuned=True)
        await now.store.tuning.put(1, 2, Part.ADAPTER, b"weights")
        await now.do(DropVersions())
        assert await now.store.tuning.left_of(1) == [
            "tuning/1-2.adapter",
            "tuning/1-3.adapter",
            "tuning/1-3.checkpoint",
        ]


async def test_what_is_just_being_learnt_is_left_alone(tmp_path: Path) -> None:
    async with here(tmp_path, Elsewhere()) as now:
        await now.store.models.save(1, 3, b"being learnt", keep=(1, 2))
        now.stands(state=ProfileState.TRAINING)
        await now.do(DropVersions())
        assert names(tmp_path) == ["1-2.model", "1-3.model"] and now.engine.kept[0][2] == {2, 3}


async def test_what_a_cancelled_learning_brought_to_the_server_for_its_test_goes(tmp_path: Path) -> None:
    async with here(tmp_path, Elsewhere()) as now:
        await now.store.tuning.put(1, 3, Part.CHECKPOINT, b"weights")
        await now.store.uploads.note(Upload(1, 3, "http://here", "sha256:3"))
        now.stands(state=ProfileState.TRAINING)
        await now.do(DropVersions())
        assert now.engine.erased == [], "it may just be tested"
        now.stands(paused=True)
        await now.do(DropVersions())
        assert now.engine.kept[-1][2] == {2} and now.engine.erased == ["sha256:3"]
        assert await now.store.uploads.of(1) == []
        assert await now.store.tuning.left_of(1) == ["tuning/1-3.checkpoint"], "it goes on from there when asked again"


async def test_another_base_takes_the_weights_of_the_version_before_from_the_server_too(tmp_path: Path) -> None:
    async with here(tmp_path, Elsewhere()) as now:
        now.stands(previous=1, previous_path="models/1-1.model", previous_tuned=True)
        await now.store.tuning.put(1, 1, Part.ADAPTER, b"weights")
        await now.store.uploads.note(Upload(1, 1, "http://here", "sha256:1"))
        await now.do(Publish(2, "", tuned=False))
        assert now.engine.erased == [], "one may go back to it"
        now.stands(previous_tuned=False, base="other")
        await now.do(Publish(2, "other", tuned=False))
        assert now.engine.erased == ["sha256:1"] and now.engine.kept == [(now.profile.server_id, 1, {2})]
        assert await now.store.tuning.left_of(1) == []
        assert names(tmp_path) == ["1-1.model", "1-2.model"], "one may still go back to its prompt"


async def test_weights_go_from_everywhere_once_their_person_does_not_let_any_be_trained(tmp_path: Path) -> None:
    async with here(tmp_path, Elsewhere()) as now:
        now.stands(tuned=True)
        await now.store.tuning.put(1, 2, Part.ADAPTER, b"weights")
        await now.store.uploads.note(Upload(1, 2, "http://here", "sha256:1"))
        assert persona_of(now.profile).tuned
        await now.versions().retire(now.profile)
        assert now.engine.erased == []
        now.stands(terms=Terms(purposes=frozenset({Purpose.STATISTICS, Purpose.EXAMPLES})))
        assert not persona_of(now.profile).tuned
        await now.versions().retire(now.profile)
        assert now.engine.erased == ["sha256:1"] and await now.store.tuning.left_of(1) == []


async def test_a_sweep_keeps_the_version_to_go_back_to_and_removes_the_others(tmp_path: Path) -> None:
    async with here(tmp_path, Elsewhere()) as now:
        await now.store.models.save(1, 4, b"version 4", keep=(1, 2))
        after = replace(now.profile, model_version=4, model_path="models/1-4.model", made=4, previous=2)
        await now.store.steps.record(changed_to(now.profile, replace(after, previous_path="models/1-2.model")))
        swept = await now.store.retention.sweep({"journal": NOON})
        assert swept.of("models") == 1 and names(tmp_path) == ["1-2.model", "1-4.model"]
