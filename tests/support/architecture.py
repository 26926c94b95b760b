"""What the design allows, read from the source by `ast`: every check gives its faults as `file:line: what is wrong`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

PRODUCT = ("console", "db", "echo", "schedules", "states")
OURS = (*PRODUCT, "bench", "tests")

MAY_IMPORT = {
    "states": {"states"},
    "db": {"db", "states"},
    "schedules": {"schedules", "states"},
    "console": {"console", "states"},
    "echo": set(PRODUCT),
    "bench": set(OURS),
    "tests": set(OURS),
}

ONLY_IN = {
    "aiohttp": "echo",
    "gguf": "echo",
    "nextcord": "echo",
    "ollama": "echo",
    "peft": "echo",
    "safetensors": "echo",
    "torch": "echo",
    "transformers": "echo",
    "aiosql": "db",
    "aiosqlite": "db",
    "cryptography": "db",
    "apscheduler": "schedules",
    "textual": "console",
    "rich": "console",
    "transitions": "states",
}

PURE_STATES = {"transitions", "dateutil"}
"""All that floor 0 may take from outside the standard library."""

OUTSIDE_WORLD = {
    *("asyncio", "concurrent", "ftplib", "http", "logging", "multiprocessing", "os", "pathlib", "select", "shutil"),
    *("signal", "smtplib", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading"),
    *("time", "urllib"),
}
"""Modules of the standard library that states/ has no business with: I/O, processes, the event loop, the clock."""

IMPURE = {"aiohttp", "asyncio", "nextcord", "ollama", "socket", "sqlite3", "subprocess", "threading"}
"""What echo/persona and echo/corpus, which only compute and read files, must not touch."""

# Inside echo/: a file may import files of its own rank and of lower ones. The longest matching name counts; what is not
# listed stands between the edges and the app, as actor, router and interpreter do.
BETWEEN = 3
RANKS = {
    **dict.fromkeys(
        (
            "errors",
            "config",
            "settings",
            "training_settings",
            "limit_settings",
            "retention_settings",
            "settings_view",
            "setting_values",
            "secrets",
            "key_files",
            "accounting",
            "ports",
            "moments",
            "reports",
            "lock",
            "logs",
            "crashes",
        ),
        0,
    ),
    **dict.fromkeys(("persona.turns", "corpus.written"), 0),  # the vocabulary that the ports speak
    **dict.fromkeys(("persona", "corpus"), 1),
    **dict.fromkeys(("engines", "discord", "training", "sandbox"), 2),
    **dict.fromkeys(("app", "serving", "rehearse"), 4),
    **dict.fromkeys(("cli", "__main__"), 5),
}

CLOCK_READS = {
    *("datetime.date.today", "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow"),
    *("nextcord.utils.utcnow", "time.ctime", "time.gmtime", "time.localtime", "time.time", "time.time_ns"),
}
CLOCK = "schedules/clock.py"

BANNED_NAMES = {"common", "helper", "helpers", "manager", "managers", "misc", "service", "services", "util", "utils"}
LONGEST_FILE = 350


@dataclass(frozen=True)
class Import:
    """One import of one module or name, absolute: `from a.b import c` has the name `a.b.c`."""

    name: str
    line: int


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root, its module's dotted name, and its tree."""

    path: str
    module: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All of the tree, walked once for all who look."""
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> list[Import]:
        """Every import wherever it stands: in functions and under TYPE_CHECKING too."""
        found: list[Import] = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += [Import(alias.name, node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                found += [Import(f"{base}.{alias.name}", node.lineno) for alias in node.names]
        return found

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.module.split(".")
        up = node.level - 1 if self.path.endswith("__init__.py") else node.level
        kept = parts[: len(parts) - up]
        return ".".join([*kept, node.module] if node.module else kept)

    def at(self, line: int, fault: str) -> str:
        return f"{self.path}:{line}: {fault}"


@dataclass(frozen=True)
class SourceTree:
    """All the Python files under a root's packages."""

    sources: list[Source]
    by_module: dict[str, Source] = field(default_factory=dict)

    def file_of(self, name: str) -> Source | None:
        """The file that an import's name reaches: the module itself, or the one that holds the name."""
        return self.by_module.get(name) or self.by_module.get(name.rpartition(".")[0])


def read_tree(root: Path) -> SourceTree:
    sources = []
    for package in OURS:
        for file in sorted((root / package).rglob("*.py")):
            path = file.relative_to(root).as_posix()
            module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            text = file.read_text(encoding="utf-8")
            sources.append(Source(path, module, text, ast.parse(text, path)))
    return SourceTree(sources, {source.module: source for source in sources})


def floors(tree: SourceTree) -> Iterator[str]:
    for source in tree.sources:
        for used in source.imports:
            top = used.name.partition(".")[0]
            if top in OURS and top not in MAY_IMPORT[source.package]:
                yield source.at(used.line, f"{source.package}/ must not import {top}/ ({used.name})")


def third_party(tree: SourceTree) -> Iterator[str]:
    for source in tree.sources:
        for used in source.imports:
            top = used.name.partition(".")[0]
            home = ONLY_IN.get(top)
            if source.package in PRODUCT and home and home != source.package:
                yield source.at(used.line, f"{top} is only for {home}/")


