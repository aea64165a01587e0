"""Records what a client sends to a collector, byte for byte, without taking part in it.

Two listeners stand between the client and the collector. The HTTP one forwards each request (or
answers an empty success where no collector is behind it). The gRPC one forwards the TCP stream as it
is and reads the HTTP/2 frames that pass by: DATA frames carry length-prefixed messages, which is all
that is needed; header compression is left alone.

A captured request is a dict: transport, path, content_type, content_encoding, body (bytes as sent).
The method of a gRPC call stands in its headers, which are not read: its path is that of the signal whose
shape the message has.
"""

import gzip
import http.client
import http.server
import socket
import struct
import threading

BODY_MAX = 64 << 20
GRPC_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_DATA, FLAG_PADDED = 0, 8


def fields(data):
    """(number, wire type, value) of a protobuf message; lengths and varints only as far as needed."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while at < len(data):
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
        return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            value = varint()
        else:
            size = varint() if kind == 2 else {1: 8, 5: 4}.get(kind, len(data))
            value = data[at : at + size]
            at += size
        yield key >> 3, kind, value


def inner(data, number):
    return next((v for n, kind, v in fields(data) if n == number and kind == 2), b"")


def signal_path(message):
    """Export requests have one shape; their innermost records differ: a span begins with a trace id of
    16 bytes, a metric with its name and data, a log record with a time."""
    record = inner(inner(inner(message, 1), 2), 2)
    seen = {(n, kind): v for n, kind, v in fields(record)}
    if len(seen.get((1, 2), b"")) == 16 and len(seen.get((2, 2), b"")) == 8:
        return "/v1/traces"
    if (1, 1) in seen or (11, 1) in seen:
        return "/v1/logs"
    return "/v1/metrics" if (1, 2) in seen else "/v1/traces"


class FrameReader:
    """Takes the client's half of an HTTP/2 connection and gives its gRPC messages."""

    def __init__(self, on_message):
        self.on_message = on_message
        self.left = b""
        self.seen_preface = False
        self.streams = {}

    def feed(self, data):
        self.left += data
        if not self.seen_preface:
            if len(self.left) < len(GRPC_PREFACE):
                return
            self.left = self.left[len(GRPC_PREFACE) :]
            self.seen_preface = True
        while len(self.left) >= 9:
            length = int.from_bytes(self.left[:3], "big")
            if len(self.left) < 9 + length:
                return
            kind, flags = self.left[3], self.left[4]
            stream = int.from_bytes(self.left[5:9], "big") & 0x7FFFFFFF
            payload = self.left[9 : 9 + length]
            self.left = self.left[9 + length :]
            if kind == FRAME_DATA:
                if flags & FLAG_PADDED:
                    payload = payload[1 : len(payload) - payload[0]]
                self.take(stream, payload)

    def take(self, stream, payload):
        data = self.streams.get(stream, b"") + payload
        while len(data) >= 5:
            compressed, length = struct.unpack(">BI", data[:5])
            if len(data) < 5 + length:
                break
            self.on_message(bool(compressed), data[5 : 5 + length])
            data = data[5 + length :]
        self.streams[stream] = data


class Tee:
    """Forwards TCP connections to a target and shows the client's bytes to a FrameReader each."""

    def __init__(self, target, on_message):
        self.target = target
        self.on_message = on_message
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            reader = FrameReader(self.on_message)
            threading.Thread(target=pump, args=(client, server, reader.feed), daemon=True).start()
            threading.Thread(target=pump, args=(server, client, None), daemon=True).start()

    def close(self):
        self.listener.close()


def pump(source, target, see):
    try:
        while data := source.recv(65536):
            if see:
                see(data)
            target.sendall(data)
    except OSError:
        pass
    for s in (source, target):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class HttpHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(min(int(self.headers.get("Content-Length", 0)), BODY_MAX))
        data = b""
        while len(data) < BODY_MAX:
            size = int(self.rfile.readline().split(b";")[0], 16)
            data += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                break
        return data

    def answer(self, status, headers, data):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, [("Content-Type", "application/json")], b"{}")

    def do_POST(self):
        body = self.read_body()
        headers = {
            name: self.headers[name]
            for name in ("Content-Type", "Content-Encoding")
            if self.headers[name]
        }
        self.server.on_request(
            {
                "transport": "http",
                "path": self.path,
                "content_type": headers.get("Content-Type", ""),
                "content_encoding": headers.get("Content-Encoding", ""),
                "body": body,
            }
        )
        if not self.server.target:
            kind = headers.get("Content-Type", "")
            data = b"{}" if "json" in kind else b""
            return self.answer(200, [("Content-Type", kind)], data)
        forward = http.client.HTTPConnection(*self.server.target, timeout=30)
        forward.request("POST", self.path, body, headers)
        reply = forward.getresponse()
        data = reply.read()
        kind = reply.headers.get("Content-Type", "")
        forward.close()
        if reply.status != 200:
            self.server.on_refusal(f"{self.path}: HTTP {reply.status} {data[:200]!r}")
        return self.answer(reply.status, [("Content-Type", kind)], data)


def coding_of(body):
    """The headers are not read: a gRPC message tells by how it begins."""
    return "zstd" if body[:4] == b"\x28\xb5\x2f\xfd" else "gzip"


class Capture:
    """`with Capture(http_target, grpc_target) as c:` c.http_url, c.grpc_address, c.requests."""

    def __init__(self, http_target=None, grpc_target=None):
        self.http_target = http_target
        self.grpc_target = grpc_target
        self.requests = []
        self.refusals = []
        self.lock = threading.Lock()

    def add(self, request):
        with self.lock:
            self.requests.append(request)

    def add_grpc(self, compressed, body):
        path = signal_path(gzip.decompress(body) if compressed else body)
        self.add(
            {
                "transport": "grpc",
                "path": path,
                "content_type": "application/grpc",
                "content_encoding": coding_of(body) if compressed else "",
                "body": body,
            }
        )

    def __enter__(self):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), HttpHandler)
        self.http.daemon_threads = True
        self.http.target = self.http_target
        self.http.on_request = self.add
        self.http.on_refusal = self.refusals.append
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.http_url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.tee = Tee(self.grpc_target, self.add_grpc) if self.grpc_target else None
        self.grpc_address = f"127.0.0.1:{self.tee.port}" if self.tee else None
        return self

    def __exit__(self, *exc):
        self.http.shutdown()
        self.http.server_close()
        if self.tee:
            self.tee.close()
