"""Starts a clewd of our own on free loopback ports, and sends it recorded requests."""

import http.client
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

START_SECONDS_MAX = 15
STOP_SECONDS_MAX = 20


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Clewd:
    """`with Clewd(path) as c:` c.store (a directory), c.grpc and c.http ((host, port) pairs)."""

    def __init__(self, program, options=()):
        self.program = program
        self.options = options

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="clew-clients-")
        self.store = str(pathlib.Path(self.home) / "store")
        self.grpc = ("127.0.0.1", free_port())
        self.http = ("127.0.0.1", free_port())
        self.log = open(pathlib.Path(self.home) / "log", "wb")
        command = [self.program, "--store", self.store, "--grpc", "%s:%d" % self.grpc]
        command += ["--http", "%s:%d" % self.http, *self.options]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        try:
            self.wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_up(self):
        end = time.monotonic() + START_SECONDS_MAX
        for address in (self.grpc, self.http):
            while True:
                try:
                    socket.create_connection(address, timeout=1).close()
                    break
                except OSError:
                    if self.process.poll() is not None or time.monotonic() > end:
                        log = (pathlib.Path(self.home) / "log").read_text(errors="replace")
                        raise RuntimeError(f"clewd did not start: {log[-800:]}") from None
                    time.sleep(0.05)

    def __exit__(self, *exc):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)


def send(clewd, request):
    """Sends a recorded request over HTTP and returns the status. What was recorded from gRPC goes as
    the same protobuf body to /v1/traces."""
    headers = {"Content-Type": request["content_type"]}
    if request["content_encoding"]:
        headers["Content-Encoding"] = request["content_encoding"]
    path = request["path"]
    if request["transport"] == "grpc":
        path = "/v1/traces"
        headers["Content-Type"] = "application/x-protobuf"
    connection = http.client.HTTPConnection(*clewd.http, timeout=30)
    connection.request("POST", path, request["body"], headers)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    return reply.status
