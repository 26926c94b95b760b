"""What the documentation says is there: commands, options, keys, settings, codes, targets, files and links."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from db.schema import read_migrations
from echo.cli import EXIT_CODES, parser
from echo.config import load
from echo.discord.collecting import reconciling
from echo.discord.forms import COMMANDS, signatures
from echo.engines.ollama import asking
from echo.engines.ollama.failures import OllamaFailure
from echo.errors import ConfigError, UsageError
from echo.rehearse import HAS
from echo.sandbox.faults import Faults
from echo.sandbox.permissions import Permission
from echo.secrets import SECRET_VARIABLES
from echo.settings import FIELDS, Settings, variable
from schedules.maintenance import TABLE
from states.model import ProfileState, SessionState
from tests.support.architecture import PRODUCT

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
ALL = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
WHOLE = "\n".join(ALL.values())
CODE = re.compile(r"`([^`\n]+)`|^ {4,}(\S.*)$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def code(text: str) -> Iterator[str]:
    """What stands in code: between backticks, and in indented blocks line by line."""
    for found in CODE.finditer(text):
        yield found[1] or found[2]


def slugs(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def section(text: str, head: str) -> str:
    """What stands below a heading, up to the next one."""
    return re.split(r"^#+ ", text.split(f"# {head}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def run_tables(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The generator of the README's tables, in a process of its own."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "ignore", str(root / "docs" / "tables.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)


def test_the_readmes_tables_and_diagrams_are_those_that_the_code_gives() -> None:
    done = run_tables("--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_block_that_is_out_of_date_or_lost_is_named_and_written_anew(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("tables.py", "members.md"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs")
    readme = tmp_path / "README.md"
    stale = README.replace("| `75` |", "| `76` |").replace("AWAITING_CONSENT -->", "AWAITING -->")
    assert stale != README
    readme.write_text(stale, encoding="utf-8")
    checked = run_tables("--check", root=tmp_path)
    assert checked.returncode == 1
    assert re.findall(r"block <!-- ([\w ]+) -->", checked.stderr) == ["exit codes", "states"]
    assert run_tables(root=tmp_path).returncode == 0
    assert readme.read_text(encoding="utf-8") == README
    readme.write_text(README.replace("<!-- /keys -->", ""), encoding="utf-8")
    lost = run_tables(root=tmp_path)
    assert lost.returncode == 1
    assert "no place for <!-- keys -->" in lost.stderr


def test_every_command_is_in_the_readme_and_every_command_named_exists() -> None:
    known = signatures(COMMANDS)
    parts = {name.split()[1] for name in known if name.startswith("echo ")}
    block = README.split("<!-- commands -->")[1].split("<!-- /commands -->")[0]
    assert [name for name in known if name not in block] == []
    # `/echo @user date` is what the README says is not possible.
    named = {part for text in code(WHOLE) for part in re.findall(r"(?<![\w.])/echo (\w+)", text)}
    assert named <= parts
    assert parts <= named
    options = {name for text in code(WHOLE) if "/echo" in text for name in re.findall(r" \[?(\w+):", text)}
    leaves = [one for part in COMMANDS[0]["options"] for one in (part, *part.get("options", ())) if one["type"] == 1]
    assert options == {o["name"] for leaf in leaves for o in leaf.get("options", ())}


def test_every_option_named_after_echo_bot_exists() -> None:
    top = {string for action in parser()._actions for string in action.option_strings}
    words = {"run", "sandbox", "config", "rehearse", "import", "corpus", "stats", "key"}
    importing = ("import", "corpus stats", "corpus verify", "corpus export")
    others = ("rehearse", "stats", "key rotate", "key check")
    of_words = {command: help_of(*command.split()) for command in (*importing, *others)}
    named = [text for text in code(WHOLE) if re.search(r"\becho-bot |ARGS=\"", text) and "make test" not in text]
    assert len(named) >= 10
    for text in named:
        of_echo = re.split(r"echo-bot |ARGS=\"", text, maxsplit=1)[1]
        if not of_echo.startswith(tuple(words | {"-"})):
            continue
        allowed = next((options for command, options in of_words.items() if of_echo.startswith(command)), top)
        assert set(re.findall(r"(?<!\S)--[\w-]+", of_echo)) <= allowed, text
    table = set(re.findall(r"^\| `(--[\w-]+)", ALL["docs/rehearse.md"], re.MULTILINE))
    assert table == of_words["rehearse"] - {"--help"}
    page = set(re.findall(r"^\| `(--[\w-]+)", ALL["docs/importing.md"], re.MULTILINE))
    assert page == set().union(*(of_words[name] for name in importing)) - {
        "--help",
        "--config",
    }


def test_every_way_in_which_ollama_fails_is_explained() -> None:
    page = section(ALL["docs/operators.md"], "Measurements")
    rows = page.partition("| Kind | What |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)) == kinds_of_failure()


def kinds_of_failure() -> set[str]:
    """What failures of Ollama are called in measurements."""
    assert asking.Changed in OllamaFailure.__subclasses__()
    return {failure.kind for failure in OllamaFailure.__subclasses__()}


def help_of(*command: str) -> set[str]:
    """The long options that a command's own help names."""
    run = [sys.executable, "-W", "ignore", "-m", "echo", *command, "--help"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return set(
        re.findall(r"--[\w-]+", subprocess.run(run, capture_output=True, text=True, check=True, env=environ).stdout)
    )


def test_every_exit_code_is_in_the_readme_and_no_other_is_named() -> None:
    block = README.split("<!-- exit codes -->")[1].split("<!-- /exit codes -->")[0]
    assert {int(found) for found in re.findall(r"^\| `(\d+)` \|", block, re.MULTILINE)} == set(EXIT_CODES)
    named = re.findall(r"exit codes? (\d+)(?: and (\d+))?", WHOLE)
    assert {int(one) for pair in named for one in pair if one} <= set(EXIT_CODES)


def test_every_setting_is_in_the_readme_and_every_setting_named_exists() -> None:
    keys = set(FIELDS)
    variables = {*map(variable, keys), "ECHO_CONFIG", *SECRET_VARIABLES}
    assert keys <= set(re.findall(r"^\| `([\w.]+)` \|", section(README, "Settings"), re.MULTILINE))
    assert set(re.findall(r"\bECHO_[A-Z_]+\b", WHOLE)) <= variables
    shaped = re.compile(r"(?:max|min|data|ollama|message|consent|collecting|training|sandbox|journal|context)_\w+")
    columns = {name for text in migrations() for name in re.findall(r"\w+", text)}
    known = keys | tables() | columns | {"message_id", "message_ids"} | kinds_of_failure()
    assert [text for text in code(WHOLE) if shaped.fullmatch(text) and text not in known] == []


@pytest.mark.parametrize("page", ["docs/operators.md", "docs/troubleshooting.md", "README.md"])
def test_settings_given_as_examples_are_taken(page: str, tmp_path: Path) -> None:
    given = dict(re.findall(r"\b(ECHO_[A-Z_]+)=([^\s`]+)", ALL[page]))
    assert given
    try:
        loaded = load(environ=given, cwd=tmp_path)
    except ConfigError as error:
        pytest.fail(f"{page}: {error}")
    assert {variable(key) for key, source in loaded.sources.items() if source != "default"} == set(given)


def test_the_defaults_that_the_pages_mention_are_the_defaults() -> None:
    settings = Settings()
    assert "a week (the operator" in ALL["docs/members.md"]
    assert settings.consent_expiry_hours == 7 * 24
    assert "two seconds unless set otherwise" in " ".join(ALL["docs/members.md"].split())
    assert settings.message_generation_cooldown == 2.0
    for page, key in (
        ("docs/privacy.md", "data_retention_days"),
        ("docs/privacy.md", "journal_retention_days"),
        ("docs/operators.md", "min_messages"),
        ("docs/troubleshooting.md", "max_delay"),
    ):
        said = re.search(rf"`{key}`[^|(]*\((\d+)", ALL[page])
        assert said, f"{page} should say what {key} is"
        assert float(said[1]) == getattr(settings, key)


def tables() -> set[str]:
    """The database's tables, without those that a later migration has dropped."""
    script = "".join(migrations())
    return {*re.findall(r"CREATE TABLE (\w+)", script)} - {*re.findall(r"DROP TABLE (\w+)", script)}


def migrations() -> list[str]:
    """The text of every migration."""
    return [path.read_text(encoding="utf-8") for path in sorted((ROOT / "db" / "migrations").glob("*.sql"))]


def test_what_is_kept_is_told_of_every_table_and_of_no_other() -> None:
    assert len(migrations()) == len(read_migrations())
    kept = section(ALL["docs/privacy.md"], "After it")
    told = {name for text in code(kept) for name in re.findall(r"\w+", text)}
    # A mark that says whether the master key is the right one is about nobody.
    assert tables() - {"meta"} - told == set()
    assert {name for name in told if name.endswith("s") and "_" in name} - tables() <= set(FIELDS)


def test_upkeep_runs_when_the_operators_guide_says() -> None:
    upkeep = section(ALL["docs/operators.md"], "Upkeep")
    minute, hour = TABLE["retention"].split()[:2]
    assert f"every day at {int(hour):02}:{minute}" in upkeep
    assert f"every hour at :{TABLE['checkpoint'].split()[0]}" in upkeep
    minute, hour = TABLE["reconcile"].split()[:2]
    assert f"every day at {int(hour):02}:{minute} it compares" in upkeep
    assert f"at most {reconciling.PAGES} of each server" in " ".join(upkeep.split())


def test_the_invitation_asks_for_just_the_permissions_that_are_explained() -> None:
    guide = section(ALL["docs/operators.md"], "The bot in Discord's developer portal")
    rows = re.findall(r"^ +\| ((?:[A-Z][a-z]+|in| )+) \| (?!What for)", guide, re.MULTILINE)
    named = [name.upper().replace(" ", "_").replace("CHANNELS", "CHANNEL") for name in rows]
    asked = re.search(r"scope=([\w.+]+)&permissions=(\d+)", guide)
    assert asked and set(asked[1].split("+")) == {"bot", "applications.commands"}
    assert Permission(int(asked[2])) == Permission(sum(Permission[name] for name in named))
    assert {name for name in rows if name not in " ".join(section(README, "On Discord").split())} == set()


def test_every_make_target_is_in_the_readme_and_every_one_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE)) - {"help"}
    named = {
        target for text in code(WHOLE) for target in re.findall(r"\bmake (?:[A-Z]+=\S+ )?([a-z]+(?:-[a-z]+)*)\b", text)
    }
    assert named == targets


