"""The proxy before the releases: HAProxy, told over its socket which release gets the requests."""

import asyncio
import csv
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harmonyhub.domain.errors import ConfigurationError, ConflictError, UnavailableError
from harmonyhub.storage.parent_death import die_with_parent

# The serving release, its predecessor, a candidate, and one that still ends its last requests.
SLOTS = ("r0", "r1", "r2", "r3")
BACKEND = "releases"
START_S = 5.0
STOP_S = 2.0
POLL_S = 0.02
COMMAND_S = 2.0
# sockaddr_un holds 107 bytes, and HAProxy binds to a longer name before it renames.
SOCKET_PATH_BYTES = 80
SOCKET_PATH = re.compile(r"[\w./-]+", re.ASCII)

CONFIG = """\
global
    stats socket {socket} mode 600 level admin
    log stdout format raw local0
    hard-stop-after 10s

defaults
    mode http
    log global
    option httplog
    option dontlog-normal
    # One connection per request: a release that has ended cannot be met on an idle one.
    option http-server-close
    option redispatch
    retries 3
    timeout connect 2s
    timeout queue 5s
    timeout http-request 15s
    # A busy release answers its check late; a dead one refuses the connection at once.
    timeout check 3s
    timeout client 75s
    # An event stream may be silent for long, and the answer to an upload comes late.
    timeout server 10m

frontend public
    bind {address}
    default_backend {backend}

backend {backend}
    option httpchk
    http-check send meth GET uri /livez ver HTTP/1.1 hdr Host 127.0.0.1
    http-check expect status 200
    default-server check inter 500ms fastinter 100ms downinter 200ms fall 2 rise 1
{servers}
"""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was answered since the proxy started, and how many requests are open now."""

    n_requests: int = 0
    n_5xx: int = 0
    n_errors: int = 0
    n_open: int = 0


def find_haproxy() -> str:
    """Find HAProxy.

    Raises
    ------
    ConfigurationError
        If it is not installed; the hint names the package.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which("haproxy", path=path)
    if found is None:
        raise ConfigurationError(
            "HAProxy is not installed: `harmonyhub keep` needs it to switch between releases.",
            hint="sudo apt-get install haproxy   (or start with `harmonyhub up`, without releases)",
        )
    return found


def render_config(*, host: str, port: int, socket: Path) -> str:
    """Write HAProxy's configuration for one public address."""
    address = f"ipv6@[{host}]:{port}" if ":" in host else f"ipv4@{host}:{port}"
    servers = "\n".join(f"    server {slot} 127.0.0.1:1 disabled" for slot in SLOTS)
    return CONFIG.format(socket=socket, address=address, servers=servers, backend=BACKEND)


