"""Saving by file name: whole or not at all, never over what is there, the same bytes every time."""

import errno
import os
import re
import time
from pathlib import Path

import pytest
import torch

import attn_magic
from attn_magic import attend
from attn_magic.errors import AttentionError, SaveError
from attn_magic.exports import write as files
from attn_magic.exports.write import read_name, save, save_from_line, write_file
from attn_magic.formats import SAVED
from attn_magic.magic_line import help_text
from tests.labels import FAMILIES, LABELS, in_batches
from tests.traces import INDIAN

TEXT = (".tex", ".md", ".csv", ".npz", ".pt")
WHOLE = {".html": b"<!DOCTYPE html>", ".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".tex": b"% Made", ".md": b"# Attention"} | {
    ".csv": b'"token',
    ".npz": b"PK",
    ".pt": b"PK",
    ".gif": b"GIF89a",
}
ENDINGS = "The known endings are .html, .tex, .md, .csv, .png, .svg, .pdf, .gif, .npz, .pt."


@pytest.fixture
def trace():
    return attend(INDIAN, tokens="I am Indian")


@pytest.fixture(params=SAVED)
def suffix(request):
    return request.param


def replace_writer(monkeypatch, ending, whole):
    monkeypatch.setitem(SAVED, ending, SAVED[ending]._replace(whole=whole, is_slow=False))


def mistake(action) -> str:
    with pytest.raises(SaveError) as caught:
        action()
    assert isinstance(caught.value, AttentionError)
    return str(caught.value)


def test_every_ending_gives_a_file_of_its_kind_and_twice_the_same_bytes(trace, suffix, tmp_path, monkeypatch):
    """Also on another day, in another folder, under another name."""
    path = save(trace, tmp_path / f"lesson{suffix}")
    assert path == tmp_path / f"lesson{suffix}"
    assert path.read_bytes().startswith(WHOLE[suffix])
    assert list(tmp_path.iterdir()) == [path]
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1e6)
    (tmp_path / "other").mkdir()
    again = save(attend(INDIAN, tokens="I am Indian"), str(tmp_path / "other" / f"b{suffix.upper()}"))
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", [".html", ".tex", ".md", ".csv", ".npz"])
def test_every_text_says_what_made_it(suffix, tmp_path):
    trace = attend(INDIAN, seed=1234, mask="causal", scale=False)
    content = save(trace, tmp_path / f"a{suffix}")
    text = str(dict(__import__("numpy").load(content))["about"]) if suffix == ".npz" else content.read_text(encoding="utf-8")
    for word in (attn_magic.__version__, "1234", "causal", "False", torch.__version__.partition("+")[0]):
        assert word in text


def test_an_unknown_ending_lists_the_known_ones(trace, tmp_path):
    assert mistake(lambda: save(trace, "lesson.htm")) == (
        f"'lesson.htm' ends in .htm, but the ending says what the file becomes. Did you mean .html? {ENDINGS}"
    )
    assert mistake(lambda: save(trace, "lesson")) == f"'lesson' has no ending, but the ending says what the file becomes. {ENDINGS}"


def test_a_file_that_is_there_stays(trace, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    assert mistake(lambda: save(trace, path)) == (
        f"There is a file '{path}' already. Choose another name, or say that it may be replaced: overwrite=True, --overwrite."
    )
    assert path.read_text() == "mine"
    save(trace, path, overwrite=True)
    assert path.read_text(encoding="utf-8").startswith('"token')
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_appears_meanwhile_stays(trace, tmp_path, monkeypatch):
    """Somebody else saves under the same name while this one is computed; also where a disk knows no links."""
    path = tmp_path / "a.csv"
    for link in (os.link, _refuse(errno.EPERM)):
        monkeypatch.setattr(os, "link", link)
        replace_writer(monkeypatch, ".csv", lambda trace: path.write_text("theirs") and "ours")
        assert mistake(lambda: save(trace, path)).startswith("There is a file")
        assert path.read_text() == "theirs"
        assert list(tmp_path.iterdir()) == [path]
        path.unlink()


def test_a_disk_without_links_is_good_enough(trace, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", _refuse(errno.EPERM))
    assert list(tmp_path.iterdir()) == [] == [save(trace, tmp_path / "a.csv")][1:]
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_folders_that_are_not_there_or_are_none(trace, tmp_path):
    assert mistake(lambda: save(trace, tmp_path / "no" / "a.csv")) == f"There is no folder '{tmp_path / 'no'}'. Make it first, or choose another one."
    (tmp_path / "dir.csv").mkdir()
    assert mistake(lambda: save(trace, tmp_path / "dir.csv")) == f"'{tmp_path / 'dir.csv'}' is a folder."


def test_names_that_no_file_can_have(trace, tmp_path):
    long = tmp_path / f"{'x' * 300}.csv"
    assert mistake(lambda: save(trace, long)).endswith("could not be saved. The name is too long. Nothing there has changed.")
    assert "NUL character" in mistake(lambda: save(trace, f"{tmp_path}/x.html\0.png"))
    assert list(tmp_path.iterdir()) == []


def _refuse(number: int):
    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "The disk is full."),
        (errno.EACCES, "Writing there is not allowed."),
        (errno.EROFS, "That disk can only be read."),
        (errno.EIO, "Input/output error."),
    ],
)
@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_when_the_disk_fails_nothing_is_lost_and_nothing_is_left(tmp_path, monkeypatch, number, reason, step):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    monkeypatch.setattr(os if step == "fsync" else Path, step, _refuse(number))
    message = mistake(lambda: write_file(path, {".csv": "ours"}, overwrite=True))
    monkeypatch.undo()
    assert message == f"'{path}' could not be saved. {reason} Nothing there has changed."
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, MemoryError, RuntimeError])
def test_an_interrupt_leaves_nothing_half_done(trace, tmp_path, monkeypatch, interrupt):
    def stop(_):
        raise interrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(interrupt):
        save(trace, tmp_path / "a.csv")
    replace_writer(monkeypatch, ".md", stop)
    with pytest.raises(interrupt):
        save(trace, tmp_path / "a.md")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_computed_for_a_place_that_cannot_be_written(trace, tmp_path, monkeypatch):
    replace_writer(monkeypatch, ".gif", lambda trace: pytest.fail("computed"))
    (tmp_path / "a.gif").write_text("mine")
    for path in (tmp_path / "a.gif", tmp_path / "no" / "a.gif"):
        mistake(lambda path=path: save(trace, path))


