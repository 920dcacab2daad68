"""The stages one after another as a GIF, for slides: each frame shows one more of them, what it means and where one of its numbers comes from."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from attn_magic.excerpt import GIF, acts, work_out
from attn_magic.trace import AttentionTrace, Stage
from attn_magic.views.figure import LEGEND, THEMES, drawing_settings, figure, how_made
from attn_magic.views.layout import Typesetter

SIZE = (1280, 720)  # pixels: a slide's shape
SECONDS, LAST_SECONDS = 2.5, 6.0  # for each frame, and for the whole picture at the end

_WIDTH = 13.3  # inches of a slide
_CAPTION = 140  # pixels at the top
_MARGIN = 5  # pixels around a panel
_THEME = THEMES["light"]
_STYLES = (  # points, weight and colour of title, meaning, formula and arithmetic
    (17.0, "bold", _THEME.accent),
    (12.0, "normal", _THEME.ink),
    (11.0, "normal", _THEME.quiet),
    (11.0, "normal", _THEME.ink),
)

_Box: TypeAlias = tuple[int, int, int, int]  # pixels: left, top, right, bottom


def to_gif(trace: AttentionTrace, progress: Callable[[int, int], None] | None = None) -> bytes:
    """A GIF that plays the stages of `trace` over and over, one frame for each; the same bytes every time.

    `progress(done, total)` is called after each frame. Where all stages together would be too small to read on a slide, each act has
    pictures of its own.
    """
    scenes = _scenes(trace)
    frames: list[Image.Image] = []
    for scene in scenes:
        for place in range(len(scene.stages)):
            caption = _draw_caption(trace, scene.stages[place], len(frames) + 1)
            frames.append(_frame(caption, scene.reveal(place)))
            if progress is not None:
                progress(len(frames), len(trace))
    return _encode(frames, how_made(trace))


def _encode(frames: list[Image.Image], comment: str) -> bytes:
    # One palette for all, so that no colour flickers from frame to frame.
    palette = _stack(frames).quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    first, *others = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [round(1000 * SECONDS)] * len(others) + [round(1000 * LAST_SECONDS)]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=durations, loop=0, comment=comment.encode())
    return file.getvalue()


def _stack(frames: list[Image.Image]) -> Image.Image:
    """All frames in one picture, at half their size: enough to choose the colours by."""
    width, height = SIZE[0] // 2, SIZE[1] // 2
    stack = Image.new("RGB", (width, height * len(frames)))
    for place, frame in enumerate(frames):
        stack.paste(frame.resize((width, height), Image.Resampling.NEAREST), (0, place * height))
    return stack


@dataclass(frozen=True)
class _Scene:
    """Stages that are on one picture, and where on it each of them is."""

    stages: list[Stage]
    picture: Image.Image
    boxes: dict[str, list[_Box]]

    def reveal(self, last: int) -> Image.Image:
        """The picture with the stages up to `last`, which has a frame around it, and with the legend where there is one."""
        shown = Image.new("RGB", self.picture.size, _THEME.background)
        for name in [stage.name for stage in self.stages[: last + 1]] + [LEGEND]:
            for box in self.boxes.get(name, []):
                shown.paste(self.picture.crop(box), box[:2])
        drawing = ImageDraw.Draw(shown)
        for left, top, right, bottom in self.boxes[self.stages[last].name]:
            drawing.rectangle((left, top, right - 1, bottom - 1), outline=_THEME.accent, width=2)
        return shown


def _scenes(trace: AttentionTrace) -> list[_Scene]:
    """One scene with all stages, or one for each act where they would be too small."""
    together = figure(trace, stages=[stage.name for stage in trace], width=_WIDTH)
    if together.get_size_inches()[1] / _WIDTH <= (SIZE[1] - _CAPTION) / SIZE[0]:
        return [_scene(trace.stages, together)]
    return [_scene(tuple(stages), figure(trace, stages=[stage.name for stage in stages], width=_WIDTH)) for _, stages in acts(trace)]


def _scene(stages: tuple[Stage, ...], drawing: Figure) -> _Scene:
    width, height = drawing.get_size_inches()
    drawing.set_dpi(min((SIZE[0] - 2 * _MARGIN) / width, (SIZE[1] - _CAPTION) / height))
    picture = _draw(drawing)
    boxes: dict[str, list[_Box]] = {}
    for axes in drawing.axes:
        extent = axes.get_tightbbox()
        if extent is not None:
            left, right = int(extent.x0) - _MARGIN, int(extent.x1) + _MARGIN
            top, bottom = picture.height - int(extent.y1) - _MARGIN, picture.height - int(extent.y0) + _MARGIN
            boxes.setdefault(str(axes.get_label()), []).append((max(left, 0), max(top, 0), min(right, picture.width), min(bottom, picture.height)))
    return _Scene(list(stages), picture, boxes)


def _draw(drawing: Figure) -> Image.Image:
    canvas: Any = FigureCanvasAgg(drawing)
    with drawing_settings():
        canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _frame(caption: Image.Image, picture: Image.Image) -> Image.Image:
    frame = Image.new("RGB", SIZE, _THEME.background)
    frame.paste(caption, (0, 0))
    frame.paste(picture, (_MARGIN, _CAPTION))
    return frame


def _draw_caption(trace: AttentionTrace, stage: Stage, step: int) -> Image.Image:
    dots = SIZE[0] / _WIDTH
    letters = Typesetter()
    with drawing_settings():
        drawing = Figure(figsize=(_WIDTH, _CAPTION / dots), dpi=dots, facecolor=_THEME.background)
        left, below = 2 * _MARGIN / SIZE[0], 1.0
        for text, (size, weight, color) in zip(_caption(trace, stage, step), _STYLES, strict=True):
            below -= 1.6 * size * dots / 72 / _CAPTION
            text = letters.fit(letters.draw(text, GIF.letters, weight), 72 * (1 - 2 * left) * _WIDTH / size, weight)
            drawing.text(left, below, text, fontsize=size, va="baseline", weight=weight, color=color, fontfamily=letters.families)
    return _draw(drawing)


def _caption(trace: AttentionTrace, stage: Stage, step: int) -> Iterator[str]:
    """Which stage this is, what it means, and where one of its numbers comes from."""
    yield f"{step} / {len(trace)}   {stage.title}   {stage.symbol}"
    yield stage.meaning
    explanation = work_out(trace, stage, GIF)
    yield explanation.formula
    yield explanation.lines[-1] if explanation.lines else ""
