"""Hosts of a test's own: network namespaces, each at the end of a cable that can be pulled, and a database for them."""

import glob
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.scheduling.servers import free_port


class Host:
    """Reaches nothing but the servers at its gateway."""

    def __init__(self, number: int) -> None:
        self.name = f"stocksync-{os.getpid()}-{number}"
        self.gateway = f"10.213.{number}.1"
        self.command = ["ip", "netns", "exec", self.name, "unshare", "--uts"]
        self.command += ["sh", "-c", 'hostname "$0" && exec "$@"', self.name]
        self._address = f"10.213.{number}.2/24"
        self._cable = f"ss{os.getpid()}.{number}"

    def set_up(self) -> None:
        """Raises CalledProcessError where nobody may make hosts."""
        inside, there = f"{self._cable}i", ["-n", self.name]
        for arguments in (
            ["netns", "add", self.name],
            ["link", "add", self._cable, "type", "veth", "peer", "name", inside, "netns", self.name],
            ["address", "add", f"{self.gateway}/24", "dev", self._cable],
            ["link", "set", self._cable, "up"],
            [*there, "address", "add", self._address, "dev", inside],
            [*there, "link", "set", inside, "up"],
            [*there, "link", "set", "lo", "up"],
        ):
            _ip(*arguments)

    def seen_from_here(self, url: str) -> str:
        return url.replace("127.0.0.1", self.gateway)

    def pull_cable(self) -> None:
        """Its connections stay open on both sides, and nothing passes."""
        _ip("link", "set", self._cable, "down")

    def plug_in(self) -> None:
        _ip("link", "set", self._cable, "up")

    def remove(self) -> None:
        for arguments in (["link", "delete", self._cable], ["netns", "delete", self.name]):
            subprocess.run(["ip", *arguments], capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def set_up(count: int) -> Iterator[list[Host]]:
    """So many hosts; the test is skipped where nobody may make them."""
    made = [Host(number) for number in range(1, count + 1)]
    with ExitStack() as parts:
        for host in made:
            parts.callback(host.remove)
            try:
                host.set_up()
            except (OSError, subprocess.CalledProcessError) as error:
                pytest.skip(f"no network namespaces: {error}")
        yield made


@contextmanager
def database_for(hosts: list[Host]) -> Iterator[str]:
    """A PostgreSQL server of the test's own that these hosts reach too; skipped where it is not installed."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not programs:
        pytest.skip("PostgreSQL's server is not installed")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["chown", "postgres", folder], check=True)
        data, port = f"{folder}/data", free_port()

        def run(program: str, *arguments: str) -> None:
            command = ["runuser", "-u", "postgres", "--", f"{programs[-1]}/{program}", "-D", data, *arguments]
            subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

        run("initdb", "--auth", "trust", "--username", "postgres", "--no-sync")
        with open(f"{data}/pg_hba.conf", "a") as rules:
            rules.writelines(f"host all all {host.gateway}/24 trust\n" for host in hosts)
        addresses = ",".join(["127.0.0.1", *(host.gateway for host in hosts)])
        settings = f"-p {port} -c listen_addresses={addresses} -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "--wait", "--log", f"{folder}/log", "--options", settings, "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "--mode", "immediate", "stop")