def test_every_state_is_explained() -> None:
    page = ALL["docs/architecture.md"]
    rows = re.findall(r"^\| ([A-Z_]+) \|", page, re.MULTILINE)
    assert rows == [state.name for state in (*ProfileState, *SessionState)]
    for state in (*ProfileState, *SessionState):
        assert f'state "{state.name}" as {state.name}' in README


def test_the_sandboxs_paths_and_faults_are_all_documented() -> None:
    page = ALL["docs/sandbox-api.md"]
    source = "".join(one.read_text(encoding="utf-8") for one in (ROOT / "echo" / "sandbox").glob("*.py"))
    routes = {(verb.upper(), path) for verb, path in re.findall(r"web\.(get|post)\(\"(/sandbox/\w+)\"", source)}
    assert len(routes) >= 10
    assert set(re.findall(r"`(GET|POST) (/sandbox/\w+)", page)) == routes
    faults = section(page, "Making things go wrong")
    documented = re.findall(r"^\| `(\w+)` \|", faults, re.MULTILINE)
    # Each is known: a wrong kind of value is refused by its name, not as a name that there is not.
    for name in documented:
        with pytest.raises(UsageError, match=f"The fault '{name}' must be"):
            Faults().set({name: None})
    assert set(Faults().shown()) <= set(documented)


