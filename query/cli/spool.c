/*
 * See spool.h. One thread with two ends: it reads from our pipe whatever comes, and writes to the
 * real output when that takes something. Bytes leave in the order in which they came: first the
 * file's, then those in memory.
 */
#include "query/cli/spool.h"

#include "proto/base/buffer.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MEMORY_BYTES_MAX ((size_t)8 << 20)
#define CHUNK_BYTES 65536u
/* A pipe that is ready takes so many without waiting (PIPE_BUF). */
#define GIVE_BYTES 4096u
/* A message is not kept back longer than this. */
#define SETTLE_MS 200

struct clew_spool {
        pthread_t thread;
        int in;   /* from the command */
        int out;  /* the output that was */
        int file; /* -1 = none */
        off_t file_from;
        off_t file_to;
        uint8_t *memory; /* MEMORY_BYTES_MAX */
        size_t from;     /* of what is in memory */
        size_t to;
        bool ended;        /* the command has */
        atomic_bool empty; /* nothing waits here; the pipe may hold something */
};

static size_t waiting_in_memory(const struct clew_spool *s)
{
        return s->to - s->from;
}

static bool is_empty(const struct clew_spool *s)
{
        return waiting_in_memory(s) == 0 && s->file_from == s->file_to;
}

static int open_file(void)
{
        const char *dir = getenv("TMPDIR");

        return open(dir && *dir ? dir : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* Moves what is in memory to the end of the file. */
static bool to_file(struct clew_spool *s)
{
        if (s->file < 0)
                s->file = open_file();
        while (s->file >= 0 && s->from < s->to) {
                ssize_t n = pwrite(s->file, s->memory + s->from, s->to - s->from, s->file_to);

                if (n <= 0)
                        return false;
                s->from += (size_t)n;
                s->file_to += n;
        }
        return s->file >= 0;
}

/* Room for what comes; false = there is none, and the command has to wait as it always had. */
static bool make_room(struct clew_spool *s)
{
        if (s->from == s->to)
                s->from = s->to = 0;
        if (MEMORY_BYTES_MAX - s->to >= CHUNK_BYTES)
                return true;
        if (s->from > 0) {
                memmove(s->memory, s->memory + s->from, s->to - s->from);
                s->to -= s->from;
                s->from = 0;
        }
        if (MEMORY_BYTES_MAX - s->to < CHUNK_BYTES && to_file(s))
                s->from = s->to = 0;
        return MEMORY_BYTES_MAX - s->to >= CHUNK_BYTES;
}

static void take(struct clew_spool *s)
{
        ssize_t n = read(s->in, s->memory + s->to, MEMORY_BYTES_MAX - s->to);

        if (n > 0)
                s->to += (size_t)n;
        else if (n == 0 || (errno != EINTR && errno != EAGAIN))
                s->ended = true;
}

/* Passes on what came first. False when nobody will ever read it. */
static bool give(struct clew_spool *s)
{
        uint8_t chunk[GIVE_BYTES];
        const uint8_t *p = s->memory + s->from;
        size_t len = waiting_in_memory(s);
        bool of_file = s->file_from < s->file_to;
        ssize_t n;

        if (of_file) {
                n = pread(s->file, chunk, sizeof(chunk), s->file_from);
                if (n <= 0)
                        return false;
                p = chunk;
                len = (size_t)n;
        }
        n = write(s->out, p, len < GIVE_BYTES ? len : GIVE_BYTES);
        if (n < 0)
                return errno == EINTR || errno == EAGAIN;
        if (of_file)
                s->file_from += n;
        else
                s->from += (size_t)n;
        if (of_file && s->file_from == s->file_to) {
                s->file_from = s->file_to = 0;
                if (ftruncate(s->file, 0) < 0)
                        return false;
        }
        return true;
}

static void *spool_main(void *argument)
{
        struct clew_spool *s = argument;

        while (!s->ended || !is_empty(s)) {
                struct pollfd fds[2] = {{.fd = -1, .events = POLLIN},
                                        {.fd = -1, .events = POLLOUT}};

                if (!s->ended && make_room(s))
                        fds[0].fd = s->in;
                if (!is_empty(s))
                        fds[1].fd = s->out;
                if (poll(fds, 2, -1) < 0 && errno != EINTR)
                        break;
                if (fds[0].revents) {
                        atomic_store(&s->empty, false); /* before the pipe seems empty */
                        take(s);
                }
                if (fds[1].revents && !give(s))
                        break;
                atomic_store(&s->empty, is_empty(s));
        }
        close(s->in); /* who still writes is told */
        return NULL;
}

static void spool_free(struct clew_spool *s)
{
        if (s->file >= 0)
                close(s->file);
        if (s->out >= 0)
                close(s->out);
        clew_free(s->memory);
        clew_free(s);
}

void clew_spool_start(struct clew_cli *cli)
{
        struct clew_spool *s;
        struct stat st;
        int ends[2];

        if (cli->spool || cli->out != stdout || fstat(STDOUT_FILENO, &st) < 0 ||
            (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)))
                return;
        s = clew_calloc(1, sizeof(*s));
        if (!s)
                return;
        s->file = -1;
        atomic_store(&s->empty, true);
        s->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        s->memory = clew_malloc(MEMORY_BYTES_MAX);
        fflush(cli->out);
        if (s->out < 0 || !s->memory || pipe2(ends, O_CLOEXEC) < 0) {
                spool_free(s);
                return;
        }
        s->in = ends[0];
        if (pthread_create(&s->thread, NULL, spool_main, s) != 0) {
                close(ends[0]);
                close(ends[1]);
                spool_free(s);
                return;
        }
        (void)dup2(ends[1], STDOUT_FILENO); /* both are open: it cannot fail */
        close(ends[1]);
        cli->spool = s;
}

void clew_spool_settle(struct clew_cli *cli)
{
        const struct timespec pause = {.tv_nsec = 1000000};

        for (int i = 0; cli->spool && i < SETTLE_MS; i++) {
                int left = 0;

                if (ioctl(STDOUT_FILENO, FIONREAD, &left) < 0 || left > 0 ||
                    !atomic_load(&cli->spool->empty))
                        nanosleep(&pause, NULL);
                else
                        return;
        }
}

void clew_spool_finish(struct clew_cli *cli)
{
        struct clew_spool *s = cli->spool;

        if (!s)
                return;
        fflush(cli->out);
        close(STDOUT_FILENO); /* the thread sees the end */
        pthread_join(s->thread, NULL);
        (void)dup2(s->out, STDOUT_FILENO);
        cli->spool = NULL;
        spool_free(s);
}
