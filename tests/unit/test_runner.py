"""`Runner`: one loop and one client for programs that don't await."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import pickle
import signal
import subprocess
import textwrap
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiotwenty import Client, ConfigurationError, InvalidArgument, NotFoundError, Runner, Twenty
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from tests.support.programs import Interpreter
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer

COUNT = answer({"data": {"companies": {"totalCount": 3}}})
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def run(sandbox: Sandbox) -> Iterator[Runner[Twenty]]:
    with Runner(sandbox.url, api_key=sandbox.api_key) as runner:
        yield runner


@pytest.fixture(scope="module")
def interpreter() -> Iterator[Interpreter]:
    with Interpreter(
        "aiotwenty.client", "aiotwenty.runner", "aiotwenty.bulk.loading", "aiotwenty.core.objects.company"
    ) as interpreter:
        yield interpreter


Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program(sandbox: Sandbox, interpreter: Interpreter) -> Program:
    """Runs a program; presses Ctrl-C when it has printed the line `interrupt_after`."""

    def run(text: str, *, interrupt_after: str = "") -> subprocess.CompletedProcess[str]:
        head = "import asyncio, gc, os, sys, threading, time\nfrom aiotwenty import ConfigurationError, Runner\n"
        environment = {"TWENTY_API_URL": sandbox.url, "TWENTY_API_KEY": sandbox.api_key}
        return interpreter.run(head + textwrap.dedent(text), environment, interrupt_after=interrupt_after)

    return run


def test_a_coroutine_gives_its_result(run: Runner[Twenty]) -> None:
    company = run(run.twenty.companies.create_one({"name": "Air"}))
    assert run(run.twenty.companies.find_one(company.id)).name == "Air"


def test_a_function_of_the_caller_may_await_several_things(run: Runner[Twenty]) -> None:
    async def both() -> list[int]:
        return list(await asyncio.gather(run.twenty.companies.count(), run.twenty.people.count()))

    assert len(run(both())) == 2


async def test_all_threads_share_one_client_and_its_connections(server: ScriptedServer) -> None:
    server.say(COUNT)

    def work() -> list[int]:
        with Runner(server.url, api_key=KEY, max_connections=2) as run, ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda _: run(run.twenty.companies.count()), range(100)))

    assert await asyncio.to_thread(work) == [3] * 100
    assert len({id(transport) for transport in server.transports}) <= 2


def test_an_error_has_the_lines_of_the_caller_and_of_the_coroutine(run: Runner[Twenty]) -> None:
    def caller() -> None:
        run(run.twenty.companies.find_one(NOBODY))

    with pytest.raises(NotFoundError) as caught:
        caller()
    lines = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert lines.index("caller") < lines.index("find_one")
    assert len([name for name in lines if name in ("result", "__get_result")]) == 1


def test_errors_leave_no_garbage(run: Runner[Twenty]) -> None:
    class OwnError(Exception): ...

    async def fail() -> None:
        raise OwnError

    def once() -> None:
        with pytest.raises(OwnError):
            run(fail())

    once()
    gc.collect()
    gc.disable()
    try:
        once()
        for _ in range(100):
            if not (left := [each for each in gc.get_objects() if isinstance(each, OwnError)]):
                break
            del left[:]
            time.sleep(0.05)  # the thread of the loop may hold it for a moment
        else:
            raise AssertionError("it is left to the collector")
    finally:
        gc.enable()


def test_what_ends_a_program_does_not_end_the_loop(run: Runner[Twenty]) -> None:
    async def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        run(leave())
    assert run(run.twenty.companies.count()) >= 0


def test_a_coroutine_has_the_context_of_its_caller(run: Runner[Twenty]) -> None:
    tenant = contextvars.ContextVar("tenant", default="nobody")

    async def whose() -> str:
        return tenant.get()

    tenant.set("air")
    assert run(whose()) == "air"


def test_what_is_no_coroutine_is_refused_with_what_to_do(run: Runner[Twenty]) -> None:
    with pytest.raises(InvalidArgument, match="takes a coroutine, not int"):
        run(5)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=r"use run\.iterate\(\)"):
        run(run.twenty.companies.iterate())  # type: ignore[arg-type]
    count: Any = run.twenty.companies.count()
    with pytest.raises(InvalidArgument, match="takes an asynchronous iterator, not coroutine"):
        run.iterate(count)
    count.close()
    with pytest.raises(InvalidArgument, match="read_ahead"):
        run.iterate(run.twenty.companies.iterate(), read_ahead=0)


def test_in_its_own_thread_it_says_to_await(run: Runner[Twenty]) -> None:
    async def inside() -> None:
        with pytest.raises(ConfigurationError, match="use `await`"):
            run(run.twenty.companies.count())
        with pytest.raises(ConfigurationError, match="use `await`"):
            next(run.iterate(run.twenty.companies.iterate()))
        with pytest.raises(ConfigurationError, match="can't be closed from a coroutine"):
            run.close()

    run(inside())


async def test_in_a_running_loop_it_works_and_that_loop_waits(sandbox: Sandbox) -> None:
    with Runner(sandbox.url, api_key=sandbox.api_key) as run:
        assert run(run.twenty.companies.count()) >= 0
        assert await asyncio.to_thread(run, run.twenty.companies.count()) >= 0


def test_loops_come_and_go_and_the_runner_stays(run: Runner[Twenty]) -> None:
    async def main() -> int:
        return await asyncio.to_thread(run, run.twenty.companies.count())

    assert asyncio.run(main()) == asyncio.run(main())
    client = run.twenty

    async def theirs() -> None:
        with pytest.raises(ConfigurationError, match=r"another event loop.*or one Runner for all"):
            await client.companies.count()

    asyncio.run(theirs())


# Iterating


class Numbers:
    """An asynchronous iterator that says how far it is, and whether it was closed."""

    def __init__(self, end: int, error: Exception | None = None) -> None:
        self.given = 0
        self.closed = threading.Event()
        self._end, self._error = end, error

    async def walk(self) -> AsyncIterator[int]:
        try:
            while self.given < self._end:
                self.given += 1
                yield self.given
                await asyncio.sleep(0)
            if self._error is not None:
                raise self._error
        finally:
            self.closed.set()


def test_a_walk_is_a_plain_iterator(run: Runner[Twenty]) -> None:
    names = [f"Walk {number}" for number in range(70)]
    run(run.twenty.companies.create_many([{"name": name} for name in names]))
    walk = run.twenty.companies.iterate(filter={"name": {"like": "Walk %"}}, page_size=20)
    assert sorted(company.name or "" for company in run.iterate(walk)) == sorted(names)


def test_every_item_comes_once_and_in_order_however_small_the_room(run: Runner[Twenty]) -> None:
    for room in (1, 2, 7, 5000):
        assert list(run.iterate(Numbers(1000).walk(), read_ahead=room)) == list(range(1, 1001))


def test_it_reads_ahead_within_bounds(run: Runner[Twenty]) -> None:
    numbers = Numbers(10_000)
    items = run.iterate(numbers.walk(), read_ahead=50)
    assert numbers.given == 0
    assert next(items) == 1
    while numbers.given < 50:
        time.sleep(0.01)
    time.sleep(0.1)
    assert numbers.given <= 101
    items.close()
    assert numbers.closed.is_set()


def test_a_loop_that_is_left_closes_its_walk(run: Runner[Twenty]) -> None:
    numbers = Numbers(10_000)
    for number in run.iterate(numbers.walk()):
        if number == 3:
            break
    assert numbers.closed.is_set()


def test_a_loop_that_is_left_by_an_error_closes_its_walk(run: Runner[Twenty]) -> None:
    numbers = Numbers(10_000)
    with pytest.raises(ZeroDivisionError):
        sum(1 / (number - 3) for number in run.iterate(numbers.walk()))
    gc.collect()
    assert numbers.closed.wait(5)


def test_what_a_walk_raises_comes_after_its_items(run: Runner[Twenty]) -> None:
    seen: list[int] = []
    with pytest.raises(LookupError, match="too far"):
        seen.extend(run.iterate(Numbers(30, LookupError("too far")).walk()))
    assert seen == list(range(1, 31))


def test_a_walk_that_nobody_begins_is_no_trouble(run: Runner[Twenty]) -> None:
    numbers = Numbers(10)
    run.iterate(numbers.walk())
    gc.collect()
    assert numbers.given == 0


# Beginning and ending


def test_a_key_that_is_missing_is_an_error_where_it_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TWENTY_API_KEY", raising=False)
    run = Runner("http://127.0.0.1:9")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="no API key"):
            run(run.twenty.companies.count())
    monkeypatch.setenv("TWENTY_API_KEY", KEY)
    assert run.twenty.base_url == "http://127.0.0.1:9"
    run.close()


def test_arguments_that_cannot_be_right_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'api_keys'"):
        Runner("https://crm.example.com", api_keys=KEY)  # type: ignore[call-overload]

    async def with_a_session() -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(InvalidArgument, match="asynccontextmanager"):
                Runner("https://crm.example.com", api_key=KEY, session=session)

    asyncio.run(with_a_session())


def test_it_does_not_show_the_key(sandbox: Sandbox) -> None:
    run = Runner(sandbox.url, api_key=sandbox.api_key)
    shown = repr(run) + repr(vars(run))
    with run:
        shown += repr(run) + repr(vars(run)) + repr(vars(run._live))
    assert sandbox.api_key not in shown
    assert repr(sandbox.url) in shown


def test_it_is_not_sent_to_other_processes(run: Runner[Twenty]) -> None:
    with pytest.raises(ConfigurationError, match="create it in a module that the other processes import"):
        pickle.dumps(run)


def test_a_function_may_make_the_client_and_what_it_needs(sandbox: Sandbox) -> None:
    sessions: list[aiohttp.ClientSession] = []

    @asynccontextmanager
    async def client(url: str) -> AsyncIterator[Client]:
        async with aiohttp.ClientSession() as session, Client(url, api_key=sandbox.api_key, session=session) as made:
            sessions.append(session)
            yield made

    with Runner(client, sandbox.url) as run:
        assert run(run.twenty.execute("{ companies { totalCount } }"))
        assert type(run.twenty) is Client
    assert sessions[0].closed


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "aiotwenty"}


def test_after_closing_it_says_so(sandbox: Sandbox) -> None:
    others = threads()
    run = Runner(sandbox.url, api_key=sandbox.api_key)
    client = run.twenty
    assert threads() != others
    run.close()
    run.close()
    with pytest.raises(ConfigurationError, match="this Runner is closed"):
        run(client.companies.count())
    assert threads() == others


def test_a_later_thread_is_not_taken_for_its_own(sandbox: Sandbox) -> None:
    """The identifier of a thread that ended is given to one that begins."""

    def closed_by_later_threads() -> bool:
        """Whether one of them had the identifier of the loop's; others may have been given it."""
        run = Runner(sandbox.url, api_key=sandbox.api_key)
        loops, closed = run(current_thread()), []
        run.close()

        def close() -> None:
            run.close()
            closed.append(threading.get_ident())

        for _ in range(20):
            thread = threading.Thread(target=close)
            thread.start()
            thread.join()
        assert len(closed) == 20
        return loops in closed

    assert any(closed_by_later_threads() for _ in range(20))


