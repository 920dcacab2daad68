"""Saving a trace under a file name: the ending says what it becomes.

A file appears whole or not at all: it is written beside its place and then moved there. A file that is there already stays, unless asked.
"""

import contextlib
import errno
import functools
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from attn_magic.errors import SaveError, did_you_mean
from attn_magic.formats import SAVED, Content, Format
from attn_magic.notation import format_label, shorten
from attn_magic.trace import AttentionTrace

_SLOW = 1.0  # seconds after which a progress bar is worth its place
_MAX_CHARACTERS = 80  # of a name, quoted in an error
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³]|CONIN\$|CONOUT\$)(?:\..*)?", re.IGNORECASE)  # devices of Windows
_REASONS = {
    errno.ENOSPC: "The disk is full.",
    errno.EDQUOT: "Your share of the disk is full.",
    errno.EACCES: "Writing there is not allowed.",
    errno.EPERM: "Writing there is not allowed.",
    errno.EROFS: "That disk can only be read.",
    errno.ENAMETOOLONG: "The name is too long.",
}


def save(trace: AttentionTrace, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
    """Write `trace` to `path` as what its ending says, one of `attn_magic.formats.SAVED`; the path, to go on with. Saving twice gives the same bytes.

    Raises `SaveError` where there is a file already, unless `overwrite`, and where nothing can be written; what was there is still there then.
    """
    return write_file(path, {ending: functools.partial(_write, form, trace) for ending, form in SAVED.items()}, overwrite=overwrite)


def save_from_line(trace: AttentionTrace, text: str, *, overwrite: bool = False) -> Path:
    """The same for a name that stands on a magic's line: only names of files in this folder or in one below it."""
    return save(trace, read_name(text), overwrite=overwrite)


def read_name(text: str) -> Path:
    """The path that `text` names, if it stays in this folder and every system can have such a file; otherwise `SaveError`."""
    parts = re.split(r"[/\\]", text)
    for is_wrong, why in (
        (not text.strip(), "it is empty."),
        (any(ord(letter) < 32 or ord(letter) == 127 for letter in text) or format_label(text) != text, "it has invisible characters in it."),
        (
            text.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:", text),
            "it begins outside this folder. In Python, trace.save(path) takes any path.",
        ),
        (".." in parts, "it leads out of this folder. In Python, trace.save(path) takes any path."),
        ("\\" in text, "folders are separated by /."),
        (re.search(r'[<>:"|?*]', text), 'some systems have no names with < > : " | ? or * in them.'),
        (any(_RESERVED.fullmatch(part.strip()) for part in parts), "that is a device on Windows."),
    ):
        if is_wrong:
            raise SaveError(f"The file cannot be called {_quote(text)}: {why}")
    return Path(text)


def write_file(path: str | PathLike[str], contents: Mapping[str, Content | Callable[[], Content]], *, overwrite: bool = False) -> Path:
    """Write what `contents` has for the ending of `path`, text as UTF-8; what takes time to make is made when the place has been looked at."""
    target = Path(path)
    content = contents[_read_suffix(target, contents)]
    _check_place(target, overwrite)
    made = content() if callable(content) else content
    with _in_words(target):
        _put(target, made.encode("utf-8") if isinstance(made, str) else made, overwrite)
    return target


def _read_suffix(path: Path, known: Mapping[str, Any]) -> str:
    suffix = path.suffix.lower()
    if suffix in known:
        return suffix
    seen = f"ends in {_show(path.suffix)}" if suffix else "has no ending"
    raise SaveError(
        f"{_quote(path)} {seen}, but the ending says what the file becomes.{did_you_mean(suffix, known)} The known endings are {', '.join(known)}."
    )


def _check_place(path: Path, overwrite: bool) -> None:
    """The mistakes that can be told before anything is computed."""
    if "\0" in os.fspath(path):
        raise SaveError(f"{_quote(path)} has a NUL character in it, which no file's name can have.")
    with _in_words(path):
        if path.is_dir():
            raise SaveError(f"{_quote(path)} is a folder.")
        if not path.parent.is_dir():
            raise SaveError(f"There is no folder {_quote(path.parent)}. Make it first, or choose another one.")
        if path.exists() and not overwrite:
            raise _exists(path)


def _exists(path: Path) -> SaveError:
    return SaveError(f"There is a file {_quote(path)} already. Choose another name, or say that it may be replaced: overwrite=True, --overwrite.")


def _put(path: Path, content: bytes, overwrite: bool) -> None:
    """The whole content at `path`, or no change: written beside it, and then moved."""
    draft = path.with_name(f".attn-magic-{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            _keep_mode(path, draft)
            draft.replace(path)
        else:
            _move_if_free(draft, path)
    finally:  # also when interrupted
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _keep_mode(path: Path, draft: Path) -> None:
    """Who could read the file that is replaced, and nobody else, can read the new one."""
    with contextlib.suppress(FileNotFoundError):
        draft.chmod(stat.S_IMODE(path.lstat().st_mode))


def _move_if_free(draft: Path, path: Path) -> None:
    """Move without replacing what somebody else has put there meanwhile; where the disk knows no links, look once more and move."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL):
            raise
        if path.exists():
            raise _exists(path) from None
        draft.replace(path)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"{error.strerror or error}.")
        raise SaveError(f"{_quote(path)} could not be saved. {reason} Nothing there has changed.") from None


def _quote(path: str | PathLike[str]) -> str:
    return f"'{_show(path)}'"


def _show(path: str | PathLike[str]) -> str:
    return shorten(format_label(os.fspath(path)), _MAX_CHARACTERS)


def _write(form: Format, trace: AttentionTrace) -> Content:
    assert form.whole is not None
    if not form.is_slow:
        return form.whole(trace)
    with _progress_when_slow() as progress:
        return form.whole(trace, progress=progress)


@contextmanager
def _progress_when_slow() -> Iterator[Callable[[int, int], None]]:
    """What to call with how much is done, of how much: a bar, once it takes longer than a second, where somebody looks; gone when it is done."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console()
    seen = console.is_terminal or console.is_jupyter

    started = time.monotonic()
    bars: list[Progress] = []

    def show(done: int, total: int) -> None:
        if seen and not bars and time.monotonic() - started > _SLOW:
            bars.append(Progress(console=console, transient=True))
            bars[0].start()
            bars[0].add_task("Drawing", total=total)
        if bars:
            bars[0].update(bars[0].task_ids[0], completed=done, total=total)

    try:
        yield show
    finally:
        for bar in bars:
            bar.stop()
