"""Which engine the settings ask for."""

from __future__ import annotations

from echo.engines.embedded import EmbeddedEngine
from echo.ports import Engine
from echo.reports import NO_REPORTS, Reports
from echo.settings import Settings


def engine_of(settings: Settings, reports: Reports = NO_REPORTS) -> Engine:
    """The engine named in the settings, which tells `reports` how it goes; for Ollama, with the server and base model
    that they name."""
    if settings.engine == "ollama":
        # Only who uses it pays for its import.
        from echo.engines.ollama.engine import OllamaEngine

        return OllamaEngine(
            settings.ollama_host,
            settings.ollama_model,
            settings.ollama_num_ctx,
            settings.ollama_timeout,
            settings.ollama_candidates,
        )
    return EmbeddedEngine(reports=reports)
