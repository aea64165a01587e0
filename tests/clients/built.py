"""Clients that are built, not installed: Go, Rust and Java programs, each a folder with the list of its
modules (go/SCRIPT, rust/SCRIPT, java/SCRIPT), and the Collector (go/collector), through which the kept bytes of
another client pass.
"""

import ctypes
import ctypes.util
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
COMMANDS = {
    "go": ["go", "build", "-p", "2", "-o", "client", "."],
    "rust": ["cargo", "build", "--quiet", "-j", "2"],
    "java": ["mvn", "-q", "-B", "-DskipTests", "package"],
}
LISTS = {"go": "go.mod", "rust": "Cargo.toml", "java": "pom.xml"}
PAIRS = {  # how a list names a package and its version
    "go": "{0} v{1}",
    "rust": '{0} = "={1}"',
    "java": "<artifactId>{0}</artifactId><version>{1}</version>",
}
START_SECONDS_MAX = 20
STOP_SECONDS_MAX = 30
UNPACKED_MAX = 64 << 20


def is_built(client):
    return client["language"] in COMMANDS


def folder(client):
    return HERE / client["language"] / client["script"]


def sources(client):
    return sorted(p for p in folder(client).rglob("*") if p.is_file() and "target" not in p.parts)


def wanted(client):
    """The texts that an installation depends on. A list that misses a package of the entry is stale."""
    language = client["language"]
    listed = (folder(client) / LISTS[language]).read_text()
    if language == "java":
        listed = "".join(listed.split())
    listed = listed.replace("{ version = ", "")
    for package in client["packages"]:
        name, version = package.rsplit("@", 1)
        if PAIRS[language].format(name.split(":")[-1] if language == "java" else name, version) not in listed:
            raise ValueError(f"{client['script']}/{LISTS[language]} does not hold {package}")
    return [p.read_text() for p in sources(client)]


def build(client, where, run, end):
    """@run is run.run_quietly; raises what it raises."""
    shutil.copytree(folder(client), where, dirs_exist_ok=True)
    run(COMMANDS[client["language"]], where, end)
    if client["language"] == "rust":
        shutil.move(where / "target/debug/client", where / "client")
        shutil.rmtree(where / "target")
    elif client["language"] == "java":
        shutil.move(next((where / "target").glob("*.jar")), where / "client.jar")
        shutil.rmtree(where / "target")


def command(client, where):
    if client["language"] == "java":
        return ["java", "-Xmx512m", "-jar", where / "client.jar"]
    return [where / "client"]


# ---- the Collector -------------------------------------------------------------------------------


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def collector_config(port, capture, through):
    """JSON, which is YAML, too."""
    if through["protocol"] == "grpc":
        kind, to = "otlp", {"endpoint": capture.grpc_address, "tls": {"insecure": True}}
    else:
        kind, to = "otlphttp", {"endpoint": capture.http_url}
        to["encoding"] = through.get("encoding", "proto")
    to["compression"] = through["compression"]
    pipeline = {"receivers": ["otlp"], "processors": ["batch"], "exporters": [kind]}
    listen = {"endpoint": f"127.0.0.1:{port}"}
    return json.dumps(
        {
            "receivers": {"otlp": {"protocols": {"http": listen}}},
            "processors": {"batch": {}},
            "exporters": {kind: to},
            "service": {
                "pipelines": {"traces": pipeline, "logs": pipeline},
                "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "error"}},
            },
        }
    )


def wait_for(port, process):
    end = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the collector did not start")


def post(port, request):
    headers = {"Content-Type": request["content_type"]}
    if request["content_encoding"]:
        headers["Content-Encoding"] = request["content_encoding"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", request["path"], request["body"], headers)
    status = connection.getresponse().status
    connection.close()
    if status != 200:
        raise RuntimeError(f"the collector answered HTTP {status}")


def pass_through(client, where, capture, requests):
    """What the Collector makes of @requests goes to @capture; at its end it sends what it still has."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="clew-collector-") as home:
        config = pathlib.Path(home) / "config.yaml"
        config.write_text(collector_config(port, capture, client["through"]))
        env = {"PATH": os.environ["PATH"], "HOME": home, "NO_PROXY": "127.0.0.1"}
        log = open(pathlib.Path(home) / "log", "w+b")
        process = subprocess.Popen(
            [where / "client", "--config", f"file:{config}"], cwd=home, env=env, stdout=log, stderr=log
        )
        try:
            wait_for(port, process)
            for request in requests:
                post(port, request)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.seek(0)
            said = log.read().decode(errors="replace")
            log.close()
    if process.returncode != 0:
        raise RuntimeError(f"the collector ended with {process.returncode}: {said[-800:]}")
    return said


# ---- zstd ----------------------------------------------------------------------------------------


def unzstd(body):
    """Through the library that clew is built with: Python has none before 3.14."""
    library = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_decompress.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_char_p,
        ctypes.c_size_t,
    ]
    size = min(UNPACKED_MAX, max(1 << 20, 200 * len(body)))
    out = ctypes.create_string_buffer(size)
    n = library.ZSTD_decompress(out, size, body, len(body))
    if n > size:
        raise ValueError("no zstd")
    return out.raw[:n]
