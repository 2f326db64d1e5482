"""Section anchors are our labels, the same in every language.

Sphinx makes ids from heading words: English words in one book, id1, id2 in the others. Each heading has
an explicit label before it; here that label becomes the section's only id, so that a link to a
section survives a change of language.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

__all__ = ["label_sections", "setup"]


def label_sections(_app: Sphinx | None, document: nodes.document) -> None:
    """Keep of each section's ids the explicit ones; a section without a label keeps what it has.

    Exercises and proofs wrap their text in sections without a heading, all with one id: it is made theirs.
    """
    explicit = {document.nameids[name] for name, given in document.nametypes.items() if given}
    for section in document.findall(nodes.section):
        if not isinstance(section.next_node(), nodes.title) and section.parent.get("ids"):
            section["ids"] = [f"{section.parent['ids'][0]}-content"]
        labels = [id_ for id_ in section["ids"] if id_ in explicit]
        if labels:
            section["ids"] = labels


def setup(app: Sphinx) -> None:
    # Before Sphinx's own collectors (500), which note the first id for the table of contents.
    app.connect("doctree-read", label_sections, priority=100)
