"""What is loaded of an echo to speak through a chat model."""

from __future__ import annotations

from dataclasses import dataclass

from echo.engines.bundle import unbundled
from echo.engines.examples import Examples, loaded
from echo.persona.model import Persona


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Mind:
    """A loaded model: the persona, and the examples to retrieve from."""

    persona: Persona
    examples: Examples

    @classmethod
    def of(cls, model: bytes) -> Mind:
        """Raises EngineFailed where the bytes are damaged or foreign."""
        persona, examples = unbundled(model)
        return cls(Persona.load(persona), Examples(loaded(examples)))
