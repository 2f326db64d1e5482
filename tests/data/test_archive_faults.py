"""Archives and servers that lie: nothing wrong is unpacked, nothing good is lost."""

import gzip
import hashlib
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from faulty_server import BATCHES, Answer, Server, batch_bytes, good_entries, pack

from bncourse.data.cifar10 import FOLDER
from bncourse.data.download import download
from bncourse.errors import DataError

Serve = Callable[[bytes], Server]
PART = "cifar-10-binary.tar.gz.part"
AGAIN = "delete the .part file and download it again"


def refused(root: Path, server: Server, **changes: object) -> DataError:
    with pytest.raises(DataError) as caught:
        download(root, archive=server.archive(**changes), tries=3, timeout=5.0, pause=0.01)
    assert not (root / FOLDER).exists()
    assert not (root / ".unpacking").exists()
    return caught.value


def odd_entry(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def file_entry(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, content


def test_a_length_announced_wrongly_is_refused(serve: Serve, small_archive: bytes, tmp_path: Path) -> None:
    server = serve(small_archive)
    server.plan = [Answer(length=7)]
    error = refused(tmp_path, server)
    assert str(error) == (
        f"must hold: {server.url} is {len(small_archive):,} bytes long; got: 7 bytes; "
        "try: again later; the server's file is not the one meant"
    )


def test_a_file_longer_than_announced_is_refused(serve: Serve, small_archive: bytes, tmp_path: Path) -> None:
    server = serve(small_archive + b"more")
    error = refused(tmp_path, server, length=len(small_archive))
    assert error.got == f"{len(small_archive) + 4:,} bytes"


def test_an_endless_answer_is_stopped(serve: Serve, small_archive: bytes, tmp_path: Path) -> None:
    server = serve(small_archive)
    server.plan = [Answer(length=0, body=small_archive + b"more")]  # announces nothing
    error = refused(tmp_path, server)
    assert error.got == f"more than {len(small_archive):,} bytes"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_stays_short_is_given_up(serve: Serve, small_archive: bytes, tmp_path: Path) -> None:
    server = serve(small_archive)
    server.plan = [Answer(cut=1000), *(Answer(cut=0) for _ in range(3))]
    error = refused(tmp_path, server)
    assert error.must_hold == f"{server.url} can be reached"
    assert error.got.endswith("with 1,000 bytes so far")
    assert (tmp_path / PART).read_bytes() == small_archive[:1000]


def test_a_log_in_page_in_between_costs_nothing(serve: Serve, small_archive: bytes, tmp_path: Path) -> None:
    server = serve(small_archive)
    server.plan = [Answer(cut=1000), Answer(body=b"<html>Please log in</html>", ranges=False)]
    assert refused(tmp_path, server).got == "26 bytes"
    assert (tmp_path / PART).read_bytes() == small_archive[:1000]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_missing_file_is_not_asked_for_again(serve: Serve, tmp_path: Path, status: int) -> None:
    server = serve(b"x")
    server.plan = [Answer(status=status)]
    error = refused(tmp_path, server)
    assert error.must_hold == f"{server.url} is served"
    assert error.got.startswith(f"status {status} ")
    assert error.hint == "the address in a browser"
    assert len(server.seen) == 1


def test_a_wrong_digest_removes_the_part_and_says_so(
    serve: Serve, small_archive: bytes, tmp_path: Path
) -> None:
    server = serve(b"G" * len(small_archive))  # garbage of the right length
    right = hashlib.md5(small_archive).hexdigest()
    error = refused(tmp_path, server, md5=right)
    assert str(error) == (
        f"must hold: the file from {server.url} has MD5 {right}; "
        f"got: {hashlib.md5(server.body).hexdigest()}; the bad file is deleted; "
        "try: the same command again; it starts from the beginning"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_digest_leaves_a_good_data_set_alone(
    serve: Serve, small_archive: bytes, tmp_path: Path
) -> None:
    server = serve(small_archive)
    folder = download(tmp_path, archive=server.archive())
    (folder / "batches.meta.txt").unlink()  # so that it counts as incomplete and is fetched again
    with pytest.raises(DataError):
        download(tmp_path, archive=server.archive(md5="0" * 32))
    assert [(folder / name).read_bytes() for name in BATCHES] == [batch_bytes(i) for i in range(6)]


@pytest.mark.parametrize(
    "body",
    [b"not a tar at all", gzip.compress(b"nor this", mtime=0)],
    ids=["no gzip", "gzip of no tar"],  # the same in every worker: gzip writes the time into its header
)
def test_garbage_is_no_archive(serve: Serve, tmp_path: Path, body: bytes) -> None:
    error = refused(tmp_path, serve(body))
    assert error.must_hold == "the CIFAR-10 archive is a whole tar.gz file"
    assert error.hint == AGAIN


def test_half_an_archive_is_no_archive(serve: Serve, small_archive: bytes, tmp_path: Path) -> None:
    error = refused(tmp_path, serve(small_archive[: len(small_archive) // 2]))
    assert error.must_hold == "the CIFAR-10 archive is a whole tar.gz file"


@pytest.mark.parametrize("name", ["../outside.txt", f"{FOLDER}/../../outside.txt", "/outside.txt"])
def test_names_that_climb_out_write_nothing(serve: Serve, tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    server = serve(pack([file_entry(name, b"out"), *good_entries()]))
    folder = download(root, archive=server.archive())
    assert sorted(path.name for path in root.rglob("*")) == sorted(
        [FOLDER, "SOURCE.txt", "batches.meta.txt", *BATCHES]
    )
    assert not (tmp_path / "outside.txt").exists()
    assert (folder / "data_batch_1.bin").read_bytes() == batch_bytes(0)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_a_batch_that_is_no_regular_file_is_refused(serve: Serve, tmp_path: Path, kind: bytes) -> None:
    name = f"{FOLDER}/data_batch_1.bin"
    error = refused(tmp_path, serve(pack([odd_entry(name, kind, "/etc/hostname"), *good_entries()])))
    assert str(error) == (
        f"must hold: the CIFAR-10 archive holds {name} as a regular file of its known size; "
        f"got: a link, folder or device, 0 bytes; try: {AGAIN}"
    )


@pytest.mark.parametrize(
    ("kind", "target"), [(tarfile.SYMTYPE, "test_batch.bin"), (tarfile.LNKTYPE, f"{FOLDER}/test_batch.bin")]
)
def test_a_link_to_a_good_batch_is_refused_too(
    serve: Serve, tmp_path: Path, kind: bytes, target: str
) -> None:
    entries = good_entries()
    entries[0] = odd_entry(entries[0][0].name, kind, target)
    entries[0][0].size = entries[5][0].size  # so that its size looks right
    assert refused(tmp_path, serve(pack(entries))).got.startswith("a link, folder or device")


def test_a_link_in_place_of_the_folder_is_not_followed(serve: Serve, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    server = serve(pack([odd_entry(FOLDER, tarfile.SYMTYPE, str(outside)), *good_entries()]))
    download(tmp_path / "root", archive=server.archive())
    assert list(outside.iterdir()) == []


def test_a_batch_of_another_size_is_refused(serve: Serve, tmp_path: Path) -> None:
    entries = good_entries()
    entries[4] = file_entry(entries[4][0].name, b"short")
    error = refused(tmp_path, serve(pack(entries)))
    assert "data_batch_5.bin as a regular file" in error.must_hold
    assert error.got == "a regular file, 5 bytes"


def test_a_huge_list_of_names_is_refused(serve: Serve, tmp_path: Path) -> None:
    entries = [*good_entries()[:6], file_entry(f"{FOLDER}/batches.meta.txt", b"x" * 5000)]
    assert refused(tmp_path, serve(pack(entries))).got == "a regular file, 5,000 bytes"


def test_a_missing_batch_is_named(serve: Serve, tmp_path: Path) -> None:
    error = refused(tmp_path, serve(pack(good_entries()[1:])))
    assert str(error) == (
        f"must hold: the CIFAR-10 archive holds {FOLDER}/data_batch_1.bin; "
        f"got: no such file in it; try: {AGAIN}"
    )
