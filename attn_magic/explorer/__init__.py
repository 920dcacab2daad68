"""The live view of a trace: the widget, what it sends to its page, the same page without a kernel, and in `js/` all that is drawn there."""
