"""The embedded engine: learns in a child process, answers in a thread, needs no server and no download."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from time import perf_counter
from typing import Final

from db.stored import NO_WISHES, AnswerMeasured, Wishes
from echo.engines.bundle import learnt_ids, unbundled
from echo.engines.child import child_of, conversed
from echo.engines.deciding import BEGINS, avowed, chance_of, heed, objection, paced, silent, verdict
from echo.engines.examination import examined
from echo.engines.shelf import LOADED, Shelf
from echo.engines.wire import amendment, request_lines
from echo.errors import EngineFailed, EngineUnavailable
from echo.persona.composing import Tally
from echo.persona.model import Persona
from echo.persona.turns import Burst
from echo.ports import Answer, Examined, Moment, PersonaName, Trained, Why
from echo.reports import NO_REPORTS, Reports
from states.measures import ANSWERED, SILENT
from states.objections import Objection

_PIECE: Final = 2**18
AMENDING: Final = 120.0
"""Seconds that an amendment may take: some hundred times what it takes for a usual corpus."""


class EmbeddedEngine:
    """Fills the port `Engine`. Safe to share between tasks."""

    name = "embedded"

    def __init__(self, loaded: int = LOADED, reports: Reports = NO_REPORTS) -> None:
        """So many models stay `loaded`; `reports` hears what each answer took."""
        self._shelf = Shelf(_persona, loaded)
        self._reports = reports

    async def train(
        self,
        author: str,
        bursts: Sequence[Burst],
        seed: int,
        progress: Callable[[float], None],
        timeout: float,
        *,
        base: str = "",
        examples: bool = True,
    ) -> Trained:
        """Learns in a child process, so that the event loop goes on and `timeout` (seconds) can be kept.

        Raises EngineFailed when the time is over, the child dies, or there is nothing to learn from.
        """
        late = (
            f"Learning took longer than {timeout:g} seconds; raise model_training_timeout or lower "
            "max_messages_per_analysis."
        )
        return await _in_child(request_lines(author, bursts, seed), progress, timeout, late)

    async def amend(self, model: bytes, version: str, added: Sequence[Burst], withdrawn: Collection[int]) -> bytes:
        """Amends in a child process, as it learns. A model of another engine stays one.

        Raises EngineFailed where the model is damaged or too old, the child dies, or it takes over AMENDING seconds.
        """
        late = f"Taking messages out of the model took longer than {AMENDING:g} seconds; it is tried again."
        made = await _in_child(amendment(model, added, withdrawn), _untold, AMENDING, late)
        return made.blob

    async def learnt(self, model: bytes) -> frozenset[int]:
        """Looks them up in a thread. Raises EngineFailed where the model is damaged."""
        return await asyncio.to_thread(learnt_ids, model)

    async def examine(
        self,
        author: str,
        bursts: Sequence[Burst],
        others: Sequence[Sequence[str]],
        seed: int,
        moments: int,
        progress: Callable[[float], None],
        timeout: float,
        *,
        tuned: PersonaName | None = None,
        base: str = "",
        examples: bool = True,
    ) -> Examined:
        """Tests in a child process; nothing here is ever `tuned`, or has a `base`.

        Raises EngineFailed where that takes too long, or the child dies.
        """
        return await examined(author, bursts, others, seed, moments, progress, timeout)

    async def chance(self, model: bytes, version: str, moment: Moment, chattiness: float) -> float:
        """Looks at the moment in a thread. Raises EngineFailed where the model is damaged."""
        return await asyncio.to_thread(self._chance, model, version, moment, chattiness)

    async def answer(
        self, model: bytes, version: str, moment: Moment, chattiness: float, *, speak: bool | None = None
    ) -> Answer:
        """Answers in a thread. Raises EngineFailed where the model is damaged."""
        begun, tally = perf_counter(), Tally()
        answer = await asyncio.to_thread(self._answer, model, version, moment, chattiness, speak, tally)
        if moment.persona and (answer.texts or answer.why is Why.NOTHING_TO_SAY):
            self._reports.measured(_measured(moment.persona, moment.now, answer, tally, perf_counter() - begun))
        return answer

    async def next_opening(self, model: bytes, version: str, channel: str, now: float, seed: int) -> float | None:
        """Looks ahead in a thread. Raises EngineFailed where the model is damaged."""
        persona = await asyncio.to_thread(self._shelf.get, model, version)
        return await asyncio.to_thread(persona.next_opening, channel, now, seed=seed)

    async def objection(self, model: bytes, version: str, texts: Sequence[str], moment: Moment) -> Objection | None:
        """Looks in a thread. Raises EngineFailed where the model is damaged."""
        persona = await asyncio.to_thread(self._shelf.get, model, version)
        return await asyncio.to_thread(objection, persona, texts, moment)

    async def publish(self, persona: PersonaName, model: bytes, wishes: Wishes = NO_WISHES) -> None:
        """Nothing: there is no server of models."""

    async def unpublish(self, server_id: int, profile_id: int, keep: Collection[int] = ()) -> int:
        """None: there is no server of models."""
        return 0

    async def erase_file(self, host: str, digest: str) -> None:
        """Raises EngineUnavailable: it asks no server, so it can't know."""
        raise EngineUnavailable(
            f"A model of this person may still lie on the Ollama at {host}: set engine to ollama until it is gone."
        )

    def release(self, version: str) -> None:
        """Lets go of a loaded model."""
        self._shelf.release(version)

    def _chance(self, model: bytes, version: str, moment: Moment, chattiness: float) -> float:
        return chance_of(self._shelf.get(model, version), moment, chattiness)

    def _answer(
        self, model: bytes, version: str, moment: Moment, chattiness: float, speak: bool | None, tally: Tally
    ) -> Answer:
        persona = self._shelf.get(model, version)
        if moment.opens:
            heed(persona, moment)
            ruling = BEGINS
        else:
            ruling = verdict(persona, moment, chattiness, speak)
        texts = (avowed(persona, moment) or composed(persona, moment, tally)) if ruling.speaks else []
        return paced(persona, moment, ruling, texts) if texts else silent(ruling)


