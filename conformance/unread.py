"""A stream that goes on when nobody reads it any more (`eni-conformance ... | head`), or its disk is full."""

import contextlib
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any


class Unread(FileIO):
    """A file that swallows what is written to it when nobody reads it any more, or it takes nothing more. lost: why
    something that somebody would have read is not there, "" if nothing is."""

    lost = ""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            pass
        except OSError as error:
            self.lost = error.strerror or str(error)
        return len(data)  # type: ignore[arg-type]


def unread(number: int) -> TextIOWrapper:
    """The stream of a file descriptor, for text."""
    file = Unread(number, "w", closefd=False)
    line_by_line = file.isatty() or number == 2
    return TextIOWrapper(BufferedWriter(file), "utf-8", "backslashreplace", line_buffering=line_by_line)


def lost(stream: Any) -> str:
    """Why something that was written to such a stream is not there, "" if all is, or nobody wants it."""
    with contextlib.suppress(AttributeError, ValueError, OSError):  # another stream, or none
        stream.flush()
        return str(stream.buffer.raw.lost)
    return ""
