"""Which files go with a hand-over. Plain values; no database and no clock."""

from collections.abc import Mapping

from throughcare.web.faults import Fault

LARGEST = 5 * 1024 * 1024
"""Bytes of one file: a letter of some pages, or a photograph of one."""
MOST = 5
SIGNATURES: Mapping[str, tuple[bytes, str, str]] = {
    "application/pdf": (b"%PDF-", "PDF", "pdf"),
    "image/jpeg": (b"\xff\xd8\xff", "JPEG picture", "jpg"),
    "image/png": (b"\x89PNG\r\n\x1a\n", "PNG picture", "png"),
}
"""By media type: how such a file begins, its name for people, and the ending of its name."""
BY_LINK = "cannot be fetched by whoever answers by link: send it in another way that is safe"


def kind_of(content: bytes) -> str:
    """The media type, by how the file begins; "" for one that is not taken."""
    return next((kind for kind, (begins, _, _) in SIGNATURES.items() if content.startswith(begins)), "")


def faults(title: str, content: bytes, already: int) -> list[Fault]:
    """What is wrong with a file that somebody wants to attach, where `already` are."""
    found = []
    if not title.strip():
        found.append(Fault("HO-120", "title", "A file has a title, so that it is found again.", "Say what it is."))
    if len(content) > LARGEST:
        found.append(too_large())
    elif not content:
        found.append(Fault("HO-121", "file", "This file is empty.", "Choose another file."))
    elif not kind_of(content):
        taken = ", ".join(name for _, name, _ in SIGNATURES.values())
        rule = f"A file is one of these: {taken}. This is none of them, whatever it is called."
        found.append(Fault("HO-122", "file", rule, "Save or print it as PDF, then choose that."))
    if already >= MOST:
        rule = f"No more than {MOST} files go with a hand-over."
        found.append(Fault("HO-123", "", rule, "Take one off first, or put several letters into one PDF."))
    return found


def too_large() -> Fault:
    rule = f"A file has no more than {LARGEST // 1024 // 1024} MB."
    return Fault("HO-121", "file", rule, "Scan it with fewer colours, or send the pages that matter.")


def size_words(size: int) -> str:
    """1.2 MB, or 84 KB."""
    return f"{size / 1024 / 1024:.1f} MB" if size >= 1024 * 1024 else f"{max(1, round(size / 1024))} KB"
