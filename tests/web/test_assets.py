"""The built style sheet and script: ours to serve, and built from what is in the assets folder."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "src/throughcare/web/static"
TEMPLATES = ROOT / "src/throughcare/web/templates"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(root / "assets/check.py")], capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (*RECORD["inputs"], *RECORD["outputs"], "assets/built.json", "assets/check.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


RECORD = json.loads((ROOT / "assets/built.json").read_text())


def test_the_committed_assets_match_their_sources() -> None:
    done = check(ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", [*RECORD["inputs"], *RECORD["outputs"]])
def test_a_changed_source_or_output_is_named(copy: Path, name: str) -> None:
    with (copy / name).open("a") as file:
        file.write(" ")
    done = check(copy)
    assert done.returncode == 1
    assert name in done.stderr


def test_a_missing_output_is_named(copy: Path) -> None:
    (copy / "src/throughcare/web/static/throughcare/app.css").unlink()
    assert "app.css" in check(copy).stderr


def test_every_file_that_shapes_the_build_is_recorded() -> None:
    sources = {p.name for p in (ROOT / "assets").iterdir() if p.is_file()} - {"built.json", "check.py"}
    assert {Path(name).name for name in RECORD["inputs"]} == sources


def test_nothing_that_belongs_to_gov_uk_alone_is_served() -> None:
    files = [path for path in STATIC.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".css", ".js", ".svg", ".txt"}
    for path in files:
        assert "crest" not in path.name
        text = path.read_text().lower()
        for name in ("gds transport", "crest", "@font-face", ".woff", "opengraph"):
            assert name not in text, f"{path.name} names {name}"


def test_the_style_sheet_asks_for_no_other_file_and_sets_arial() -> None:
    css = (STATIC / "throughcare/app.css").read_text()
    assert "url(" not in css
    assert "@import" not in css
    families = set(re.findall(r"font-family:([^;}]+)", css))
    assert families <= {"arial,sans-serif", "sans-serif", "monospace", "inherit"}, families
    assert "arial,sans-serif" in families


def test_the_lock_names_no_address() -> None:
    lock = json.loads((ROOT / "assets/package-lock.json").read_text())
    assert lock["packages"]
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_carries_script_or_style_of_its_own(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert "javascript:" not in text
    assert "|safe" not in text


def test_each_class_of_ours_in_a_template_has_a_style() -> None:
    css = (STATIC / "throughcare/app.css").read_text()
    used = {
        name
        for path in TEMPLATES.rglob("*.html")
        for value in re.findall(r'class="([^"]*)"', path.read_text())
        for name in re.findall(r"\btc-[a-z_-]+[a-z]\b", value)
    }
    assert "tc-header" in used
    assert {name for name in used if f".{name}" not in css} == set()
