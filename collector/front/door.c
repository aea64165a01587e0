/*
 * Hazards: a connection is accepted when its first bytes are there (TCP_DEFER_ACCEPT) or some
 * seconds have passed, so looking at them never waits. When descriptors run out, accept() fails and
 * leaves the connection in the queue; the thread pauses and tries again, for ever.
 */
#include "collector/front/door.h"

#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS_MAX                                                                                \
        16u /* two protocols on two loopback addresses; a service manager may give more */
/* Room for a burst: a connection that finds none tries again after a second. The system allows
 * less, as it sees fit. */
#define LISTEN_BACKLOG 4096
/* A connection is handed over when its first bytes are there, or after this time without any. */
#define DEFER_ACCEPT_S 5
/* Accepted of one socket before the others get their turn. */
#define ACCEPTS_IN_TURN 64
/* Without descriptors: how long until the next try. */
#define PAUSE_MS 100
#define GREETING_BYTES 14 /* "PRI * HTTP/2.0" */

struct door_socket {
        int fd;
        enum clew_door_protocol protocol;
};

struct clew_door {
        struct clew_door_options options;
        struct door_socket sockets[SOCKETS_MAX];
        unsigned n_sockets;
        char first_address[CLEW_DOOR_PROTOCOLS][CLEW_ADDRESS_TEXT_MAX]; /* for hints */
        int wake_fd; /* readable when the thread shall end */
        bool started;
        pthread_t thread;
};

static const struct {
        const char *name;
        const char *flag;
} protocols[CLEW_DOOR_PROTOCOLS] = {
        [CLEW_DOOR_GRPC] = {"grpc", "--grpc"},
        [CLEW_DOOR_HTTP] = {"http", "--http"},
};

/* ---- greetings ------------------------------------------------------------------------------ */

enum clew_door_greeting clew_door_greeting_of(const char *first, size_t n)
{
        static const char preface[] = "PRI * HTTP/2.0";
        static const char *const methods[] = {"POST ",   "GET ",   "OPTIONS ", "PUT ",  "HEAD ",
                                              "DELETE ", "PATCH ", "CONNECT ", "TRACE "};

        if (n >= 2 && first[0] == 0x16 && first[1] == 0x03)
                return CLEW_GREETING_TLS;
        if (n >= 3 &&
            memcmp(first, preface, n < sizeof(preface) - 1 ? n : sizeof(preface) - 1) == 0)
                return CLEW_GREETING_HTTP2;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(methods); i++) {
                size_t len = strlen(methods[i]);

                if (n >= len && memcmp(first, methods[i], len) == 0)
                        return CLEW_GREETING_HTTP1;
        }
        return CLEW_GREETING_NONE;
}

static void hint_tls(const struct clew_door *d, enum clew_door_protocol port)
{
        static struct clew_log_limit limit = {.per_second = 1};

        clew_log_limited(&limit, CLEW_LOG_WARN, "wrong_protocol",
                         "seen=TLS port=%s hint=\"a client speaks https to a port without TLS; use "
                         "http://%s as its endpoint\"",
                         protocols[port].name, d->first_address[port]);
}

static void hint_other_port(const struct clew_door *d, enum clew_door_protocol port,
                            enum clew_door_protocol spoken)
{
        static struct clew_log_limit limit = {.per_second = 1};
        bool served = d->options.take[spoken] != NULL;

        if (served)
                clew_log_limited(
                        &limit, CLEW_LOG_INFO, "wrong_port",
                        "seen=%s port=%s served=yes hint=\"this client's endpoint is better "
                        "set to http://%s\"",
                        protocols[spoken].name, protocols[port].name, d->first_address[spoken]);
        else
                clew_log_limited(&limit, CLEW_LOG_WARN, "wrong_protocol",
                                 "seen=%s port=%s hint=\"a client speaks %s, which is off; use the "
                                 "client's setting for %s, or %s\"",
                                 protocols[spoken].name, protocols[port].name,
                                 protocols[spoken].name, protocols[port].name,
                                 protocols[spoken].flag);
}

