"""A sandbox with a small world, and somebody to call it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from echo.sandbox.server import Sandbox
from tests.support.loopback import Caller, calling, opened


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with opened(rate_limits=False) as running:
        yield running


@pytest.fixture
async def call(sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with calling(sandbox) as caller:
        yield caller