async def current_thread() -> int:
    return threading.get_ident()


async def test_closing_waits_for_what_is_under_way(server: ScriptedServer) -> None:
    arrived = asyncio.Event()

    def counted(_: object) -> Answer:
        arrived.set()
        return COUNT

    server.say(counted)
    server.seconds = 0.3
    run = Runner(server.url, api_key=KEY)
    call = asyncio.create_task(asyncio.to_thread(lambda: run(run.twenty.companies.count())))
    await arrived.wait()
    await asyncio.to_thread(run.close)
    assert await call == 3


async def test_what_cannot_end_is_told_that_the_runner_was_closed() -> None:
    async def for_ever() -> None:
        begun.set()
        await asyncio.sleep(1000)

    begun = threading.Event()
    run = Runner("http://127.0.0.1:9", api_key=KEY)
    call = asyncio.create_task(asyncio.to_thread(lambda: run(for_ever())))
    await asyncio.to_thread(begun.wait)
    await asyncio.to_thread(run.close)
    with pytest.raises(ConfigurationError, match="closed while a call was running"):
        await call


def test_one_that_is_forgotten_ends_its_thread(sandbox: Sandbox) -> None:
    others = threads()
    run = Runner(sandbox.url, api_key=sandbox.api_key)
    run(run.twenty.companies.count())
    (own,) = threads() - others
    del run
    gc.collect()
    own.join(60)
    assert threads() == others


