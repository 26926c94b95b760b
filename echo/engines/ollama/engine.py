"""The Ollama engine: the statistical persona decides whether and when to speak, a chat model finds the words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from time import monotonic, perf_counter
from typing import Final, Literal

from db.stored import NO_WISHES, AnswerMeasured, Wishes
from echo.engines.bundle import bundled
from echo.engines.deciding import BEGINS, Verdict, avowed, chance_of, heed, objection, paced, silent, verdict
from echo.engines.embedded import EmbeddedEngine, composed
from echo.engines.examination import examined
from echo.engines.examples import dumped, examples_of
from echo.engines.ollama.asking import Asking
from echo.engines.ollama.bases import Bases
from echo.engines.ollama.drafting import SAMPLING, Drafted, Drafting
from echo.engines.ollama.failures import OllamaFailure
from echo.engines.ollama.files import erase_file
from echo.engines.ollama.hosts import Hosts
from echo.engines.ollama.mind import Mind
from echo.engines.ollama.personas import Personas, full_name
from echo.engines.ollama.retrieval import Embed
from echo.engines.ollama.standing import AWAY, Standing
from echo.engines.ollama.system import told_to
from echo.engines.shelf import Shelf
from echo.errors import EngineFailed
from echo.persona.composing import Tally
from echo.persona.judging.split import divide, is_testable
from echo.persona.model import Persona
from echo.persona.turns import Burst
from echo.ports import Answer, Examined, Moment, PersonaName, Trained, Why
from echo.reports import NO_REPORTS, Reports
from echo.training.making import Adapter
from echo.training.publishing import Noted, Publication, Published, Publisher, Told
from states.measures import ANSWERED, FAILED, SILENT, STOOD_IN
from states.objections import Objection

TESTED: Final = 40
"""Moments of a test that the server is asked in at most: each takes it seconds."""
ALREADY_BEGUN: Final = 60.0
"""Seconds after a card was published in which an answer may still know an older one."""


class OllamaEngine:
    """Fills the port `Engine`. Safe to share between tasks."""

    name = "ollama"

    def __init__(
        self,
        hosts: Hosts,
        model: str,
        num_ctx: int,
        candidates: int = 1,
        *,
        parallel: int = 1,
        embedding: str = "",
        loaded: int = 2,
        away: Literal["embedded", "silent"] = "embedded",
        reports: Reports = NO_REPORTS,
    ) -> None:
        """`model` is a chat model that the hosts have, `num_ctx` the tokens of context that every request asks for,
        `candidates` how many drafts of an answer are made at most for the persona to choose among, `parallel` of them
        at the same time, `embedding` a model that finds the examples to show (none where empty). At most `loaded` bases
        are kept loaded on each host. `away`: what an echo does while no host can be asked, of which, as of all answers,
        `reports` hears."""
        self._hosts, self._reports, self._away = hosts, reports, away
        self._standing = Standing(reports)
        self._personas = Personas(hosts, SAMPLING, self._standing)
        self._bases = bases = Bases(hosts, model, num_ctx, loaded, self._standing)
        self._drafting = drafting = Drafting(candidates, parallel, _embedding(hosts, embedding) if embedding else None)
        self._asking = Asking(hosts, model, num_ctx, drafting, self._personas, bases, self._standing)
        self._learner = EmbeddedEngine()
        self._shelf = Shelf(Mind.of)

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
        """Learns the persona as the embedded engine does, and packs the examples with it where they may be shown.

        Raises EngineUnavailable, before anything is learnt, where Ollama or the model is missing; EngineFailed as the
        embedded engine does.
        """
        await self._asking.check(base)
        trained = await self._learner.train(author, bursts, seed, progress, timeout)
        if not examples:
            return trained
        blob = await asyncio.to_thread(lambda: bundled(trained.blob, dumped(examples_of(bursts))))
        return Trained(blob, trained.messages, trained.seconds)

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
        """Asks the server in up to TESTED moments, and has what it said judged in a child process.

        Raises EngineFailed where that takes too long or the child dies, EngineUnavailable where Ollama fails.
        """
        most = min(moments, TESTED)
        try:
            async with asyncio.timeout(timeout):
                said = await self._spoken(
                    author, bursts, seed, most, lambda share: progress(0.7 * share), timeout, tuned, base, examples
                )
        except TimeoutError:
            raise EngineFailed(
                f"Testing took longer than {timeout:g} seconds; lower scorecard_moments or raise "
                "model_training_timeout."
            ) from None
        return await examined(
            author, bursts, others, seed, most, lambda share: progress(0.7 + 0.3 * share), timeout, said
        )

    async def chance(self, model: bytes, version: str, moment: Moment, chattiness: float) -> float:
        """As the embedded engine gives it: Ollama is not asked. Raises EngineFailed where the model is damaged."""
        return await asyncio.to_thread(lambda: chance_of(self._shelf.get(model, version).persona, moment, chattiness))

    async def answer(
        self, model: bytes, version: str, moment: Moment, chattiness: float, *, speak: bool | None = None
    ) -> Answer:
        """Raises EngineFailed where the model is damaged, EngineUnavailable where Ollama fails and a persona that has a
        name is to be silent then; else that speaks by the embedded engine."""
        mind = await asyncio.to_thread(self._shelf.get, model, version)
        ruling = await asyncio.to_thread(_ruling, mind.persona, moment, chattiness, speak)
        truth = await asyncio.to_thread(avowed, mind.persona, moment) if ruling.speaks else []
        if truth:
            return await asyncio.to_thread(paced, mind.persona, moment, ruling, truth)
        # Of whom nothing is left a chat model would only invent something.
        if not (ruling.speaks and mind.persona.messages):
            return silent(ruling)
        # What was said last is no part of what is begun now.
        asked = replace(moment, context=(), earlier=()) if moment.opens else moment
        try:
            texts = (await self._drafted(mind, asked)).texts
        except OllamaFailure as problem:
            if moment.persona is None:
                raise
            self._tell_away(moment.persona, problem)
            if self._away == "silent":
                self._measured(moment, moment.persona, FAILED, Drafted(()), failure=problem.kind)
                raise
            return await self._stood_in(mind, moment, moment.persona, ruling, problem)
        return await asyncio.to_thread(paced, mind.persona, asked, ruling, texts) if texts else silent(ruling)

    async def next_opening(self, model: bytes, version: str, channel: str, now: float, seed: int) -> float | None:
        """As the embedded engine does. Raises EngineFailed where the model is damaged."""
        mind = await asyncio.to_thread(self._shelf.get, model, version)
        return await asyncio.to_thread(mind.persona.next_opening, channel, now, seed=seed)

    async def amend(self, model: bytes, version: str, added: Sequence[Burst], withdrawn: Collection[int]) -> bytes:
        """Amends the persona and the examples beside it, as the embedded engine does: Ollama is not asked."""
        return await self._learner.amend(model, version, added, withdrawn)

    async def learnt(self, model: bytes) -> frozenset[int]:
        """As the embedded engine tells it."""
        return await self._learner.learnt(model)

    async def objection(self, model: bytes, version: str, texts: Sequence[str], moment: Moment) -> Objection | None:
        """As the embedded engine does, and at what a chat model is told. Raises EngineFailed where it is damaged."""
        mind = await asyncio.to_thread(self._shelf.get, model, version)
        return await asyncio.to_thread(lambda: objection(mind.persona, texts, moment, told_to(mind.persona)))

    async def publish(self, persona: PersonaName, model: bytes, wishes: Wishes = NO_WISHES) -> None:
        """Makes the persona's model on the server of its base, unless it is there as it should be.

        Raises EngineFailed where `model` is damaged, EngineUnavailable where the server is away or has no such base.
        """
        # Before anything is waited for: what is taken down meanwhile stays so.
        self._personas.permit(persona)
        since = monotonic() + ALREADY_BEGUN
        await self._asking.publish(persona, await asyncio.to_thread(_wishing, model, wishes), since)

    async def unpublish(self, server_id: int, profile_id: int, keep: Collection[int] = ()) -> int:
        """Deletes the persona's models of all versions but those to `keep` on every server, and looks that they are
        gone. How many there were.

        Raises EngineUnavailable, once all servers that can be reached were seen to, where one can't.
        """
        if not keep:
            self._drafting.forget(profile_id)
        return await self._personas.take_down(server_id, profile_id, keep)

    async def keep(self, online: Collection[PersonaName]) -> None:
        """Has what these personas speak by loaded, and nothing else of Echo's; does not raise."""
        # What was found on the servers is looked at again from time to time: others may change it.
        self._asking.forget()
        await self._bases.keep(online)

    @property
    def tries_again_in(self) -> float | None:
        """Seconds until a server that does not answer is to be tried again; None where none is."""
        return self._hosts.tries_again_in

    async def try_left_out(self) -> None:
        """Tries the servers that do not answer. Does not raise."""
        await self._hosts.try_left_out()

    async def text_of(self, persona: PersonaName, model: bytes) -> str:
        """The system text that goes with the persona. Raises EngineUnavailable, EngineFailed where it is damaged."""
        return await self._asking.system_of(persona, await asyncio.to_thread(Mind.of, model))

    async def require_room_for(self, publisher: Publisher) -> None:
        """See to it that a fine-tuned model can be made on all servers that can be reached; see Publisher.ready."""
        await publisher.ready(self._hosts.every())

    async def bring(
        self, persona: PersonaName, text: str, adapter: Adapter, publisher: Publisher, noted: Noted, told: Told
    ) -> Published:
        """Make the fine-tuned persona's own model on all servers that can be reached; see Publisher.publish."""
        self._personas.permit(persona)
        what = Publication(persona, adapter, text, SAMPLING)
        return await publisher.publish(self._hosts.every(), what, told, noted)

    async def erase_file(self, host: str, digest: str) -> None:
        """Removes what a broken-off publishing may have left there. Raises EngineUnavailable where it stays."""
        await erase_file(self._hosts, host, digest)

    def release(self, version: str) -> None:
        """Lets go of a loaded model. What Ollama has loaded is shared by all echoes and stays."""
        self._shelf.release(version)

    async def _spoken(
        self,
        author: str,
        bursts: Sequence[Burst],
        seed: int,
        most: int,
        progress: Callable[[float], None],
        timeout: float,
        tuned: PersonaName | None,
        base: str,
        examples: bool,
    ) -> dict[int, tuple[str, ...]]:
        """What a model of the earlier part says in the moments of the test, by their number."""
        if tuned is not None:
            await self._asking.require(tuned)
        division = await asyncio.to_thread(divide, bursts, most)
        if not is_testable(division):
            return {}
        trained = await self.train(
            author, division.earlier, seed, lambda share: progress(0.2 * share), timeout, base=base, examples=examples
        )
        mind = await asyncio.to_thread(Mind.of, trained.blob)
        said: dict[int, tuple[str, ...]] = {}
        for at, burst in enumerate(division.moments):
            context = tuple(said for said in burst.context if examples or not said.own)
            asked = Moment(context, (author,), addressed=True, seed=seed + at, persona=tuned, examples=examples)
            # A test is no answer to anybody: it is not measured as one.
            said[at] = (await self._asking.drafted(mind, asked, base)).drafted.texts
            progress(0.2 + 0.8 * (at + 1) / len(division.moments))
        return said

    async def _drafted(self, mind: Mind, moment: Moment) -> Drafted:
        """What came of drafting an answer, which is told and measured. Raises OllamaFailure."""
        asked = await self._asking.drafted(mind, moment)
        if moment.persona is not None:
            self._standing.tell(AWAY, full_name(self._asking.base_of(moment.persona)), None)
            found = asked.drafted
            self._measured(moment, moment.persona, ANSWERED if found.texts else SILENT, found, asked.host)
        return asked.drafted

    def _tell_away(self, persona: PersonaName, problem: OllamaFailure) -> None:
        """The board tells why Ollama can't be asked, once for as long as it lasts."""
        stands_in = self._away == "embedded"
        how = "speak by the embedded engine" if stands_in else "are silent"
        # Where all servers are left out each says on a line of its own why.
        why = f"{problem} " if self._hosts.every() else ""
        self._standing.tell(AWAY, full_name(self._asking.base_of(persona)), f"{why}Meanwhile echoes {how}.")

    async def _stood_in(
        self, mind: Mind, moment: Moment, persona: PersonaName, ruling: Verdict, problem: OllamaFailure
    ) -> Answer:
        """What the embedded engine says."""
        begun, tally = perf_counter(), Tally()
        texts = await asyncio.to_thread(composed, mind.persona, moment, tally)
        took = Drafted((), tally.looked_at, tuple(tally.objections.items()), seconds=perf_counter() - begun)
        self._measured(moment, persona, STOOD_IN, took, failure=problem.kind)
        return await asyncio.to_thread(paced, mind.persona, moment, ruling, texts) if texts else silent(ruling)

    def _measured(
        self, moment: Moment, persona: PersonaName, outcome: str, found: Drafted, host: str = "", failure: str = ""
    ) -> None:
        """`host` is who was asked; where that is not known, the server that the base stays on."""
        base = self._asking.base_of(persona)
        self._reports.measured(
            AnswerMeasured(
                profile_id=persona.profile_id,
                version=persona.version,
                at=moment.now,
                host=host or self._hosts.order(base)[0],
                base=base,
                outcome=outcome,
                failure=failure,
                drafts=found.drafts,
                rejected=found.rejected,
                objections=found.objections,
                wait=found.wait,
                first_token=found.first_token,
                seconds=found.seconds,
                tokens=found.tokens,
                token_seconds=found.token_seconds,
                prompt_tokens=found.prompt_tokens,
            )
        )


def _wishing(model: bytes, wishes: Wishes) -> Mind:
    mind = Mind.of(model)
    mind.persona.wish(wishes)
    return mind


def _embedding(hosts: Hosts, model: str) -> Embed:
    """Has texts embedded by a model of the hosts."""

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        # The slots are those of chat models: waiting for one takes longer than embedding does.
        return await hosts.home(model).embed(model, texts)

    return embed


def _ruling(persona: Persona, moment: Moment, chattiness: float, speak: bool | None) -> Verdict:
    if not moment.opens:
        return verdict(persona, moment, chattiness, speak)
    heed(persona, moment)
    # What the statistical persona would not begin now, or has no words for, is not begun by the chat model either.
    begins = persona.opener(moment.context, moment.now, seed=moment.seed)
    return BEGINS if begins else Verdict(1.0, Why.NOTHING_TO_SAY)
