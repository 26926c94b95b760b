"""An export as a page to be read: one file without scripts or anything fetched, and every text escaped. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

SHOWN: Final = 5000
"""Rows of a table on the page, the newest; all are in the JSON files beside it."""
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSEEN: Final = "\N{REPLACEMENT CHARACTER}"
_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What Echo holds about you</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 1rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; font-weight: bold; padding: .5rem 0; }
th, td { border: 1px solid #767676; padding: .3rem .5rem; text-align: left; vertical-align: top; }
td { white-space: pre-wrap; overflow-wrap: anywhere; }
:root { color-scheme: light dark; }
</style>
</head>
<body>
<main>
"""
_FOOT: Final = "</main>\n</body>\n</html>\n"

Row = Mapping[str, Any]


def page(held: Sequence[Row], servers: Mapping[str, str], made_at: str) -> str:
    """The page of all that is held of the profiles; `servers` says what the servers with these ids are called."""
    parts = [
        _HEAD,
        "<h1>What Echo holds about you</h1>",
        f"<p>Made {text(made_at)} (UTC), for you alone. It holds what you wrote, and of others only what stood just "
        "before it, under made-up names: keep it safe. The JSON files beside this page hold all of it.</p>",
        '<nav aria-label="Contents"><ul>',
        *[f'<li><a href="#echo-{int(one["profile"]["number"])}">{_title(one, servers)}</a></li>' for one in held],
        "</ul></nav>",
        *[part for one in held for part in _echo(one, servers)],
        _FOOT,
    ]
    return "\n".join(parts)


def text(value: object) -> str:
    """Anything as text of the page: escaped, in its own direction, without signs that nobody sees."""
    said = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return f"<bdi>{escape(_CONTROL.sub(_UNSEEN, said))}</bdi>"


def _title(one: Row, servers: Mapping[str, str]) -> str:
    server = str(one["profile"]["server"])
    named = f"{text(servers[server])} ({text(server)})" if server in servers else f"server {text(server)}"
    return f"Your echo in {named}"


def _echo(one: Row, servers: Mapping[str, str]) -> Iterable[str]:
    number = int(one["profile"]["number"])
    yield f'<section id="echo-{number}" aria-labelledby="head-{number}">'
    yield f'<h2 id="head-{number}">{_title(one, servers)}</h2>'
    yield _table("How it stands", [{"what": name, "value": value} for name, value in one["profile"].items()])
    for name, title in (
        ("consents", "What you agreed to, with the text that you were shown"),
        ("allowances", "What you allowed besides"),
        ("messages", "Messages that are stored: yours, and of others what stood before them"),
        ("said", "What your echo drafted and said"),
        ("remembered", "What your echo remembers of its talk"),
        ("feedback", "What people thought of what it said, counted"),
        ("scores", "How like you it was found in its tests"),
        ("history", "What happened when"),
        ("audit", "Acts about you that are accounted for"),
    ):
        yield _table(title, one.get(name) or [])
    yield _table("Your wishes", [{"what": name, "value": value} for name, value in (one.get("wishes") or {}).items()])
    card = one.get("card") or []
    yield _table("How you write, as your echo learned it", [{"line": line} for line in card] if card else [])
    if one.get("receipt"):
        yield _table("The receipt of its erasure", [{"value": one["receipt"]}])
    for name, rows in sorted(one["rows"].items()):
        if rows:
            yield _table(f"Other rows: {name}", rows)
    yield "</section>"


def _table(title: str, rows: Sequence[Row]) -> str:
    if not rows:
        return f"<h3>{text(title)}</h3>\n<p>Nothing is held.</p>"
    columns = list(dict.fromkeys(name for row in rows for name in row))
    shown = rows[-SHOWN:]
    more = f" (the newest {len(shown):,} of {len(rows):,})" if len(shown) < len(rows) else ""
    lines = ["<table>", f"<caption>{text(title + more)}</caption>", "<thead><tr>"]
    lines += [f'<th scope="col">{text(name.replace("_", " "))}</th>' for name in columns]
    lines.append("</tr></thead>\n<tbody>")
    for row in shown:
        lines.append("<tr>" + "".join(f"<td>{text(row.get(name))}</td>" for name in columns) + "</tr>")
    return "\n".join([*lines, "</tbody>\n</table>"])
