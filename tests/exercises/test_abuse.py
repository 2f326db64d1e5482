"""Programs that misbehave: each gets its own verdict in time, and Python is as it was before."""

import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from bncourse.exercises.judging import judge
from bncourse.exercises.sandbox import call
from bncourse.exercises.specs import exercise

LIMIT = 2.0


def right(x, gamma, beta, eps):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta


def endless(x, gamma, beta, eps):
    while True:
        pass


def endless_and_deaf(x, gamma, beta, eps):
    while True:
        try:  # noqa: SIM105
            np.sum(x)
        except:  # noqa: E722
            pass


def deaf_in_two_storeys(x, gamma, beta, eps):
    while True:
        try:
            try:
                time.sleep(0.001)
            finally:
                while True:
                    x.sum()
        except BaseException:
            continue


def sleeps(x, gamma, beta, eps):
    time.sleep(60)


def answers_after_all(x, gamma, beta, eps):
    try:
        while True:
            pass
    except BaseException:
        return right(x, gamma, beta, eps)


def recursion(x, gamma, beta, eps):
    return recursion(x, gamma, beta, eps)


def leaves(x, gamma, beta, eps):
    sys.exit(3)


def leaves_at_once(x, gamma, beta, eps):
    import os

    os._exit(3)


def asks(x, gamma, beta, eps):
    return float(input("eps? "))


def asks_and_hides_it(x, gamma, beta, eps):
    try:
        return sys.stdin.readline()
    except BaseException:
        return right(x, gamma, beta, eps)


def nothing(x, gamma, beta, eps):
    y = right(x, gamma, beta, eps)  # noqa: F841


def too_few(x, gamma):
    return x


def not_a_number(x, gamma, beta, eps):
    return np.log(-(right(x, gamma, beta, eps) ** 2))


def complex_numbers(x, gamma, beta, eps):
    return right(x, gamma, beta, eps) + 0j


def changes_x(x, gamma, beta, eps):
    x *= 1.5
    return right(x, gamma, beta, eps)


def noisy(x, gamma, beta, eps):
    return right(x, gamma, beta, eps) + np.random.normal(size=x.shape)  # noqa: NPY002


def reseeds(x, gamma, beta, eps):
    np.random.seed(0)  # noqa: NPY002
    return right(x, gamma, beta, eps)


def patches(x, gamma, beta, eps):
    np.mean = lambda *_, **__: 0.0
    return right(x, gamma, beta, eps)


def huge(x, gamma, beta, eps):
    return np.ones((10**6, 10**6)).sum() + x


def wrong_shape(x, gamma, beta, eps):
    return right(x, gamma, beta, eps).T


def text(x, gamma, beta, eps):
    return "y"


def stops(x, gamma, beta, eps):
    mu = x.mean(axis=0)
    return mu + not_defined


def starter(x, gamma, beta, eps):
    """To be written."""
    raise NotImplementedError


def dots(x, gamma, beta, eps): ...


def cs231n_starter(x, gamma, beta, eps):
    out, cache = None, None
    return out, cache


CASES = {
    endless: ("timeout", "call.timeout"),
    endless_and_deaf: ("timeout", "call.timeout"),
    deaf_in_two_storeys: ("timeout", "call.timeout"),
    sleeps: ("timeout", "call.timeout"),
    answers_after_all: ("timeout", "call.timeout"),
    recursion: ("error", "call.recursion"),
    leaves: ("error", "call.exit"),
    leaves_at_once: ("error", "call.exit"),
    asks: ("error", "call.input"),
    asks_and_hides_it: ("error", "call.input"),
    nothing: ("error", "call.none"),
    too_few: ("broken_contract", "call.signature"),
    stops: ("error", "call.exception"),
    not_a_number: ("broken_contract", "contract.not-finite"),
    complex_numbers: ("broken_contract", "contract.dtype"),
    changes_x: ("broken_contract", "contract.input-changed"),
    noisy: ("broken_contract", "contract.not-repeatable"),
    reseeds: ("broken_contract", "contract.reseeded"),
    patches: ("broken_contract", "contract.patched"),
    wrong_shape: ("broken_contract", "contract.shape"),
    text: ("broken_contract", "contract.dtype"),
    starter: ("not_attempted", "call.not-attempted"),
    dots: ("not_attempted", "call.not-attempted"),
    cs231n_starter: ("not_attempted", "call.not-attempted"),
}


def surroundings():
    return (
        signal.getsignal(signal.SIGALRM),
        sys.stdout,
        sys.stdin,
        input,
        np.mean,
        np.sum,
        sys.getrecursionlimit(),
        sys.gettrace(),
        np.random.get_state()[1].tobytes(),  # noqa: NPY002
        random.getstate(),
        tuple(np.geterr().items()),
    )


