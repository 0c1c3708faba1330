"""BIMI records, and the profile that a logo must fit (draft-svg-tiny-ps-abrotman; BIMI Group, "Creating SVG logos")."""

from __future__ import annotations

import gzip

import pytest
from checkdmarc import bimi as checker  # type: ignore[import-untyped]  # the package ships no types
from hypothesis import given
from hypothesis import strategies as st

from mailstack.errors import BimiError
from mailstack.mail.bimi import SIZE_LIMIT, Bimi, check_svg, record_name

ROOT = '<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" viewBox="0 0 64 64">'
TITLE = "<title>Example</title>"
LOGO = ROOT + TITLE + '<rect width="64" height="64" fill="#123"/></svg>'


def with_inside(text: str) -> list[str]:
    return check_svg(f"{ROOT}{TITLE}{text}</svg>".encode())


def test_a_record_names_logo_and_certificate() -> None:
    """draft-brand-indicators-for-message-identification, "Assertion Record": l is the logo, a the evidence."""
    assert str(Bimi("https://example.com/logo.svg")) == "v=BIMI1; l=https://example.com/logo.svg"
    assert str(Bimi("https://example.com/logo.svg", "https://example.com/vmc.pem")) == (
        "v=BIMI1; l=https://example.com/logo.svg; a=https://example.com/vmc.pem"
    )


def test_it_stands_below_its_selector() -> None:
    """The same draft, "Selectors"."""
    assert record_name("default", "example.com") == "default._bimi.example.com"


@pytest.mark.parametrize(
    "url",
    ["http://example.com/l.svg", "example.com/l.svg", "https://", "https://example.com/a;b", "https://example.com/a,b",
     "https://example.com/a b", "https://example.com/ä", "https://example.com/%g1", ""],
)  # fmt: skip
def test_only_https_urls_that_the_record_can_hold_are_taken(url: str) -> None:
    """The draft wants HTTPS, and commas and semicolons percent-encoded."""
    for arguments in ((url,), ("https://example.com/l.svg", url)):
        with pytest.raises(BimiError, match="https:"):
            Bimi(*arguments)


@pytest.mark.parametrize(
    "logo",
    [
        LOGO,
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- a comment -->' + LOGO,
        ROOT + TITLE + '<desc>d</desc><defs><linearGradient id="a" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xlink:href="#b"><stop offset="0" stop-color="#fff"/></linearGradient></defs><g fill="url(#a)">'
        '<path d="M0 0h9v9z"/><circle r="3"/></g></svg>',
    ],
)
def test_a_logo_of_the_profile_passes(logo: str) -> None:
    """Shapes, gradients, references inside the file."""
    assert check_svg(logo.encode()) == []


