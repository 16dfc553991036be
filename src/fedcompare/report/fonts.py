"""Characters that a picture's font lacks, from other installed fonts."""

from collections.abc import Iterator
from functools import lru_cache

from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, fontManager, get_font
from matplotlib.text import Text


def borrow_glyphs(figure: Figure) -> None:
    """Let each text of a figure take what its font lacks from others; some may have no glyph."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if lacking := _characters(text) - _covered(str(findfont(text.get_fontproperties()))):
            text.set_fontfamily([*text.get_fontfamily(), *_lenders(lacking)])


def _characters(text: Text) -> frozenset[int]:
    return frozenset(map(ord, text.get_text()))


@lru_cache
def _covered(file: str) -> frozenset[int]:
    """Return the characters of a font, none of one that cannot be read."""
    try:
        return frozenset(get_font(file).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


def _lenders(lacking: frozenset[int]) -> Iterator[str]:
    """Yield the names of fonts that have these characters between them, plain fonts first."""
    # A font of last resort has a box for every character; matplotlib comes to one by itself.
    fonts = [f for f in fontManager.ttflist if "lastresort" not in f.name.lower().replace(" ", "")]
    for font in sorted(fonts, key=lambda f: (f.style != "normal", f.weight != 400)):
        if not lacking:
            return
        if found := lacking & _covered(font.fname):
            yield font.name
            lacking -= found
