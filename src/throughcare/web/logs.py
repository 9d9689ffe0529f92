"""What a log line may say of an error: where it came from, never its words, which may quote what somebody typed."""

import traceback

FRAMES = 12


def of_error(error: BaseException) -> dict[str, object]:
    """The kind of an error and the last frames it came through, for `extra` of a log line."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return {"error": type(error).__name__, "where": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]}
