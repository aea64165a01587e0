/*
 * See ask.h. HTTP/1.0 is asked for, so that the answer ends with the connection.
 */
#include "query/cli/ask.h"

#include "proto/base/number.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define SCHEME "http://"
#define HOST_BYTES 256u
#define PORT_BYTES 8u
#define PORT_DEFAULT "4318"
#define PATIENCE_S 10
#define PIECE_BYTES 16384u
#define REQUEST_BYTES_MAX 4096u

struct place {
        char host[HOST_BYTES];
        char port[PORT_BYTES];
};

/* http://HOST[:PORT][/], HOST a name, an IPv4 address or [IPv6]. */
static int read_url(const char *url, struct place *ret, struct clew_error *err)
{
        const char *host = url + sizeof(SCHEME) - 1;
        const char *end;
        const char *port;
        size_t len;

        if (strncasecmp(url, "https://", 8) == 0)
                return clew_error_set(err, -EINVAL, 0,
                                      "https is not spoken here: curl -H 'Authorization: Bearer "
                                      "KEY' %.200s/api/v1/status",
                                      url);
        if (strncasecmp(url, SCHEME, sizeof(SCHEME) - 1) != 0)
                return clew_error_set(err, -EINVAL, 0,
                                      "\"%.200s\" is no address of a clewd, such as "
                                      "http://localhost:4318",
                                      url);
        end = host + strcspn(host, "/?#");
        if (host[0] == '[') {
                host++;
                len = strcspn(host, "]");
                port = host[len] == ']' ? host + len + 1 : end + 1; /* else refused */
        } else {
                len = strcspn(host, ":/?#");
                port = host + len;
        }
        if (len == 0 || len >= sizeof(ret->host) || port > end ||
            (*port == ':' && port + 1 == end) || (size_t)(end - port) > sizeof(ret->port) ||
            (port < end && *port != ':') ||
            (port < end && strspn(port + 1, "0123456789") != (size_t)(end - port) - 1) ||
            (end[0] != '\0' && end[1] != '\0'))
                return clew_error_set(err, -EINVAL, 0,
                                      "\"%.200s\" is no address of a clewd, such as "
                                      "http://localhost:4318",
                                      url);
        memcpy(ret->host, host, len);
        ret->host[len] = '\0';
        memcpy(ret->port, PORT_DEFAULT, sizeof(PORT_DEFAULT));
        if (port < end) {
                memcpy(ret->port, port + 1, (size_t)(end - port) - 1);
                ret->port[end - port - 1] = '\0';
        }
        return 0;
}

/* The socket, or a negative errno with a message. */
static int connect_to(const struct place *p, struct clew_error *err)
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
        const struct timeval patience = {.tv_sec = PATIENCE_S};
        struct addrinfo *all = NULL;
        int r = getaddrinfo(p->host, p->port, &hints, &all);
        int code = ENOENT;
        int fd = -1;

        if (r != 0)
                return clew_error_set(err, -ENOENT, 0, "%s port %s: %s", p->host, p->port,
                                      gai_strerror(r));
        for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next) {
                fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
                if (fd < 0)
                        continue;
                (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
                (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
                if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
                        break;
                code = errno;
                close(fd);
                fd = -1;
        }
        freeaddrinfo(all);
        if (fd < 0)
                clew_error_set(err, -code, 0, "no clewd answers at %s port %s: %s", p->host,
                               p->port, strerror(code));
        return fd < 0 ? -code : fd;
}

static int exchange(int fd, const struct clew_buffer *request, struct clew_buffer *answer)
{
        size_t sent = 0;

        while (sent < request->len) {
                ssize_t n = send(fd, request->data + sent, request->len - sent, MSG_NOSIGNAL);

                if (n < 0 && errno != EINTR)
                        return errno == EAGAIN ? -ETIMEDOUT : -errno;
                sent += n > 0 ? (size_t)n : 0;
        }
        for (;;) {
                uint8_t *room = clew_buffer_reserve(answer, PIECE_BYTES);
                ssize_t n = room ? recv(fd, room, PIECE_BYTES, 0) : 0;

                if (!room)
                        return clew_buffer_error(answer);
                if (n < 0 && errno != EINTR)
                        return errno == EAGAIN ? -ETIMEDOUT : -errno;
                if (n == 0)
                        return 0;
                clew_buffer_commit(answer, n > 0 ? (size_t)n : 0);
        }
}

/* "HTTP/1.1 200 OK", headers, an empty line, the body. */
static int take_body(const struct clew_buffer *answer, struct clew_buffer *out,
                     unsigned *ret_status)
{
        static const char version[] = "HTTP/1.";
        const uint8_t *end = answer->len ? memmem(answer->data, answer->len, "\r\n\r\n", 4) : NULL;
        uint64_t status;

        if (!end || answer->len < 13 || memcmp(answer->data, version, sizeof(version) - 1) != 0 ||
            !clew_parse_uint64(clew_slice_make(answer->data + 9, 3), &status))
                return -EBADMSG;
        end += 4;
        clew_buffer_append(out, end, answer->len - (size_t)(end - answer->data));
        *ret_status = (unsigned)status;
        return clew_buffer_error(out);
}

int clew_ask(const char *url, const char *path, const char *key, struct clew_buffer *out,
             unsigned *ret_status, struct clew_error *err)
{
        CLEW_BUFFER request = {0};
        CLEW_BUFFER answer = {0};
        struct place place;
        int fd;
        int r = read_url(url, &place, err);

        if (r < 0)
                return r;
        clew_buffer_init(&request, REQUEST_BYTES_MAX);
        clew_buffer_init(&answer, CLEW_ASK_BYTES_MAX);
        clew_buffer_printf(&request, "GET %s HTTP/1.0\r\nHost: %s%s%s:%s\r\n", path,
                           strchr(place.host, ':') ? "[" : "", place.host,
                           strchr(place.host, ':') ? "]" : "", place.port);
        if (key)
                clew_buffer_printf(&request, "Authorization: Bearer %s\r\n", key);
        clew_buffer_append_cstr(&request, "Connection: close\r\n\r\n");
        r = clew_buffer_error(&request);
        if (r < 0)
                return clew_error_set(err, r, 0, "the key is too long");
        fd = connect_to(&place, err);
        if (fd < 0)
                return fd;
        r = exchange(fd, &request, &answer);
        close(fd);
        if (r == 0)
                r = take_body(&answer, out, ret_status);
        if (r < 0)
                clew_error_set(err, r, 0, "what answers at %s port %s is no clewd: %s", place.host,
                               place.port, strerror(-r));
        return r;
}
