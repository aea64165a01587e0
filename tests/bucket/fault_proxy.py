"""
A proxy between a client and an S3 store that does what networks and gateways do: it loses an answer after the store has carried the
request out, answers 500 or 503 instead of it or after it, delays, cuts bodies short, and sends a request twice. Which request meets
which fault is drawn from a seed.
"""
import http.client
import http.server
import random
import socket
import threading
import time

FAULTS = ("drop_answer", "error_before", "error_after", "delay", "truncate", "repeat", "refuse")


class FaultProxy(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port, seed, rate=0.3, faults=FAULTS, delay=0.3):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.rate, self.faults, self.delay = port, rate, faults, delay
        self.random, self.lock, self.done = random.Random(seed), threading.Lock(), {f: 0 for f in faults}
        self.requests, self.seen = 0, []  # (method, path, bytes up, bytes down)
        self.stop = None  # a StopReading
        self.slow = None  # (bytes, seconds): bodies come in at no more than so many in each
        self.hold = None  # called with each request that has come, before it is carried out
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def draw(self):
        with self.lock:
            self.requests += 1
            fault = self.random.choice(self.faults) if self.random.random() < self.rate else None
            if fault:
                self.done[fault] += 1
        return fault

    def handle_error(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class HoldFirst:
    """
    Holds the first request (or @holds) of @method for @name until its client hangs up, as a store does that has a bad moment; the others pass.
    Knows whether the first still waited when the second came.
    """

    def __init__(self, method, name, holds=1, seconds=60):
        self.method, self.name, self.holds, self.seconds = method, name, holds, seconds
        self.lock, self.first, self.n = threading.Lock(), None, 0
        self.both_waited, self.given_up = False, threading.Event()

    @staticmethod
    def waits(connection):
        try:
            return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def __call__(self, handler):
        if handler.command != self.method or not handler.path.endswith(self.name):
            return
        with self.lock:
            self.n += 1
            if self.n == 2:
                self.both_waited = self.waits(self.first)
            if self.n > self.holds:
                return
            self.first = self.first or handler.connection
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and self.waits(handler.connection):
            time.sleep(0.02)
        if not self.waits(handler.connection):
            self.given_up.set()


class StopReading:
    """
    Takes @after bytes of the first body and no more, as a gateway that hangs does, until another request comes, @seconds at the most. Knows
    whether one came.
    """

    def __init__(self, after, seconds):
        self.after, self.seconds = after, seconds
        self.lock, self.n, self.second = threading.Lock(), 0, threading.Event()

    def __call__(self, handler, n):
        with self.lock:
            self.n += 1
            if self.n > 1:
                self.second.set()
                return handler.rfile.read(n)
        # Else the kernel may take the rest in its place: it lets a buffer grow for whoever reads fast.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        handler.rfile.read(min(n, self.after))
        self.second.wait(self.seconds)
        handler.hang_up()
        return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def carry_out(self, body):
        c = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=30)
        c.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            c.putheader(name, value)
        c.endheaders(body)
        r = c.getresponse()
        found = (r.status, r.getheaders(), r.read())
        c.close()
        return found

    def hang_up(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def give(self, status, headers, body, cut=False):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2] if cut else body)
        if cut:
            self.hang_up()

    def take_body(self):
        n = int(self.headers.get("content-length") or 0)
        if self.server.stop and n > 0:
            return self.server.stop(self, n)
        if not self.server.slow or n == 0:
            return self.rfile.read(n)
        body = b""
        while len(body) < n and (piece := self.rfile.read(min(self.server.slow[0], n - len(body)))):
            body += piece
            time.sleep(self.server.slow[1])
        return body

    def handle_any(self):
        body = self.take_body()
        if body is None:
            return None
        if self.server.hold:
            self.server.hold(self)
        fault = self.server.draw()
        if fault == "refuse":
            return self.hang_up()
        if fault == "error_before":
            return self.give(503, [], b"<Error><Code>SlowDown</Code></Error>")
        if fault == "delay":
            time.sleep(self.server.delay)
        status, headers, answer = self.carry_out(body)
        self.server.seen.append((self.command, self.path, len(body), len(answer)))
        if fault == "repeat":
            status, headers, answer = self.carry_out(body)
        if fault == "drop_answer":
            return self.hang_up()
        if fault == "error_after":
            return self.give(500, [], b"<Error><Code>InternalError</Code></Error>")
        return self.give(status, headers, answer, cut=fault == "truncate" and len(answer) > 0)

    do_PUT = do_POST = do_GET = do_DELETE = handle_any
