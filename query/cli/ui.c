/*
 * `clew ui`: the pages in a browser. Of a server when there is one (--url), or of the clewd that
 * collects into the store; else of a clewd that this starts for as long as it runs: it collects
 * nothing, keeps what its user says of runs (unless --read-only), listens on a free port of this
 * machine, and lets in the one browser that has the link; others on this machine have no key.
 */
#include "query/cli/commands.h"

#include "proto/base/beside.h"
#include "query/answer/safe.h"
#include "query/cli/author.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/cli/remote.h"
#include "query/review/record.h"
#include "storage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_BYTES 4096u
#define LINE_BYTES 4096u
/* A link to sign in with: an address and a code. */
#define LINK_BYTES 512u

struct ui {
        struct clew_cli *cli;
        bool no_browser;
        bool read_only;
        char author[CLEW_NAME_BYTES_MAX + 1]; /* name of the key, and so of who says something */
        char clewd[CLEW_BESIDE_BYTES];
        char dir[64]; /* of the key that counts for this run alone */
        char keys[96];
        char link[LINK_BYTES];
        char address[LINK_BYTES + 64]; /* with the link */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
        (void)signal;
        interrupted = 1;
}

static int find_clewd(struct ui *u)
{
        static const char *const places[] = {"/clewd", "/../collector/clewd", NULL};

        if (clew_find_beside(places, u->clewd))
                return 0;
        clew_cli_error(u->cli, "the pages are served by clewd, which does not lie beside clew");
        return CLEW_EXIT_STORE;
}

/* Starts @argv with its stream @fd (1 or 2) as a pipe whose other end is *ret; the others are
 * /dev/null, or ours when @quiet is false. */
static pid_t start(char *const *argv, int fd, bool quiet, FILE **ret)
{
        posix_spawn_file_actions_t actions;
        int ends[2];
        pid_t pid = -1;
        int r;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -1;
        posix_spawn_file_actions_init(&actions);
        r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, ends[1], fd);
        if (r == 0 && quiet)
                r = posix_spawn_file_actions_addopen(
                        &actions, fd == STDOUT_FILENO ? STDERR_FILENO : STDOUT_FILENO, "/dev/null",
                        O_WRONLY, 0);
        if (r == 0)
                r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        *ret = r == 0 ? fdopen(ends[0], "r") : NULL;
        if (!*ret)
                close(ends[0]);
        return r == 0 ? pid : -1;
}

