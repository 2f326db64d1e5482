"""What a Markdown cell holds, read with the same MyST parser that builds the book.

Anchors, equations and references are compared between languages; prose is checked within one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

__all__ = ["Block", "Image", "Markup", "has_words", "parse"]

# The extensions of _config.yml (parse.myst_enable_extensions).
EXTENSIONS = {"amsmath", "colon_fence", "deflist", "dollarmath", "html_image", "substitution"}

FENCE = re.compile(r"\{([^}\s]+)\}\s*(.*)", re.DOTALL)
OPTION = re.compile(r":([\w-]+):\s*(.*)")
TEXT_MACRO = re.compile(r"\\(?:text|mbox|textrm|textbf)\s*\{[^{}]*\}")
ROLE_TARGET = re.compile(r".*<([^<>]+)>\s*", re.DOTALL)
HTML_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
HTML_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
HTML_SRC = re.compile(r"""\bsrc\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)

LITERAL = {"code", "code-block", "code-cell", "sourcecode", "raw", "bibliography", "csv-table", "mermaid"}
ARGUMENT_IS_TARGET = {"image", "figure", "include", "literalinclude", "solution", "solution-start"}
CITATION_ROLE = re.compile(r"cite(:\w+)?")


@dataclass(frozen=True)
class Image:
    src: str
    alt: str


@dataclass
class Block:
    """A paragraph, heading or table cell as a reader sees it, without code, formulas and addresses."""

    kind: str  # paragraph, heading, table or alt
    text: str = ""  # everything that is read
    own_words: str = ""  # the same without emphasised and linked text, where names and titles stand
    broken_lines: int = 0


@dataclass
class Markup:
    """The parts of a cell in their order."""

    directives: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)  # headings without a label before them
    first_label: str = ""  # label of the first heading of level 1
    equations: list[str] = field(default_factory=list)
    citations: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(block.text for block in self.blocks)

    @property
    def own_words(self) -> str:
        return "\n".join(block.own_words for block in self.blocks)


@cache
def _parser() -> MarkdownIt:
    parser = create_md_parser(MdParserConfig(enable_extensions=EXTENSIONS), RendererHTML)
    # An escaped \* stays a token of its own, so that it is not taken for a forgotten asterisk.
    return parser.disable("text_join")


@cache
def parse(source: str) -> Markup:
    """Read one cell. The result is shared between calls: look, do not change."""
    markup = Markup()
    _walk(markup, source)
    return markup


def has_words(source: str) -> bool:
    """Whether the cell holds anything to translate; text in formulas counts."""
    markup = parse(source)
    return any(map(str.isalpha, markup.text)) or bool(TEXT_MACRO.search(source))


def _walk(markup: Markup, source: str) -> None:
    tokens = _parser().parse(source)
    in_table = False
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        if token.type in ("table_open", "table_close"):
            in_table = token.type == "table_open"
        elif token.type == "heading_open" and after is not None:
            _heading(markup, int(token.tag[1:]), after.content, before)
        elif token.type == "myst_target":
            markup.labels.append(token.content)
        elif token.type in ("math_block", "math_block_label", "amsmath"):
            _equation(markup, token.content, token.info if token.type == "math_block_label" else "")
        elif token.type in ("fence", "colon_fence"):
            _fence(markup, token)
        elif token.type == "html_block":
            _html_images(markup, token.content)
        elif token.type == "inline":
            in_heading = before is not None and before.type == "heading_open"
            _inline(markup, token, "table" if in_table else "heading" if in_heading else "paragraph")


def _heading(markup: Markup, level: int, text: str, before: Token | None) -> None:
    if before is None or before.type != "myst_target":
        markup.unlabelled.append(text)
    elif level == 1 and 1 not in markup.headings:
        markup.first_label = before.content
    markup.headings.append(level)


def _equation(markup: Markup, tex: str, label: str) -> None:
    bare = tex
    while bare != (bare := TEXT_MACRO.sub(r"\\text", bare)):
        pass
    markup.equations.append(re.sub(r"\s+", " ", bare).strip())
    if label:
        markup.labels.append(label)


def _fence(markup: Markup, token: Token) -> None:
    match = FENCE.fullmatch(token.info.strip())
    if match is None:
        return  # a plain code listing
    name, argument = match.groups()
    options, body = _options(token.content)
    shown = [
        name,
        *(f":{key}: {options[key]}" for key in sorted(options) if key not in ("alt", "name", "label")),
    ]
    markup.directives.append(" ".join(shown))
    label = options.get("label") or options.get("name")
    if name == "math":
        _equation(markup, f"{argument}\n{body}", label or "")
        return
    if label:
        markup.labels.append(label)
    if name in ("image", "figure"):
        _image(markup, argument, options.get("alt", ""))
    elif name in ARGUMENT_IS_TARGET:
        markup.references.append(f"{name} {argument}")
    elif argument and name not in LITERAL:
        _walk(markup, argument)
    if name not in LITERAL:
        _walk(markup, body)


def _options(content: str) -> tuple[dict[str, str], str]:
    lines = content.split("\n")
    if lines and lines[0].strip() == "---" and "---" in [line.strip() for line in lines[1:]]:
        end = [line.strip() for line in lines].index("---", 1)
        pairs = [line.partition(":") for line in lines[1:end] if ":" in line]
        return {key.strip(): value.strip() for key, _, value in pairs}, "\n".join(lines[end + 1 :])
    options = {}
    while lines and (match := OPTION.fullmatch(lines[0].strip())):
        options[match[1]] = match[2].strip()
        lines.pop(0)
    return options, "\n".join(lines)


def _image(markup: Markup, src: str, alt: str) -> None:
    markup.images.append(Image(src, alt.strip()))
    markup.blocks.append(Block("alt", alt, alt))


def _html_images(markup: Markup, html: str) -> None:
    for tag in HTML_IMAGE.findall(html):
        src, alt = HTML_SRC.search(tag), HTML_ALT.search(tag)
        _image(markup, (src[1] or src[2] or "") if src else "", (alt[1] or alt[2] or "") if alt else "")


def _inline(markup: Markup, inline: Token, kind: str) -> None:
    block = Block(kind)
    markup.blocks.append(block)
    aside = 0  # how deep in emphasis or links
    for token in inline.children or []:
        aside += (token.type in ("em_open", "link_open")) - (token.type in ("em_close", "link_close"))
        if token.type in ("text", "softbreak", "hardbreak"):
            piece = token.content if token.type == "text" else "\n"
            block.text += piece
            block.own_words += "" if aside else piece
            block.broken_lines += token.type == "softbreak"
        elif token.type == "link_open":
            markup.links.append(str(token.attrs.get("href", "")))
        elif token.type == "image":
            _image(markup, str(token.attrs.get("src", "")), token.content)
        elif token.type == "html_inline":
            _html_images(markup, token.content)
        elif token.type == "myst_role":
            _role(markup, token.meta["name"], token.content)


def _role(markup: Markup, name: str, content: str) -> None:
    if CITATION_ROLE.fullmatch(name):
        markup.citations += [f"{name} {key.strip()}" for key in content.split(",")]
        return
    match = ROLE_TARGET.fullmatch(content)
    markup.references.append(f"{name} {match[1] if match else content}")
