/*
 * See served.h. One request a process, one thread that works and writes frames: what is file-scope
 * here is set before the command runs and never changed.
 */
#include "query/cli/served.h"

#include "query/cli/commands.h"
#include "query/cli/options.h"
#include "query/review/record.h"
#include "query/serve/access.h"
#include "storage/follow.h"
#include "storage/tier.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Body of a request, and what is decoded of it (CLEW_SERVE_UPLOAD_MAX and its copy). */
#define REQUEST_BYTES_MAX ((size_t)9 << 20)
#define ARENA_MAX ((size_t)24 << 20)
/* Memory that is the process's own; the map of the store is not counted (setrlimit(2), since Linux
 * 4.7). A trace of 128 MiB, its model and its texts fit. */
#define DATA_BYTES_MAX ((rlim_t)1 << 30)
/* When memory runs out the kernel is to end this process, not the collector. */
#define OOM_SCORE "500"
/* Beside those who collect, whatever the place of the server is. */
#define NICE 5
/* Frames of output are as large as stdio's buffer. */
#define STREAM_BYTES 16384u
#define LAST_BYTES 1024u

static struct {
        bool on;
        uint32_t scopes;
        const char *name; /* who signed in; "" = nobody */
        struct clew_command_line words;
} served;

const struct clew_command_line *clew_served(void)
{
        return served.on ? &served.words : NULL;
}

const char *clew_served_author(void)
{
        if (!served.on)
                return NULL;
        return served.name[0] ? served.name : served.words.user;
}

static void refuse_at_reader(struct clew_cli *cli)
{
        char writers[CLEW_FOLLOW_GAP_BYTES];

        if (clew_follow_writers(cli->store_dir, writers, sizeof(writers)))
                clew_cli_error(cli,
                               "this clewd only reads a bucket: ask the one that writes there, "
                               "%s",
                               writers);
        else
                clew_cli_error(cli, "this clewd only reads a bucket: ask the one that writes there "
                                    "(it does not say where it is: clewd --advertise)");
}

bool clew_served_may_write(struct clew_cli *cli)
{
        const struct clew_command *c = cli->command ? clew_command_find(cli->command) : NULL;

        if (!served.on)
                return true;
        if (clew_follow_is_cache(cli->store_dir)) {
                refuse_at_reader(cli);
                return false;
        }
        if (c && c->served == CLEW_SERVED_SAYS && (served.scopes & CLEW_SCOPE_ANNOTATE))
                return true;
        if (c && c->served == CLEW_SERVED_SAYS)
                clew_cli_error(cli, "this writes to the store: it needs a key with the scope "
                                    "\"annotate\", and a server that is not read-only");
        else
                clew_cli_error(cli, "this writes to the store: run it on the server's machine");
        return false;
}

bool clew_served_may_speak_as(struct clew_slice author)
{
        return !served.on || !served.name[0] || (served.scopes & CLEW_SCOPE_ADMIN) ||
               clew_slice_eq_cstr(author, served.name);
}

/* ---- frames --------------------------------------------------------------------------------- */

static int write_all(const uint8_t *data, size_t n)
{
        while (n > 0) {
                ssize_t done = write(STDOUT_FILENO, data, n);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done <= 0)
                        return -EPIPE;
                data += done;
                n -= (size_t)done;
        }
        return 0;
}

static int write_frame(enum clew_frame kind, int slot, struct clew_slice payload)
{
        uint8_t head[CLEW_FRAME_HEAD_BYTES + 1];
        size_t n = CLEW_FRAME_HEAD_BYTES;
        int r;

        clew_frame_head(head, kind, payload.len + (slot >= 0));
        if (slot >= 0)
                head[n++] = (uint8_t)slot;
        r = write_all(head, n);
        return r < 0 ? r : write_all(payload.data, payload.len);
}

int clew_served_frame(enum clew_frame kind, int slot, struct clew_slice payload)
{
        do {
                size_t n =
                        payload.len < CLEW_FRAME_BYTES_MAX ? payload.len : CLEW_FRAME_BYTES_MAX - 1;
                int r = write_frame(kind, slot, clew_slice_make(payload.data, n));

                if (r < 0)
                        return r;
                payload = clew_slice_from(payload, n);
        } while (payload.len > 0);
        return 0;
}

/* A stream's cookie is its frame's kind, and the slot above it. */
static ssize_t write_stream(void *cookie, const char *data, size_t n)
{
        uintptr_t both = (uintptr_t)cookie;

        if (clew_served_frame((enum clew_frame)(both & 0xff), (int)(both >> 8) - 1,
                              clew_slice_make(data, n)) < 0) {
                errno = EPIPE;
                return 0;
        }
        return (ssize_t)n;
}

