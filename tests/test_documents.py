"""Every relative link and picture in a document leads somewhere, and every heading that is linked to exists."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
OUTSIDE = re.compile(r"[a-z][a-z+.-]*:")


def documents() -> Iterator[Path]:
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if not name.startswith(".") and name != "node_modules"]
        yield from (Path(folder) / name for name in files if name.endswith(".md"))


def slugs(text: str) -> set[str]:
    """The anchors of a document's headings, as the hosting sites make them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def faults(document: Path) -> list[str]:
    """What is wrong with the links and pictures of one document, in words."""
    text = document.read_text()
    found = []
    for mark, words, target in LINK.findall(CODE.sub("", FENCED.sub("", text))):
        if mark and not words.strip():
            found.append(f"{target}: a picture without words for those who cannot see it")
        if OUTSIDE.match(target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / unquote(path)).resolve() if path else document
        if not file.is_relative_to(ROOT.resolve()):
            found.append(f"{target}: leads out of the repository")
        elif not file.exists():
            found.append(f"{target}: there is no such file")
        elif anchor and anchor not in slugs(file.read_text()):
            found.append(f"{target}: there is no such heading")
    return found


@pytest.mark.parametrize("document", sorted(documents()), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_picture_of_a_document_leads_somewhere(document: Path) -> None:
    assert faults(document) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a](missing.md)", "there is no such file"),
        ("[a](README.md#no-such-heading)", "there is no such heading"),
        ("![](README.md)", "a picture without words"),
        ("[a](../../../../../../etc/hosts)", "leads out of the repository"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "README.md").write_text(f"# A heading, *with* marks\n\n[up](#a-heading-with-marks)\n\n{text}\n")
    (fault,) = faults(tmp_path / "README.md")
    assert said in fault


def test_every_test_that_the_hazard_log_names_exists() -> None:
    named = re.findall(r"`(tests/\S+?\.py)::(test_\w+)`", (ROOT / "docs/safety/hazard-log.md").read_text())
    assert named
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).exists() or f"def {name}(" not in (ROOT / file).read_text()
    ]
    assert missing == []
