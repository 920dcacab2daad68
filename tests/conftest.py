"""A fresh IPython for every test, and what a reader sees of a mistake."""

import atexit
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.browser import FLAGS, find_chromium

# The same examples every time; `python -m tests.seeds` looks at others.
settings.register_profile("same", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("other", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")

for _size in ("COLUMNS", "LINES"):  # pytest's readline sets them for its workers, whose terminals have a size of their own
    os.environ.pop(_size, None)

# The slowest first. Without them, by `-m "not slow"`, the tests end within a minute.
_SLOW = (
    "test_lab.py",
    "test_figure.py",
    "test_matrix_patterns.py",
    "test_saved_outputs.py",
    "test_matrix_pasted_back.py",
    "test_page_browser.py",
    "test_matrix_properties.py",
    "test_matrix_oracle.py",
    "test_page.py",
    "test_widget_managers.py",
    "test_html_view.py",
    "test_floors.py",
    "test_magics.py",
    "test_explorer.py",
    "test_gif.py",
    "test_worksheet.py",
    "test_preview.py",
    "test_latex.py",
    "test_explain.py",
    "test_kernel.py",
    "test_matrix_accounting.py",
    "test_docs.py",
    "test_write.py",
    "test_markdown.py",
    "test_demo.py",
    "test_explorer_mount.py",
    "test_mutants.py",
    "test_jupyter_console.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest starts first, lest one core has to finish it alone."""
    for item in items:
        if item.path.name in _SLOW:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: _SLOW.index(item.path.name) if item.path.name in _SLOW else len(_SLOW))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """The tests of one file run in this process, where they can print and be debugged; those of several files on every core."""
    files = {argument.partition("::")[0] for argument in config.args}
    return 0 if len(files) == 1 and Path(*files).is_file() else None


@pytest.fixture
def shell(tmp_path, monkeypatch) -> Iterator[InteractiveShell]:
    """An IPython that has loaded nothing yet and writes no history."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    yield shell
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()
    atexit.unregister(shell.atexit_operations)  # or it would live on, and every one of hundreds collect garbage at the end: minutes


@pytest.fixture
def ip(shell) -> InteractiveShell:
    """An IPython in which `%load_ext attn_magic` has been run."""
    assert shell.run_cell("%load_ext attn_magic").success
    return shell


@pytest.fixture
def run(ip) -> Callable[[str], object]:
    """Run a cell as a notebook does, with `_`, `Out` and what it prints, and give its result."""

    def run(cell: str) -> object:
        answer = ip.run_cell(cell, store_history=True)
        answer.raise_error()
        return answer.result

    return run


@pytest.fixture
def mistake(ip, capsys) -> Callable[[str], str]:
    """The text that a cell fails with; nothing else is shown."""

    def mistake(cell: str) -> str:
        capsys.readouterr()
        error = ip.run_cell(cell).error_in_exec
        assert type(error) is UsageError  # IPython prints a traceback for its subclasses
        printed = capsys.readouterr()
        assert printed.err == f"UsageError: {error}\n"
        assert printed.out == ""
        return str(error)

    return mistake


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser, without a window, for the tests of one file."""
    executable = find_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()
