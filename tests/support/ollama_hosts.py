"""The Ollama engine on loopback servers, without the pauses that it makes for real ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from echo.engines.ollama.engine import OllamaEngine
from echo.engines.ollama.hosts import Hosts
from echo.reports import NO_REPORTS, NoReports, Reports
from states.board import Board
from tests.support.ollama import MODEL


@dataclass
class Hand:
    """A clock moved by hand, and a sleep that moves it; `slept` are the pauses that were made, in seconds."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Lets the time pass at once."""
        self.slept.append(seconds)
        self.now += seconds


class Told(NoReports):
    """Keeps what was reported of the servers, in order."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str | None]] = []

    def stands(self, what: str, sentence: str | None) -> None:
        """Keeps it."""
        self.all.append((what, sentence))


class OnBoard(NoReports):
    """Shows on a board how the servers stand."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def stands(self, what: str, sentence: str | None) -> None:
        """Shows it."""
        self.board.set_condition(what, sentence)


def hosts_at(
    *addresses: str, timeout: float = 10.0, stall: float = 10.0, parallel: int = 8, reports: Reports = NO_REPORTS
) -> Hosts:
    """These servers; pauses between tries last no time, and each look at the clock is a minute later, so that a server
    that was left out is tried again at once."""
    hand = Hand()

    def minutes() -> float:
        hand.now += 60.0
        return hand.now

    return Hosts(addresses, timeout, stall, parallel, reports, clock=minutes, sleep=hand.sleep)


def engine_at(address: str, num_ctx: int = 4096, timeout: float = 10.0, candidates: int = 1) -> OllamaEngine:
    """An engine on one server that has MODEL."""
    return OllamaEngine(hosts_at(address, timeout=timeout), MODEL, num_ctx, candidates)
