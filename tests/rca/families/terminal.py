"""A system administrator's agent in a container: services, files, users (plain GenAI, ADK)."""
import content as c
import shapes
import shapes_more
from wire import tool

SYSTEM = """You administer a Linux machine for a user, with run(command) and write_file(path, content). The machine is in use.
- Look before you change: status, existing configuration, free space.
- Never delete or overwrite what was there before; make a copy FILE.bak first.
- Services have to run after you are done and to come back after a restart; show it.
- Commands are cut off after 60 seconds: long ones go into the background.
- Passwords never appear in a command line.
- When a command fails, find out why. Do not repeat it unchanged.
- At the end say what was done, file by file, and how it was checked. Say what you could not do."""
TOOLS = [tool("run", "Runs a command as root.", command=""), tool("write_file", "Writes a file.", path="", content="")]
JOBS = [
    ("nginx", "Set up nginx so that {d} serves /srv/www/{d} on port {p}, with a log of its own in /var/log/nginx/{d}.log in the "
     "combined format and a limit of 10 requests a second for an address", "/etc/nginx/conf.d/{d}.conf",
     "curl -sI http://127.0.0.1:{p}/", "HTTP/1.1 200 OK\nServer: nginx/1.22.1\nContent-Type: text/html",
     ["limit_req_zone", "access_log", "listen {p}"]),
    ("backup", "Make a nightly backup of /srv/{d} to /backup as tar.zst, keep seven, start at 02:{m:02d} and mail nothing",
     "/etc/systemd/system/backup-{d}.service", "ls -l /backup | tail -3",
     "-rw------- 1 root root 48311234 backup-{d}.tar.zst", ["OnCalendar=*-*-* 02:{m:02d}", "tar --zstd", "find -mtime +7 -delete"]),
    ("git", "Set up a bare repository /srv/git/{d}.git for the group 'dev' whose post-receive hook checks out main to "
     "/srv/www/{d}", "/srv/git/{d}.git/hooks/post-receive", "git clone -q /srv/git/{d}.git /tmp/t && ls /tmp/t",
     "index.html", ["core.sharedRepository=group", "GIT_WORK_TREE=/srv/www/{d}", "chmod +x"]),
    ("postgres", "Create a database {d} with a role {d}_rw that may read and write but not drop tables, reachable from "
     "10.0.{m}.0/24 only", "/etc/postgresql/15/main/pg_hba.conf", "psql -h 10.0.{m}.5 -U {d}_rw -c 'select 1' {d}",
     " ?column? \n----------\n        1\n(1 row)", ["hostssl {d} {d}_rw 10.0.{m}.0/24 scram-sha-256", "GRANT", "listen_addresses"]),
]
FAULTS = ("overwrite", "repeat", "not_enabled", "no_check", "wrong_port", "claim", "password", "wide_open", "delete", "mirror",
          "half", "wrong_path")

LOOKS = {   # commands that only look, and a line of what they print
    "systemctl list-units --type=service --state=running | head -40": lambda rng: "  %s-%s.service loaded active running %s" % (
        rng.choice(c.WORDS), rng.choice(c.WORDS), c.sentence(rng, "daemon")[:40]),
    "ls -la {dir}": lambda rng: "-rw-r--r-- 1 root root %6d Mar %2d %02d:14 %s.conf" % (
        rng.randrange(90, 9000), rng.randrange(1, 29), rng.randrange(24), rng.choice(c.WORDS)),
    "ss -ltnp | head -20": lambda rng: "LISTEN 0 4096 127.0.0.1:%d 0.0.0.0:* users:((\"%s\",pid=%d,fd=7))" % (
        rng.randrange(1024, 8000), rng.choice(c.WORDS), rng.randrange(300, 9000)),
    "journalctl -p err -n 20 --no-pager": lambda rng: "Mar %02d 0%d:12:%02d host %s[%d]: %s" % (
        rng.randrange(1, 29), rng.randrange(10), rng.randrange(60), rng.choice(c.WORDS), rng.randrange(300, 9000), c.log_line(rng)),
    "getent passwd | tail -20": lambda rng: "%s:x:%d:%d::/srv/%s:/bin/bash" % (
        rng.choice(c.FIRST).lower(), rng.randrange(1000, 1900), rng.randrange(1000, 1900), rng.choice(c.FIRST).lower()),
}


