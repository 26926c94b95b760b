"""What fine-tuning comes to: an adapter in PEFT's form, and the figures of its making."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from echo.training.failures import TuningFailed
from echo.training.making import Adapter


@dataclass(frozen=True, slots=True)
class Figures:
    """How an adapter was made: of `turns` of the person's, in `steps` of `planned` steps over `tokens` tokens.

    The validation loss (nats a token; None where there was nothing to validate on) was `before`, and is `after`.
    `seconds` went by in the process that ended it.
    """

    turns: int
    steps: int
    planned: int
    tokens: int
    before: float | None
    after: float | None
    seconds: float
    device: str


@dataclass(frozen=True, slots=True)
class Tuned:
    """A fine-tuned model as an adapter of the base. `fingerprint` names what it was learnt from, and how."""

    adapter: Adapter
    fingerprint: str
    figures: Figures

    def dump(self) -> bytes:
        """All of it, to be stored sealed."""
        head = {"config": self.adapter.config, "fingerprint": self.fingerprint, "figures": asdict(self.figures)}
        return json.dumps(head).encode("ascii") + b"\n" + self.adapter.weights

    @classmethod
    def load(cls, blob: bytes) -> Tuned:
        """What `dump` gave. Raises TuningFailed where it is none."""
        head, _, weights = blob.partition(b"\n")
        try:
            row = json.loads(head)
            return cls(Adapter(weights, row["config"]), row["fingerprint"], Figures(**row["figures"]))
        except (ValueError, KeyError, TypeError) as failure:
            raise TuningFailed("A stored adapter can't be read: ask for a refresh of this echo.") from failure