@pytest.mark.parametrize(
    ("logo", "said"),
    [
        (LOGO.replace('version="1.2"', 'version="1.1"'), 'version of the svg element is "1.1"; it must be "1.2"'),
        (LOGO.replace(' baseProfile="tiny-ps"', ""), 'baseProfile of the svg element is missing; it must be "tiny-ps"'),
        (LOGO.replace("tiny-ps", "tiny"), 'baseProfile of the svg element is "tiny"; it must be "tiny-ps"'),
        (LOGO.replace("<svg ", '<svg x="0px" '), "the svg element has the attribute x; remove it"),
        (LOGO.replace("<svg ", '<svg y="0px" '), "the svg element has the attribute y; remove it"),
        (LOGO.replace(TITLE, ""), "it has no title"),
        (LOGO.replace(TITLE, "<title> </title>"), "it has no title"),
        (LOGO.replace(TITLE, f"<g>{TITLE}</g>"), "it has no title"),
        ('<?xml-stylesheet href="a.css"?>' + LOGO, "it holds a processing instruction, xml-stylesheet"),
        ("<html/>", "its root is <html>"),
        (LOGO.replace(' xmlns="http://www.w3.org/2000/svg"', ""), "its root is <svg>"),
        (LOGO[:-6], "it is no XML"),
        ("", "it is no XML"),
    ],
)
def test_what_the_root_lacks_is_named(logo: str, said: str) -> None:
    """Version, profile, title, and nothing that a drawing program leaves on the root."""
    [problem] = check_svg(logo.encode())
    assert problem.startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<script>alert(1)</script>", "<script> is not allowed: no scripts"),
        ('<image width="1"/>', "<image> is not allowed: no embedded images"),
        ('<animate attributeName="x"/>', "<animate> is not allowed: no animation"),
        ('<set attributeName="x"/>', "<set> is not allowed: no animation"),
        ("<foreignObject/>", "<foreignObject> is not allowed: no foreign content"),
        ("<a/>", "<a> is not allowed: no links"),
        ("<style>rect {}</style>", "<style> is not allowed here: it is not part of SVG Tiny 1.2"),
        ("<filter/>", "<filter> is not allowed here: it is not part of SVG Tiny 1.2"),
        ("<svg/>", "<svg> is not allowed here: it is not part of SVG Tiny 1.2"),
        ('<g onclick="x()"/>', "<g> has the attribute onclick: no scripts"),
        ('<g style="fill:red"/>', "<g> has the attribute style; write its properties as attributes of their own"),
        ('<g fill="url(https://e.example/a#b)"/>', '<g> refers to "url(https://e.example/a#b)": only #names'),
        ('<use href="b.svg#c"/>', '<use> refers to "b.svg#c": only #names'),
        ('<use xmlns:l="http://www.w3.org/1999/xlink" l:href="data:,x"/>', '<use> refers to "data:,x": only #names'),
        ('<g xml:base="https://e.example/"/>', '<g> refers to "https://e.example/": only #names'),
        ('<i:x xmlns:i="urn:draw"/>', "<x> is no SVG element; remove what a drawing program added"),
        ('<g xmlns:i="urn:draw" i:label="x"/>', "<g> has an attribute of another vocabulary, label; remove it"),
    ],
)
def test_what_does_not_belong_into_a_logo_is_named(text: str, said: str) -> None:
    """No scripts, pictures, animation, styles, references to elsewhere, nor vocabularies of drawing programs."""
    [problem] = with_inside(text)
    assert problem.startswith(said)


@pytest.mark.parametrize(
    "logo",
    [
        LOGO,
        LOGO.replace('"1.2"', '"1.1"'),
        LOGO.replace("tiny-ps", "tiny"),
        LOGO.replace(' baseProfile="tiny-ps"', ""),
        LOGO.replace(TITLE, ""),
        LOGO.replace("<svg ", '<svg x="0" '),
        LOGO + " " * SIZE_LIMIT,
    ],
)
def test_another_checker_comes_to_the_same_verdict(logo: str) -> None:
    """On the root's attributes, the title and the size, which it judges as well."""
    others = checker.check_svg_requirements(checker.get_svg_metadata(logo.encode()))
    assert bool(check_svg(logo.encode())) is bool(others)


def test_a_document_type_is_not_even_read() -> None:
    """Entities could grow without end or read files: the first sign of them ends the check."""
    bomb = '<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b SYSTEM "file:///etc/hostname">]>' + LOGO.replace("Example", "&b;")
    assert check_svg(bomb.encode()) == ["it has a document type; remove <!DOCTYPE ...>"]


def test_a_logo_has_at_most_32_kilobytes() -> None:
    """32,768 octets are allowed."""
    full = LOGO + " " * (SIZE_LIMIT - len(LOGO))
    assert SIZE_LIMIT == 32768
    assert check_svg(full.encode()) == []
    assert check_svg(full.encode() + b" ") == ["it has 32769 octets, 32768 are allowed"]


def test_a_compressed_logo_is_not_guessed_at() -> None:
    """What is checked is the picture itself."""
    assert check_svg(gzip.compress(LOGO.encode())) == ["it is compressed; check the plain SVG"]


def test_every_mistake_is_named_once() -> None:
    """Two scripts are one kind of mistake; mistakes of two kinds are two."""
    assert with_inside("<script/><script/><set/>") == [
        "<script> is not allowed: no scripts",
        "<set> is not allowed: no animation",
    ]


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: (ROOT + text).encode()))
def test_any_file_is_judged(logo: bytes) -> None:
    """Whatever a file holds, the answer is a list of phrases."""
    assert all(isinstance(problem, str) and problem for problem in check_svg(logo))
