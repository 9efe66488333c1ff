"""How a shared result and the paper behind the method are cited."""

import re
from datetime import datetime

from app.contracts.provenance import Provenance

PAPER = """@inproceedings{tezuka-inoue-2025-transfer,
  title = {The Transfer Neurons Hypothesis: An Underlying Mechanism for Language Latent Space Transitions
           in Multilingual {LLM}s},
  author = {Tezuka, Hinata and Inoue, Naoya},
  booktitle = {Proceedings of the 2025 Conference on Empirical Methods in Natural Language Processing},
  publisher = {Association for Computational Linguistics},
  year = {2025},
  eprint = {2509.17030},
  archiveprefix = {arXiv},
  url = {https://arxiv.org/abs/2509.17030}
}
"""
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def bibtex(title: str, address: str, key: str, provenance: Provenance, created: datetime) -> str:
    """An entry for the result, reachable at `address`, and one for the paper."""
    model = f"Model {provenance.model}" + (f", revision {provenance.revision}" if provenance.revision else "")
    weights = f", weights {provenance.weight_hash[:16]}" if provenance.weight_hash else ""
    result = "\n".join((
        f"@misc{{babelscope-{re.sub('[^A-Za-z0-9]', '', key)[:8]},",
        f"  title = {{{{{escaped(title)}}}}},",
        f"  howpublished = {{{escaped(provenance.software)}}},",
        f"  year = {{{created.year}}},",
        f"  month = {created.strftime('%b').lower()},",
        f"  note = {{{escaped(model + weights)}}},",
        f"  url = {{{address}}}",
        "}\n",
    ))  # fmt: skip
    return f"{result}\n{PAPER}"


def escaped(words: str) -> str:
    """The words as TeX prints them; control characters become spaces."""
    spaced = re.sub(r"[\x00-\x1f\x7f]+", " ", words)
    return re.sub(r"[\\~^{}$&#_%]", lambda found: _SPECIAL.get(found[0], f"\\{found[0]}"), spaced)
