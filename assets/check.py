"""Says whether the built style sheet and script are the ones built from this folder. Needs only the standard library.

Exits 1 and names each file that differs from built.json. The mend is always: npm ci && npm run build, in this folder.
"""

import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def differing(here: Path) -> list[str]:
    """Recorded files whose bytes are not the recorded ones, or that are gone."""
    record = json.loads((here / "built.json").read_text())
    hashes: dict[str, str] = record["inputs"] | record["outputs"]
    return [name for name, digest in hashes.items() if _sha256(here.parent / name) != digest]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"


if __name__ == "__main__":
    wrong = differing(HERE)
    sys.exit("\n".join(f"{name} differs. Run npm ci && npm run build in assets/." for name in wrong) or 0)
