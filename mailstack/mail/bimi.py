"""BIMI: the record that names a domain's logo, and the check of the logo itself.

Sources: draft-brand-indicators-for-message-identification, draft-svg-tiny-ps-abrotman (SVG Tiny PS), and the BIMI
Group's page "Creating BIMI SVG Logo Files".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat

from mailstack.errors import BimiError

SIZE_LIMIT = 32 * 1024  # octets: the BIMI Group, "32 kilobytes"
_URL = re.compile(r"https://(?:[A-Za-z0-9._~:/?#@$&'()*+=\[\]!-]|%[0-9A-Fa-f]{2})+", re.IGNORECASE)
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
# The elements of SVG Tiny 1.2 (W3C, appendix "Element Table"), without those that SVG Tiny PS disallows.
_ELEMENTS = frozenset(
    {
        "circle", "defs", "desc", "ellipse", "g", "line", "linearGradient", "metadata", "path", "polygon", "polyline",
        "radialGradient", "rect", "solidColor", "stop", "svg", "switch", "tbreak", "text", "textArea", "title",
        "tspan", "use",
    }
)  # fmt: skip
_DISALLOWED = {
    "script": "scripts", "handler": "scripts", "listener": "scripts",
    "image": "embedded images", "foreignObject": "foreign content", "a": "links", "prefetch": "external references",
    "animate": "animation", "animateColor": "animation", "animateMotion": "animation", "animateTransform": "animation",
    "animation": "animation", "set": "animation", "mpath": "animation", "discard": "animation",
    "audio": "sound", "video": "video",
}  # fmt: skip


@dataclass(frozen=True)
class Bimi:
    """A BIMI assertion record: https: URLs of the logo and of the certificate that attests it (VMC or CMC).

    Raises BimiError for a URL that the record cannot hold.
    """

    logo: str
    certificate: str | None = None

    def __post_init__(self) -> None:
        for url in (self.logo, self.certificate):
            if url is not None and not is_url(url):
                raise BimiError(f'BIMI: "{url}" is no https: URL; write https://..., with "," and ";" as %2C and %3B')

    def __str__(self) -> str:
        evidence = f"; a={self.certificate}" if self.certificate else ""
        return f"v=BIMI1; l={self.logo}{evidence}"


def is_url(text: str) -> bool:
    """Tell whether a text is an https: URL that is allowed in a BIMI record."""
    return _URL.fullmatch(text) is not None


def record_name(selector: str, domain: str) -> str:
    """Return the name of a domain's BIMI record."""
    return f"{selector}._bimi.{domain}"


def check_svg(logo: bytes) -> list[str]:
    """Name what keeps a logo from being shown: each rule of SVG Tiny PS that it breaks, in one phrase.

    A document type is refused unread, so that no entity is ever expanded.
    """
    if logo[:2] == b"\x1f\x8b":
        return ["it is compressed; check the plain SVG"]
    reader = _Reader()
    problems = [f"it has {len(logo)} octets, {SIZE_LIMIT} are allowed"] if len(logo) > SIZE_LIMIT else []
    try:
        reader.read(logo)
    except expat.ExpatError as error:
        return [*problems, f"it is no XML: {error}"]
    return list(dict.fromkeys([*problems, *reader.problems]))


class _Reader:
    """Reads a logo once and notes what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._above: list[str] = []
        self._has_title = False
        self._has_doctype = False

    def read(self, logo: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda _: self._above.pop()
        parser.CharacterDataHandler = self._text
        parser.ProcessingInstructionHandler = lambda target, _: self.problems.append(
            f"it holds a processing instruction, {target}"
        )
        try:
            parser.Parse(logo, True)
        except _Stopped:
            return
        if not self._has_title:
            self.problems.append("it has no title: write <title> with the company's name into the svg element")

    def _doctype(self, *_: object) -> None:
        self.problems.append("it has a document type; remove <!DOCTYPE ...>")
        raise _Stopped

    def _start(self, written: str, attributes: dict[str, str]) -> None:
        space, _, name = written.rpartition(" ")
        if not self._above:
            self._root(space, name, attributes)
        elif space != _SVG:
            self.problems.append(f"<{name}> is no SVG element; remove what a drawing program added")
        elif name in _DISALLOWED:
            self.problems.append(f"<{name}> is not allowed: no {_DISALLOWED[name]}")
        elif name == "svg" or name not in _ELEMENTS:
            self.problems.append(f"<{name}> is not allowed here: it is not part of SVG Tiny 1.2")
        self._above.append(name)
        for key, value in attributes.items():
            self._attribute(name, key, value)

    def _root(self, space: str, name: str, attributes: dict[str, str]) -> None:
        if (space, name) != (_SVG, "svg"):
            self.problems.append(f'its root is <{name}>, not <svg xmlns="{_SVG}">')
            raise _Stopped
        for key, wanted in (("version", "1.2"), ("baseProfile", "tiny-ps")):
            if attributes.get(key) != wanted:
                found = f'"{attributes[key]}"' if key in attributes else "missing"
                self.problems.append(f'{key} of the svg element is {found}; it must be "{wanted}"')
        self.problems += [f"the svg element has the attribute {key}; remove it" for key in "xy" if key in attributes]

    def _attribute(self, element: str, written: str, value: str) -> None:
        space, _, name = written.rpartition(" ")
        if space not in ("", _XLINK, _XML):
            self.problems.append(f"<{element}> has an attribute of another vocabulary, {name}; remove it")
        elif name.lower().startswith("on"):
            self.problems.append(f"<{element}> has the attribute {name}: no scripts")
        elif any(not target.startswith("#") for target in _targets(space, name, value)):
            self.problems.append(f"<{element}> refers to {_shortened(value)}: only #names inside the file are allowed")
        elif not space and name == "style":
            self.problems.append(
                f"<{element}> has the attribute style; write its properties as attributes of their own"
            )

    def _text(self, text: str) -> None:
        if self._above == ["svg", "title"] and text.strip():
            self._has_title = True


class _Stopped(Exception):
    """Nothing more of the file is read."""


def _targets(space: str, name: str, value: str) -> list[str]:
    """List what an attribute refers to: href and xml:base whole, of all others what is in url(...)."""
    if name == "href" or (space, name) == (_XML, "base"):
        return [value.strip()]
    return re.findall(r"url\(\s*['\"]?\s*([^)]*)", value, re.IGNORECASE)


def _shortened(value: str) -> str:
    return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