def test_a_file_that_is_replaced_keeps_who_may_read_it(trace, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    path.chmod(0o600)
    save(trace, path, overwrite=True)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_has_the_mode_of_any_other_new_file(trace, tmp_path):
    (tmp_path / "other").write_text("")
    assert save(trace, tmp_path / "a.csv").stat().st_mode == (tmp_path / "other").stat().st_mode


ODD = [label for name, label in LABELS.items() if FAMILIES[name] == "path"]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_on_a_line_writes_nothing_outside_the_folder(trace, name, tmp_path, monkeypatch):
    """It is refused, or it is the name of a file of this folder."""
    inside = tmp_path / "here"
    inside.mkdir()
    monkeypatch.chdir(inside)
    monkeypatch.setenv("HOME", str(tmp_path))
    if name == "attn_pwned.html":
        assert save_from_line(trace, name) == Path(name)
        assert [path.name for path in inside.iterdir()] == [name]
    else:
        assert mistake(lambda: save_from_line(trace, name))
        assert list(inside.iterdir()) == []
    assert list(tmp_path.iterdir()) == [inside]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/tmp/a.csv", "it begins outside this folder. In Python, trace.save(path) takes any path."),
        ("~/a.csv", "it begins outside this folder. In Python, trace.save(path) takes any path."),
        ("C:/a.csv", "it begins outside this folder. In Python, trace.save(path) takes any path."),
        ("\\\\server\\a.csv", "it begins outside this folder. In Python, trace.save(path) takes any path."),
        ("b/../../a.csv", "it leads out of this folder. In Python, trace.save(path) takes any path."),
        ("b\\a.csv", "folders are separated by /."),
        ("a\x1b[0m.csv", "it has invisible characters in it."),
        ("a\u202evsc.csv", "it has invisible characters in it."),
        ("a?.csv", 'some systems have no names with < > : " | ? or * in them.'),
        ("lpt1.csv", "that is a device on Windows."),
        ("b/con/a.csv", "that is a device on Windows."),
        (" ", "it is empty."),
    ],
)
def test_a_name_that_is_refused_on_a_line_says_why(name, why):
    assert mistake(lambda: read_name(name)).partition(": ")[2] == why


def test_a_folder_below_and_words_of_any_language_are_fine(trace, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Übung 1").mkdir()
    assert save_from_line(trace, "Übung 1/注意.csv") == Path("Übung 1/注意.csv")
    assert (tmp_path / "Übung 1/注意.csv").exists()


@pytest.mark.parametrize("suffix", TEXT)
def test_labels_of_every_kind_are_saved(suffix, tmp_path):
    """No exception, a file with all of it."""
    for place, tokens in enumerate(in_batches(16)):
        trace = attend(torch.eye(16, 2), tokens=tokens)
        assert save(trace, tmp_path / f"{place}{suffix}").stat().st_size > 400
    assert len(list(tmp_path.iterdir())) == place + 1


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_appears_where_it_takes_long_and_somebody_looks(monkeypatch, terminal):
    started, moment = time.monotonic(), 0.0
    shown = []
    monkeypatch.setattr("rich.console.Console.is_terminal", terminal)
    monkeypatch.setattr("rich.progress.Progress.start", lambda self: None)
    monkeypatch.setattr("rich.progress.Progress.update", lambda self, task, **values: shown.append((moment, values)))
    with files._progress_when_slow() as progress:
        monkeypatch.setattr(files.time, "monotonic", lambda: started + moment)
        for moment in (0.5, 0.9, 1.5, 2.0):
            progress(int(moment * 10), 20)
    assert shown == ([(1.5, {"completed": 15, "total": 20}), (2.0, {"completed": 20, "total": 20})] if terminal else [])


def test_the_help_names_every_ending_and_no_other():
    meaning = re.search(r"--save FILE(.*?)--overwrite", help_text("attention"), flags=re.DOTALL)[1]
    assert re.findall(r"\.\w+", meaning) == list(SAVED)
