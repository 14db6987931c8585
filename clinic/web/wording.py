"""What a letter says: rendered from templates, plain and HTML, as mail readers take it."""

import re
import textwrap
from typing import Any, NamedTuple

import css_inline
from django.template import Context, Engine
from django.template.loader import render_to_string

from clinic.web.context import facts

WIDTH = 72  # columns of plain text
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
HANGING = re.compile(r"- |\S.*?\s{2,}(?=\S)|\s{2,}")  # a bullet, or the first column of two

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)


class Wording(NamedTuple):
    """What a letter says: a subject line, plain text, and HTML with every style inlined."""

    subject: str
    text: str
    html: str


def render_letter(template: str, context: dict[str, Any]) -> Wording:
    """Render `template`.subject.txt, .txt and .html; the clinic's own facts come by themselves.

    HTML styles live in `email/_styles.css` alone and are moved into the elements here. Text is
    wrapped at 72 columns; a link stays whole.
    """
    context = {**facts(), **context}
    subject = " ".join(_plain(f"{template}.subject.txt", context).split())
    text = wrapped(_plain(f"{template}.txt", context))
    html = _inliner.inline(render_to_string(f"{template}.html", context))
    return Wording(subject, text, html)


def wrapped(text: str) -> str:
    """Return `text` at 72 columns, later lines of a bullet or a table row under its first word.

    Runs of empty lines become one, so that templates may leave things out.
    """
    lines: list[str] = []
    for line in text.strip().splitlines():
        line = line.rstrip()
        if not line and lines and not lines[-1]:
            continue
        first = HANGING.match(line)
        lines += textwrap.wrap(
            line,
            WIDTH,
            subsequent_indent=" " * (first.end() if first else 0),
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
            replace_whitespace=False,
        ) or [""]
    return "\n".join(lines).replace(NO_BREAK_SPACE, " ") + "\n"


def _plain(template: str, context: dict[str, Any]) -> str:
    """Render a template whose reader is not a browser: nothing is escaped."""
    source = Engine.get_default().get_template(template)
    return source.render(Context(context, autoescape=False))
