"""A JupyterLab server as a learner starts it, with none of the configuration of this machine."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stagedflow.lab.server import free_port

# An update check would leave the machine, and a question about news would cover the page.
QUIET = '{"fetchNews": "false", "checkForUpdates": false}'


@dataclass(frozen=True)
class JupyterServer:
    """A running JupyterLab on loopback; ``root`` is the folder it serves."""

    root: Path
    address: str
    token: str
    pid: int

    def url(self, path: str) -> str:
        """The address of a path, with the token that opens it."""
        return f"{self.address}/{path}?token={self.token}"

    def end_kernels(self) -> None:
        """Shut down every kernel, and wait until it has ended."""
        with urllib.request.urlopen(self.url("api/kernels"), timeout=60) as answer:
            kernels = json.load(answer)
        for kernel in kernels:
            ask = urllib.request.Request(self.url(f"api/kernels/{kernel['id']}"), method="DELETE")
            urllib.request.urlopen(ask, timeout=60).close()


@contextmanager
def serve(root: Path, private: Path, *, deadline: float = 300) -> Iterator[JupyterServer]:
    """Serve ``root`` with JupyterLab, its configuration and state kept in ``private``."""
    folders = {
        "JUPYTER_CONFIG_DIR": private / "config",
        "JUPYTER_DATA_DIR": private / "data",
        "JUPYTER_RUNTIME_DIR": private / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": private / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": private / "workspaces",
        "IPYTHONDIR": private / "ipython",
    }
    settings = private / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    settings.joinpath("notification.jupyterlab-settings").write_text(QUIET)
    port = free_port()
    token = secrets.token_hex(16)
    log = private / "jupyterlab.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
                f"--IdentityProvider.token={token}",
                f"--ServerApp.root_dir={root}",
                "--ServerApp.terminals_enabled=False",
                "--LabApp.expose_app_in_browser=True",
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **{name: str(folder) for name, folder in folders.items()}},
            start_new_session=True,  # so that its group can be ended by its pid
        )
    server = JupyterServer(root, f"http://127.0.0.1:{port}", token, process.pid)
    try:
        end = time.monotonic() + deadline
        while not _answers(server.url("api/status")):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()  # on SIGTERM it shuts its kernels down before it ends
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its kernels notice, and end themselves
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except OSError:
        return False
