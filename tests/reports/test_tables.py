"""Tables as text and Markdown: stable to the byte, and no name is more than text."""

from __future__ import annotations

import html
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rgbtbench.core.terminal import visible
from rgbtbench.reports.latex import as_latex
from rgbtbench.reports.tables import GAP, Table, as_html, as_markdown, as_text, fitted, marked, plain

HOSTILE = (
    "A & B_$%",
    "<img src=x onerror=alert(1)>",
    "\\input{/etc/passwd}",
    "a\x1b[2J",
    "--x^~#{}|\"`'",
    "中 ∞ é",
    "[1em]",
    "*",
)
SMALL = Table(
    title="T_1",
    header=("tracker", "PR", "SR", "sequences"),
    rows=(("A & B_$%", "60.8 [56.6, 64.9]", "47.4", "243 of 245"), ("b", "45.5 [41.2, 49.9]", "–", "245")),
    note="* few\nsecond line",
    best=frozenset({(0, 1), (0, 2)}),
    second=frozenset({(1, 1)}),
    groups=("", "LasHeR test", "LasHeR test", ""),
)
TEXT = """\
T_1

          LasHeR test
tracker                  PR    SR   sequences
────────  ─────────────────  ────  ──────────
A & B_$%  60.8 [56.6, 64.9]  47.4  243 of 245
b         45.5 [41.2, 49.9]     –         245
* few
second line"""
MARKDOWN = r"""**T\_1**

| tracker | LasHeR test: PR | LasHeR test: SR | sequences |
| --- | ---: | ---: | ---: |
| A \& B\_\$% | **60.8 \[56.6, 64.9\]** | **47.4** | 243 of 245 |
| b | *45.5 \[41.2, 49.9\]* | – | 245 |

\* few\
second line"""
NARROW = """\
list

tracker  year
───────  ────
dcf      2010
───────  ────
a        2023

list, continued

tracker  meaning
───────  ──────────────
dcf      a correlation
         filter on both
         modalities
───────  ──────────────
a        word
said once"""


@pytest.mark.parametrize(("render", "expected"), [(as_text, TEXT), (as_markdown, MARKDOWN)])
def test_a_table_is_the_same_to_the_byte(render, expected):
    assert render(SMALL) == expected


def test_ties_share_a_mark_and_gaps_have_none():
    best, second = marked(np.array([[1.04, 3.0], [1.0, np.nan], [0.9, 2.0], [0.9, 2.0]]), axis=0)
    assert best == {(0, 1), (1, 1), (0, 2)}, "1.04 and 1.00 both print as 1.0"
    assert second == {(2, 1), (3, 1), (2, 2), (3, 2)}
    assert marked(np.array([[np.nan, np.nan]]), axis=1) == (frozenset(), frozenset())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_strangers_name_is_text_in_every_format(name):
    table = Table(name, (name, "x"), ((name, "1"),), note=name, groups=(name, ""))
    for render in (as_text, as_markdown, as_latex, as_html):
        shown = render(table)
        assert not any(unicodedata.category(mark) == "Cc" and mark != "\n" for mark in shown)
    assert "<img" not in as_html(table)
    assert "<img" not in as_markdown(table).replace(r"\<", "")
    assert html.escape(name.replace("\x1b", r"\x1b")) in as_html(table)


@given(st.text(max_size=20))
def test_any_name_keeps_the_shape_of_a_table(name):
    rows = Table("t", ("tracker", "SR"), ((name, "1.0"), ("b", GAP)))
    assert len(as_text(rows).split("\n")) == 6
    assert len(as_markdown(rows).split("\n")) == 6
    assert sum(line.endswith(r"\\") for line in as_latex(rows).split("\n")) == 3


def test_a_wide_table_is_wrapped_and_then_parted():
    rows = (("dcf", "2010", "a correlation filter on both modalities"), ("a", "2023", "word"))
    table = Table("list", ("tracker", "year", "meaning"), rows, note="said once", rule=1)
    assert as_text(table, 200) == as_text(table)
    assert [len(part.header) for part in fitted(table, 40)] == [3]
    assert as_text(table, 26) == NARROW


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40)), min_size=1, max_size=4))
def test_nothing_is_lost_in_a_narrow_terminal(rows):
    table = Table("t", ("a", "b", "c"), tuple(rows))
    for width in (20, 60):
        shown = {}
        for part in fitted(table, width):
            columns = zip(*part.rows, strict=True)
            shown |= {name: "".join(cells) for name, cells in zip(part.header, columns, strict=True)}
        for c, name in enumerate(table.header):
            wanted = "".join(visible(row[c]) for row in rows)
            assert shown[name].replace(" ", "") == wanted.replace(" ", "")


def test_a_plain_table_has_numbers_alone():
    shown = plain(SMALL)
    assert shown.header == ("tracker", "PR", "SR")
    assert shown.rows == (("A & B_$%", "60.8", "47.4"), ("b", "45.5", "–"))
    assert (shown.best, shown.second, shown.note) == (SMALL.best, SMALL.second, "second line")
    assert plain(Table("t", ("", "x"), (("a [1]", "-0.5 ± 0.3 [-1.0, +0.2]"), ("b", "3 (also 4, 5)")))).rows == (
        ("a [1]", "-0.5"),
        ("b", "3"),
    )