def clock_for(fn):
    """A limit is one of the clock on the wall; all else may wait for a busy machine."""
    return time.monotonic() if "timeout" in CASES[fn] else time.process_time()


@pytest.mark.parametrize("fn", CASES, ids=lambda fn: fn.__name__)
def test_each_misbehaviour_has_its_own_verdict_in_time(fn):
    began = clock_for(fn)
    before = surroundings()
    verdicts = [judge(exercise("batchnorm_forward"), fn, limit=LIMIT if "timeout" in CASES[fn] else 20)]
    assert clock_for(fn) - began < LIMIT + 1
    assert surroundings() == before
    assert (verdicts[0].status, verdicts[0].code) == CASES[fn]
    if "timeout" not in CASES[fn]:
        assert judge(exercise("batchnorm_forward"), fn, limit=20) == verdicts[0], "the same words every time"
    assert verdicts[0].text()
    assert judge(exercise("batchnorm_forward"), right), "and the next check works"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the address space is limited on Linux only")
def test_huge_memory_is_refused():
    assert judge(exercise("batchnorm_forward"), huge).code == "call.memory"


# A thread that sleeps inside C cannot be woken by another one; a signal can wake the main thread.
@pytest.mark.parametrize("fn", [fn for fn in CASES if fn is not sleeps], ids=lambda fn: fn.__name__)
def test_the_same_in_another_thread_where_no_signal_reaches(fn):
    found = []
    began = clock_for(fn)
    limit = 1.0 if "timeout" in CASES[fn] else 20
    worker = threading.Thread(
        target=lambda: found.append(judge(exercise("batchnorm_forward"), fn, limit=limit)), daemon=True
    )
    worker.start()
    worker.join(20)
    assert clock_for(fn) - began < 3
    assert [(verdict.status, verdict.code) for verdict in found] == [CASES[fn]]


def test_a_million_lines_are_kept_from_the_screen(capsys):
    def prints(x):
        for number in range(10**6):
            print(number)
        return x

    outcome = call(prints, [3], limit=30)
    assert outcome.value == 3
    assert outcome.printed.startswith("0\n1\n2\n")
    assert len(outcome.printed) <= 10_000
    assert capsys.readouterr().out == ""


def test_the_learners_own_line_is_told_and_no_path_or_address():
    verdict = judge(exercise("batchnorm_forward"), stops)
    assert verdict.param("line") == "return mu + not_defined"
    assert verdict.param("error") == "NameError: name 'not_defined' is not defined"

    def with_address(x, gamma, beta, eps):
        raise ValueError(f"cannot use {object()}")

    assert judge(exercise("batchnorm_forward"), with_address).param("error").endswith("object at 0x…>")


def test_a_timer_of_somebody_else_goes_on():
    rang = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rang.append(True))
    before = signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        call(time.sleep, [0.05], limit=5)
        time.sleep(0.5)
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)
        signal.signal(signal.SIGALRM, handler)
    assert rang == [True]


def test_the_text_of_an_error_does_not_hang_on_the_sizes_of_a_probe():
    def broadcast(x, gamma, beta, eps):
        return (x - x.mean(axis=1)) * gamma

    verdicts = {
        judge(exercise("batchnorm_forward"), broadcast, rng=np.random.default_rng(s)) for s in range(5)
    }
    assert len(verdicts) == 1
    assert "(3,2) (3,)" in verdicts.pop().param("error")


@pytest.mark.parametrize("in_a_thread", [False, True], ids=["by-signal", "by-watchdog"])
def test_time_that_is_up_as_the_clock_starts_or_stops_interrupts_nobody_else(in_a_thread):
    def often():
        for microseconds in range(300):
            found.append(call(sum, [range(2000)], limit=1e-6 * microseconds + 1e-9).problem)
        time.sleep(0.05)  # five more rings, if one were left
        found.append("slept")

    found, before = [], surroundings()
    if in_a_thread:
        worker = threading.Thread(target=often)
        worker.start()
        worker.join()
    else:
        often()
    assert set(found) == {None, "call.timeout", "slept"}
    assert len(found) == 301
    assert surroundings() == before


TRACED_AFTER_A_THREAD = """
import sys, threading
from bncourse.exercises.sandbox import call

def in_a_thread():
    call(len, ["quick"])
    call(lambda: [0 for _ in iter(int, 1)], limit=0.05)

thread = threading.Thread(target=in_a_thread)
thread.start()
thread.join()
sys.settrace(lambda *_: None)
call(lambda: [0 for _ in iter(int, 1)], limit=0.05)
print("went on")
"""


def test_after_a_check_in_a_thread_python_can_still_be_traced():
    command = [sys.executable, "-c", TRACED_AFTER_A_THREAD]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("went on\n", 0), done.stderr
