"""Steps of a database whose master key is of no concern to a test."""

from __future__ import annotations

from db.connection import Database
from db.keys import Keyring
from db.steps import Steps


def steps_of(database: Database, master_key: bytes = bytes(32)) -> Steps:
    """Records and reads the steps of a database."""
    return Steps(database, Keyring(database, master_key))