FILE *clew_served_stream(enum clew_frame kind, int slot)
{
        uintptr_t both = (uintptr_t)kind | (uintptr_t)(slot + 1) << 8;
        void *cookie;
        FILE *f;

        memcpy(&cookie, &both, sizeof(cookie));
        f = fopencookie(cookie, "w", (cookie_io_functions_t){.write = write_stream});
        if (f)
                (void)setvbuf(f, NULL, kind == CLEW_FRAME_ERR ? _IOLBF : _IOFBF, STREAM_BYTES);
        return f;
}

void clew_served_last(const char *text)
{
        static char before[LAST_BYTES];
        static bool told;

        if (!served.on || (told && strcmp(before, text) == 0))
                return;
        told = true;
        (void)snprintf(before, sizeof(before), "%s", text);
        (void)clew_served_frame(CLEW_FRAME_LAST, -1, clew_slice_of_cstr(text));
}

/* ---- files of who asks ---------------------------------------------------------------------- */

bool clew_served_has_file(const char *path)
{
        for (size_t i = 0; path && i < served.words.n_files; i++) {
                if (strcmp(served.words.files[i].name, path) == 0)
                        return true;
        }
        return false;
}

FILE *clew_cli_open_input(const char *path)
{
        bool is_stdin = strcmp(path, "-") == 0;

        if (!served.on)
                return is_stdin ? stdin : fopen(path, "re");
        for (size_t i = 0; i < served.words.n_files; i++) {
                const struct clew_command_file *f = &served.words.files[i];
                void *text;

                if (strcmp(f->name, path) != 0)
                        continue;
                if (f->text.len == 0)
                        return fopen("/dev/null", "re");
                memcpy(&text, &f->text.data, sizeof(text)); /* is only read */
                return fmemopen(text, f->text.len, "r");
        }
        (void)clew_served_frame(CLEW_FRAME_NEED, -1, clew_slice_of_cstr(path));
        errno = ENOENT;
        return NULL;
}

void clew_cli_close_input(FILE *f)
{
        if (f && f != stdin)
                fclose(f);
}

/* ---- the process ---------------------------------------------------------------------------- */

/* Sanitizers keep terabytes of shadow, which the limit counts. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DATA_LIMIT RLIM_INFINITY
#else
#define DATA_LIMIT DATA_BYTES_MAX
#endif

static void limit_resources(void)
{
        const struct rlimit data = {.rlim_cur = DATA_LIMIT, .rlim_max = DATA_LIMIT};
        const struct rlimit none = {0};
        int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        if (fd >= 0) {
                if (write(fd, OOM_SCORE, sizeof(OOM_SCORE) - 1) < 0)
                        errno = 0; /* it is a hint */
                close(fd);
        }
        (void)setrlimit(RLIMIT_DATA, &data);
        (void)setrlimit(RLIMIT_CORE, &none);
        if (nice(NICE) < 0)
                errno = 0; /* it is a hint, and -1 may be its answer */
        (void)prctl(PR_SET_DUMPABLE, 0);
        (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Rights of Landlock's first version (Linux 5.13). */
#define LANDLOCK_ALL ((1ull << 13) - 1)
#define LANDLOCK_STORE                                                                             \
        (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |                              \
         LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                             \
         LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                            \
         LANDLOCK_ACCESS_FS_REMOVE_DIR)

static int allow(int rules, const char *path, uint64_t rights)
{
        struct landlock_path_beneath_attr rule = {.allowed_access = rights};
        long r;

        rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
        if (rule.parent_fd < 0)
                return -errno;
        r = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
        close(rule.parent_fd);
        return r < 0 ? -errno : 0;
}

/* What is not in the store but in its bucket: the library, names and authorities of this system,
 * and the user's key. Files that a request may name are never opened, whatever may be read. */
static void allow_reading_back(int rules, const char *store_dir)
{
        char bucket[PATH_MAX] = "";
        bool is_directory = clew_tier_directory(store_dir, bucket, sizeof(bucket));
        const char *key = getenv("AWS_SHARED_CREDENTIALS_FILE");
        const char *paths[] = {"/usr",
                               "/lib",
                               "/lib64",
                               "/etc",
                               "/run/systemd/resolve",
                               key,
                               is_directory ? bucket : NULL};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(paths); i++) {
                if (paths[i] && *paths[i])
                        (void)!allow(rules, paths[i],
                                     LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
        }
}

/* From here on the process reaches the store alone, whatever the words say. Older kernels have no
 * such thing: there the refusals of this file and of those that open files stand alone. */
static void confine(const char *store_dir)
{
        const struct landlock_ruleset_attr all = {.handled_access_fs = LANDLOCK_ALL};
        int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);

        if (rules < 0)
                return;
        if (clew_tier_is_tied(store_dir))
                allow_reading_back(rules, store_dir);
        if (allow(rules, store_dir, LANDLOCK_STORE) == 0 &&
            allow(rules, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE) == 0)
                (void)syscall(SYS_landlock_restrict_self, rules, 0);
        close(rules);
}

