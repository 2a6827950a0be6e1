"""A server that is quick to start and stubborn: it listens, says so, and does not mind SIGTERM.

python small_server.py PORT
"""

import signal
import socket
import sys

signal.signal(signal.SIGTERM, signal.SIG_IGN)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    print("READY", flush=True)
    while True:
        server.accept()[0].close()