def pure_states(tree: SourceTree) -> Iterator[str]:
    for source in tree.sources:
        for used in source.imports if source.package == "states" else ():
            top = used.name.partition(".")[0]
            known = top in sys.stdlib_module_names or top in PURE_STATES or top == "states"
            if top in OUTSIDE_WORLD or not known:
                yield source.at(used.line, f"states/ is pure and must not import {top}")


def pure_computation(tree: SourceTree) -> Iterator[str]:
    for source in tree.sources:
        if f"{source.module}.".startswith(("echo.persona.", "echo.corpus.")):
            for used in source.imports:
                top = used.name.partition(".")[0]
                if top in IMPURE:
                    yield source.at(used.line, f"{source.module} only computes and must not import {top}")


def rank(module: str) -> int:
    """The rank of a module of echo/, from its longest listed prefix."""
    name = module.removeprefix("echo.")
    while name:
        if name in RANKS:
            return RANKS[name]
        name = name.rpartition(".")[0]
    return BETWEEN


def order_inside_echo(tree: SourceTree) -> Iterator[str]:
    for source in tree.sources:
        for used in source.imports if source.package == "echo" else ():
            target = tree.file_of(used.name) if used.name.startswith("echo.") else None
            if target and target.module != "echo" and rank(target.module) > rank(source.module):
                yield source.at(used.line, f"{source.module} must not import {target.module}, which is above it")


def circles(tree: SourceTree) -> Iterator[str]:
    """Circles among files; each is named once, from the file that comes first by name."""
    edges: dict[str, dict[str, int]] = {source.module: {} for source in tree.sources}
    for source in tree.sources:
        for used in source.imports:
            target = tree.file_of(used.name)
            if target and target.module != source.module:
                edges[source.module].setdefault(target.module, used.line)
    done: set[str] = set()
    for start in sorted(edges):
        path = _way_back(start, edges, done)
        done.add(start)
        if path:
            line = edges[start][path[1]]
            yield tree.by_module[start].at(line, "circle of imports: " + " -> ".join(path))


def _way_back(start: str, edges: dict[str, dict[str, int]], done: set[str]) -> list[str] | None:
    """The shortest way from a file back to itself that avoids the files already looked at."""
    came_from: dict[str, str] = {}
    front = [start]
    while front:
        module = front.pop(0)
        for other in edges[module]:
            if other == start:
                path = [start]
                while module != start:
                    path.append(module)
                    module = came_from[module]
                return [start, *reversed(path)]
            if other not in came_from and other not in done:
                came_from[other] = module
                front.append(other)
    return None


def clock_reads(tree: SourceTree) -> Iterator[str]:
    for source in tree.sources:
        if source.package not in PRODUCT or source.path == CLOCK:
            continue
        names = dict(_local_names(source))
        for node in source.nodes:
            if isinstance(node, (ast.Attribute, ast.Name)):
                full = _dotted(node, names)
                if full in CLOCK_READS:
                    yield source.at(node.lineno, f"{full} reads the clock: only {CLOCK} may, take `now` as an argument")


def _local_names(source: Source) -> Iterator[tuple[str, str]]:
    for node in source.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value, names)
        return f"{base}.{node.attr}" if base else ""
    return names.get(node.id, "") if isinstance(node, ast.Name) else ""


def lengths_and_names(tree: SourceTree) -> Iterator[str]:
    for source in tree.sources:
        lines = source.text.count("\n")
        if lines > LONGEST_FILE:
            yield source.at(lines, f"{lines} lines, more than {LONGEST_FILE}: split it")
        for part in source.module.split("."):
            if part in BANNED_NAMES:
                yield source.at(1, f"{part} says nothing: name the module after what it is")


def broad_excepts(tree: SourceTree) -> Iterator[str]:
    for source in tree.sources:
        for node in source.nodes:
            if isinstance(node, ast.ExceptHandler):
                named = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)} if node.type else set()
                last = node.body[-1]
                # Undoing something and raising again, as a transaction does, hides nothing.
                again = isinstance(last, ast.Raise) and last.exc is None
                if not again and (not node.type or named & {"Exception", "BaseException"}):
                    yield source.at(node.lineno, "a broad except hides what it does not know: name the exceptions")


def false_tests(tree: SourceTree) -> Iterator[str]:
    """Tests go through real edges: no mocks, no patching, and no waiting by the clock outside the loopback servers."""
    for source in tree.sources:
        if source.package != "tests":
            continue
        names = dict(_local_names(source))
        for node in source.nodes:
            if isinstance(node, ast.arg) and node.arg in ("monkeypatch", "mocker"):
                yield source.at(node.lineno, f"{node.arg} is not for our tests: use a real edge")
            elif isinstance(node, ast.Call) and not source.path.startswith("tests/support/"):
                nap = _dotted(node.func, names) in ("asyncio.sleep", "time.sleep")
                if nap and not (isinstance(node.args[0], ast.Constant) and node.args[0].value == 0):
                    yield source.at(node.lineno, "a test waits for facts, it does not sleep")
        for used in source.imports:
            if used.name.startswith(("unittest.mock", "mock.", "pytest_mock")):
                yield source.at(used.line, "no mocks: use a real edge")


Check = Callable[[SourceTree], Iterator[str]]

CHECKS: tuple[Check, ...] = (
    floors,
    third_party,
    pure_states,
    pure_computation,
    order_inside_echo,
    circles,
    clock_reads,
    lengths_and_names,
    broad_excepts,
    false_tests,
)
