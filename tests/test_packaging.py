"""What is installed, locked and run on another machine: the package, the lock, the Makefile and the CI script."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from tests.support.architecture import PRODUCT, read_tree

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "constraints.txt").read_text(encoding="utf-8")
PINS = [Requirement(line.rstrip(" \\")) for line in LOCK.splitlines() if line[:1].isalnum()]

DISTRIBUTION = {
    "PIL": "pillow",
    "dateutil": "python-dateutil",
    "phonenumbers": "phonenumberslite",
    "pydantic_settings": "pydantic-settings",
    "stdnum": "python-stdnum",
}
"""Where a package's import name is not its distribution's name."""


def data_files() -> set[str]:
    found = {path for top in PRODUCT for path in (ROOT / top).rglob("*") if path.is_file()}
    return {path.relative_to(ROOT).as_posix() for path in found if path.suffix not in (".py", ".pyc")}


def environment_of(version: str) -> dict[str, str]:
    return {name: str(value) for name, value in default_environment().items()} | {
        "python_version": version,
        "python_full_version": f"{version}.1",
    }


def test_every_package_is_listed_by_name() -> None:
    folders = {path.parent for top in PRODUCT for path in (ROOT / top).rglob("*.py")}
    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted(
        folder.relative_to(ROOT).as_posix().replace("/", ".") for folder in folders
    )
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_import_from_outside_is_declared() -> None:
    # Fine-tuning is an extra, and Echo does without it.
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = (*PROJECT["project"]["dependencies"], *extras["train"])
    declared = {Requirement(text).name for text in wanted}
    used = {
        used.name.partition(".")[0]: source.at(used.line, used.name)
        for source in read_tree(ROOT).sources
        if source.package in PRODUCT
        for used in source.imports
    }
    outside = used.keys() - set(sys.stdlib_module_names) - set(PRODUCT)
    assert {used[name] for name in outside if DISTRIBUTION.get(name, name) not in declared} == set()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_lock_has_one_fitting_version_of_everything_declared(version: str) -> None:
    environment = environment_of(version)
    pins = [pin for pin in PINS if pin.marker is None or pin.marker.evaluate(environment)]
    assert len({pin.name for pin in pins}) == len(pins)
    project = PROJECT["project"]
    for text in (
        *project["dependencies"],
        *project["optional-dependencies"]["dev"],
        *PROJECT["build-system"]["requires"],
    ):
        needed = Requirement(text)
        if needed.marker is None or needed.marker.evaluate(environment):
            chosen = next(pin for pin in pins if pin.name == needed.name)
            assert str(chosen.specifier).removeprefix("==") in needed.specifier, text


def test_nextcord_is_2_6_on_3_11_and_3_2_or_later_above() -> None:
    chosen = {
        version: next(
            str(pin.specifier)
            for pin in PINS
            if pin.name == "nextcord" and pin.marker and pin.marker.evaluate(environment_of(version))
        )
        for version in ("3.11", "3.12", "3.13")
    }
    assert chosen["3.11"] == "==2.6.0"
    assert chosen["3.12"] == chosen["3.13"]
    assert re.fullmatch(r"==3\.[2-9].*", chosen["3.12"])


def test_every_locked_version_has_hashes_and_no_address_is_in_the_lock() -> None:
    assert len(PINS) > 40
    assert LOCK.count("\n    --hash=sha256:") >= len(PINS)
    for entry in re.split(r"\n(?=\w)", LOCK.strip()):
        assert "--hash=sha256:" in entry, entry
    assert re.findall(r".*(?:://|index-url|find-links|trusted-host).*", LOCK) == []


def test_the_extra_train_has_pins_of_its_own_without_touching_the_lock() -> None:
    text = (ROOT / "constraints-train.txt").read_text(encoding="utf-8")
    pins = [Requirement(line) for line in text.splitlines() if line and not line.startswith("#")]
    assert {pin.name for pin in pins} & {pin.name for pin in PINS} == set()
    chosen = {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}
    for wanted in map(Requirement, PROJECT["project"]["optional-dependencies"]["train"]):
        assert chosen[wanted.name] in wanted.specifier
        assert wanted.name not in {pin.name for pin in PINS}
    assert re.findall(r"://|index-url|find-links|trusted-host", text) == []


def test_the_wheel_carries_every_data_file_and_the_command(tmp_path: Path) -> None:
    # A copy, because building leaves folders beside the sources.
    cached = shutil.ignore_patterns("__pycache__")
    for name in (*PRODUCT, "pyproject.toml", "README.md", "LICENSE"):
        source, target = ROOT / name, tmp_path / "project" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target, ignore=cached) if source.is_dir() else shutil.copy(source, target)
    # What pip calls in the end, without the seconds that it takes to get there.
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=tmp_path / "project", check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        entries = wheel.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    assert data_files() - names == set()
    assert {f"{top}/py.typed" for top in PRODUCT} <= names
    assert {name.partition("/")[0] for name in names if "dist-info" not in name} == set(PRODUCT)
    assert entries.strip() == "[console_scripts]\necho-bot = echo.cli:main"


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_a_python_that_does_not_fit_is_refused_in_one_sentence(tmp_path: Path) -> None:
    old = script(tmp_path / "python2", "exit 1")
    for python, said in (
        (str(old), f"{old} is not a working Python 3.11, 3.12 or 3.13"),
        ("", "Echo needs Python 3.11"),
    ):
        command = ["make", "-s", "run", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=plain_environment())
        assert done.returncode == 2
        assert done.stderr.startswith(said)
        assert not (tmp_path / "venv").exists()


def test_clean_removes_all_that_git_is_told_the_makefile_makes() -> None:
    made = (ROOT / ".gitignore").read_text(encoding="utf-8").split("\n\n")[0].splitlines()[1:]
    done = subprocess.run(["make", "-n", "clean"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [path for path in made if path.strip("/") not in done.stdout] == []


def test_an_interpreter_that_does_not_start_is_passed_over(tmp_path: Path) -> None:
    shim = script(tmp_path / "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    find = [str(ROOT / ".ci" / "find-python"), "no-such-python", str(shim), sys.executable]
    assert subprocess.run(find, capture_output=True, text=True, check=True).stdout == f"{sys.executable}\n"
    assert subprocess.run(find[:-1], capture_output=True, check=False).returncode == 1


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize(
    ("made", "second"),
    [
        ([], "== no Python 3.12 or 3.13 on PATH or under PYENV_ROOT: the second run of the tests is left out"),
        (["pyenv/versions/3.12.1/bin/python"], "test {root}/pyenv/versions/3.12.1/bin/python .venv-3.12"),
        (["pyenv/versions/3.12.1/bin/python", "bin/python3.13"], "test {root}/bin/python3.13 .venv-3.13"),
    ],
)
def test_ci_runs_the_tests_again_on_a_newer_python_or_says_so(made: list[str], second: str, tmp_path: Path) -> None:
    for path in ("bin/python3.11", *made):
        version = re.findall(r"3\.1[123]", path)[-1]
        script(tmp_path / path, f"echo {version}")
    lines = run_ci(tmp_path, "@echo $@ $(PYTHON) $(VENV)").stdout.splitlines()
    oldest = tmp_path / "bin" / "python3.11"
    runs = [line for line in lines if not line.startswith("==")]
    assert runs[:2] == [f"lint {oldest} .venv", f"test {oldest} .venv"]
    assert (runs[2:] or lines[:1]) == [second.format(root=tmp_path)]


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize(
    ("offered", "install", "test", "last", "status"),
    [
        ("torch (2.13.0) 2.13.0", "exit 1", "exit 1", "left out: pip offers no build of torch 2.13.0 for", 0),
        ("torch (2.13.0+cpu) 2.13.0+cpu, 2.12.1+cpu", "exit 1", "exit 1", "packages could not be installed", 0),
        ("torch (2.14.0) 2.14.0, 2.13.0+cpu, 2.13.0", "true", "echo ran", "ran", 0),
        ("torch (2.14.0) 2.14.0, 2.13.0+cpu, 2.13.0", "true", "exit 1", "== tests of fine-tuning", 2),
    ],
)
def test_ci_runs_the_tests_of_fine_tuning_where_they_cost_no_gigabytes(
    offered: str, install: str, test: str, last: str, status: int, tmp_path: Path
) -> None:
    script(tmp_path / "bin" / "python3.11", f'case "$*" in *versions*) echo "{offered}";; *) echo 3.11;; esac')
    done = run_ci(tmp_path, "@true", install, test)
    assert (done.returncode, last in done.stdout.splitlines()[-1]) == (status, True)


def run_ci(root: Path, each: str, install: str = "true", test: str = "true") -> subprocess.CompletedProcess[str]:
    """The CI script, with a Makefile that only does what is said, and the Pythons in the folder `bin` of `root`."""
    shutil.copytree(ROOT / ".ci", root / ".ci")
    (root / "constraints-train.txt").write_text("# pins\ntokenizers==0.1\ntorch==2.13.0\ntqdm==4.70.1\n")
    (root / "Makefile").write_text(
        f"VENV = .venv\nlint test:\n\t{each}\n.venv-train/.train-installed:\n\t@{install}\ntest-train:\n\t@{test}\n"
    )
    # Only what the script needs is on PATH, so that no other Python of this machine is found.
    for tool in ("bash", "dirname", "echo", "env", "make", "sh", "true"):
        (root / "bin" / tool).symlink_to(str(shutil.which(tool)))
    environ = {"PATH": str(root / "bin"), "PYENV_ROOT": str(root / "pyenv")}
    return subprocess.run([root / ".ci" / "run"], env=environ, capture_output=True, text=True, check=False)


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def plain_environment() -> dict[str, str]:
    # make hands its own variables on to the tests that it runs, and they would reach the inner make.
    return {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHON")
    }


@pytest.mark.parametrize(
    ("program", "code", "told"),
    [
        ("exit 0", 0, "No vulnerability of the locked packages is known."),
        ("echo 'aiohttp 3.1 GHSA-1 3.2'; exit 1", 1, "aiohttp 3.1 GHSA-1 3.2"),
        ("echo 'ConnectionError: Max retries exceeded' >&2; exit 1", 69, "vulnerabilities can't be reached"),
        ("echo 'six Dependency not found: could not be audited: six (1.0)'; exit 0", 69, "nothing of 1 of the locked"),
    ],
)
def test_an_audit_of_the_packages_says_what_it_found_or_that_it_could_not_look(
    program: str, code: int, told: str, tmp_path: Path
) -> None:
    audit = script(tmp_path / "pip-audit", program)
    command = [str(ROOT / ".ci" / "audit"), str(audit), str(ROOT / "constraints.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert told in done.stdout + done.stderr
