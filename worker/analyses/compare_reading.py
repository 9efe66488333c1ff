"""The same text forced through normal, ablated and control models: distributions position by position, logit lens."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from sqlalchemy.orm import Session
from torch import Tensor

from app.contracts import arrays as names
from app.contracts.comparisons import Candidate, Forced, ForcedPosition, LensRow, Role
from app.contracts.interventions import Positions
from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from app.errors import BadInput
from app.jobs.analysis import Context
from worker.analyses.compare_parts import ROWS_AT_ONCE
from worker.model.edits import MakeReplace, Neurons, RowEdits
from worker.model.forcing import forced_states, mean_norms
from worker.model.language_model import LanguageModel
from worker.numerics.comparing import compare, entropy, language_shares
from worker.numerics.vocabulary import token_language_posterior

LENS_PLACES = 64  # generated positions that the logit lens looks at, spread evenly
CANDIDATES = 10
CHUNK_ENTRIES = 2**24  # of logits held at a time: 64 MiB


@dataclass(frozen=True)
class Subject:
    """A model that reads the text: the normal one (no neurons), the ablated one, or a control draw."""

    role: Role
    draw: int
    neurons: Neurons


@dataclass(frozen=True)
class Read:
    """What one subject made of the text; means over positions in nats, `norm` of its edits."""

    subject: Subject
    kl: float
    entropy: float
    perplexity: float
    norm: float


@dataclass(frozen=True)
class Reading:
    """All subjects' readings of one text, position by position for the watched ones."""

    reads: tuple[Read, ...]
    forced: tuple[Forced, ...]
    lens: tuple[LensRow, ...]


@dataclass
class Reader:
    """Forces a text through every subject; `posterior` [V, K] tells the languages of tokens, None without a run."""

    context: Context
    model: LanguageModel
    make: MakeReplace
    positions: Positions
    languages: tuple[str, ...]
    posterior: Tensor | None

    def read(self, prompt: Sequence[int], text: Sequence[int], subjects: Sequence[Subject]) -> Reading:
        """The first subject is the normal one; it is read along in every batch, so that all compare with their own."""
        normal, others = subjects[0], subjects[1:]
        reads: list[Read] = []
        forced: list[Forced] = []
        lens: list[LensRow] = []
        step = ROWS_AT_ONCE - 1
        for start in range(0, max(len(others), 1), step):
            batch = [normal, *others[start : start + step]]
            edits = RowEdits.of(self.model, [one.neurons for one in batch], self.make)
            states = forced_states(self.model, prompt, text, edits, self.positions, LENS_PLACES)
            norms = mean_norms(edits)
            for place, subject in enumerate(batch):
                self.context.check()
                if start and subject.role == "normal":
                    continue
                watched = subject.draw == 0
                read, positions = self._beside(states.last[0], states.last[place], text, detailed=watched)
                reads.append(Read(subject, *read, norm=norms[place]))
                if watched and subject.role != "normal":
                    forced.append(Forced(role=subject.role, positions=positions))
                if watched:
                    lens.append(self._lens(subject.role, states.levels[:, place]))
        return Reading(tuple(reads), tuple(forced), tuple(lens))

    def _beside(
        self, normal: Tensor, changed: Tensor, text: Sequence[int], *, detailed: bool
    ) -> tuple[tuple[float, float, float], tuple[ForcedPosition, ...]]:
        """Mean KL, mean entropy and perplexity of the changed model, and every position."""
        sums = torch.zeros(3, dtype=torch.float64)
        found: list[ForcedPosition] = []
        step = max(1, CHUNK_ENTRIES // self.model.vocabulary)
        for start, stop in pairwise([*range(0, len(text), step), len(text)]):
            both = [self.model.unembed(one[start:stop]) for one in (normal, changed)]
            numbers = compare(*both)
            wanted = torch.tensor(text[start:stop], device=both[0].device)[:, None]
            logs = [torch.log_softmax(one, dim=-1) for one in both]
            at = [one.gather(-1, wanted)[:, 0].double().cpu() for one in logs]
            kl, before, after = (one.cpu() for one in numbers)
            sums += torch.stack([kl.sum(), after.sum(), -at[1].sum()])
            if detailed:
                tops = [one.topk(min(CANDIDATES, one.shape[-1])) for one in logs]
                best = [self._candidates(top.values.cpu(), top.indices.cpu()) for top in tops]
                for i, token in enumerate(text[start:stop]):
                    found.append(
                        ForcedPosition(
                            token=token, piece=self._piece(token), kl=float(kl[i]), entropy=float(before[i]),
                            entropy_changed=float(after[i]), logprob=float(at[0][i]), logprob_changed=float(at[1][i]),
                            top=best[0][i], top_changed=best[1][i],
                        )
                    )  # fmt: skip
            self.context.check()
        kl_mean, entropy_mean, loss = (sums / len(text)).tolist()
        return (kl_mean, entropy_mean, float(np.exp(min(loss, 700.0)))), tuple(found)

    def _candidates(self, values: Tensor, ids: Tensor) -> list[tuple[Candidate, ...]]:
        return [
            tuple(
                Candidate(token=token, piece=self._piece(token), logprob=max(value, -1e9))
                for token, value in zip(tokens, logs, strict=True)
            )
            for tokens, logs in zip(ids.tolist(), values.tolist(), strict=True)
        ]

    def _piece(self, token: int) -> str:
        tokenizer = self.model.tokenizer
        return str(tokenizer.decode([token], skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def _lens(self, role: Role, levels: Tensor) -> LensRow:
        """Levels [levels, positions, hidden] of one subject through final norm and unembedding."""
        shares: list[tuple[float, ...]] = []
        entropies: list[float] = []
        for states in levels:
            self.context.check()
            logits = self.model.unembed(states)
            entropies.append(float(entropy(torch.log_softmax(logits, dim=-1)).double().mean()))
            if self.posterior is None:
                shares.append(())
            else:
                found = language_shares(logits, self.posterior.to(logits.device)).double().mean(dim=0)
                shares.append(tuple(found.tolist()))
        return LensRow(role=role, languages=self.languages, shares=tuple(shares), entropy=tuple(entropies))


def token_languages(
    session: Session, model: LanguageModel, run_id: str | None
) -> tuple[tuple[str, ...], Tensor | None]:
    """Languages (the last is `none`) and how much of each a token is [V, K], from the tokens that a run has read.

    Raises BadInput for a run whose tokenizer is another one.
    """
    if run_id is None:
        return (), None
    run = finished_run(session, run_id)
    if run.summary.card.tokenizer_hash != model.tokenizer_hash:
        raise BadInput(f"The run “{run.row.name}” has read with another tokenizer; choose a run of this model.")
    store, size = ArrayStore(session), model.vocabulary
    counts = [
        np.bincount(store.get(run.id, names.TOKEN_IDS.format(language=language)), minlength=size)[:size]
        for language in run.spec.all_languages
    ]
    return (*run.spec.all_languages, "none"), token_language_posterior(torch.from_numpy(np.stack(counts)))
