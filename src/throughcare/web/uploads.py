"""How much of an upload is taken in at all: what is larger never reaches memory or disk."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

LARGEST = 6 * 1024 * 1024
"""Bytes of one file. Rooms say how large theirs may be; this is the wall behind them."""


class Bounded(FileUploadHandler):
    """Counts what comes, and lets a file that is too large drop: the form then finds no file."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.came = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.came += len(raw_data)
        if self.came > LARGEST:
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The handlers after this one keep the file."""
