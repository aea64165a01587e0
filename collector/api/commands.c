/*
 * See commands-int.h. One thread for each process: it reads a piece of what the process writes when
 * the library has sent the piece before, so a slow reader holds the process, and no memory.
 *
 * A command is the thread's and the response's; who lets go of it last frees it.
 */
#include "collector/api/commands-int.h"

#include "collector/api/connection-int.h"
#include "collector/base/watch.h"

#include "proto/base/beside.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "query/serve/access.h"
#include "query/serve/command-line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Processes at a time; each may take a processor, and as much memory as it limits itself to. */
#define COMMANDS_MAX 8u
/* Of one address: others find a place too. */
#define COMMANDS_OF_ONE_MAX 6u
/* What a process has written and the library has not sent: one frame at least. */
#define PIECE_BYTES ((size_t)CLEW_FRAME_HEAD_BYTES + CLEW_FRAME_BYTES_MAX)
/* A command that answers ends by itself long before. */
#define TIME_MAX_NS (300 * CLEW_NS_PER_S)
/* So often a waiting thread looks whether who asked is still there. */
#define LOOK_MS 200
/* So often is looked what memory a process has. */
#define WEIGH_NS (100 * CLEW_NS_PER_MS)
/* When all ends, a last frame has so long to be taken. */
#define LAST_WORD_NS (CLEW_NS_PER_S / 2)
/* A process that has closed its output ends at once. */
#define REAP_MS 2000
#define PATH_BYTES 4096u
#define FROM_BYTES 64u
#define SCOPES_BYTES 64u

struct command {
        struct clew_commands *commands;
        struct MHD_Connection *connection;
        pid_t pid;
        int output;        /* read end of its pipe */
        uint64_t until_ns; /* monotonic; UINT64_MAX = as long as somebody reads */
        uint64_t weighed_ns;
        char from[FROM_BYTES];
        /* under the lock: */
        struct command *next;
        size_t len; /* of the piece */
        size_t at;  /* sent of it */
        bool suspended;
        bool ended;         /* nothing comes behind the piece */
        bool gone;          /* who asked has left, or all ends */
        uint64_t own_bytes; /* memory of the process, when it was last looked at */
        unsigned holders;
        uint8_t piece[PIECE_BYTES];
};

struct clew_commands {
        uint64_t memory_bytes; /* of all processes together */
        pthread_mutex_t lock;
        pthread_cond_t changed; /* on the monotonic clock */
        /* under the lock: */
        struct command *first;
        unsigned n;        /* threads */
        uint64_t until_ns; /* for what is on its way when all ends */
        bool ends;
};

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
}

/* Under the lock. True: the caller frees it, without the lock. */
static bool let_go(struct command *c)
{
        return --c->holders == 0;
}

/* ---- the library's side --------------------------------------------------------------------- */

