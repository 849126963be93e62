"""A stream that goes on when nobody reads it any more: `eni-conformance ... | head`."""

from io import BufferedWriter, FileIO, TextIOWrapper


class Unread(FileIO):
    """A file that swallows what is written to it when nobody reads it any more."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            return len(data)  # type: ignore[arg-type]


def unread(number: int) -> TextIOWrapper:
    """The stream of a file descriptor, for text."""
    file = Unread(number, "w", closefd=False)
    line_by_line = file.isatty() or number == 2
    return TextIOWrapper(BufferedWriter(file), "utf-8", "backslashreplace", line_buffering=line_by_line)