def test_the_examples_of_rehearsing_are_answered(tmp_path: Path) -> None:
    page = section(ALL["docs/rehearse.md"], "By JSON lines")
    burst = json.loads("".join(page[page.index('{"ts"') : page.index("`context` is what")].split("\n")))
    fit = {"op": "fit", "train": [burst] * 3, "meta": {"author": "Ben", "seed": 1}}
    asked = [
        json.loads(row.replace("[...]", "[]").replace('"..."', '"soup"'))
        for row in re.findall(r"`(\{\"op.+?\})`", page)
    ]
    assert [row["op"] for row in asked][:1] == ["reply"]
    assert {row["op"] for row in asked} == {"reply", *HAS}
    run = [sys.executable, "-W", "ignore", "-m", "echo", "rehearse"]
    lines = "".join(json.dumps(row) + "\n" for row in (fit, *asked))
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(run, input=lines, capture_output=True, text=True, check=True, env=environ, cwd=tmp_path)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert set(answers[0]) == set(json.loads(next(t for t in code(page) if t.startswith('{"ok"'))))
    assert [set(answer) for answer in answers[1:]] == [{"value"}] * len(asked)


@pytest.mark.parametrize("page", ALL)
def test_every_link_and_picture_of_a_page_leads_somewhere(page: str) -> None:
    for target in LINK.findall(ALL[page]):
        parts = urlsplit(target)
        if parts.scheme:
            assert parts.scheme == "https" and parts.hostname, target
            continue
        found = ((ROOT / page).parent / parts.path).resolve() if parts.path else ROOT / page
        assert found.is_file() and found.is_relative_to(ROOT), f"{page}: {target}"
        if parts.fragment:
            assert parts.fragment in slugs(found.read_text(encoding="utf-8")), f"{page}: {target}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        seen.add(page)
        links = (urlsplit(target) for target in LINK.findall(page.read_text(encoding="utf-8")))
        found = {(page.parent / one.path).resolve() for one in links if not one.scheme and one.path.endswith(".md")}
        todo += found - seen
    assert set(PAGES) <= seen


