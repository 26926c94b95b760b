"""A data folder is one Echo's, and its owner's alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from echo.errors import AlreadyRunning, ConfigError
from echo.lock import only_one
from tests.support.files import mode


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_to_all")
def test_every_folder_that_is_made_is_its_owners_alone_and_others_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    home = tmp_path / "shared" / "data" / "sandbox-1"
    with only_one(home):
        assert [mode(folder) for folder in (home, home.parent, home.parent.parent)] == [0o700, 0o700, 0o755]
        assert [mode(file) for file in home.iterdir()] == [0o600]


def test_a_second_echo_is_told_of_the_first(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(AlreadyRunning, match="Another Echo is running"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="set data_dir to one that can"), only_one(tmp_path / "file" / "data"):
        pass
