"""Files of tensors and pickles: read by the real process; what they try to run is not run."""

import io
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from fastapi.testclient import TestClient

from app.errors import BadInput
from app.sets import tensors
from app.sets.tensors import is_tensor_file, read_tensors
from tests.app.sets.conftest import Place
from worker.readers import neuron_tensors
from worker.readers.neuron_tensors import Refused, read


def saved(found: object) -> bytes:
    file = io.BytesIO()
    torch.save(found, file)
    return file.getvalue()


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neuron_tensors, "limit", lambda: None)  # of this process they could not be taken back


LISTS = [
    [torch.tensor([3, 1]), torch.tensor([]).long(), torch.tensor([7])],
    [torch.tensor([0]), torch.tensor([5]), torch.tensor([]).long()],
]


class Runs:
    """Touches a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.file,)


def test_lists_by_language_and_layer() -> None:
    assert read(saved(LISTS)) == {"lists": [[[3, 1], [], [7]], [[0], [5], []]]}
    assert read(saved(LISTS[0])) == {"lists": [[[3, 1], [], [7]]]}
    assert read(pickle.dumps([(3, 1), (0, 2)])) == {"pairs": [[3, 1], [0, 2]]}
    assert read(pickle.dumps({(3, 1): 0.5})) == {"pairs": [[3, 1]]}


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    file = tmp_path / "ran"
    for data in (pickle.dumps(Runs(file)), pickle.dumps([(1, 2), Runs(file)]), saved([Runs(file)])):
        with pytest.raises(Refused):
            read(data)
        assert not file.exists()


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 5_000_000)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (saved({"a": torch.tensor([1])}), "it is no list"),
        (saved([[torch.tensor([0.5])]]), "layer 0 of its list 0 is no tensor of whole numbers"),
        (saved([[torch.tensor([[1]])]]), "in one row"),
        (saved([[torch.tensor([-1])]]), "a neuron below 0"),
        (saved([[torch.tensor([1]).expand(10**12)]]), "names more than 5,000,000 neurons"),
        (bomb(), "bytes that unpack to 5,000,000"),
        (saved(LISTS)[:-40], "no file of tensors"),
        (pickle.dumps("text"), "no list of (layer, neuron)"),
        (pickle.dumps([(1, 2), (3,)]), "entry 1 is not (layer, neuron)"),
        (pickle.dumps(Path("x")), "an object of pathlib"),
        (b"\x80\x04nonsense", "no file of tensors and no pickled list"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read(data: bytes, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        read(data)
    assert sentence in str(refused.value)


def test_which_files_need_the_process() -> None:
    assert is_tensor_file("a.pth", b"")
    assert is_tensor_file("a.txt", saved(LISTS))
    assert is_tensor_file("a.json", pickle.dumps([(1, 2)]))
    assert not is_tensor_file("a.json", b"[[1, 2]]")


def test_tensors_come_through_the_real_process() -> None:
    parts = read_tensors(saved(LISTS), "a.pth", "en fr")
    assert [(part.language, part.found.neurons.tolist()) for part in parts] == [
        ("en", [[0, 1], [0, 3], [2, 7]]),
        ("fr", [[0, 0], [1, 5]]),
    ]


def test_an_uploaded_file_gives_a_set_a_language(
    client: TestClient, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensors, "_ask", lambda data, name: read(data))  # the process loads torch anew each time
    file = {"files": ("llama.neuron.pth", saved(LISTS))}
    unnamed = client.post("/sets/import", data={"model": place.model}, files=file)
    assert unnamed.status_code == 422
    assert "has the lists of 2 languages, but none are named." in unnamed.text
    assert (
        client.post("/sets/import", data={"model": place.other_model, "languages": "en ja"}, files=file).status_code
        == 422
    )
    stored = client.post("/api/sets/import", data={"model": place.model, "languages": "en, ja"}, files=file).json()[
        "sets"
    ]
    assert [(one["name"], one["size"], one["origin"]["part"]) for one in stored] == [
        ("llama.neuron · en", 3, "en"),
        ("llama.neuron · ja", 2, "ja"),
    ]
    taken = client.post("/sets/import", data={"model": place.model, "languages": "en ja", "take": "ja"}, files=file)
    page = client.get(taken.headers["location"]).text
    assert "the list of ja" in page


def test_the_process_keeps_its_limits_and_says_what_is_wrong() -> None:
    (part,) = read_tensors(pickle.dumps([(1, 2), (0, 4), (1, 2)]), "a.pkl", "")
    assert (part.found.neurons.tolist(), part.found.duplicates) == ([[0, 4], [1, 2]], 1)
    with pytest.raises(BadInput, match="entry 2: Layer 0 has the neurons 0–3; there is no L0·4"):
        part.found.check(2, 4)
    greedy = pickle.dumps(b"x" * 10)[:-1] + b"\x8e" + (3_000_000_000).to_bytes(8, "little")  # asks for 3 GB
    with pytest.raises(BadInput, match=r"a\.pkl could not be read"):
        read_tensors(greedy, "a.pkl", "")