@pytest.mark.parametrize("page", ALL)
def test_every_file_and_module_named_in_a_page_exists(page: str) -> None:
    for text in code(ALL[page]):
        if re.fullmatch(rf"(?:{'|'.join((*PRODUCT, 'tests', 'bench', 'docs'))})/[\w./]*", text):
            assert (ROOT / text).exists(), f"{page}: {text}"
        module = re.match(r"(?:\S*/)?python -m ([\w.]+)", text)
        if module and module[1].partition(".")[0] in PRODUCT:
            path = ROOT / module[1].replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), f"{page}: {text}"


@pytest.mark.parametrize("page", ALL)
def test_no_page_names_this_machine_or_a_registry(page: str) -> None:
    found = re.findall(r"(?<![\w.~-])/(?:work|root|home|tmp|Users|builds?)\b\S*|pypi\S*|pythonhosted\S*", ALL[page])
    assert found == []


def test_discords_rules_are_said_where_they_must_be_seen() -> None:
    for page in ("README.md", "docs/operators.md"):
        text = " ".join(ALL[page].replace("*", "").split())
        assert "Developer Policy" in text
        assert "train machine learning" in text
        assert re.search(r"consent of the person who is echoed does not replace Discord's permission", text), page


def test_the_changelog_has_this_version_and_a_place_for_the_next() -> None:
    version = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    heads = re.findall(r"^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?$", ALL["CHANGELOG.md"], re.MULTILINE)
    assert [name for name, _ in heads][:2] == ["Unreleased", version[1]]
    assert all(date for name, date in heads if name != "Unreleased")


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", ALL["docs/threat-model.md"])
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []
