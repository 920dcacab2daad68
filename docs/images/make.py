"""Makes the pictures of the README again, from the page that `trace.save` writes: `python docs/images/make.py`.

It needs Chromium and playwright, as the tests do. The explorer shows one pinned number, so that a picture tells what pointing at a number does.
"""

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from attn_magic import attend  # noqa: E402  # of this folder, installed or not
from tests.browser import FLAGS, find_chromium  # noqa: E402

WIDTH = 1400
HEIGHT = 1400  # so tall that the explanation covers no stage
PINNED = ("Scores", 6)  # the grid and its cell, counted row by row: Indian with I
COLORS = 256  # enough for both heat scales; half the bytes


def main() -> None:
    """Write explorer.png and explorer-dark.png beside this file."""
    trace = attend([[1.16, 0.23], [0.57, 1.36], [4.41, -2.16]], tokens="I am Indian", mask="causal")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = trace.save(Path(folder) / "lesson.html")
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for scheme, name in (("light", "explorer.png"), ("dark", "explorer-dark.png")):
            write_small(HERE / name, picture(browser, page, scheme))
        browser.close()


def picture(browser: Browser, page: Path, scheme: str) -> bytes:
    """The explorer of `page` with its number pinned, as a PNG without the page around it."""
    tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
    tab.goto(page.as_uri())
    tab.wait_for_selector(".attn-magic-explored", state="attached")
    grid, cell = PINNED
    tab.get_by_role("grid", name=grid).first.get_by_role("gridcell").nth(cell).click()
    tab.mouse.move(0, 0)
    tab.wait_for_timeout(500)  # colours fade in
    png = tab.locator(".explorer").screenshot(animations="disabled")
    tab.close()
    return png


def write_small(path: Path, png: bytes) -> None:
    """Write `png` with few colours, and say how large it became."""
    with Image.open(BytesIO(png)) as image:
        image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
