"""Chromium, axe-core and node as the tests find them, and what happens where they are missing."""

import os
import shutil
from pathlib import Path

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_REPOSITORY = Path(__file__).parent.parent


def find_chromium() -> str:
    """The browser that tests drive, as Debian calls it."""
    return _insist(shutil.which("chromium") or shutil.which("chromium-browser"), "Chromium")


def find_node() -> str:
    """The program that runs the explorer's module outside a browser."""
    return _insist(shutil.which("node"), "node")


def read_axe() -> str:
    """The script of axe-core, which `npm install axe-core` puts into this folder."""
    return find_npm("axe-core/axe.min.js", "axe-core").read_text(encoding="utf-8")


def find_npm(path: str, name: str) -> Path:
    """A file of a package of npm."""
    folders = [_REPOSITORY / "node_modules", *map(Path, filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep)))]
    return _insist(next((file for folder in folders if (file := folder / path).exists()), None), name)


def _insist(found, name: str):
    """`found`; the test is left out where it is missing, and fails where ATTN_MAGIC_BROWSER says that it has to be there."""
    if found:
        return found
    if os.environ.get("ATTN_MAGIC_BROWSER") == "required":
        pytest.fail(f"{name} is not installed, and ATTN_MAGIC_BROWSER says that it is required.")
    pytest.skip(f"{name} is not installed.")
