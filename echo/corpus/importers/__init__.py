"""Reading exports of what people wrote, in any of the forms that people have, without trusting them."""

from __future__ import annotations

from .detect import read_all, read_export
from .limits import Limits

__all__ = ["Limits", "read_all", "read_export"]
