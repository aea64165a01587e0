"""How each coding agent is started, headless, with the environment variables and settings that its
documentation names for telemetry, and with its model server on loopback.

A program is a row of PROGRAMS: what it needs in its folder (`files`), its environment (`env`), its
command line for a prompt (`command`), and for a prompt that continues the session before it (`again`).
Everything else (an empty HOME, an empty working folder, proxies to a closed port) is the same for all.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time


from agents.stub import AgentStub

PROMPT = "Run the two commands."
RUN_SECONDS_MAX = 90
SERVER_SECONDS_MAX = 25
QUIET_SECONDS = 6  # longer than the export interval of any of them
DEAD_PROXY = "http://127.0.0.1:9"
SYSTEM = "You are a coding agent under test."


class NotHere(Exception):
    """Says in one line why a program cannot run here."""


class Place:
    """What a row may use: folders, the stub's and the collector's addresses."""

    def __init__(self, where, base, stub, capture, variant):
        self.where = pathlib.Path(where)
        self.home = pathlib.Path(base) / "home"
        self.work = pathlib.Path(base) / "work"
        self.stub = stub.url
        self.http = capture.http_url
        self.grpc = f"http://{capture.grpc_address}"
        self.variant = variant
        self.server = None  # address of the program's own server

    def module(self, pattern):
        """A file of the packages; some have one package for each machine."""
        found = sorted((self.where / "node_modules").glob(pattern))
        if not found:
            raise NotHere(f"the package holds no {pattern} for this machine")
        return str(found[0])

    def node(self):
        own = self.where / "node_modules/node/bin/node"
        return str(own) if own.exists() else "node"


# ---- Claude Code ---------------------------------------------------------------------------------


def claude_env(p):
    env = {
        "ANTHROPIC_BASE_URL": p.stub,
        "ANTHROPIC_API_KEY": "test",
        "ANTHROPIC_MODEL": "claude-sonnet-4-5",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        # the quick start of its documentation
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_ENDPOINT": p.grpc,
    }
    if p.variant != "quick":
        env |= {
            "OTEL_LOG_USER_PROMPTS": "1",
            "OTEL_LOG_ASSISTANT_RESPONSES": "1",
            "OTEL_LOG_TOOL_DETAILS": "1",
        }
    if p.variant == "traces":
        env |= {
            "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_LOG_TOOL_CONTENT": "1",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": p.http,
        }
    return env


def claude_command(p, prompt):
    program = p.module("@anthropic-ai/claude-code-linux-*/claude")
    return [program, "-p", prompt, "--system-prompt", SYSTEM, "--allowedTools", "Bash,Agent,Task"]


# ---- Codex ---------------------------------------------------------------------------------------


def codex_files(p):
    exporter = '{ otlp-http = { endpoint = "%s/v1/%s", protocol = "binary" } }'
    lines = [
        'model = "gpt-5-codex"',
        'model_provider = "stub"',
        'model_instructions_file = "%s"' % (p.home / ".codex/instructions.md"),
        "check_for_update_on_startup = false",
        "[model_providers.stub]",
        'name = "stub"',
        f'base_url = "{p.stub}/v1"',
        'wire_api = "responses"',
        'env_key = "STUB_API_KEY"',
        "supports_websockets = false",
        "[analytics]",
        "enabled = false",
        "[otel]",
        'environment = "dev"',
        "log_user_prompt = true",
        "log_agent_responses = true",
        "exporter = " + exporter % (p.http, "logs"),
        'metrics_exporter = "none"',
    ]
    if p.variant == "traces":
        lines.append("trace_exporter = " + exporter % (p.http, "traces"))
    return {".codex/config.toml": "\n".join(lines) + "\n", ".codex/instructions.md": SYSTEM + "\n"}


def codex_program(p):
    return p.module("@openai/codex-linux-*/vendor/*/bin/codex")


CODEX_OPTIONS = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]

# ---- Gemini CLI ----------------------------------------------------------------------------------


def gemini_env(p):
    return {
        "GEMINI_API_KEY": "test",
        "GOOGLE_GEMINI_BASE_URL": p.stub,
        "GEMINI_MODEL": "gemini-2.5-pro",
        "GEMINI_SYSTEM_MD": str(p.home / "system.md"),
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        # its documentation's variables
        "GEMINI_TELEMETRY_ENABLED": "true",
        "GEMINI_TELEMETRY_TARGET": "local",
        "GEMINI_TELEMETRY_OTLP_ENDPOINT": p.grpc,
        **({"GEMINI_TELEMETRY_TRACES_ENABLED": "true"} if p.variant == "traces" else {}),
    }


def gemini_files(p):
    settings = {
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "security": {"auth": {"selectedType": "gemini-api-key"}},
    }
    return {".gemini/settings.json": json.dumps(settings), "system.md": SYSTEM + "\n"}


def gemini_command(p, prompt):
    return [p.node(), p.module("@google/gemini-cli/bundle/gemini.js"), "--yolo", "-p", prompt]


# ---- Qwen Code -----------------------------------------------------------------------------------


def qwen_env(p):
    return {
        "OPENAI_API_KEY": "test",
        "OPENAI_BASE_URL": f"{p.stub}/v1",
        "OPENAI_MODEL": "qwen3-coder-plus",
        "QWEN_TELEMETRY_ENABLED": "true",
        "QWEN_TELEMETRY_TARGET": "local",
        "QWEN_TELEMETRY_OTLP_ENDPOINT": p.http,
        "QWEN_TELEMETRY_OTLP_PROTOCOL": "http",
    }


def qwen_files(p):
    settings = {
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "security": {"auth": {"selectedType": "openai"}},
    }
    return {".qwen/settings.json": json.dumps(settings)}


def qwen_command(p, prompt):
    program = p.module("@qwen-code/qwen-code/cli.js")
    return [p.node(), program, "--yolo", "--system-prompt", SYSTEM, prompt]


# ---- OpenCode ------------------------------------------------------------------------------------


def opencode_files(p):
    config = {
        "$schema": "https://opencode.ai/config.json",
        "model": "stub/gpt-5-mini",
        "autoupdate": False,
        "share": "disabled",
        "experimental": {"openTelemetry": True},
        "agent": {"build": {"prompt": SYSTEM}},
        "provider": {
            "stub": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "stub",
                "options": {"baseURL": f"{p.stub}/v1", "apiKey": "test"},
                "models": {"gpt-5-mini": {"name": "gpt-5-mini", "tool_call": True}},
            }
        },
    }
    return {".config/opencode/opencode.json": json.dumps(config)}


def opencode_command(p, prompt):
    program = p.module("opencode-linux-*/bin/opencode")
    return [program, "run", "--auto", "--attach", p.server, "--dir", str(p.work), prompt]


def opencode_server(p):
    return [p.module("opencode-linux-*/bin/opencode"), "serve", "--port", "0"]


# ---- Copilot CLI ---------------------------------------------------------------------------------


def copilot_env(p):
    return {
        "COPILOT_PROVIDER_BASE_URL": f"{p.stub}/v1",
        "COPILOT_PROVIDER_API_KEY": "test",
        "COPILOT_MODEL": "gpt-5-mini",
        "COPILOT_AUTO_UPDATE": "false",
        "COPILOT_OTEL_ENABLED": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": p.http,
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
    }


def copilot_command(p, prompt):
    program = p.module(".bin/copilot")
    return [program, "--allow-all-tools", "--no-color", "-p", prompt]


def no_files(p):
    return {}


PROGRAMS = {
    "claude-code": {
        "env": claude_env,
        "files": no_files,
        "command": claude_command,
        "again": lambda p, prompt: claude_command(p, prompt) + ["--continue"],
    },
    "codex": {
        "env": lambda p: {"STUB_API_KEY": "test"},
        "files": codex_files,
        "command": lambda p, prompt: [codex_program(p), "exec", *CODEX_OPTIONS, prompt],
        "again": lambda p, prompt: [codex_program(p), "exec", "resume", "--last", *CODEX_OPTIONS, prompt],
    },
    "gemini-cli": {
        "env": gemini_env,
        "files": gemini_files,
        "command": gemini_command,
        "again": lambda p, prompt: gemini_command(p, prompt) + ["--resume", "latest"],
    },
    "qwen-code": {
        "env": qwen_env,
        "files": qwen_files,
        "command": qwen_command,
        "again": lambda p, prompt: qwen_command(p, prompt) + ["--continue"],
    },
    "opencode": {
        "env": lambda p: {"OTEL_EXPORTER_OTLP_ENDPOINT": p.http, "OPENCODE_DISABLE_AUTOUPDATE": "1",
                          "OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1"},
        "files": opencode_files,
        "server": opencode_server,  # `run` alone ends before its last spans are sent
        "command": opencode_command,
        "again": lambda p, prompt: opencode_command(p, prompt) + ["--continue"],
    },
    "copilot-cli": {
        "env": copilot_env,
        "files": no_files,
        "command": copilot_command,
        "again": lambda p, prompt: copilot_command(p, prompt) + ["--continue"],
    },
}


def environment(p, program):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(p.home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        **{k: DEAD_PROXY for k in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")},
        **program["env"](p),
    }


def run_once(command, env, cwd, interrupt_when=None):
    """Runs to its end; with @interrupt_when it gets one SIGINT as soon as that is true."""
    process = subprocess.Popen(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    end = time.monotonic() + RUN_SECONDS_MAX
    try:
        while interrupt_when and process.poll() is None and time.monotonic() < end:
            if interrupt_when():
                time.sleep(1)
                process.send_signal(signal.SIGINT)
                break
            time.sleep(0.1)
        output, _ = process.communicate(timeout=max(1, end - time.monotonic()))
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)  # what it left behind: its own group only
        except ProcessLookupError:
            pass
    return process.returncode, output.decode(errors="replace")


def asked_for_sleep(stub):
    """Whether a shell call that takes long has been handed out, long enough ago to be running."""
    return any("SLOW" in json.dumps(body) for _, body in list(stub.seen))


class OwnServer:
    """A program's server that runs beside it. Ends by SIGTERM, once nothing more has been sent for a
    while: some send only every few seconds, and not at their end."""

    def __init__(self, p, program, capture):
        self.p, self.program, self.capture = p, program, capture
        self.process = None

    def __enter__(self):
        if "server" not in self.program:
            return self
        log = self.p.home / "server.log"
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                self.program["server"](self.p),
                env=environment(self.p, self.program),
                cwd=self.p.work,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        end = time.monotonic() + SERVER_SECONDS_MAX
        while not self.p.server:
            found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(errors="replace"))
            if found:
                self.p.server = found[0]
            elif self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise RuntimeError(f"its server did not start: {log.read_text()[-800:]}")
            else:
                time.sleep(0.05)
        return self

    def __exit__(self, *exc):
        if not self.process:
            return
        end = time.monotonic() + SERVER_SECONDS_MAX
        quiet = time.monotonic() + QUIET_SECONDS
        seen = len(self.capture.requests)
        while time.monotonic() < min(end, quiet) and self.process.poll() is None:
            time.sleep(0.1)
            if len(self.capture.requests) != seen:
                seen = len(self.capture.requests)
                quiet = time.monotonic() + QUIET_SECONDS
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run(client, where, capture):
    """Runs all prompts of a client; returns (output, places to be scrubbed). Raises when it fails."""
    program = PROGRAMS[client["agent"]]
    with AgentStub() as stub, tempfile.TemporaryDirectory(prefix="clew-client-") as base:
        p = Place(where, base, stub, capture, client.get("variant", ""))
        p.home.mkdir()
        p.work.mkdir()
        for name, text in program["files"](p).items():
            path = p.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        texts = []
        with OwnServer(p, program, capture):
            for i, prompt in enumerate(client.get("prompts", [PROMPT])):
                command = program["command" if i == 0 else "again"](p, prompt)
                waits = (lambda: asked_for_sleep(stub)) if "SLOW" in prompt else None
                code, text = run_once(command, environment(p, program), p.work, waits)
                texts.append(text)
                if code != 0 and not client.get("fails"):
                    raise RuntimeError(f"exit code {code}: ...{text[-1500:]}")
        calls = [path for path, _ in stub.seen]
        return "\n".join(texts) + f"\n{calls}", [str(p.home), str(p.work), base]