static ssize_t read_some(void *context, uint64_t position, char *data, size_t max)
{
        struct command *c = context;
        struct clew_commands *all = c->commands;
        bool ended;
        size_t n;

        (void)position;
        pthread_mutex_lock(&all->lock);
        n = c->len - c->at;
        if (n > max)
                n = max;
        memcpy(data, c->piece + c->at, n);
        c->at += n;
        ended = c->ended || c->gone;
        if (n > 0) {
                pthread_cond_broadcast(&all->changed);
        } else if (!ended) {
                c->suspended = true;
                MHD_suspend_connection(c->connection);
        }
        pthread_mutex_unlock(&all->lock);
        return n > 0 || !ended ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_response(void *context)
{
        struct command *c = context;
        struct clew_commands *all = c->commands;
        bool last;

        pthread_mutex_lock(&all->lock);
        c->gone = true;
        last = let_go(c);
        pthread_cond_broadcast(&all->changed);
        pthread_mutex_unlock(&all->lock);
        if (last)
                clew_free(c);
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* Under the lock: whether the other end has closed, which the library does not look at while the
 * connection is suspended. */
static bool has_left(const struct command *c)
{
        return !c->gone && clew_connection_has_left(c->connection);
}

static void wake_library(struct command *c)
{
        if (c->suspended && !c->gone)
                MHD_resume_connection(c->connection);
        c->suspended = false;
}

/* Hands a piece over and waits until it is sent. False when nobody reads any more. */
static bool hand_over(struct command *c, size_t n)
{
        struct clew_commands *all = c->commands;
        bool goes_on;

        pthread_mutex_lock(&all->lock);
        c->at = 0;
        c->len = n;
        wake_library(c);
        while (!c->gone && c->at < c->len) {
                struct timespec until = clew_clock_deadline(LOOK_MS * 1000000ull);

                (void)pthread_cond_timedwait(&all->changed, &all->lock, &until);
                if (now_ns() > c->until_ns || now_ns() > all->until_ns || has_left(c))
                        break;
        }
        goes_on = !c->gone && c->at == c->len;
        pthread_mutex_unlock(&all->lock);
        return goes_on;
}

/* One account for all: whether they have too much memory together, and this one the most of it. */
static bool weighs_too_much(struct command *c)
{
        struct clew_commands *all = c->commands;
        uint64_t sum = 0;
        uint64_t most = 0;
        uint64_t own;

        if (now_ns() - c->weighed_ns < WEIGH_NS)
                return false;
        c->weighed_ns = now_ns();
        own = clew_watch_private_bytes(c->pid);
        pthread_mutex_lock(&all->lock);
        c->own_bytes = own;
        for (const struct command *o = all->first; o; o = o->next) {
                sum += o->own_bytes;
                most = o->own_bytes > most ? o->own_bytes : most;
        }
        pthread_mutex_unlock(&all->lock);
        return sum > all->memory_bytes && own == most;
}

/* Waits for bytes of the process. 1 = there are some, or its end; 0 = nobody reads any more;
 * -ETIMEDOUT = it takes too long, -ENOMEM = it takes too much. */
static int await_output(struct command *c)
{
        struct clew_commands *all = c->commands;

        for (;;) {
                struct pollfd fd = {.fd = c->output, .events = POLLIN};
                bool left;

                if (weighs_too_much(c))
                        return -ENOMEM;
                if (poll(&fd, 1, LOOK_MS) == 1)
                        return 1;
                pthread_mutex_lock(&all->lock);
                left = c->gone || all->ends || has_left(c);
                pthread_mutex_unlock(&all->lock);
                if (left)
                        return 0;
                if (now_ns() > c->until_ns)
                        return -ETIMEDOUT;
        }
}

/* Its status; it is killed when it does not end. */
static int reap(struct command *c, bool kill_now)
{
        int status = 0;
        int waited = 0;

        if (kill_now)
                (void)kill(-c->pid, SIGKILL);
        while (waitpid(c->pid, &status, WNOHANG) == 0) {
                const struct timespec pause = {.tv_nsec = 5000000};

                waited += 5;
                if (waited >= REAP_MS)
                        (void)kill(-c->pid, SIGKILL);
                nanosleep(&pause, NULL);
        }
        return status;
}

/* The frame that says why a process gave no end of its own. */
static size_t put_cut(struct command *c, const char *why)
{
        size_t n = strlen(why);

        clew_frame_head(c->piece, CLEW_FRAME_CUT, n);
        memcpy(c->piece + CLEW_FRAME_HEAD_BYTES, why, n);
        return CLEW_FRAME_HEAD_BYTES + n;
}

/* How many of @n bytes are whole frames: what is said when a process is cut stands between two. */
static size_t whole_frames(const struct command *c, size_t n)
{
        enum clew_frame kind;
        struct clew_slice payload;
        size_t whole = 0;
        int r;

        while ((r = clew_frame_take(clew_slice_make(c->piece + whole, n - whole), &kind,
                                    &payload)) > 0)
                whole += (size_t)r;
        return r < 0 ? n : whole;
}

static void relay(struct command *c)
{
        const char *cut = NULL;
        size_t held = 0; /* at the piece's beginning: of a frame that is not whole */
        bool reads = true;
        bool ends;
        int status;

        while (reads && !cut) {
                int r = await_output(c);
                ssize_t n = r == 1 ? read(c->output, c->piece + held, PIECE_BYTES - held) : 0;

                if (r == -ETIMEDOUT)
                        cut = "the server ended the command: it took longer than 300 s";
                else if (r == -ENOMEM)
                        cut = "the server ended the command: those that run there need more "
                              "memory together than command-memory of clewd allows, and this "
                              "one the most; ask for less at a time, or later";
                else if (r == 0)
                        reads = false;
                else if (n > 0) {
                        size_t whole = whole_frames(c, held + (size_t)n);

                        held += (size_t)n - whole;
                        reads = whole == 0 || hand_over(c, whole);
                        memmove(c->piece, c->piece + whole, held);
                } else if (n == 0 || errno != EINTR)
                        break;
        }
        status = reap(c, !reads || cut);
        pthread_mutex_lock(&c->commands->lock);
        ends = c->commands->ends;
        pthread_mutex_unlock(&c->commands->lock);
        if (reads && !cut && WIFSIGNALED(status))
                cut = ends ? "the server stops, and has ended the command"
                           : "the command was killed on the server: it may have needed more memory "
                             "than there is";
        else if (reads && !cut && WIFEXITED(status) && WEXITSTATUS(status) == 127)
                cut = "the server could not start the command";
        if (reads && cut)
                (void)hand_over(c, put_cut(c, cut));
}

static void *run(void *context)
{
        struct command *c = context;
        struct clew_commands *all = c->commands;
        struct command **at = &all->first;
        bool last;

        relay(c);
        close(c->output);
        pthread_mutex_lock(&all->lock);
        c->ended = true;
        wake_library(c);
        while (*at != c)
                at = &(*at)->next;
        *at = c->next;
        all->n--;
        last = let_go(c);
        pthread_cond_broadcast(&all->changed);
        pthread_mutex_unlock(&all->lock);
        if (last)
                clew_free(c);
        return NULL;
}

/* ---- starting ------------------------------------------------------------------------------- */

static int find_program(char ret[CLEW_BESIDE_BYTES], struct clew_error *err)
{
        static const char *const places[] = {"/clew", "/../query/clew", NULL};

        return clew_find_beside(places, ret)
                       ? 0
                       : clew_error_set(err, -ENOENT, 0,
                                        "commands run by the program clew, which does not lie "
                                        "beside clewd");
}

/* The request as a file without a name, read from its beginning. */
static int request_file(struct clew_slice body)
{
        int fd = memfd_create("clew-request", MFD_CLOEXEC);

        while (fd >= 0 && body.len > 0) {
                ssize_t n = write(fd, body.data, body.len);

                if (n <= 0) {
                        close(fd);
                        return -ENOSPC;
                }
                body = clew_slice_from(body, (size_t)n);
        }
        return fd < 0 || lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd;
}

static void name_scopes(uint32_t scopes, char ret[SCOPES_BYTES])
{
        size_t n = 0;

        for (uint32_t bit = 1; bit <= CLEW_SCOPES_ALL; bit <<= 1) {
                if (scopes & bit)
                        n += (size_t)snprintf(ret + n, SCOPES_BYTES - n, "%s%s", n ? "," : "",
                                              clew_access_word(bit));
        }
}

/* A group of its own, signals as at birth, and no descriptor but these three. */
static int spawn(const char *program, char *const *argv, int input, int output, pid_t *ret)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        sigset_t none;
        sigset_t all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attr);
        posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setsigmask(&attr, &none);
        posix_spawnattr_setsigdefault(&attr, &all);
        r = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY,
                                                     0);
        if (r == 0)
                r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        if (r == 0)
                r = posix_spawn(ret, program, &actions, &attr, argv, environ);
        posix_spawnattr_destroy(&attr);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int start_process(struct command *c, const struct clew_command_start *start,
                         struct clew_error *err)
{
        char program[CLEW_BESIDE_BYTES];
        char scopes[SCOPES_BYTES] = "";
        char name[] = "clew";
        char option[] = "--served";
        char as[] = "--as";
        char store[] = "--store";
        char author[256];
        char dir[PATH_BYTES];
        char *argv[] = {name, option, scopes, as, author, store, dir, NULL};
        int ends[2];
        int input;
        int r = find_program(program, err);

