"""A real Jupyter server, a real browser, and notebooks to open in them; nothing of it touches the user's own settings."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

from tests.browser import FLAGS, find_chromium

REPOSITORY = Path(__file__).parent.parent
_DIRECTORIES = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "IPYTHONDIR",
    "HOME",
)
_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
}
_CODE_CELL = nbformat.v4.new_code_cell


@dataclass
class Server:
    """A running Jupyter server, the folder it serves and the environment it lives in."""

    url: str
    folder: Path
    environment: dict[str, str]

    def write(self, name: str, *sources: str) -> Path:
        """A new notebook of these code cells."""
        path = self.folder / name
        cells = [_CODE_CELL(source, id=f"cell-{place}") for place, source in enumerate(sources)]
        notebook = nbformat.v4.new_notebook(
            cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        )
        nbformat.write(notebook, path)
        return path

    def ask(self, method: str, path: str) -> Any:
        """The answer of the server's own interface."""
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/api/{path}", method=method), timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def trust(self, notebook: Path) -> None:
        """Sign the notebook, as the user who ran it has."""
        self.ask("POST", f"contents/{notebook.relative_to(self.folder)}/trust")

    def stop_kernels(self, notebook: Path | None = None) -> None:
        """End the kernel of a notebook, or all of them."""
        for session in self.ask("GET", "sessions"):
            if notebook is None or session["path"] == str(notebook.relative_to(self.folder)):
                self.ask("DELETE", f"sessions/{session['id']}")


@contextmanager
def jupyter_server(folder: Path) -> Iterator[Server]:
    """JupyterLab and Notebook 7 at 127.0.0.1, stopped at the end."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "JUPYTER_PLATFORM_DIRS": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    for name in _DIRECTORIES:
        place = folder / "settings" / name.lower()
        place.mkdir(parents=True)
        environment[name] = str(place)
    overrides = folder / "settings" / "jupyter_config_dir" / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir()
    overrides.write_text(json.dumps(_SETTINGS), encoding="utf-8")
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={notebooks}"),
        *("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"),
        *("--LabApp.extension_manager=readonly", "--ServerApp.terminals_enabled=False"),
    ]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    server = Server(f"http://127.0.0.1:{port}", notebooks, environment)
    try:
        _wait_until_ready(server, process, folder / "server.log")
        yield server
        server.stop_kernels()
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            server.ask("GET", "status")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The Jupyter server does not answer.\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a page asked for beyond its own server, and what it complained of."""

    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@dataclass
class Desk:
    """One browser page with one notebook in it."""

    page: Page
    server: Server
    watch: Watch

    def open(self, notebook: Path, app: str = "lab") -> None:
        """Open the notebook in JupyterLab, in a workspace of its own, or in Notebook 7, and wait until it is drawn."""
        place = f"lab/workspaces/{uuid.uuid4().hex}/tree" if app == "lab" else "notebooks"
        self.page.goto(f"{self.server.url}/{place}/{notebook.relative_to(self.server.folder)}")
        self.page.wait_for_function(
            "() => window.jupyterapp && window.jupyterapp.shell.currentWidget && window.jupyterapp.shell.currentWidget.content.widgets"
        )
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")

    def start(self) -> None:
        """Wait for the kernel."""
        self.page.evaluate(
            """async () => {
                const session = window.jupyterapp.shell.currentWidget.sessionContext;
                await session.ready;
                while (!session.session?.kernel || session.session.kernel.status !== 'idle') await new Promise(r => setTimeout(r, 50));
            }"""
        )

    def run(self) -> None:
        """Run all cells, and wait until the kernel has answered."""
        self.start()
        self.execute("notebook:run-all-cells")

    def run_cell(self, source: str, place: int = -1) -> str:
        """Run `source` in one cell, by default the last; the text that it prints."""
        printed: str = self.page.evaluate(
            """async ([source, place]) => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = place < 0 ? notebook.widgets.length + place : place;
                const cell = notebook.activeCell;
                cell.model.sharedModel.setSource(source);
                await window.jupyterapp.commands.execute('notebook:run-cell');
                return cell.model.outputs.toJSON().map(output => output.text ?? output.evalue ?? '').flat().join('');
            }""",
            [source, place],
        )
        return printed

    def execute(self, command: str) -> None:
        """One of the application's commands: clicks through its menus race with its drawing."""
        self.page.evaluate("command => window.jupyterapp.commands.execute(command)", command)

    def save(self) -> None:
        """Save the notebook, with the state of its widgets."""
        self.execute("docmanager:save")


@contextmanager
def desk(browser: Browser, server: Server, **settings: Any) -> Iterator[Desk]:
    """A new page in a profile of its own; what it asks for from elsewhere is written down and refused."""
    context = browser.new_context(viewport={"width": 1400, "height": 1600}, **settings)
    watch = Watch()

    def decide(route: Route, request: Request) -> None:
        if _is_own(request.url, server.url):
            route.continue_()
        else:
            watch.foreign.append(request.url)
            route.abort()

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            watch.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    context.set_default_timeout(15_000)
    context.route("**/*", decide)
    page = context.new_page()
    page.on("console", listen)
    page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    try:
        yield Desk(page, server, watch)
    finally:
        context.close()


def _is_own(url: str, server: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob", "about", "file") or parts.netloc == urlsplit(server).netloc
