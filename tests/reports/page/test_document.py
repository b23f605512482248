import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from pages import HOSTILE, data_of, entries_of, make

from rgbtbench.reports.colours import PALETTE, looks_of
from rgbtbench.reports.page.document import ASSETS, DROP_STYLE, DROPPING, SCRIPTS, STYLES
from rgbtbench.reports.page.packing import unpack


class Tags(HTMLParser):
    """Every tag with its attributes, as a browser would read them."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], {}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.setdefault(self.tags[-1][0] if self.tags else "", []).append(data)


@pytest.fixture(scope="module")
def hostile(generated):
    return make("<b>night</b> </title><script>alert(2)</script>", *entries_of(generated))[0]


def test_no_name_becomes_markup(hostile):
    found = Tags()
    found.feed(hostile.decode())
    names = [tag for tag, _ in found.tags]
    assert names.count("script") == 2
    assert not {"img", "b", "iframe", "link", "base", "form", "object"} & set(names)
    assert not [a for _, attributes in found.tags for a in attributes if a.startswith("on") or a == "style"]
    assert [tracker["name"] for tracker in unpack(data_of(hostile))[0]["boards"][0]["scored"]] == list(HOSTILE)
    assert sum(HOSTILE[0] in text for text in found.texts["th"]) == 1  # the table for readers without scripts


def test_the_page_may_run_its_own_script_and_fetch_nothing(hostile):
    found = Tags()
    found.feed(hostile.decode())
    [policy] = [a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for kind, tag in (("script-src", 'script type="module"'), ("style-src", "style")):
        text = hostile.decode().partition(f"<{tag}>")[2].partition(f"</{tag.split()[0]}>")[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[kind] == f"'sha256-{digest}'"
    assert not [a for _, attributes in found.tags for a in attributes if a in ("src", "action", "ping", "srcset")]
    assert {a["href"] for _, a in found.tags if "href" in a} == {"#leaderboard"}
    assert set(re.findall(r"https?://[^\s\"'`]+", hostile.decode())) == {"http://www.w3.org/2000/svg"}


def test_a_tracker_has_the_colour_that_it_has_in_figures(hostile):
    colours = unpack(data_of(hostile))[0]["colours"]
    assert {name: PALETTE[k] for name, k in colours.items()} == {
        n: look.colour for n, look in looks_of(HOSTILE).items()
    }
    style = hostile.decode().partition("<style>")[2].partition("</style>")[0]
    assert all(f"--c{k}:{PALETTE[k]};" in style and f".c{k}{{--mark:var(--c{k})}}" in style for k in colours.values())


def test_scripts_write_text_only():
    """What would turn a name into markup or code does not occur: text is text by construction, not by care."""
    for name in (*SCRIPTS, *DROPPING):
        text = (ASSETS / name).read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser", text), name
        assert not re.search(r"\beval\b|Function\(", text), name
        assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|import\(|\bimport ", text), name


@pytest.mark.parametrize("name", [*SCRIPTS, *DROPPING, *STYLES, DROP_STYLE])
def test_braces_close(name):
    """Browsers skip what does not parse, and say nothing."""
    text = (ASSETS / name).read_text()
    assert [text.count(mark) for mark in "{(["] == [text.count(mark) for mark in "})]"]


def test_every_asset_is_used():
    assert {path.name for path in ASSETS.iterdir()} == {*SCRIPTS, *DROPPING, *STYLES, DROP_STYLE, "page.html"}


@pytest.mark.parametrize("path", sorted(ASSETS.iterdir()), ids=lambda path: path.name)
def test_assets_fit_a_few_screens(path):
    assert len(path.read_text().splitlines()) <= 400
    assert max(map(len, path.read_text().splitlines())) <= 120
