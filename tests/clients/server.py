"""Starts a clewd of our own on free loopback ports, and sends it recorded requests."""

import http.client
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

START_SECONDS_MAX = 15
STOP_SECONDS_MAX = 20


class Clewd:
    """`with Clewd(path) as c:` c.store (a directory), c.grpc and c.http ((host, port) pairs)."""

    def __init__(self, program, options=()):
        self.program = program
        self.options = options

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="clew-clients-")
        self.store = str(pathlib.Path(self.home) / "store")
        self.grpc = self.http = None
        self.log = open(pathlib.Path(self.home) / "log", "wb")
        # Ports that clewd picks itself cannot be taken by somebody else in between.
        command = [self.program, "--store", self.store, "--grpc", "127.0.0.1:0"]
        command += ["--http", "127.0.0.1:0", *self.options]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        try:
            self.wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_up(self):
        end = time.monotonic() + START_SECONDS_MAX
        while not (self.grpc and self.http):
            log = (pathlib.Path(self.home) / "log").read_text(errors="replace")
            found = dict(re.findall(r" listening protocol=(\w+) address=127\.0\.0\.1:(\d+)\s", log))
            if "grpc" in found and "http" in found:
                self.grpc = ("127.0.0.1", int(found["grpc"]))
                self.http = ("127.0.0.1", int(found["http"]))
            elif self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"clewd did not start: {log[-800:]}")
            else:
                time.sleep(0.02)

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
    the same protobuf body to the path of its signal."""
    headers = {"Content-Type": request["content_type"]}
    if request["content_encoding"]:
        headers["Content-Encoding"] = request["content_encoding"]
    path = request["path"]
    if request["transport"] == "grpc":
        path = path or "/v1/traces"
        headers["Content-Type"] = "application/x-protobuf"
    connection = http.client.HTTPConnection(*clewd.http, timeout=30)
    connection.request("POST", path, request["body"], headers)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    return reply.status