class Proxy:
    """A running HAProxy; every slot holds one release or nothing."""

    def __init__(self, *, host: str, port: int, folder: Path) -> None:
        self._host = host
        self._port = port
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._made_folder: Path | None = None
        self._socket = self._choose_socket()
        self._slots: dict[int, str] = {}
        self._serving: int | None = None

    @property
    def is_alive(self) -> bool:
        """Whether HAProxy runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def serving(self) -> int | None:
        """The release that gets the requests now."""
        return self._serving

    async def start(self) -> None:
        """Start HAProxy, with no release behind it yet; also after it has died.

        Raises
        ------
        ConfigurationError
            If HAProxy is not installed.
        ConflictError
            If it cannot listen on the public address.
        """
        self._slots, self._serving = {}, None
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "haproxy.cfg"
        config.write_text(render_config(host=self._host, port=self._port, socket=self._socket))
        self._socket.unlink(missing_ok=True)
        with (self._folder / "haproxy.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                find_haproxy(),
                "-db",
                "-f",
                str(config),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        await self._wait_until_it_answers()

    async def stop(self) -> None:
        """Stop HAProxy and remove its socket."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), STOP_S)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        self._socket.unlink(missing_ok=True)
        if self._made_folder is not None:
            shutil.rmtree(self._made_folder, ignore_errors=True)

    async def serve(self, release: int, *, port: int) -> None:
        """Send all new requests to a release; open ones end where they began.

        Between the first and the last command two releases answer for an instant, so that none
        is refused.
        """
        slot = self._slot_of(release)
        await self._tell(
            f"set server {BACKEND}/{slot} addr 127.0.0.1 port {port}",
            f"set server {BACKEND}/{slot} state ready",
            # The keeper has asked for its health already; HAProxy's own answer would take longer.
            f"set server {BACKEND}/{slot} health up",
            *(
                f"set server {BACKEND}/{other} state drain"
                for number, other in self._slots.items()
                if number != release
            ),
        )
        self._serving = release

    async def forget(self, release: int, *, is_cut: bool) -> None:
        """Take a release out of its slot.

        Parameters
        ----------
        is_cut : bool
            End its open requests too. Without it, those that found it dead and are being tried
            again go to the release that serves now.
        """
        slot = self._slots.pop(release, None)
        if slot is not None:
            cut = [f"shutdown sessions server {BACKEND}/{slot}"] if is_cut else []
            await self._tell(f"set server {BACKEND}/{slot} state maint", *cut)
        if self._serving == release:
            self._serving = None

    async def traffic(self) -> tuple[Traffic, Mapping[int, Traffic]]:
        """Read what was answered in all, and by each release.

        A request that met no release at all counts in the first alone.
        """
        text = await self._tell(f"show stat {BACKEND} 6 -1")
        rows = {row["svname"]: row for row in csv.DictReader(text.lstrip("# ").splitlines())}
        by_release = {
            number: _read_traffic(rows[slot])
            for number, slot in self._slots.items()
            if slot in rows
        }
        return _read_traffic(rows["BACKEND"]), by_release

    def _slot_of(self, release: int) -> str:
        if release not in self._slots:
            free = [slot for slot in SLOTS if slot not in self._slots.values()]
            if not free:
                raise ConflictError(
                    "All places behind the proxy are taken.",
                    hint="Wait until the releases before have ended their last requests.",
                )
            self._slots[release] = free[0]
        return self._slots[release]

    def _choose_socket(self) -> Path:
        socket = self._folder / "haproxy.sock"
        if len(os.fsencode(socket)) > SOCKET_PATH_BYTES or not SOCKET_PATH.fullmatch(str(socket)):
            self._made_folder = Path(tempfile.mkdtemp(prefix="harmonyhub-"))
            socket = self._made_folder / "haproxy.sock"
        return socket

    async def _wait_until_it_answers(self) -> None:
        deadline = asyncio.get_running_loop().time() + START_S
        while True:
            if not self.is_alive or asyncio.get_running_loop().time() > deadline:
                raise ConflictError(
                    f"HAProxy cannot serve {self._host} port {self._port}: {self._last_words()}",
                    hint="Stop what listens there, or set HARMONYHUB_PORT to a free port.",
                )
            if self._socket.exists():
                try:
                    await self._tell("show info")
                except UnavailableError:
                    pass
                else:
                    return
            await asyncio.sleep(POLL_S)

    def _last_words(self) -> str:
        lines = (self._folder / "haproxy.log").read_text(errors="replace").splitlines()
        alerts = [line for line in lines if "ALERT" in line]
        return (alerts or lines or ["it said nothing"])[0]

    async def _tell(self, *commands: str) -> str:
        """Send commands in one line, which HAProxy runs in order, and return what it says."""
        try:
            async with asyncio.timeout(COMMAND_S):
                return await self._exchange("; ".join(commands))
        except (OSError, TimeoutError) as error:
            raise UnavailableError(
                "HAProxy does not answer on its socket.", hint="The keeper starts it again."
            ) from error

    async def _exchange(self, line: str) -> str:
        reader, writer = await asyncio.open_unix_connection(self._socket)
        try:
            writer.write(line.encode() + b"\n")
            await writer.drain()
            return (await reader.read()).decode()
        finally:
            writer.close()


def _read_traffic(row: Mapping[str, str]) -> Traffic:
    def total(names: Sequence[str]) -> int:
        return sum(int(row[name] or 0) for name in names)

    return Traffic(
        n_requests=total(["req_tot"]),
        n_5xx=total(["hrsp_5xx"]),
        n_errors=total(["econ", "eresp"]),
        n_open=total(["scur", "qcur"]),
    )
