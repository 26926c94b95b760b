"""Fine-tuning as the settings ask for it."""

from __future__ import annotations

from echo.errors import ConfigError
from echo.ports import Clock, Engine
from echo.profile_work import FineTunes
from echo.scoring import Scoring
from echo.settings import Settings
from echo.store import Store
from echo.training_settings import TrainingSettings
from states.board import Board


def fine_tuning_of(
    settings: Settings, store: Store, board: Board, engine: Engine, scoring: Scoring, clock: Clock
) -> FineTunes | None:
    """What fine-tunes, None where the settings don't ask for it. Raises ConfigError where they don't fit together."""
    training = settings.training
    if not training.enabled:
        return None
    # Only who uses it pays for its import.
    from pathlib import Path

    from echo.engines.ollama.engine import OllamaEngine
    from echo.fine_tuning import FineTuning
    from echo.training.job import Tuning
    from echo.training.making import Ingredients
    from echo.training.publishing import Publisher

    if not isinstance(engine, OllamaEngine):
        raise ConfigError("training.enabled is true, but only Ollama speaks by such weights: set engine to ollama.")
    for key, value in (("base", training.base), ("base_gguf", training.base_gguf)):
        if not value:
            raise ConfigError(f"training.enabled is true, but training.{key} is empty: set it, see docs/training.md.")
    board.set_condition("fine-tuning", _in_the_way(training))
    timeout = float(settings.model_training_timeout)
    base = Ingredients(Path(training.base_gguf), Path(training.base), training.quantisation, training.llama_quantize)
    return FineTuning(
        board=board,
        engine=engine,
        server=engine,
        tuning=Tuning(training, store.tuning, timeout, clock),
        publisher=Publisher(store.home, base, timeout, training.ollama_base),
        scoring=scoring,
        uploads=store.uploads,
        settings=training,
    )


def _in_the_way(training: TrainingSettings) -> str | None:
    """What is known at the start to keep everybody's weights from being made: nobody is to hear it hours later."""
    from echo.training.base import base_folder
    from echo.training.failures import BaseUnusable
    from echo.training.job import missing

    try:
        base_folder(training.base)
    except BaseUnusable as problem:
        return str(problem)
    return missing()
