"""Reading exports of what people wrote, in any of the forms that people have, without trusting them."""

from __future__ import annotations

from .detect import open_export, read_all, read_export
from .export import Export, Form, Part
from .limits import Limits

__all__ = ["Export", "Form", "Limits", "Part", "open_export", "read_all", "read_export"]
