"""A loopback Ollama over real HTTP: it behaves as the real one does (0.33), and can fail in its ways."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.ollama_chats import Chat, agreeable
from tests.support.ollama_models import Model
from tests.support.ollama_prompts import Seen
from tests.support.ollama_server import LoopbackOllama
from tests.support.ollama_shelf import MODEL
from tests.support.ollama_troubles import Trouble

__all__ = ["MODEL", "Chat", "LoopbackOllama", "Model", "Seen", "Trouble", "agreeable", "ollama_at_loopback"]


@asynccontextmanager
async def ollama_at_loopback(**options: Any) -> AsyncIterator[LoopbackOllama]:
    """A running one, with the attributes given."""
    server = LoopbackOllama(**options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
