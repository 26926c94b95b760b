"""What an echo's answers took of late, in figures: what the board shows of it. No words of anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ANSWERED: Final = "answered"
SILENT: Final = "silent"
"""Nothing that was drafted passed the guard."""
STOOD_IN: Final = "stood_in"
"""The embedded engine answered in the place of a server that failed."""
FAILED: Final = "failed"
"""Nothing was said, because the engine failed."""
HELD_BACK: Final = "held_back"
"""What had been drafted was held back by the guard's last look: that is none of the answers that were asked for."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the 95th percentile of a figure, by nearest rank, in seconds."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What the answers of one profile in one stretch of time took; all times in seconds.

    `outcomes` are counts, and so are `failures` by kind, the most frequent first: of the answers that failed, and of
    those in which the embedded engine stood in. The spreads are of answers that ended in words of the engine's own or
    in its silence, that of `first_token` of those that came to one. `drafts` were made, of which the guard `rejected`
    so many; their `tokens` took `token_seconds`. Of `prompt_tokens` so many were `evaluated`, counted where that is
    known. `objections` are the guard's, by kind, the most frequent first.
    """

    outcomes: tuple[tuple[str, int], ...] = ()
    failures: tuple[tuple[str, int], ...] = ()
    first_token: Spread | None = None
    seconds: Spread | None = None
    wait: Spread | None = None
    drafts: int = 0
    rejected: int = 0
    tokens: int = 0
    token_seconds: float = 0.0
    prompt_tokens: int = 0
    evaluated: int = 0
    objections: tuple[tuple[str, int], ...] = ()

    @property
    def total(self) -> int:
        """How many answers were asked for."""
        return sum(count for outcome, count in self.outcomes if outcome != HELD_BACK)

    def count(self, outcome: str) -> int:
        """How many ended so."""
        return dict(self.outcomes).get(outcome, 0)

    @property
    def speed(self) -> float | None:
        """Tokens a second; None where none were made."""
        return self.tokens / self.token_seconds if self.tokens and self.token_seconds > 0 else None

    @property
    def drafts_each(self) -> float | None:
        """Drafts per answer that was asked for, but for those where another engine stood in; None where none was."""
        own = self.total - self.count(STOOD_IN)
        return self.drafts / own if own else None

    @property
    def rejected_share(self) -> float | None:
        """0..1 of the drafts; None where there were none."""
        return self.rejected / self.drafts if self.drafts else None

    @property
    def evaluated_share(self) -> float | None:
        """0..1 of the prompts' tokens that were not in the server's cache; None where that is unknown."""
        return self.evaluated / self.prompt_tokens if self.prompt_tokens else None


@dataclass(frozen=True, slots=True)
class Measures:
    """What is shown of one profile: its last hour and day, and what its newest answers took, the oldest first.

    `answer_times` are seconds, `speeds` tokens a second of those answers that came from a model with tokens.
    """

    hour: Summary
    day: Summary
    answer_times: tuple[float, ...] = ()
    speeds: tuple[float, ...] = ()
