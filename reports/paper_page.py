"""The index of the paper's exhibits: one HTML page without scripts, light or dark, with a navigation that stays."""

from __future__ import annotations

from collections.abc import Sequence

from rgbtbench import __version__
from rgbtbench.results.published.cmd import PAPER

from .tables import Table, as_html, html_text

Section = tuple[str, Table, Sequence[str]]  # its name, what it shows, and the names of its files
STYLE = """:root{color-scheme:light dark;--ink:#16202a;--soft:#56626e;--faint:#dfe4e9;--ground:#fff;--link:#0b5cad}
@media screen and (prefers-color-scheme:dark){
:root{--ink:#e6ebf0;--soft:#a3afba;--faint:#33404b;--ground:#12181e;--link:#7bb8f5}}
*{box-sizing:border-box}html{scroll-padding-top:1rem}a{color:var(--link)}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:88rem;padding:0 1.25rem 3rem;color:var(--ink);
background:var(--ground)}
h1{font-size:1.6rem;line-height:1.2}h2{font-size:1.15rem}
.page{display:grid;grid-template-columns:15rem minmax(0,1fr);gap:2.5rem}
nav{position:sticky;top:0;align-self:start;max-height:100vh;overflow-y:auto;padding:1rem 0;font-size:.9rem}
nav ol{list-style:none;margin:0;padding:0}nav li{margin:.45rem 0;line-height:1.35}
section{border-top:1px solid var(--faint);padding-bottom:1.5rem}section:first-of-type{border:0}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .6rem;text-align:left;white-space:nowrap}thead tr:last-child th{border-bottom:1px solid}
.ruled>*{border-top:1px solid}
#claims td,#errata :is(td,th){white-space:normal;vertical-align:top;min-width:8rem}
thead,table{border-top:1px solid;border-bottom:1px solid}.note,footer{font-size:.85rem;color:var(--soft)}
.figure img{display:block;width:100%;max-width:70rem;background:#fff;border-radius:4px}
@media screen and (max-width:60rem){.page{display:block}
nav{max-height:30vh;z-index:1;background:var(--ground);border-bottom:1px solid var(--faint);padding:.4rem 0}
nav ol{display:flex;gap:.2rem 1.1rem;overflow-x:auto}nav li{white-space:nowrap;margin:.2rem 0}
html{scroll-padding-top:3.5rem}}
@media print{nav{display:none}.page{display:block}body{max-width:none;padding:0;font-size:9pt}
table{font-size:7pt}.wide{overflow:visible}th,td{white-space:normal;padding:.1rem .25rem}
tr,img{break-inside:avoid}h2{break-after:avoid}}"""
INDEX = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src 'self'">
<title>Exhibits of the {paper}</title><style>{style}</style></head><body>
<header><h1>Exhibits of the {paper}, printed and measured</h1></header>
<div class="page"><nav aria-label="Exhibits"><ol>
{links}
</ol></nav>
<main>
{body}
</main></div>
<footer>rgbtbench {version}</footer>
</body></html>
"""


def index_page(sections: Sequence[Section]) -> str:
    """The page; figures lie beside it as ``NAME.svg``."""
    links = "\n".join(f'<li><a href="#{name}">{html_text(_short(table.title))}</a></li>' for name, table, _ in sections)
    body = "\n".join(_section(*section) for section in sections)
    return INDEX.format(style=STYLE, paper=PAPER, version=__version__, links=links, body=body)


def _short(title: str) -> str:
    """A title without the sentence that explains it.

    >>> _short("Claims of the paper: what it says, computed again"), _short("Table 1. Comparison on four sets")
    ('Claims of the paper', 'Table 1. Comparison on four sets')
    """
    return title.partition(": ")[0]


def _section(name: str, table: Table, names: Sequence[str]) -> str:
    title = html_text(table.title)
    links = ", ".join(f'<a href="{file}">{file}</a>' for file in names)
    picture = f'<p class="figure"><a href="{name}.svg"><img src="{name}.svg" alt="{title}"></a></p>'
    notes = "".join(f"<br>{html_text(line)}" for line in table.note.splitlines())
    scrolled = f'<div class="wide" tabindex="0" role="region" aria-label="{title}">{as_html(table)}</div>'
    shown = f"{picture}\n{scrolled}" if f"{name}.svg" in names else scrolled
    return f'<section id="{name}"><h2>{title}</h2>\n{shown}\n<p class="note">{links}{notes}</p></section>'