        if (r < 0)
                return r;
        name_scopes(start->scopes, scopes);
        (void)snprintf(author, sizeof(author), "%s", start->author);
        (void)snprintf(dir, sizeof(dir), "%s", start->store_dir);
        input = request_file(start->body);
        if (input < 0 || pipe2(ends, O_CLOEXEC) < 0) {
                if (input >= 0)
                        close(input);
                return clew_error_set(err, -ENOMEM, 0, "no descriptors to run a command with");
        }
        r = spawn(program, argv, input, ends[1], &c->pid);
        close(input);
        close(ends[1]);
        c->output = ends[0];
        if (r < 0)
                close(ends[0]);
        return r < 0 ? clew_error_set(err, r, 0, "cannot start clew: %s", strerror(-r)) : 0;
}

/* Under the lock. */
static bool has_place(const struct clew_commands *all, const char *from)
{
        unsigned of_one = 0;

        for (const struct command *c = all->first; c; c = c->next)
                of_one += strcmp(c->from, from) == 0;
        return !all->ends && all->n < COMMANDS_MAX && of_one < COMMANDS_OF_ONE_MAX;
}

static int start_thread(struct command *c)
{
        pthread_attr_t attr;
        pthread_t thread;
        int r;

        pthread_attr_init(&attr);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        r = pthread_create(&thread, &attr, run, c);
        pthread_attr_destroy(&attr);
        return -r;
}

