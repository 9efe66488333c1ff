"""SVG to PNG: the one place that knows the renderer (resvg, which shapes every script from the system's fonts)."""

import resvg_py

DOTS = 2.0  # pixels of the file per unit of the drawing: about 300 dpi at the width of a page


def png(svg: str, scale: float = DOTS) -> bytes:
    """The drawing as a PNG; the same drawing and fonts give the same bytes."""
    # Few text fonts hold the minus sign, and the renderer's stand-in for one is bold; the en dash looks the same.
    return bytes(resvg_py.svg_to_bytes(svg_string=svg.replace("−", "–"), zoom=scale))
