"""Somebody's page frozen: what is left of HTML once scripts, links, forms and everything live is taken out."""

import nh3
from markupsafe import Markup

_TAGS = """
    section article div header h2 h3 h4 p span strong em small b i u s br hr blockquote pre code samp kbd var sub sup
    mark ul ol li dl dt dd table caption colgroup col thead tbody tfoot tr th td figure figcaption details summary
    bdi bdo ruby rt rp data time abbr del ins
    svg g path rect line circle ellipse polyline polygon text tspan title desc
"""
_DROPPED = "script style form button select textarea noscript template iframe object dialog nav"
_ATTRIBUTES = """
    class id lang dir title role scope colspan rowspan span headers value datetime open start hidden tabindex
    viewBox preserveAspectRatio width height x y x1 y1 x2 y2 dx dy cx cy r rx ry d points transform
    fill fill-opacity fill-rule opacity stroke stroke-width stroke-opacity stroke-dasharray stroke-linecap
    stroke-linejoin text-anchor dominant-baseline font-family font-size font-weight direction focusable
"""


def static_html(body: str) -> Markup:
    """The body by an allowed list of elements and attributes: no script, link, form, picture or style of its own.

    A link becomes its text; a form, button or navigation goes with its content. SVG drawings stay.
    """
    cleaned = nh3.clean(
        body,
        tags=set(_TAGS.split()),
        clean_content_tags=set(_DROPPED.split()),
        attributes={"*": set(_ATTRIBUTES.split())},
        generic_attribute_prefixes={"aria-"},
        link_rel=None,
        strip_comments=True,
    )
    return Markup(cleaned)  # noqa: S704 - the sanitiser's output
