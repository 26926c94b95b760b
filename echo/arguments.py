"""Reading a command line whose mistakes are told in one sentence."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """argparse, without the usage text above every mistake."""

    def error(self, message: str) -> NoReturn:
        """One sentence and exit code 2."""
        sys.stderr.write(f"echo-bot: {message}; try {self.prog} --help.\n")
        raise SystemExit(2)
