"""Reading the official binary layout, and what is said when it is not that."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from faulty_server import BATCHES, NAMES, batch_bytes

from bncourse.data import available, load, load_best
from bncourse.data.cifar10 import CLASSES, FOLDER, data_root, find_folder, read_batch
from bncourse.errors import DataError

HOW = "`python -m bncourse data download`, or set BNCOURSE_DATA to the folder that holds it"


@pytest.fixture
def writable(full_size: Path, tmp_path: Path) -> Path:
    """A copy whose big files are hard links, so that a test may replace one."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    for name in BATCHES:
        (folder / name).hardlink_to(full_size / FOLDER / name)
    shutil.copy(full_size / FOLDER / "batches.meta.txt", folder)
    return folder


def refused(root: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        load("cifar10", root=root)
    return caught.value


def test_the_official_layout_is_read_in_order(full_size: Path) -> None:
    data = load("cifar10", root=full_size)
    assert data.train_images.shape == (50_000, 3, 32, 32)
    assert data.test_images.shape == (10_000, 3, 32, 32)
    assert data.classes == CLASSES
    firsts = [
        (int(data.train_labels[i + 3]), int(data.train_images[i, 0, 0, 0])) for i in range(0, 50_000, 10_000)
    ]
    assert firsts == [(3, 100), (3, 101), (3, 102), (3, 103), (3, 104)]
    assert data.test_images[9, 0, 0, 0] == 105
    assert data.test_labels[:10].tolist() == list(range(10))


def test_a_record_is_a_label_then_red_green_blue_planes_row_by_row(tmp_path: Path) -> None:
    pixels = np.arange(3072) % 251
    (tmp_path / "one.bin").write_bytes(bytes([7]) + pixels.astype(np.uint8).tobytes())
    images, labels = read_batch(tmp_path / "one.bin", records=1)
    assert labels.tolist() == [7]
    for channel, row, column in [(0, 0, 1), (0, 1, 0), (1, 0, 0), (2, 31, 31)]:
        assert images[0, channel, row, column] == (channel * 1024 + row * 32 + column) % 251


def test_the_first_images_of_each_part(full_size: Path) -> None:
    whole = load("cifar10", root=full_size)
    some = load("cifar10", root=full_size, train=10_004, test=3)
    np.testing.assert_array_equal(some.train_images, whole.train_images[:10_004])
    np.testing.assert_array_equal(some.test_labels, whole.test_labels[:3])
    assert some.digest != whole.digest


@pytest.mark.parametrize(("word", "count", "most"), [("train", 50_001, "50,000"), ("test", 0, "10,000")])
def test_more_or_fewer_images_than_there_are(full_size: Path, word: str, count: int, most: str) -> None:
    with pytest.raises(DataError) as caught:
        load("cifar10", root=full_size, **{word: count})
    expected = f"must hold: {word} is 1 to {most}; got: {count:,}; try: {word}=None for all of them"
    assert str(caught.value) == expected


@pytest.mark.parametrize("inside", ["", FOLDER])
def test_the_folder_may_be_named_or_the_one_around_it(full_size: Path, inside: str) -> None:
    assert find_folder(full_size / inside) == full_size / FOLDER
    assert available("cifar10", full_size / inside)


def test_argument_then_variable_then_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_root() == tmp_path / "cache" / "bncourse"
    monkeypatch.setenv("BNCOURSE_DATA", str(tmp_path / "variable"))
    assert data_root() == tmp_path / "variable"
    assert data_root(tmp_path / "argument") == tmp_path / "argument"
    monkeypatch.setenv("BNCOURSE_DATA", "")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert data_root() == Path.home() / ".cache" / "bncourse"


def test_the_variable_is_read(full_size: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_best(train=1, test=1).name == "shapes"
    monkeypatch.setenv("BNCOURSE_DATA", str(full_size))
    assert load_best(train=1, test=1).name == "cifar10"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (None, "binary files of unknown origin"),
        ("\n", "binary files of unknown origin"),
        ("JPEG copy of CIFAR-10 \nmore", "JPEG copy of CIFAR-10"),
    ],
)
def test_provenance_is_the_first_line_of_source_txt(writable: Path, text: str | None, source: str) -> None:
    if text is not None:
        (writable / "SOURCE.txt").write_text(text)
    assert load("cifar10", root=writable, train=1, test=1).source == source


def test_no_folder_tells_the_two_ways_to_get_it(tmp_path: Path) -> None:
    expected = f"must hold: CIFAR-10 lies in {tmp_path / FOLDER}; got: no such folder; try: {HOW}"
    assert str(refused(tmp_path)) == expected
    assert not available("cifar10", tmp_path)


def test_a_missing_file_is_named_and_not_replaced_by_shapes(writable: Path) -> None:
    (writable / "data_batch_4.bin").unlink()
    expected = (
        f"must hold: {writable / 'data_batch_4.bin'} can be read; got: No such file or directory; try: {HOW}"
    )
    assert str(refused(writable)) == expected
    with pytest.raises(DataError):
        load_best(root=writable)


@pytest.mark.parametrize(
    ("size", "got"),
    [
        (30_729_000, "30,729,000 bytes: 9,999 records and 2,073 bytes"),
        (30_730_001, "30,730,001 bytes: 10,000 records and 1 bytes"),
        (0, "0 bytes: 0 records and 0 bytes"),
    ],
)
def test_a_batch_file_of_another_size(writable: Path, size: int, got: str) -> None:
    path = writable / "data_batch_3.bin"
    path.unlink()
    with path.open("wb") as file:
        file.truncate(size)
    assert str(refused(writable)) == (
        f"must hold: {path} holds 10,000 records of 3,073 bytes; got: {got}; "
        "try: delete the folder it lies in and download it again"
    )


def test_a_label_out_of_range_names_file_and_record(tmp_path: Path) -> None:
    content = bytearray(batch_bytes(0))
    content[5 * 3073] = 10
    content[8 * 3073] = 10
    path = tmp_path / "data_batch_2.bin"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_batch(path, records=20)
    assert str(caught.value) == (
        f"must hold: every label in {path} is 0 to 9; got: 10 in record 5; "
        "try: delete the folder it lies in and download it again (CIFAR-100 has another layout)"
    )
    content[8 * 3073] = 255
    path.write_bytes(content)
    with pytest.raises(DataError, match="got: 10 in record 5"):
        read_batch(path, records=20)


@pytest.mark.parametrize("text", [b"", b"cat dog", NAMES.replace(b"cat", b"kat")])
def test_other_class_names(writable: Path, text: bytes) -> None:
    (writable / "batches.meta.txt").write_bytes(text)
    error = refused(writable)
    assert error.must_hold == (
        f"{writable / 'batches.meta.txt'} lists the ten classes of CIFAR-10, airplane to truck"
    )
    assert error.got == (" ".join(text.decode().split())[:80] or "nothing")


def test_class_names_that_cannot_be_read(writable: Path) -> None:
    (writable / "batches.meta.txt").write_bytes(b"\xff\xfe")
    assert refused(writable).must_hold == f"{writable / 'batches.meta.txt'} can be read"


@pytest.mark.parametrize("call", [load, available])
def test_an_unknown_name(call: object) -> None:
    with pytest.raises(DataError) as caught:
        call("mnist")  # type: ignore[operator]
    start = "must hold: the data set is one of cifar10, shapes; got: 'mnist'; try: "
    assert str(caught.value).startswith(start)
