// What is said when something was copied.

import assert from "node:assert/strict";
import { test } from "node:test";

import { describeCopy } from "../../attn_magic/explorer/js/copying.js";

test("a copy is described by its lines, its kind and its stage", () => {
  assert.equal(
    describeCopy({ name: "pytorch", label: "PyTorch" }, null, "import torch\n\nx = 1\n"),
    "Copied 3 lines of PyTorch.",
  );
  assert.equal(describeCopy({ name: "latex", label: "LaTeX" }, "Scores", "\\[x\\]"), "Copied 1 line of LaTeX: Scores.");
  assert.equal(
    describeCopy({ name: "csv", label: "CSV" }, "Scores", "1\r\n".repeat(1200)),
    "Copied 1,200 lines of CSV: Scores.",
  );
});

test("of a picture nobody counts the lines", () => {
  assert.equal(describeCopy({ name: "png", label: "PNG" }, "Scores", new Blob([])), "Copied Scores as PNG picture.");
  assert.equal(describeCopy({ name: "svg", label: "SVG" }, "Scores", "<svg>\n</svg>"), "Copied Scores as SVG picture.");
});
