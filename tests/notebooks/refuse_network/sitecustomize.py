"""Refuse every connection of a Python process but those to its own machine.

The weak form of ``offline.py``, for systems without network namespaces: with this folder on
``PYTHONPATH`` each Python process refuses. Native code does not: the SDK's core, the server.
"""

import socket
import sys

LOOPBACK = {"", "0.0.0.0", "127.0.0.1", "::1", "::", "localhost", socket.gethostname()}


def _refuse(event: str, args: tuple) -> None:
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
        host = args[1][0]  # of a Unix socket the address is a path, and no tuple
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and name not in LOOPBACK and not name.startswith("127."):
        raise ConnectionRefusedError(f"{event} to {name}: only loopback is allowed here")


# An audit hook, not a patched class: nothing that is imported later can go round it.
sys.addaudithook(_refuse)
