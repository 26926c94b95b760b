"""Which engine the settings ask for."""

from __future__ import annotations

import time

from echo.engines.embedded import EmbeddedEngine
from echo.ports import Clock, Engine
from echo.reports import NO_REPORTS, Reports
from echo.settings import Settings


def engine_of(settings: Settings, reports: Reports = NO_REPORTS, clock: Clock | None = None) -> Engine:
    """The engine named in the settings; for Ollama, with the servers and base model that they name.

    It tells `reports` how it goes and how those stand; `clock` says when one that was left out is tried again (None:
    by time itself).
    """
    if settings.engine == "ollama":
        # Only who uses it pays for its import.
        from echo.engines.ollama.engine import OllamaEngine
        from echo.engines.ollama.hosts import Hosts

        hosts = Hosts(
            settings.ollama_addresses,
            settings.ollama_timeout,
            settings.ollama_stall,
            settings.ollama_parallel,
            reports,
            clock=(lambda: clock().timestamp()) if clock else time.monotonic,
        )
        return OllamaEngine(
            hosts,
            settings.ollama_model,
            settings.ollama_num_ctx,
            settings.ollama_candidates,
            parallel=settings.ollama_parallel,
            embedding=settings.ollama_embedding_model,
            loaded=settings.ollama_loaded_bases,
            away=settings.ollama_away,
            reports=reports,
        )
    return EmbeddedEngine(reports=reports)