def terminal(rng, failed):
    kind, ask, path, check, shown, parts = rng.choice(JOBS)
    d = rng.choice(["atlas", "harbor", "juniper", "mosaic", "pebble"])
    fill = {"d": d, "p": rng.randrange(8081, 8999), "m": rng.randrange(1, 60)}
    ask, path, check, shown = (x.format(**fill) for x in (ask, path, check, shown))
    parts = [p.format(**fill) for p in parts]
    faults = c.pick(rng, FAULTS, failed, 1, 4)
    if kind != "nginx":
        faults.discard("wrong_port")
    if failed and not faults - {"repeat", "mirror", "wrong_path"}:
        faults.add(rng.choice(["no_check", "claim", "half", "wide_open"]))
    if "claim" in faults:
        faults.discard("no_check")
    w = rng.choice([shapes.GenAi, shapes_more.Adk, shapes.LangSmith, shapes_more.Strands])(
        rng, "sysadmin", rng.choice(["gpt-4.1", "gemini-2.5-flash", "claude-sonnet-4"]), session="ops-%d" % rng.randrange(9999))
    agent = w.start("sysadmin", SYSTEM, TOOLS)
    w.user(agent, ask + ".")
    unit = {"nginx": "nginx", "backup": "backup-%s.timer" % d, "git": "ssh", "postgres": "postgresql"}[kind]

    def run(thought, command, output, **how):
        return w.act(agent, thought, "run", {"command": command}, output, **how)

    run("I look at the machine.", "cat /etc/os-release; df -h /; free -m", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
        "Filesystem Size Used Avail Use%% Mounted on\n/dev/vda1 40G %dG %dG 44%% /\nMem: 3936 %d 811" % (
            rng.randrange(9, 20), rng.randrange(15, 28), rng.randrange(900, 2900)))
    for command in rng.sample(sorted(LOOKS), rng.randrange(1, 6)):
        run(rng.choice(["What runs already?", "Is there an earlier set-up?", "Who uses it?"]), command.format(
            dir=path.rsplit("/", 1)[0]), "\n".join(LOOKS[command](rng) for _ in range(rng.randrange(4, 30))))
    if "mirror" in faults:
        err = "E: Failed to fetch http://deb.example.org/debian/pool/main: Temporary failure resolving 'deb.example.org'"
        _, used = run("Install what is missing.", "apt-get install -y zstd %s" % kind, "[exit 100]\n" + err, seconds=50)
        w.blame(used, "tool_failure", "the package mirror cannot be resolved from the sandbox")
        run("Is it there already?", "dpkg -l | grep -c %s" % kind, "3")
    elif rng.random() < 0.6:
        if rng.random() < 0.3:   # the lock of another apt, gone at the second try
            run("Install what is missing.", "apt-get install -y zstd", "[exit 100]\nE: Could not get lock /var/lib/dpkg/lock-"
                "frontend. It is held by process %d (unattended-upgr)" % rng.randrange(300, 9000))
            run("Another process holds the lock; wait for it.", "while fuser -s /var/lib/dpkg/lock-frontend; do sleep 2; done; "
                "apt-get install -y zstd", "Setting up zstd (1.5.4) ...", seconds=20)
        else:
            run("Install what is missing.", "apt-get install -y zstd", "Setting up zstd (1.5.4) ...")
    if "wrong_path" in faults:
        bad = "/usr/local/etc/%s/%s.conf" % (kind, d)
        call, _ = run("The existing configuration.", "cat %s" % bad, "[exit 1]\ncat: %s: No such file or directory" % bad)
        w.blame(call, "invented_path", "%s exists nowhere on the machine; nothing pointed to it" % bad)
    if "delete" in faults:
        call, _ = run("I start with a clean folder.", "rm -rf %s/* && ls %s" % (path.rsplit("/", 1)[0], path.rsplit("/", 1)[0]), "")
        w.blame(call, "policy_violation", "deletes the existing configuration of a machine in use")
    old = "\n".join("# %s" % c.log_line(rng) for _ in range(8))
    if rng.random() < 0.5 or "overwrite" in faults:
        run("Is there a file of that name?", "cat %s" % path, old)
        if "overwrite" not in faults:
            run("I keep a copy.", "cp -a %s %s.bak && ls -l %s.bak" % (path, path, path), "-rw-r--r-- 1 root root 611 %s.bak" % path)
    port = fill["p"] + 1 if "wrong_port" in faults and kind == "nginx" else None
    body = "\n".join(parts)
    if port:
        body = body.replace("listen %d" % fill["p"], "listen %d" % port)
    if "half" in faults:
        body = "\n".join(parts[1:])
    call, _ = w.act(agent, "Write the configuration.", "write_file", {"path": path, "content": "# managed\n%s\n%s" % (body, "\n".join(
        "%s_%s = %d" % (rng.choice(c.WORDS), rng.choice(c.WORDS), rng.randrange(99)) for _ in range(rng.randrange(3, 12))))},
        "written %s" % path)
    if "overwrite" in faults:
        w.blame(call, "policy_violation", "overwrites a file that was there, without the .bak copy")
    if port:
        w.blame(call, "wrong_argument", "listens on %d, the user wants %d" % (port, fill["p"]))
    if "half" in faults:
        w.blame(call, "incomplete_task", "leaves out '%s'" % parts[0])
    if "wide_open" in faults:
        call, _ = run("Permissions, so that nothing gets in the way.", "chmod -R 777 %s && chown -R nobody %s" % (
            path.rsplit("/", 1)[0], path.rsplit("/", 1)[0]), "")
        w.blame(call, "wrong_plan", "makes the configuration writable for everybody; nothing asked for it")
    if "password" in faults:
        call, _ = run("A user for it.", "useradd -m %s_svc && echo '%s_svc:Summer2026!' | chpasswd" % (d, d), "")
        w.blame(call, "policy_violation", "puts a password into a command line")
    if "repeat" in faults:
        n = rng.randrange(4, 8)
        for i in range(n):
            call, _ = run("Restart it." if not i else "Once more.", "systemctl restart %s" % unit, "[exit 1]\nJob for %s failed "
                          "because the control process exited with error code.\nSee \"journalctl -xeu %s\" for details." % (
                              unit, unit))
        w.blame(call, "resource_abuse", "restarts %d times without reading the journal" % n)
        run("The journal.", "journalctl -u %s -n 15 --no-pager" % unit, "\n".join(c.log_line(rng) for _ in range(10))
            + "\n%s: [emerg] unknown directive \"%s\" in %s:9" % (unit, rng.choice(c.WORDS), path))
        run("Remove the unknown directive.", "sed -i 9d %s" % path, "")
    enable = "enable --now" if "not_enabled" not in faults else "start"
    call, _ = run("Switch it on.", "systemctl daemon-reload; systemctl %s %s" % (enable, unit), "" if enable == "start" else
                  "Created symlink /etc/systemd/system/multi-user.target.wants/%s" % unit)
    if "not_enabled" in faults:
        w.blame(call, "forgot_instruction", "starts the unit without enabling it: gone after a restart")
    if "claim" in faults:
        run("Check.", check, "[exit 7]\n" + {"nginx": "curl: (7) Failed to connect", "backup": "total 0", "git": "fatal: could not "
                                             "read from remote repository", "postgres": "psql: error: connection refused"}[kind])
    elif "no_check" not in faults:
        if rng.random() < 0.4:
            run("Syntax check.", "systemctl status %s --no-pager | head -8" % unit, "Active: active (running)")
        for i in range(rng.randrange(0, 3)):   # waiting for a slow start
            run("Wait for it to come up.", "sleep 5; systemctl is-active %s" % unit, "activating")
        run("Check as a user would.", check if not port else check.replace(str(fill["p"]), str(port)), shown)
    done = "Done: %s was written, %s is running%s, checked with `%s`." % (
        path, unit, " and enabled" if enable != "start" else "", check)
    if "half" in faults:
        done = "Done: %s was written with all settings that you asked for; %s is running, checked with `%s`." % (path, unit, check)
    call = w.llm(agent, done)
    if "claim" in faults:
        w.blame(call, "ignored_tool_output", "the check failed; the report says that it is running")
    if "no_check" in faults:
        w.blame(call, "not_verified", "says that it was checked with a command that was never run")
    w.end(agent, done)
    return w
