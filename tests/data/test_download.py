"""The downloader meets a good server, cut lines, kills, no network and folders that cannot be written."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from faulty_server import RECORDS, Answer, Server, batch_bytes

from bncourse.data.cifar10 import FOLDER, read_batch
from bncourse.data.download import CIFAR10_BINARY, download
from bncourse.data.fetch import Part
from bncourse.errors import DataError

REPOSITORY = Path(__file__).parents[2]
Serve = Callable[[bytes], Server]


@pytest.fixture
def server(serve: Serve, small_archive: bytes) -> Server:
    return serve(small_archive)


def get(root: Path, server: Server, **changes: object) -> Path:
    return download(root, archive=server.archive(**changes), tries=3, timeout=5.0, pause=0.01)


def part_of(root: Path) -> Part:
    return Part(root / "cifar-10-binary.tar.gz.part")


def is_whole(folder: Path) -> bool:
    return (folder / "data_batch_3.bin").read_bytes() == batch_bytes(2)


def test_the_published_archive_is_the_one_fetched() -> None:
    assert CIFAR10_BINARY.url == "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    assert CIFAR10_BINARY.length == 170_052_171
    assert CIFAR10_BINARY.md5 == "c32a1d4ab5d03f1284b67883e8d87530"
    assert CIFAR10_BINARY.batch_bytes == 30_730_000


def test_a_good_server_gives_a_data_set_with_its_provenance(server: Server, tmp_path: Path) -> None:
    folder = get(tmp_path, server)
    assert folder == tmp_path / FOLDER
    assert is_whole(folder)
    assert read_batch(folder / "test_batch.bin", RECORDS)[0].shape == (RECORDS, 3, 32, 32)
    source = (folder / "SOURCE.txt").read_text().splitlines()
    assert source == [f"official archive, MD5 {server.archive().md5}", f"fetched from {server.url}"]
    assert os.listdir(tmp_path) == [FOLDER]  # no part, no scratch


@pytest.mark.parametrize("inside", ["", FOLDER])
def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path, inside: str) -> None:
    first = get(tmp_path / inside, server)
    assert first == tmp_path / FOLDER
    assert get(tmp_path / inside, server) == first == get(first, server)
    assert len(server.seen) == 1


def test_an_incomplete_data_set_is_replaced(server: Server, tmp_path: Path) -> None:
    folder = get(tmp_path, server)
    (folder / "data_batch_3.bin").write_bytes(b"short")
    assert is_whole(get(tmp_path, server))


def test_a_cut_line_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.plan = [Answer(cut=1000), Answer(cut=2000), Answer(cut=500)]
    assert is_whole(get(tmp_path, server))
    assert server.ranges() == [None, "bytes=1000-", "bytes=3000-", "bytes=3500-"]
    assert server.seen[1]["If-Range"] == '"first"'


def test_many_cuts_are_no_reason_to_give_up_while_something_comes(server: Server, tmp_path: Path) -> None:
    server.plan = [Answer(cut=100) for _ in range(8)]  # more than `tries`
    assert is_whole(get(tmp_path, server))


def test_a_silent_server_is_a_cut_line(server: Server, tmp_path: Path) -> None:
    server.plan = [Answer(cut=1000, stall=True)]
    folder = download(tmp_path, archive=server.archive(), tries=3, timeout=0.2, pause=0.01)
    assert is_whole(folder)
    assert server.ranges() == [None, "bytes=1000-"]


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path) -> None:
    server.plan = [Answer(cut=1000), Answer(ranges=False)]
    assert is_whole(get(tmp_path, server))


def test_a_file_that_changed_meanwhile_starts_again(server: Server, tmp_path: Path) -> None:
    old = Answer(cut=1000, body=b"x" * len(server.body), etag='"old"')
    server.plan = [old]
    assert is_whole(get(tmp_path, server))
    assert server.seen[1]["If-Range"] == '"old"'


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.plan = [Answer(status=503), Answer(status=429)]
    assert is_whole(get(tmp_path, server))


def test_a_part_the_server_will_not_go_on_from_is_dropped(server: Server, tmp_path: Path) -> None:
    part_of(tmp_path).append(b"odd")
    server.plan = [Answer(status=416)]
    assert is_whole(get(tmp_path, server))


def test_a_wrong_range_is_never_glued_on(server: Server, tmp_path: Path) -> None:
    server.plan = [Answer(cut=1000), Answer(start=7)]
    assert is_whole(get(tmp_path, server))


def test_a_killed_download_goes_on(server: Server, tmp_path: Path) -> None:
    server.plan = [Answer(cut=5000, stall=True)]
    program = (
        "import sys; from bncourse.data.download import *;"
        "a = sys.argv; download(a[1], archive=Archive(a[2], int(a[3]), a[4], int(a[5])))"
    )
    archive = server.archive()
    numbers = [archive.url, str(archive.length), archive.md5, str(archive.batch_bytes)]
    command = [sys.executable, "-c", program, str(tmp_path), *numbers]
    child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, cwd=REPOSITORY)
    deadline = time.monotonic() + 20
    while part_of(tmp_path).size < 5000 and time.monotonic() < deadline:
        time.sleep(0.02)
    child.kill()
    assert child.wait() == (-signal.SIGKILL if os.name == "posix" else 1)
    (tmp_path / ".unpacking" / FOLDER).mkdir(parents=True)  # as a kill a little later would leave
    assert is_whole(get(tmp_path, server))
    assert server.ranges() == [None, "bytes=5000-"]
    assert os.listdir(tmp_path) == [FOLDER]


def test_no_server_at_the_port(server: Server, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take it meanwhile
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/cifar.tar.gz"
        with pytest.raises(DataError) as caught:
            get(tmp_path, server, url=url)
    assert caught.value.must_hold == f"{url} can be reached"
    assert "refused" in caught.value.got
    assert caught.value.hint == (
        "the same command again when there is a network (it goes on where it stopped), "
        "or bring the unpacked folder from elsewhere and set BNCOURSE_DATA"
    )


def test_no_network_keeps_what_came(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unresolvable(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    part_of(tmp_path).append(b"a beginning")
    monkeypatch.setattr(socket, "getaddrinfo", unresolvable)
    with pytest.raises(DataError) as caught:
        get(tmp_path, server, url="http://nowhere.invalid/cifar.tar.gz")
    assert str(caught.value) == (
        "must hold: http://nowhere.invalid/cifar.tar.gz can be reached; "
        "got: [Errno -2] Name or service not known, with 11 bytes so far; "
        f"try: {caught.value.hint}"
    )
    assert part_of(tmp_path).path.read_bytes() == b"a beginning"


def test_a_file_where_the_cache_should_be(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(DataError) as caught:
        get(tmp_path / "cache" / "bncourse", server)
    assert caught.value.must_hold == f"{tmp_path / 'cache' / 'bncourse'} is a folder that can be written"
    assert caught.value.hint == "another folder: --data DIR, or BNCOURSE_DATA"
    assert server.seen == []


def test_a_small_disk_is_noticed_before_the_fetch(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 300_000})
    monkeypatch.setattr("bncourse.data.download.shutil.disk_usage", lambda _: usage)
    with pytest.raises(DataError) as caught:
        get(tmp_path, server)
    assert caught.value.must_hold == f"{tmp_path} has room for 1 MB"
    assert caught.value.got == "0 MB free"
    assert server.seen == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_named_and_not_tried_again(server: Server, tmp_path: Path) -> None:
    part_of(tmp_path).path.symlink_to("/dev/full")
    with pytest.raises(DataError) as caught:
        part_of(tmp_path).append(b"x")
    assert str(caught.value) == (
        f"must hold: {part_of(tmp_path).path} can be written; got: No space left on device; "
        "try: free some disk space, or choose another folder with --data DIR"
    )


def test_off_a_terminal_progress_is_a_line_every_ten_per_cent(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    get(tmp_path, server)
    lines = capsys.readouterr().err.splitlines()
    assert 1 <= len(lines) <= 10
    assert lines[-1] == " 100 % of 0 MB"


def test_on_a_terminal_progress_is_a_bar(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    get(tmp_path, server)
    assert "CIFAR-10: 100%" in capsys.readouterr().err