/* In the clear to a port that speaks TLS: whoever reads HTTP is told, and nothing is taken. */
static void refuse_plain(const struct clew_door *d, enum clew_door_protocol port, int fd,
                         enum clew_door_greeting greeting)
{
        static struct clew_log_limit limit = {.per_second = 1};
        static const char answer[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                                     "Content-Type: text/plain\r\nContent-Length: 39\r\n\r\n"
                                     "This port speaks TLS: use https:// here";

        if (greeting == CLEW_GREETING_HTTP1)
                (void)!send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (greeting != CLEW_GREETING_NONE)
                clew_log_limited(
                        &limit, CLEW_LOG_WARN, "wrong_protocol",
                        "seen=plain port=%s hint=\"a client speaks http to a port with TLS; "
                        "use https://%s as its endpoint\"",
                        protocols[port].name, d->first_address[port]);
        (void)shutdown(fd, SHUT_WR);
        close(fd);
}

static void hand_over(struct clew_door *d, const struct door_socket *s, int fd,
                      const struct clew_address *peer)
{
        enum clew_door_protocol spoken = s->protocol;
        char first[GREETING_BYTES];
        ssize_t n = recv(fd, first, sizeof(first), MSG_PEEK | MSG_DONTWAIT);

        enum clew_door_greeting greeting = clew_door_greeting_of(first, n > 0 ? (size_t)n : 0);

        if (d->options.take_tls) {
                if (greeting == CLEW_GREETING_TLS)
                        d->options.take_tls(d->options.tls_context, fd, peer, s->protocol);
                else
                        refuse_plain(d, s->protocol, fd, greeting);
                return;
        }
        switch (greeting) {
        case CLEW_GREETING_TLS:
                hint_tls(d, s->protocol);
                close(fd);
                return;
        case CLEW_GREETING_HTTP1:
                spoken = CLEW_DOOR_HTTP;
                break;
        case CLEW_GREETING_HTTP2:
                spoken = CLEW_DOOR_GRPC;
                break;
        case CLEW_GREETING_NONE:
                break;
        }
        if (spoken != s->protocol)
                hint_other_port(d, s->protocol, spoken);
        if (d->options.take[spoken])
                d->options.take[spoken](d->options.context[spoken], fd, peer);
        else
                close(fd);
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* Returns false when descriptors or memory have run out. */
static bool accept_some(struct clew_door *d, const struct door_socket *s)
{
        static struct clew_log_limit limit = {.per_second = 1};

        for (int i = 0; i < ACCEPTS_IN_TURN; i++) {
                struct clew_address peer = {.len = sizeof(peer.sockaddr)};
                int fd = accept4(s->fd, (struct sockaddr *)&peer.sockaddr, &peer.len,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK);
                int yes = 1;

                if (fd < 0 &&
                    (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
                        clew_count(d->options.counters, CLEW_COUNT_ACCEPTS_FAILED, 1);
                        clew_log_limited(&limit, CLEW_LOG_WARN, "accept.failed",
                                         "protocol=%s reason=\"%s\" action=\"wait and try again\"",
                                         protocols[s->protocol].name, strerror(errno));
                        return false;
                }
                if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                        return true;
                if (fd < 0)
                        continue; /* that connection is gone; there may be others */
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
                hand_over(d, s, fd, &peer);
        }
        return true;
}

static void *door_main(void *argument)
{
        struct clew_door *d = argument;
        struct pollfd fds[SOCKETS_MAX + 1];
        bool pause = false;

        pthread_setname_np(pthread_self(), "clewd-door");
        for (unsigned i = 0; i < d->n_sockets; i++)
                fds[i + 1] = (struct pollfd){.fd = d->sockets[i].fd, .events = POLLIN};
        fds[0] = (struct pollfd){.fd = d->wake_fd, .events = POLLIN};
        for (;;) {
                nfds_t n = pause ? 1 : d->n_sockets + 1;
                int ready = poll(fds, n, pause ? PAUSE_MS : -1);

                pause = false;
                if (ready > 0 && fds[0].revents)
                        return NULL;
                for (unsigned i = 0; ready > 0 && i < d->n_sockets; i++) {
                        if (fds[i + 1].revents && !accept_some(d, &d->sockets[i]))
                                pause = true;
                        fds[i + 1].revents = 0;
                }
        }
}

/* ---- sockets -------------------------------------------------------------------------------- */

static int bind_error(const struct clew_address *a, enum clew_door_protocol protocol, int code,
                      struct clew_error *err)
{
        char text[CLEW_ADDRESS_TEXT_MAX];

        clew_address_format(a, text);
        if (code == EADDRINUSE)
                return clew_error_set(err, -code, 0,
                                      "cannot listen on %s: another program uses this port; stop "
                                      "it or choose another address with %s",
                                      text, protocols[protocol].flag);
        return clew_error_set(err, -code, 0, "cannot listen on %s: %s", text, strerror(code));
}

/* Sets the port that was bound in @a. Returns the socket, or a negative errno. */
static int listening_socket(struct clew_address *a)
{
        struct clew_address bound = *a;
        int fd = socket(a->sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int yes = 1;
        int seconds = DEFER_ACCEPT_S;
        int r;

        if (fd < 0)
                return -errno;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        (void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
        if (a->sockaddr.ss_family == AF_INET6)
                (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
        bound.len = sizeof(bound.sockaddr);
        if (bind(fd, (const struct sockaddr *)&a->sockaddr, a->len) == 0 &&
            listen(fd, LISTEN_BACKLOG) == 0 &&
            getsockname(fd, (struct sockaddr *)&bound.sockaddr, &bound.len) == 0) {
                clew_address_set_port(a, clew_address_port(&bound));
                return fd;
        }
        r = -errno;
        close(fd);
        return r;
}

static void keep(struct clew_door *d, enum clew_door_protocol protocol,
                 const struct clew_address *bound, int fd)
{
        char text[CLEW_ADDRESS_TEXT_MAX];

        CLEW_ASSERT(d->n_sockets < SOCKETS_MAX);
        d->sockets[d->n_sockets++] = (struct door_socket){.fd = fd, .protocol = protocol};
        clew_address_format(bound, text);
        if (!d->first_address[protocol][0])
                memcpy(d->first_address[protocol], text, sizeof(text));
        clew_log(CLEW_LOG_INFO, "listening", "protocol=%s address=%s", protocols[protocol].name,
                 text);
}

const char *clew_door_first_address(const struct clew_door *d, enum clew_door_protocol protocol)
{
        return d->first_address[protocol];
}

int clew_door_open(struct clew_door *d, enum clew_door_protocol protocol,
                   const struct clew_address *address, struct clew_error *err)
{
        struct clew_address bound = *address;
        struct clew_address other;
        int fd = listening_socket(&bound);

        if (fd < 0)
                return bind_error(address, protocol, -fd, err);
        keep(d, protocol, &bound, fd);
        if (!address->is_localhost)
                return 0;
        clew_address_loopback_v6(&other, clew_address_port(&bound));
        fd = listening_socket(&other);
        if (fd == -EADDRINUSE)
                clew_log(CLEW_LOG_WARN, "listening.partly",
                         "protocol=%s reason=\"another program uses this port of ::1; clients that "
                         "take localhost for ::1 reach that one\"",
                         protocols[protocol].name);
        if (fd >= 0)
                keep(d, protocol, &other, fd);
        return 0; /* a machine without IPv6 is served all the same */
}

bool clew_door_address_of(int fd, struct clew_address *ret)
{
        struct clew_address a = {.len = sizeof(a.sockaddr)};
        struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&a.sockaddr;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&a.sockaddr;
        socklen_t len = sizeof(int);
        int type = 0;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_STREAM ||
            getsockname(fd, (struct sockaddr *)&a.sockaddr, &a.len) < 0)
                return false;
        if (a.sockaddr.ss_family == AF_INET)
                a.is_loopback = ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
        else if (a.sockaddr.ss_family == AF_INET6)
                a.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
        else
                return false;
        *ret = a;
        return true;
}

int clew_door_adopt(struct clew_door *d, enum clew_door_protocol protocol, int fd,
                    struct clew_error *err)
{
        struct clew_address bound;
        int flags = fcntl(fd, F_GETFL);

        if (d->n_sockets == SOCKETS_MAX || flags < 0 ||
            fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || !clew_door_address_of(fd, &bound) ||
            listen(fd, LISTEN_BACKLOG) < 0) {
                close(fd);
                return clew_error_set(err, -EINVAL, 0,
                                      "descriptor %d, which the service manager hands over, is no "
                                      "TCP socket (ListenStream= of its unit), or one too many",
                                      fd);
        }
        keep(d, protocol, &bound, fd);
        return 0;
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

int clew_door_new(const struct clew_door_options *options, struct clew_door **ret)
{
        struct clew_door *d = clew_calloc(1, sizeof(*d));

        if (!d)
                return -ENOMEM;
        d->options = *options;
        d->wake_fd = eventfd(0, EFD_CLOEXEC);
        if (d->wake_fd < 0) {
                int r = -errno;

                clew_free(d);
                return r;
        }
        *ret = d;
        return 0;
}

int clew_door_start(struct clew_door *d)
{
        int r = pthread_create(&d->thread, NULL, door_main, d);

        d->started = r == 0;
        return -r;
}

void clew_door_close(struct clew_door *d)
{
        if (!d)
                return;
        if (d->started) {
                (void)!eventfd_write(d->wake_fd, 1);
                pthread_join(d->thread, NULL);
        }
        for (unsigned i = 0; i < d->n_sockets; i++)
                close(d->sockets[i].fd);
        close(d->wake_fd);
        clew_free(d);
}
