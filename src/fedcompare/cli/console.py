"""Where output goes: results to standard output, progress and notes to standard error.

Nothing prints around these two consoles: on them, every string is data.
"""

import json
from typing import Any

from rich.console import Console
from rich.text import Text
from typing_extensions import override

from fedcompare.text.escaping import terminal


class Screen(Console):
    """A console on which no string is markup, acts on the terminal, or cannot be encoded."""

    @override
    def render_str(self, text: str, **options: Any) -> Text:
        plain = {"emoji": False, "markup": False, "highlight": False}
        return super().render_str(terminal(text, self.encoding), **options | plain)

    def say(self, text: str) -> None:
        """Print lines as they are, however long: the terminal breaks them, and paths stay whole."""
        self.print(text, soft_wrap=True)

    def say_json(self, content: object) -> None:
        """Print JSON in ASCII, which every stream can carry and every program reads."""
        self.file.write(json.dumps(content, indent=1) + "\n")


def stdout() -> Screen:
    """Return the console for results."""
    return Screen(highlight=False)


def stderr() -> Screen:
    """Return the console for progress and notes."""
    return Screen(stderr=True, highlight=False)
