"""Logit lens of prompts on a real scan of a tiny random model, against definitions written slowly in float64."""

import numpy as np
import pytest
import torch

from app.contracts import arrays as names
from app.contracts import lens as contract
from app.contracts.lens import LensResult, LensSpec
from app.contracts.sets import PickedOrigin
from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.sets import NewSet, store_set
from app.db.tables import Model
from tests.support.experiments import run_experiment, store_experiment
from tests.support.scans import scan_folder
from tests.support.small_corpus import parallel_lines, write_corpus
from tests.worker.tiny_models import make_tiny
from worker.analyses.lens import LENS
from worker.model.loading import load

SET = np.array([[0, 3], [0, 9], [2, 1]], np.int32)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("lens")
    model = make_tiny("llama", folder / "model", layers=3, max_position_embeddings=128)
    scan = scan_folder(
        model, write_corpus(folder / "corpus"), ("nl", "ja"), "en", "corrected", folder, ("detail_neurons=0",)
    )
    prompts = tuple(parallel_lines()["nl"][:5])
    with scan.sessions.begin() as session:
        stored = session.get_one(Model, scan.run.model.id)
        stored.card = scan.run.summary.card.model_dump(mode="json")
        row = store_set(session, stored, NewSet("s", SET, PickedOrigin()), utc_now())
        spec = LensSpec(
            experiment_id="lens", run_id=scan.run_id, model_id=scan.run.model.id, set_id=row.id, prompts=prompts,
            target="nl", block_prompts=2,
        )  # fmt: skip
        store_experiment(session, spec)
    result = LensResult.model_validate(run_experiment(LENS, spec, scan.sessions, folder))

    def array(name: str, owner: str = "lens") -> np.ndarray:
        with scan.sessions() as session:
            return ArrayStore(session).get(owner, name)

    return scan, folder, spec, result, array


@pytest.mark.parametrize("condition", ["normal", "set"])
def test_shares_and_entropy_are_their_definition_at_every_level(done, condition: str) -> None:
    scan, folder, spec, result, array = done
    model = load(str(folder / "model"), device="cpu")
    if condition == "set":  # value vectors deleted from the weights: what zeroing them at every token comes to
        with torch.no_grad():
            for layer, neuron in SET.tolist():
                model.inside(layer, model.site.down).get_parameter("weight")[:, neuron] = 0
    counts = [np.bincount(array(names.TOKEN_IDS.format(language=code), scan.run_id), minlength=model.vocabulary)
              for code in result.languages[:-1]]  # fmt: skip
    rates = np.array([row / row.sum() for row in counts], float)
    network = model.network
    norm, head = network.get_submodule("model.norm"), model.head.weight.double()
    for row in (0, 4):
        with torch.no_grad():
            ids = model.tokenizer(spec.prompts[row], return_tensors="pt")["input_ids"]
            out = network(input_ids=ids, output_hidden_states=True)
            levels = [norm(one[0, -1]) for one in out.hidden_states[:-1]]
            levels.append(out.hidden_states[-1][0, -1])  # transformers gives the last one after the norm
        for level, state in enumerate(levels):
            logits = (head @ state.double()).numpy()
            p = np.exp(logits - logits.max())
            p /= p.sum()
            wanted = np.zeros(len(rates) + 1)
            for token, mass in enumerate(p):
                total = rates[:, token].sum()
                wanted[:-1] += mass * rates[:, token] / total if total else 0
                wanted[-1] += 0 if total else mass
            entropy = -sum(mass * np.log(mass) for mass in p)
            found = array(contract.SHARES.format(condition=condition))[row, level]
            np.testing.assert_allclose(found, wanted, atol=2e-5)
            assert array(contract.ENTROPY.format(condition=condition))[row, level] == pytest.approx(entropy, abs=1e-4)


def test_zeroing_changes_what_is_behind_the_first_layer_and_bands_hold_their_mean(done) -> None:
    _, _, _, result, array = done
    normal, changed = (array(contract.ENTROPY.format(condition=one)) for one in ("normal", "set"))
    assert normal.shape == (5, result.layers + 1)
    np.testing.assert_array_equal(normal[:, 0], changed[:, 0])
    assert np.abs(normal[:, 1:] - changed[:, 1:]).max() > 0
    shares = array(contract.SHARES.format(condition="set"))[:, :, result.languages.index("nl")]
    mean, low, high = array(contract.BANDS.format(condition="set"))[1]
    np.testing.assert_allclose(mean, shares.mean(0), atol=1e-6)
    assert (low <= mean + 1e-7).all()
    assert (mean <= high + 1e-7).all()
    assert result.neurons == 3


def test_the_path_of_a_scanned_sentence_goes_through_its_own_points_of_the_map(done) -> None:
    scan, _, spec, result, array = done
    assert result.mapped
    path, moved = (array(contract.PATH.format(condition=one)) for one in ("normal", "set"))
    box = np.array(scan.run.summary.maps["pca"].bounds)
    size = float(np.abs(box[2:] - box[:2]).max())
    spoken, rows = (array(name, scan.run_id) for name in (names.MAP_LANGUAGE, names.MAP_ROW))
    texts = parallel_lines()["nl"]
    assert texts[0] == spec.prompts[0]
    point = int(np.flatnonzero((spoken == 1) & (rows == 0))[0])
    for level in range(result.layers + 1):
        stored = array(names.MAP_POINTS.format(method="pca", level=level), scan.run_id)[point]
        there = (stored.astype(float) / 32767 + 1) / 2 * (box[2:] - box[:2]) + box[:2]
        np.testing.assert_allclose(path[0, level], there, atol=1e-3 * size)
    assert np.abs(path - moved)[:, 1:].max() > 0
    assert array(contract.CENTROIDS).shape == (result.layers + 1, 3, 2)


def test_a_run_without_such_a_map_says_so_and_gives_the_lens_all_the_same(done) -> None:
    scan, folder, spec, _, array = done
    other = spec.model_copy(update={"experiment_id": "lens2", "map_method": "umap", "set_id": None})
    with scan.sessions.begin() as session:
        store_experiment(session, other)
    result = LensResult.model_validate(run_experiment(LENS, other, scan.sessions, folder))
    assert result.mapped is None
    assert "no map" in result.no_map
    assert result.conditions == ("normal",)
    np.testing.assert_array_equal(
        array(contract.ENTROPY.format(condition="normal"), "lens2"), array(contract.ENTROPY.format(condition="normal"))
    )