@pytest.mark.parametrize("where", ["local", "global"])
def test_a_program_that_never_closes_it_ends_in_silence(program: Program, where: str) -> None:
    ran = program(
        f"""
        def main():
            {"global run" if where == "global" else ""}
            run = Runner()
            print(run(run.twenty.companies.count()) >= 0)
            def call():
                try:
                    run(asyncio.sleep(1000))
                except ConfigurationError:
                    pass
            threading.Thread(target=call, daemon=True).start()
            asyncio.run(asyncio.sleep(0.1))
        main()
        """,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "True\n", "")


def test_threads_that_come_and_go_while_it_closes_never_wait_for_ever(sandbox: Sandbox) -> None:
    async def nothing() -> None:
        await asyncio.sleep(0)

    def use(run: Runner[Twenty]) -> None:
        try:
            while True:
                run(nothing())
                for number in run.iterate(Numbers(100).walk(), read_ahead=3):
                    if number == 5:
                        break
        except ConfigurationError:
            pass

    for _ in range(5):
        run = Runner(sandbox.url, api_key=sandbox.api_key)
        threads = [threading.Thread(target=use, args=(run,), daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        run.close()
        for thread in threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in threads)


# Ctrl-C and signals


def test_ctrl_c_cancels_what_runs(program: Program) -> None:
    ran = program(
        """
        async def long():
            print("begun", flush=True)
            try:
                await asyncio.sleep(1000)
            finally:
                await asyncio.sleep(0.05)
                print("cleaned up", flush=True)

        with Runner() as run:
            try:
                run(long())
            except KeyboardInterrupt:
                print("interrupted", run(run.twenty.companies.count()) >= 0)
        """,
        interrupt_after="begun",
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "begun\ncleaned up\ninterrupted True\n", "")


def test_ctrl_c_ends_a_loop_over_a_walk(program: Program) -> None:
    ran = program(
        """
        async def slow():
            try:
                yield 1
                await asyncio.sleep(1000)
            finally:
                print("closed", flush=True)

        run = Runner()
        try:
            for number in run.iterate(slow()):
                print("got", number, flush=True)
        except KeyboardInterrupt:
            print("interrupted")
        """,
        interrupt_after="got 1",
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "got 1\nclosed\ninterrupted\n", "")


def test_a_load_that_is_interrupted_goes_on_where_it_was(program: Program, tmp_path: Path) -> None:
    text = """
        rows = [{"name": f"Interrupted {number}"} for number in range(300)]
        def told(progress):
            print("progress", flush=True)
            time.sleep(0.3 if PAUSE else 0)
        settings = {"journal": JOURNAL, "batch_size": 20, "concurrency": 1, "on_progress": told}
        with Runner() as run:
            report = run(run.twenty.companies.load(rows, **settings))
            print(report.loaded, report.already_loaded)
        """
    text = f"JOURNAL = {str(tmp_path / 'journal')!r}\n" + textwrap.dedent(text)
    ran = program("PAUSE = True\n" + text, interrupt_after="progress")
    assert ran.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in ran.stderr
    ran = program("PAUSE = False\n" + text)
    loaded, already = map(int, ran.stdout.splitlines()[-1].split())
    assert loaded + already == 300
    assert already > 0


def test_a_signal_that_raises_an_error_cancels_what_runs(program: Program) -> None:
    ran = program(
        """
        import signal

        class TimeIsUp(Exception): ...

        def raise_it(*_): raise TimeIsUp

        async def long():
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                print("cancelled")
                raise

        signal.signal(signal.SIGALRM, raise_it)
        run = Runner()
        try:
            run(long())
        except TimeIsUp:
            print("time is up")
        """,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "cancelled\ntime is up\n", "")


# Forks

FORK = """
    def fork(work):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(write, str(work()).encode())
                code = 0
            except BaseException as error:
                os.write(write, repr(error).encode())
                code = 1
            finally:
                sys.exit(code)  # with all that an interpreter does at its end
        os.close(write)
        said = os.read(read, 10_000).decode()
        assert os.waitpid(pid, 0)[1] == 0, said
        return said
"""


def test_a_child_gets_a_client_of_its_own_and_leaves_that_of_the_parent_alone(program: Program) -> None:
    ran = program(
        textwrap.dedent(FORK)
        + textwrap.dedent(
            """
            run = Runner()
            first = run.twenty
            before = run(run.twenty.companies.count())

            def child():
                assert run.twenty is not first
                count = run(run.twenty.companies.count())
                gc.collect()
                try:
                    run(first.companies.count())
                except Exception as error:
                    assert "created before a fork" in str(error)
                return count

            for _ in range(3):
                assert fork(child) == str(before)
                assert run.twenty is first
                assert run(run.twenty.companies.count()) == before
            print("connections", len(first._engine.http._session.connector._conns))
            """
        ),
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "connections 1\n", "")


@pytest.mark.parametrize("forks", [2, pytest.param(50, marks=pytest.mark.soak)])
def test_forking_while_other_threads_use_it_is_safe(program: Program, forks: int) -> None:
    ran = program(
        textwrap.dedent(FORK)
        + textwrap.dedent(
            f"""
            run = Runner()
            # Python can't fork safely while another thread imports a module.
            list(run.iterate(run.twenty.companies.iterate(page_size=1)))
            run(run.twenty.companies.count())
            over = threading.Event()

            def busy():
                while not over.is_set():
                    run(run.twenty.companies.count())
                    for _ in run.iterate(run.twenty.companies.iterate(page_size=1)): break

            threads = [threading.Thread(target=busy) for _ in range(4)]
            for thread in threads: thread.start()
            for _ in range({forks}):
                assert int(fork(lambda: run(run.twenty.companies.count()))) >= 0
            over.set()
            for thread in threads: thread.join()
            print("done")
            """
        ),
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "done\n", "")


def test_a_walk_does_not_go_on_in_a_child(program: Program) -> None:
    ran = program(
        textwrap.dedent(FORK)
        + textwrap.dedent(
            """
            async def numbers():
                for number in range(100):
                    yield number

            run = Runner()
            walk = run.iterate(numbers(), read_ahead=1)
            assert next(walk) == 0

            def child():
                try:
                    return list(walk)
                except Exception as error:
                    return error

            print(fork(child))
            print(list(walk)[-1])
            """
        ),
    )
    assert ran.stdout == "this iteration started in another process: start again after a fork.\n99\n"
    assert (ran.returncode, ran.stderr) == (0, "")