int clew_commands_add(struct clew_commands *all, const struct clew_command_start *start,
                      struct MHD_Response **ret, struct clew_error *err)
{
        struct command *c = clew_calloc(1, sizeof(*c));
        struct MHD_Response *response = NULL;
        bool goes_on = strcmp(start->word, "tail") == 0;
        int r;

        if (!c)
                return clew_error_set(err, -ENOMEM, 0, "no memory to run a command with");
        c->commands = all;
        c->connection = start->connection;
        c->until_ns = goes_on ? UINT64_MAX : now_ns() + TIME_MAX_NS;
        c->holders = 2;
        (void)snprintf(c->from, sizeof(c->from), "%s", start->from);
        pthread_mutex_lock(&all->lock);
        r = has_place(all, start->from) ? start_process(c, start, err) : -EBUSY;
        if (r == 0) {
                response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES,
                                                             read_some, c, end_response);
                r = response ? start_thread(c) : -ENOMEM;
                if (r < 0) {
                        (void)reap(c, true);
                        close(c->output);
                }
        }
        if (r == 0) {
                c->next = all->first;
                all->first = c;
                all->n++;
                *ret = response;
        } else if (response) {
                c->holders = 1; /* the response's */
        }
        pthread_mutex_unlock(&all->lock);
        if (r < 0 && response)
                MHD_destroy_response(response);
        else if (r < 0)
                clew_free(c);
        return r;
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

int clew_commands_new(uint64_t memory_bytes, struct clew_commands **ret)
{
        struct clew_commands *all = clew_calloc(1, sizeof(*all));
        pthread_condattr_t attr;

        if (!all)
                return -ENOMEM;
        pthread_mutex_init(&all->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&all->changed, &attr);
        pthread_condattr_destroy(&attr);
        all->until_ns = UINT64_MAX;
        all->memory_bytes = memory_bytes;
        *ret = all;
        return 0;
}

void clew_commands_end(struct clew_commands *all)
{
        pthread_mutex_lock(&all->lock);
        all->ends = true;
        all->until_ns = now_ns() + LAST_WORD_NS;
        for (struct command *c = all->first; c; c = c->next)
                (void)kill(-c->pid, SIGKILL);
        pthread_cond_broadcast(&all->changed);
        while (all->n > 0)
                pthread_cond_wait(&all->changed, &all->lock);
        pthread_mutex_unlock(&all->lock);
}

void clew_commands_free(struct clew_commands *all)
{
        if (!all)
                return;
        pthread_cond_destroy(&all->changed);
        pthread_mutex_destroy(&all->lock);
        clew_free(all);
}
