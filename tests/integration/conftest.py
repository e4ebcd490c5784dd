"""A fresh lab for each test: a real server, and nothing of another test's in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stagedflow import Lab


@pytest.fixture
async def lab(server_binary: Path) -> AsyncIterator[Lab]:
    """A lab without a worker, closed after the test."""
    async with await Lab.start() as lab:
        yield lab
