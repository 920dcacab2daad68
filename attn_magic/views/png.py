"""PNG pictures of few colours, one byte for each pixel."""

import struct
import zlib
from collections.abc import Mapping


def indexed_png(
    lines: bytes | memoryview, size: tuple[int, int], palette: bytes, words: Mapping[str, str] | None = None, *, quick: bool = False
) -> bytes:
    r"""A PNG of `size`, width and height. Each of its `lines` is a byte 0 and then one byte for each pixel: its place in `palette`, RGB RGB ….

    `words` is its metadata. `quick` takes a tenth of the time and two fifths more room.

    >>> indexed_png(b"\0\1", (1, 1), b"\xff\xff\xff\0\0\0")[:4]
    b'\x89PNG'
    """
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", *size, 8, 3, 0, 0, 0)),  # 8 bits each, by palette
        (b"PLTE", palette),
        *((b"iTXt", name.encode("ascii") + b"\0\0\0\0\0" + text.encode("utf-8", "backslashreplace")) for name, text in (words or {}).items()),
        (b"IDAT", zlib.compress(lines, 3 if quick else 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