def _measured(persona: PersonaName, at: float, answer: Answer, tally: Tally, seconds: float) -> AnswerMeasured:
    return AnswerMeasured(
        profile_id=persona.profile_id,
        version=persona.version,
        at=at,
        host=EmbeddedEngine.name,
        base="",
        outcome=ANSWERED if answer.texts else SILENT,
        drafts=tally.looked_at,
        rejected=tally.rejected,
        objections=tuple(tally.objections.items()),
        seconds=seconds,
    )


def composed(persona: Persona, moment: Moment, tally: Tally) -> list[str]:
    """What the statistical persona says in a moment; nothing where it has no words for it."""
    if moment.opens:
        return persona.opener(moment.context, moment.now, seed=moment.seed, tally=tally)
    return persona.reply(moment.context, seed=moment.seed, memory=moment.memory, tally=tally)


def _persona(model: bytes) -> Persona:
    """The persona of a model, also of one that was learnt for another engine."""
    return Persona.load(unbundled(model)[0])


def _untold(share: float) -> None:
    """Progress that nobody waits for."""


async def _in_child(request: Iterable[bytes], progress: Callable[[float], None], timeout: float, late: str) -> Trained:
    """What the child makes of a request. Raises EngineFailed, with `late` where it takes over `timeout` seconds."""
    try:
        async with child_of("echo.engines.fitting") as child, asyncio.timeout(timeout):
            return await _converse(child, request, progress)
    except TimeoutError:
        raise EngineFailed(late) from None


async def _converse(
    child: asyncio.subprocess.Process, request: Iterable[bytes], progress: Callable[[float], None]
) -> Trained:
    assert child.stdout is not None
    row = await conversed(child, request, progress, "model", _DIED)
    try:
        blob = await _read(child.stdout, int(row["model"]))
    except (ConnectionError, asyncio.IncompleteReadError) as problem:
        raise EngineFailed(_DIED) from problem
    return Trained(blob, int(row["messages"]), float(row["seconds"]))


async def _read(stream: asyncio.StreamReader, size: int) -> bytes:
    """So many bytes. Piece by piece, for copying a large model in one go would hold up the event loop."""
    parts: list[bytes] = []
    while size:
        part = await stream.read(min(size, _PIECE))
        if not part:
            raise EngineFailed(_DIED)
        parts.append(part)
        size -= len(part)
    return await asyncio.to_thread(b"".join, parts)


_DIED: Final = "The process that was learning ended early, perhaps for want of memory; try again with fewer messages."
