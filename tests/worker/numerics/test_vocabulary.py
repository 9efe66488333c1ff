"""Promoted tokens, their languages, and neurons that are alike."""

import pytest
import torch
from torch import Tensor

from tests.worker.numerics import slow_definitions as slow
from worker.numerics import vocabulary
from worker.numerics.vocabulary import (
    language_makeup,
    promoted_tokens,
    similar_by_direction,
    similar_by_profile,
    token_language_posterior,
)


def random_matrix(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=[2**24, 40], ids=["one block", "many blocks"])
def _blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "_BLOCK_ENTRIES", request.param)


@pytest.mark.usefixtures("_blocks")
def test_promoted_tokens_are_those_with_the_largest_and_smallest_logits() -> None:
    vectors, unembedding = random_matrix(0, 6, 8), random_matrix(1, 17, 8)
    found = promoted_tokens(vectors, unembedding, 3)
    for neuron, vector in enumerate(vectors):
        logits = [float(token.double() @ vector.double()) for token in unembedding]
        ranked = sorted(range(17), key=lambda token: logits[token])
        assert found.suppressed[neuron].tolist() == ranked[:3]
        assert found.promoted[neuron].tolist() == ranked[::-1][:3]
        assert found.promoted_values[neuron].tolist() == pytest.approx([logits[token] for token in ranked[::-1][:3]])
        assert found.suppressed_values[neuron].tolist() == pytest.approx([logits[token] for token in ranked[:3]])


def test_a_small_vocabulary_and_no_neuron_are_no_trouble() -> None:
    assert promoted_tokens(random_matrix(0, 2, 4), random_matrix(1, 3, 4), 10).promoted.shape == (2, 3)
    assert promoted_tokens(random_matrix(0, 0, 4), random_matrix(1, 3, 4), 2).promoted.shape == (0, 2)


def test_a_posterior_compares_rates_not_counts() -> None:
    counts = torch.tensor([[10, 0, 10, 0], [100, 300, 0, 0]])
    posterior = token_language_posterior(counts)
    torch.testing.assert_close(posterior, torch.tensor([[2 / 3, 1 / 3], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]))
    assert token_language_posterior(torch.zeros(2, 3)).sum() == 0


def test_the_makeup_adds_up_to_one_with_what_belongs_to_no_language() -> None:
    posterior = token_language_posterior(torch.tensor([[10, 0, 10, 0], [100, 300, 0, 0]]))
    makeup = language_makeup(torch.tensor([[1, 2], [3, 3], [0, 3]]), posterior)
    torch.testing.assert_close(makeup, torch.tensor([[0.5, 0.5, 0], [0, 0, 1], [1 / 3, 1 / 6, 0.5]]))


@pytest.mark.usefixtures("_blocks")
def test_similar_neurons_are_those_of_largest_cosine_without_itself() -> None:
    vectors = random_matrix(2, 12, 5)
    found = similar_by_direction(vectors, 4)
    for neuron in range(12):
        assert set(found.rows[neuron].tolist()) == slow.neighbours(vectors, neuron, 4)
        expected = [slow.cosine(vectors[neuron], vectors[other]) for other in found.rows[neuron].tolist()]
        assert found.values[neuron].tolist() == pytest.approx(expected, abs=1e-6)


def test_where_there_are_no_more_neurons_the_row_is_minus_one() -> None:
    found = similar_by_direction(torch.tensor([[1.0, 0.0], [2.0, 0.0]]), 3)
    assert found.rows.tolist() == [[1, -1, -1], [0, -1, -1]]
    torch.testing.assert_close(found.values, torch.tensor([[1.0, 0, 0], [1.0, 0, 0]]))
    assert similar_by_direction(torch.zeros(1, 2), 2).rows.tolist() == [[-1, -1]]
    assert similar_by_direction(torch.zeros(0, 2), 2).rows.shape == (0, 2)


def test_a_zero_vector_is_like_nothing() -> None:
    found = similar_by_direction(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), 1)
    assert found.values.tolist() == [[0.0], [0.0]]


def test_profiles_compare_the_shape_over_languages_not_the_level() -> None:
    profiles = torch.tensor([[1.0, 2.0, 9.0], [101.0, 102.0, 109.0], [9.0, 2.0, 1.0]])
    found = similar_by_profile(profiles, 2)
    assert found.rows[0].tolist() == [1, 2]
    assert found.values[0, 0] == pytest.approx(1)
    assert found.values[0, 1] < 0
