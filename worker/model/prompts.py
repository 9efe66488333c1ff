"""From a prompt to tokens as the model gets them, and from tokens to text piece by piece."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from transformers import PreTrainedTokenizerBase

from app.contracts.interventions import Template
from app.errors import BadInput
from worker.model.batches import frame
from worker.model.language_model import LanguageModel

WINDOW = 6  # tokens before a text that decide how its first token is spelled (spaces, bytes of one character)


@dataclass(frozen=True)
class Prompted:
    """A prompt's tokens and its text as the model got it."""

    ids: tuple[int, ...]
    text: str


def prompted(model: LanguageModel, prompt: str, template: Template) -> Prompted:
    """The prompt as the tokenizer cuts it, without EOS; `chat` puts it into the model's chat template first.

    Raises BadInput for an empty prompt, one without room behind it in the context, and a model without a template.
    """
    if not prompt.strip():
        raise BadInput("The prompt is empty. Write something for the model to go on with.")
    tokenizer = model.tokenizer
    if template == "chat":
        if not getattr(tokenizer, "chat_template", None):
            raise BadInput("This model has no chat template. Send the prompt raw.")
        said = [{"role": "user", "content": prompt}]
        text = str(tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False))
        ids = list(tokenizer(text, add_special_tokens=False)["input_ids"])
    else:
        text = prompt
        whole = tokenizer(prompt, verbose=False)["input_ids"]
        ids = list(whole[: len(whole) - frame(tokenizer)[1]])
    if not ids:
        raise BadInput(f"The prompt “{prompt[:40]}” has no tokens. Write something else.")
    if max(ids) >= model.embeddings:  # on a GPU this would end the process
        raise BadInput(f"The prompt “{prompt[:40]}” has a token the model does not know.")
    if len(ids) >= model.context:
        raise BadInput(
            f"The prompt has {len(ids):,} tokens; the model's context holds {model.context:,}, and something must be "
            "left to write. Shorten it."
        )
    return Prompted(tuple(ids), text)


@dataclass
class Spelling:
    """Text that grows token by token: `add` gives what a token completes, nothing while a character is unfinished.

    `before` are tokens in front of the text, which is not spelled again. All pieces joined are the text.
    """

    tokenizer: PreTrainedTokenizerBase
    before: Sequence[int] = ()
    special: bool = False  # whether special tokens are spelled
    _ids: list[int] = field(default_factory=list, init=False)
    _from: int = field(default=0, init=False)  # tokens that are spelled already, but decide how the next are
    _to: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._ids = list(self.before[-WINDOW:])
        self._to = len(self._ids)

    def add(self, token: int) -> str:
        """The text that this token completes."""
        self._ids.append(token)
        text = self._rest()
        if not text or text.endswith("\ufffd"):
            return ""
        self._from, self._to = self._to, len(self._ids)
        return text

    def end(self) -> str:
        """What is left when no token follows: the signs for bytes that are no character."""
        text = self._rest()
        self._from, self._to = self._to, len(self._ids)
        return text

    def _rest(self) -> str:
        known = self._decoded(self._ids[self._from : self._to])
        return self._decoded(self._ids[self._from :])[len(known) :]

    def _decoded(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=not self.special, clean_up_tokenization_spaces=False))


def pieces_of(
    tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], *, before: Sequence[int] = (), special: bool = False
) -> list[str]:
    """What each token shows; the token that completes a character shows it."""
    spelling = Spelling(tokenizer, before, special)
    pieces = [spelling.add(token) for token in ids]
    if pieces:
        pieces[-1] += spelling.end()
    return pieces
