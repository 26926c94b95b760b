"""An export as ZIP files of JSON and one page, each as small as it must be to be sent. Pure."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

from echo.export_page import page

MOST_PARTS: Final = 10
"""Files that are sent to somebody at most; what is larger is handed over by whoever runs Echo."""
_SPLIT: Final = ("messages", "said", "remembered", "history", "audit")
"""What may be long, and is divided among the parts."""

Held = Mapping[str, Any]


def archive(held: Sequence[Held], servers: Mapping[str, str], made_at: str) -> bytes:
    """All of it as one ZIP file."""
    return _zipped(held, page(held, servers, made_at), made_at)


def parts(held: Sequence[Held], servers: Mapping[str, str], made_at: str, limit: int) -> list[bytes] | None:
    """The same as one or more ZIP files of at most `limit` bytes each; None where MOST_PARTS would not hold it.

    Each part has everything that is short, and its share of what is long; the page shows what its part holds.
    """
    count = 1
    while count <= MOST_PARTS:
        shares = [[_share(one, number, count) for one in held] for number in range(count)]
        made = [_zipped(share, page(share, servers, made_at), made_at) for share in shares]
        largest = max(map(len, made))
        if largest <= limit:
            return made
        count = max(count + 1, min(MOST_PARTS, count * largest // limit + 1)) if count < MOST_PARTS else count + 1
    return None


def _share(one: Held, number: int, count: int) -> Held:
    found = dict(one)
    for name in _SPLIT:
        rows = one.get(name) or []
        found[name] = rows[len(rows) * number // count : len(rows) * (number + 1) // count]
    return found | ({"part": f"{number + 1} of {count}"} if count > 1 else {})


def _zipped(held: Sequence[Held], shown: str, made_at: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        _put(file, "index.html", shown)
        for one in held:
            # Names are made of numbers alone: what a server or person is called can lead nowhere.
            folder = f"echo-{int(one['profile']['number'])}"
            for name, value in one.items():
                if name != "rows":
                    _put(file, f"{folder}/{name}.json", _json(value))
            for table, rows in one["rows"].items():
                if rows:
                    _put(file, f"{folder}/rows/{table}.json", _json(rows))
        _put(file, "made.json", _json({"made_at": made_at, "by": "Echo"}))
    return buffer.getvalue()


def _put(file: zipfile.ZipFile, name: str, content: str) -> None:
    # A fixed time: that of the export stands in it, and the same content gives the same file.
    entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
    file.writestr(entry, content.encode("utf-8", "backslashreplace"))


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
