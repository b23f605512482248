"""Tables for two-column papers: their source to the byte, and that pdflatex finds none too wide."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from rgbtbench.reports.latex import as_latex
from rgbtbench.reports.tables import Table

SMALL = Table(
    title="LasHeR test: T_1",
    header=("tracker", "PR", "SR", "sequences"),
    rows=(("A & B_$%", "60.8 [56.6, 64.9]", "-0.4", "243 of 245"), ("b-2", "45.5 [41.2, 49.9]", "–", "245")),
    note="* few.\nsecond line",
    best=frozenset({(0, 1), (0, 2)}),
    second=frozenset({(1, 1)}),
    groups=("", "LasHeR test", "LasHeR test", ""),
    provenance="truth abc",
    keys={"b-2": "b2023"},
)
LATEX = r"""% truth abc
\begin{table}
  \centering\small
  \setlength{\tabcolsep}{5.0pt}
  \caption{LasHeR test: T\_1}
  \label{tab:lasher-test-t-1}
  \begin{tabular}{lrrr}
    \toprule
     & \multicolumn{2}{c}{LasHeR test} &  \\
    \cmidrule(lr){2-3}
    tracker & PR$\uparrow$ & SR$\uparrow$ & sequences \\
    \midrule
    A \& B\_\$\% & \textbf{60.8 [56.6, 64.9]} & \textbf{$-$0.4} & 243 of 245 \\
    b-2~\cite{b2023} & \underline{45.5 [41.2, 49.9]} & -- & 245 \\
    \bottomrule
  \end{tabular}
  \par\smallskip\parbox{\linewidth}{\raggedright\footnotesize * few; second line.}
\end{table}"""
HOSTILE = ("A & B_$%", "\\input{/etc/passwd}", "a\x1b[2J", "--x^~#{}|\"`'", "中 ∞ é", "[1em]", "*", "x" * 60)
PAPER = r"""\documentclass[10pt,twocolumn,letterpaper]{article}
\usepackage{%s}
\setlength{\textwidth}{6.875in}\setlength{\textheight}{8.875in}\setlength{\columnsep}{0.3125in}
\begin{document}
%s
\end{document}
"""


def many(columns: int, rows: int) -> Table:
    names = tuple(f"Tracker{c}" for c in range(columns))
    body = tuple((f"attribute {r}", *(f"{r + c / 10:.1f} [1.0, 99.9]" for c in range(columns))) for r in range(rows))
    best = frozenset((r, 1) for r in range(rows))
    return Table("many", ("attribute", *names), body, best=best, note="a note of some words. " * 20)


def test_the_source_is_the_same_to_the_byte():
    assert as_latex(SMALL) == LATEX


def test_what_does_not_fit_a_column_goes_over_both_and_then_below():
    assert r"\begin{table}" in as_latex(many(2, 3))
    assert r"\begin{table*}" in as_latex(many(4, 3))
    wide = as_latex(many(12, 3))
    assert wide.count(r"\begin{table*}") == 1
    assert wide.count(r"\begin{tabular}") > 1
    assert all(f"Tracker{c}" in wide for c in range(12))
    assert wide.count("attribute 0") == wide.count(r"\begin{tabular}")
    long = as_latex(many(2, 100))
    assert (long.count(r"\caption"), long.count("(continued)"), long.count("attribute 99 ")) == (3, 2, 1)
    assert long.count("a note of some words") == 20, "below the last part alone"


def compiled(folder: Path, body: str, packages: str = "times,booktabs") -> str:
    """The log of pdflatex, which Debian has in texlive-latex-base, and booktabs in texlive-latex-recommended."""
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex: apt install texlive-latex-base texlive-latex-recommended texlive-fonts-recommended")
    (folder / "t.tex").write_text(PAPER % (packages, body), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "t.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "t.pdf").exists()
    return done.stdout


def require_room(log: str) -> None:
    """Nothing too wide for its column, nothing too long for its page, no label twice."""
    bad = [line for line in log.splitlines() if "Overfull" in line or "too large" in line or "multiply" in line]
    assert not bad, bad


@pytest.mark.parametrize("packages", ["times,booktabs", "booktabs"])
def test_made_up_tables_fit_their_page(tmp_path, packages):
    hostile = tuple((name, "1.0", "2.0", "3") for name in HOSTILE)
    shapes = [(2, 4), (3, 4), (4, 60), (9, 4), (30, 4)]
    tables = [replace(many(*shape), title=f"many of {k}") for k, shape in zip("abcde", shapes, strict=True)]
    tables += [SMALL, Table("all", SMALL.header, hostile, note="\n".join(HOSTILE), groups=SMALL.groups)]
    words = tuple((f"w{r}", "words " * 40, "other words " * 30) for r in range(5))
    tables.append(Table("words", ("name", "meaning", "why"), words))
    body = "\\clearpage\n".join(as_latex(table) + "\n" for table in tables)
    require_room(compiled(tmp_path, body, packages))


def test_our_tables_fit_their_page(cli, real, tmp_path):
    """Tables 1 to 5, LasHeR by attribute, and a leaderboard of all that is in print."""
    assert cli("report", "--paper", "--out", tmp_path / "paper")[0] == 0
    paper = [(tmp_path / "paper" / f"table{k}.tex").read_text() for k in range(1, 6)]
    bib = tmp_path / "refs.bib"
    how = ("--only", "LasHeR", "--by", "attribute", "--format", "latex")
    _, full, _ = cli("report", real, *how)
    _, plain, _ = cli("report", real, *how, "--plain", "--cite", bib)
    _, board, _ = cli("leaderboard", "--printed", "LasHeR,RGBT234", "--format", "latex")
    require_room(compiled(tmp_path, "\\clearpage\n".join([*paper, full, board])))
    require_room(compiled(tmp_path, plain))
    assert "[56.6, 64.9]" in full
    assert "[56.6, 64.9]" not in plain
    assert r"MTNet~\cite{mtnet2023}" in plain
    assert "@misc{mtnet2023," in bib.read_text()
    printed = "\n".join(line for line in full.splitlines() if not line.startswith("%"))
    assert "truth" not in printed