/* Who says little (tail) does not notice in writing that nobody reads any more: the collector was
 * killed. */
static void *end_with_reader(void *argument)
{
        struct pollfd output = {.fd = STDOUT_FILENO};

        while (poll(&output, 1, -1) < 0 && errno == EINTR)
                continue;
        _exit(CLEW_EXIT_INTERRUPTED);
        return argument;
}

static void watch_reader(void)
{
        pthread_t thread;

        if (pthread_create(&thread, NULL, end_with_reader, NULL) == 0)
                pthread_detach(thread);
}

static int read_request(struct clew_buffer *body)
{
        ssize_t n = 1;

        while (n > 0) {
                uint8_t *room = clew_buffer_reserve(body, 65536);

                n = room ? read(STDIN_FILENO, room, 65536) : -1;
                if (n > 0)
                        clew_buffer_commit(body, (size_t)n);
        }
        return n < 0 ? -EIO : 0;
}

static int run_words(struct clew_cli *cli)
{
        const struct clew_command *c = clew_command_find(served.words.values[0]);
        int argc = (int)served.words.n;

        if (!c) {
                clew_cli_error(cli, "the server's clew has no such command (see clew help)");
                return CLEW_EXIT_USAGE;
        }
        if (c->served == CLEW_SERVED_NOT || c->run == clew_cmd_mcp) {
                clew_cli_error(cli, "clew %s does not work against a server: %s", c->name,
                               c->why_not ? c->why_not : "it answers on standard input");
                return CLEW_EXIT_USAGE;
        }
        if (c->served == CLEW_SERVED_ADMIN && !(served.scopes & CLEW_SCOPE_ADMIN)) {
                clew_cli_error(cli, "clew %s needs a key with the scope \"admin\"", c->name);
                return CLEW_EXIT_PERMISSION;
        }
        if (served.words.self)
                snprintf(cli->self, sizeof(cli->self), "%s", served.words.self);
        cli->command = c->name;
        return c->run(cli, argc, served.words.values);
}

/* --served SCOPES --as NAME --store DIR: from clewd alone, so a mistake is a mistake of ours. */
static bool read_arguments(struct clew_cli *cli, int argc, char **argv)
{
        if (argc != 7 || strcmp(argv[3], "--as") != 0 || strcmp(argv[5], "--store") != 0 ||
            !clew_access_parse(clew_slice_of_cstr(argv[2]), &served.scopes))
                return false;
        served.name = argv[4];
        cli->store_dir = argv[6];
        return true;
}

int clew_served_main(struct clew_cli *cli, const char *user, int argc, char **argv)
{
        CLEW_BUFFER body = {0};
        CLEW_ARENA arena = {0};
        struct clew_error err = {0};
        uint8_t status = CLEW_EXIT_STORE;

        clew_buffer_init(&body, REQUEST_BYTES_MAX);
        clew_arena_init(&arena, ARENA_MAX);
        if (!read_arguments(cli, argc, argv) || read_request(&body) < 0 ||
            clew_command_line_read(clew_buffer_slice(&body), &arena, &served.words, &err) < 0)
                return CLEW_EXIT_USAGE;
        if (served.words.time_zone)
                (void)setenv("TZ", served.words.time_zone, 1);
        tzset();
        if (!served.name[0] && !served.words.user)
                served.words.user = user;
        limit_resources();
        confine(cli->store_dir);
        watch_reader();
        served.on = true;
        cli->out = clew_served_stream(CLEW_FRAME_OUT, -1);
        cli->err = clew_served_stream(CLEW_FRAME_ERR, -1);
        if (!cli->out || !cli->err)
                return CLEW_EXIT_STORE;
        status = (uint8_t)run_words(cli);
        if (status == (uint8_t)CLEW_OPTIONS_HELP)
                status = CLEW_EXIT_OK;
        clew_cli_close_store(cli);
        fclose(cli->out);
        fclose(cli->err);
        cli->out = stdout; /* holds nothing */
        cli->err = stderr;
        return clew_served_frame(CLEW_FRAME_EXIT, -1, clew_slice_make(&status, 1)) < 0
                       ? CLEW_EXIT_STORE
                       : status;
}