static int wait_for(pid_t pid)
{
        int status = 0;

        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs `clewd key ...`; its first line of output that begins with @begin goes to @ret, when asked
 * for. */
static int run_key(struct ui *u, char *const *argv, const char *begin, char *ret, size_t size)
{
        char line[LINE_BYTES];
        FILE *out;
        pid_t pid = start(argv, STDOUT_FILENO, true, &out);
        bool found = !ret;

        if (pid < 0) {
                clew_cli_error(u->cli, "cannot start clewd: %s", strerror(errno));
                return CLEW_EXIT_STORE;
        }
        while (fgets(line, sizeof(line), out)) {
                line[strcspn(line, "\n")] = '\0';
                if (!found && strncmp(line, begin, strlen(begin)) == 0 && strlen(line) < size) {
                        memcpy(ret, line, strlen(line) + 1);
                        found = true;
                }
        }
        fclose(out);
        explicit_bzero(line, sizeof(line));
        if (wait_for(pid) == 0 && found)
                return 0;
        clew_cli_error(u->cli, "clewd made no key");
        return CLEW_EXIT_STORE;
}

/* A key that may read and say something, in a directory of its own that goes with this program. */
static int make_key(struct ui *u)
{
        char program[PATH_BYTES];
        char may_read[] = "read";
        char may_say[] = "read,annotate";
        char *const argv[] = {program,
                              (char[]){"key"},
                              (char[]){"add"},
                              (char[]){"--name"},
                              u->author,
                              (char[]){"--scope"},
                              u->read_only ? may_read : may_say,
                              (char[]){"--store"},
                              u->dir,
                              NULL};

        (void)snprintf(program, sizeof(program), "%s", u->clewd);
        (void)snprintf(u->dir, sizeof(u->dir), "/tmp/clew-ui-XXXXXX");
        if (!mkdtemp(u->dir)) {
                clew_cli_error(u->cli, "cannot make a directory in /tmp: %s", strerror(errno));
                u->dir[0] = '\0';
                return CLEW_EXIT_STORE;
        }
        (void)snprintf(u->keys, sizeof(u->keys), "%s/keys.jsonl", u->dir);
        return run_key(u, argv, "", NULL, 0);
}

/* The path that signs a browser in; made before clewd reads the keys. */
static int make_link(struct ui *u)
{
        char program[PATH_BYTES];
        char place[] = "http://";
        char *const argv[] = {program,
                              (char[]){"key"},
                              (char[]){"link"},
                              u->author,
                              (char[]){"--store"},
                              u->dir,
                              (char[]){"--url"},
                              place,
                              NULL};

        (void)snprintf(program, sizeof(program), "%s", u->clewd);
        return run_key(u, argv, place, u->link, sizeof(u->link));
}

static void remove_key(struct ui *u)
{
        static const char *const names[] = {"keys.jsonl", "audit.jsonl", "data.mdb", "lock.mdb",
                                            "collector.lock"};
        char path[PATH_BYTES];

        for (size_t i = 0; u->dir[0] && i < CLEW_ARRAY_LEN(names); i++) {
                (void)snprintf(path, sizeof(path), "%s/%s", u->dir, names[i]);
                (void)unlink(path);
        }
        if (u->dir[0])
                (void)rmdir(u->dir);
}

/* Somebody sits before a screen: his browser opens. Whatever becomes of it is his to see. */
static void open_browser(const struct ui *u, const char *link)
{
        char copy[LINK_BYTES];
        char *const argv[] = {(char[]){"xdg-open"}, copy, NULL};
        FILE *out;
        pid_t pid;

        if (u->no_browser || (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY")))
                return;
        (void)snprintf(copy, sizeof(copy), "%s", link);
        pid = start(argv, STDOUT_FILENO, true, &out);
        if (pid < 0)
                return;
        fclose(out);
        (void)wait_for(pid);
}

/* The address that clewd tells in its log; NULL when it ended before, and its last line is in
 * @line. */
static const char *await_address(FILE *log, char line[LINE_BYTES])
{
        static const char mark[] = "listening protocol=http address=";
        char last[LINE_BYTES] = "";
        const char *at;

        while (fgets(line, LINE_BYTES, log)) {
                line[strcspn(line, "\n")] = '\0';
                at = strstr(line, mark);
                if (at)
                        return at + sizeof(mark) - 1;
                memcpy(last, line, sizeof(last));
        }
        memcpy(line, last, sizeof(last));
        return NULL;
}

static int tell(struct ui *u, FILE *log)
{
        char line[LINE_BYTES];
        char shown[LINE_BYTES];
        const char *address = await_address(log, line);

        if (!address) {
                clew_cli_error(u->cli, "clewd did not start: %s",
                               clew_safe_cstr(clew_slice_of_cstr(line), shown, sizeof(shown)));
                return CLEW_EXIT_STORE;
        }
        (void)snprintf(u->address, sizeof(u->address), "http://%.*s%s", (int)strcspn(address, " "),
                       address, strstr(u->link, "/sign-in"));
        fprintf(u->cli->out, "%s\n", u->address);
        fflush(u->cli->out);
        clew_cli_note(u->cli,
                      "One browser signs in by this link, within 10 minutes. %s; Ctrl-C ends it.",
                      u->read_only ? "Nothing is written" : "What is said of runs is kept");
        open_browser(u, u->address);
        return 0;
}

/* Until somebody interrupts, or clewd ends. */
static int serve(struct ui *u)
{
        struct sigaction action = {.sa_handler = on_interrupt};
        char program[PATH_BYTES];
        char store[PATH_BYTES];
        char parent[24];
        char *const argv[] = {program,
                              u->read_only ? (char[]){"--read-only"} : (char[]){"--seal-cpu=0"},
                              (char[]){"--store"},
                              store,
                              (char[]){"--http"},
                              (char[]){"127.0.0.1:0"},
                              (char[]){"--grpc"},
                              (char[]){"off"},
                              (char[]){"--keys"},
                              u->keys,
                              (char[]){"--parent"},
                              parent,
                              NULL};
        char line[LINE_BYTES];
        FILE *log;
        pid_t pid;
        int r;

        (void)snprintf(parent, sizeof(parent), "%d", (int)getpid());
        (void)snprintf(program, sizeof(program), "%s", u->clewd);
        (void)snprintf(store, sizeof(store), "%s", u->cli->store_dir);
        sigaction(SIGINT, &action, NULL); /* without SA_RESTART: reading the log ends */
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGHUP, &action, NULL);
        pid = start(argv, STDERR_FILENO, true, &log);
        if (pid < 0) {
                clew_cli_error(u->cli, "cannot start clewd: %s", strerror(errno));
                return CLEW_EXIT_STORE;
        }
        r = tell(u, log);
        while (r == 0 && !interrupted && fgets(line, sizeof(line), log))
                ;
        (void)kill(pid, SIGTERM);
        while (fgets(line, sizeof(line), log) || (!feof(log) && errno == EINTR))
                clearerr(log);
        fclose(log);
        (void)wait_for(pid);
        return r;
}

static int of_server(struct ui *u)
{
        char url[CLEW_URL_BYTES_MAX];
        char token[CLEW_TOKEN_BYTES_MAX];
        int r = clew_remote_target(u->cli, "/", url, token);

        explicit_bzero(token, sizeof(token));
        if (r != 0)
                return r;
        fprintf(u->cli->out, "%s\n", url);
        fflush(u->cli->out);
        open_browser(u, url);
        return 0;
}

/* An address that is listened on, as a browser of this machine reaches it. */
static void name_place(const char *place, char ret[LINK_BYTES])
{
        static const char any[] = "://0.0.0.0:";
        static const char any_v6[] = "://[::]:";
        const char *at = strstr(place, any);
        const char *at_v6 = strstr(place, any_v6);

        if (at)
                (void)snprintf(ret, LINK_BYTES, "%.*s://127.0.0.1:%s/", (int)(at - place), place,
                               at + sizeof(any) - 1);
        else if (at_v6)
                (void)snprintf(ret, LINK_BYTES, "%.*s://[::1]:%s/", (int)(at_v6 - place), place,
                               at_v6 + sizeof(any_v6) - 1);
        else
                (void)snprintf(ret, LINK_BYTES, "%s/", place);
}

/*
 * The store is there; a collector that holds it has pages, and two cannot hold it. True: its pages
 * are the ones.
 */
static bool of_collector(struct ui *u, int *ret)
{
        struct clew_store *store;
        char place[CLEW_PLACE_BYTES];
        char address[LINK_BYTES];

        *ret = clew_cli_store(u->cli, CLEW_STORE_READ, &store);
        if (*ret != 0 || u->read_only || !clew_store_has_collector(store))
                return *ret != 0;
        if (!clew_store_collector_place(store, place)) {
                u->read_only = true;
                clew_cli_note(u->cli, "a clewd without pages collects into this store: these only "
                                      "show it");
                return false;
        }
        name_place(place, address);
        fprintf(u->cli->out, "%s\n", address);
        fflush(u->cli->out);
        clew_cli_note(u->cli, "The clewd that collects into this store has these pages. Where it "
                              "asks for a key, clewd key link NAME makes a link that signs in.");
        open_browser(u, address);
        return true;
}

int clew_cmd_ui(struct clew_cli *cli, int argc, char **argv)
{
        struct ui u = {.cli = cli};
        const struct clew_flag own[] = {
                {"no-browser", 0, NULL, "print the address alone", .ret_flag = &u.no_browser},
                {"read-only", 0, NULL, "nothing can be labelled there", .ret_flag = &u.read_only},
                {0},
        };
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r == 0 && args.n > 0) {
                clew_cli_error(cli, "ui takes no argument");
                r = CLEW_EXIT_USAGE;
        }
        if (r != 0)
                return r;
        if (cli->url)
                return of_server(&u);
        if (of_collector(&u, &r))
                return r;
        clew_cli_close_store(cli); /* a child opens it */
        if (!u.read_only && access(cli->store_dir, W_OK) < 0) {
                u.read_only = true;
                clew_cli_note(cli, "the store cannot be written: these pages only show it");
        }
        if (!clew_cli_author_name(u.author, sizeof(u.author)))
                (void)snprintf(u.author, sizeof(u.author), "ui");
        r = find_clewd(&u);
        if (r == 0)
                r = make_key(&u);
        if (r == 0)
                r = make_link(&u);
        if (r == 0)
                r = serve(&u);
        remove_key(&u);
        return r;
}
