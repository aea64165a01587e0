/*
 * See http-int.h.
 */
#include "storage/bucket/http-int.h"

#include "proto/base/clock.h"
#include "proto/base/curl-library.h"
#include "proto/base/mem.h"
#include "storage/bucket/moving-int.h"

#include <errno.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 10000L
/* Lines that wait for their next request. */
#define IDLE_MAX 8u
#define NS_PER_MS 1000000u
/* A line that moves fewer in a second is silent. */
#define SILENT_BYTES 512L
/* So often a stop is looked for. */
#define WAIT_MS 100u

/* Connections that a line may have: of a request, of the same once more, and what is about to end.
 */
#define SOCKETS_MAX 4u

/* The sockets of a line. In a place of its own, which connections keep as long as they live. */
struct sockets {
        curl_socket_t open[SOCKETS_MAX];
        unsigned n; /* more than there is room for: they are not looked at */
};

/* What one thread asks with: a request, and perhaps the same once more. The connections of both
 * are the multi handle's, and stay with it. */
struct line {
        CURLM *multi;
        CURL *handles[2]; /* the second is made when it is needed */
        struct sockets *sockets;
};

struct clew_http {
        pthread_mutex_t lock;
        struct line idle[IDLE_MAX];
        unsigned n_idle;
};

int clew_http_new(struct clew_http **ret, struct clew_error *err)
{
        struct clew_http *http;

        if (!clew_curl())
                return clew_error_set(err, -ENOTSUP, 0,
                                      "an S3 store is reached by " CLEW_CURL_LIBRARY
                                      ", which is not here: "
                                      "install the package libcurl4");
        http = clew_calloc(1, sizeof(*http));
        if (!http)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        pthread_mutex_init(&http->lock, NULL);
        *ret = http;
        return 0;
}

static void line_deinit(struct line *l)
{
        for (unsigned i = 0; i < CLEW_ARRAY_LEN(l->handles); i++) {
                if (l->handles[i])
                        clew_curl()->cleanup(l->handles[i]);
        }
        if (l->multi)
                (void)clew_curl()->multi_cleanup(l->multi);
        clew_free(l->sockets);
}

void clew_http_free(struct clew_http *http)
{
        if (!http)
                return;
        for (unsigned i = 0; i < http->n_idle; i++)
                line_deinit(&http->idle[i]);
        pthread_mutex_destroy(&http->lock);
        clew_free(http);
}

/* ---- one request ----------------------------------------------------------------------------- */

struct sending {
        CURL *handle;
        const struct clew_http_request *request;
        struct clew_http_answer *answer;
        struct clew_slice left; /* of the body */
        uint64_t begun_ns;      /* monotonic, as the others */
        uint64_t first_ns;      /* the first byte of the answer; 0 = none yet */
        uint64_t heard_ns;      /* the last */
        struct clew_moving moving;
        struct sockets *sockets; /* of its line */
        bool too_large;
        bool is_done;
        CURLcode code; /* then */
        char error[CURL_ERROR_SIZE];
};

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
}

static void hear(struct sending *s)
{
        s->heard_ns = now_ns();
        if (s->first_ns == 0)
                s->first_ns = s->heard_ns;
}

static size_t on_body(char *data, size_t size, size_t n, void *context)
{
        struct sending *s = context;

        hear(s);
        clew_buffer_append(s->answer->body, data, size * n);
        s->too_large = clew_buffer_error(s->answer->body) < 0;
        return s->too_large ? 0 : size * n;
}

static void keep(struct clew_slice line, const char *name, char ret[CLEW_HTTP_HEADER_MAX])
{
        size_t n = strlen(name);

        if (line.len <= n || strncasecmp((const char *)line.data, name, n) != 0)
                return;
        line = clew_slice_from(line, n);
        while (line.len && (line.data[0] == ' ' || line.data[0] == '\t'))
                line = clew_slice_from(line, 1);
        while (line.len && line.data[line.len - 1] <= ' ')
                line.len--;
        if (line.len < CLEW_HTTP_HEADER_MAX)
                snprintf(ret, CLEW_HTTP_HEADER_MAX, "%.*s", (int)line.len, (const char *)line.data);
}

static size_t on_header(char *data, size_t size, size_t n, void *context)
{
        struct sending *s = context;
        struct clew_slice line = clew_slice_make(data, size * n);

        hear(s);
        keep(line, "content-range:", s->answer->range);
        keep(line, "date:", s->answer->date);
        keep(line, "x-amz-bucket-region:", s->answer->region);
        keep(line, "etag:", s->answer->tag);
        return size * n;
}

static size_t on_upload(char *into, size_t size, size_t n, void *context)
{
        struct sending *s = context;
        size_t room = size * n;

        if (room > s->left.len)
                room = s->left.len;
        if (room > 0)
                memcpy(into, s->left.data, room);
        s->left = clew_slice_from(s->left, room);
        return room;
}

static int on_seek(void *context, curl_off_t offset, int origin)
{
        struct sending *s = context;

        if (origin != SEEK_SET || offset < 0 || (size_t)offset > s->request->body.len)
                return CURL_SEEKFUNC_FAIL;
        s->left = clew_slice_from(s->request->body, (size_t)offset);
        return CURL_SEEKFUNC_OK;
}

static int on_open(void *context, curl_socket_t fd, curlsocktype purpose)
{
        struct sockets *s = context;

        (void)purpose;
        if (s->n < SOCKETS_MAX)
                s->open[s->n] = fd;
        s->n++;
        return CURL_SOCKOPT_OK;
}

static int on_close(void *context, curl_socket_t fd)
{
        struct sockets *s = context;

        for (unsigned i = 0; i < s->n && s->n <= SOCKETS_MAX; i++) {
                if (s->open[i] == fd)
                        s->open[i--] = s->open[--s->n];
        }
        return close(fd);
}

/* Bytes that the system has and the other side has not acknowledged. No other request is on the
 * line, so they are all of this one. -1 = it does not say. */
static int64_t waiting(const struct sockets *s)
{
        int64_t sum = 0;

        if (s->n == 0 || s->n > SOCKETS_MAX)
                return -1;
        for (unsigned i = 0; i < s->n; i++) {
                int n = 0;

                if (ioctl(s->open[i], SIOCOUTQ, &n) < 0)
                        return -1;
                sum += n;
        }
        return sum;
}

static bool is_local(const char *url)
{
        static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(hosts); i++) {
                size_t n = strlen(hosts[i]);

                if (strncasecmp(url, hosts[i], n) == 0 && strchr(":/?", url[n]))
                        return true;
        }
        return false;
}

static void set_method(struct sending *s)
{
        const struct clew_http_request *q = s->request;
        CURL *h = s->handle;

        if (strcmp(q->method, "PUT") == 0 || strcmp(q->method, "POST") == 0) {
                clew_curl()->set(h, CURLOPT_UPLOAD, 1L);
                clew_curl()->set(h, CURLOPT_READFUNCTION, on_upload);
                clew_curl()->set(h, CURLOPT_READDATA, s);
                clew_curl()->set(h, CURLOPT_SEEKFUNCTION, on_seek);
                clew_curl()->set(h, CURLOPT_SEEKDATA, s);
                clew_curl()->set(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body.len);
        } else {
                clew_curl()->set(h, CURLOPT_HTTPGET, 1L);
        }
        clew_curl()->set(h, CURLOPT_CUSTOMREQUEST, q->method);
}

static void prepare(struct sending *s, struct curl_slist *headers, uint64_t timeout_ns)
{
        const struct clew_http_request *q = s->request;
        CURL *h = s->handle;

        clew_curl()->set(h, CURLOPT_URL, q->url);
        clew_curl()->set(h, CURLOPT_PROTOCOLS_STR, "http,https");
        clew_curl()->set(h, CURLOPT_PATH_AS_IS, 1L);
        clew_curl()->set(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        clew_curl()->set(h, CURLOPT_NOSIGNAL, 1L);
        clew_curl()->set(h, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
        clew_curl()->set(h, CURLOPT_TIMEOUT_MS, (long)(timeout_ns / NS_PER_MS + 1));
        if (q->silence_ns > 0) {
                clew_curl()->set(h, CURLOPT_LOW_SPEED_LIMIT, SILENT_BYTES);
                clew_curl()->set(h, CURLOPT_LOW_SPEED_TIME,
                                 (long)((q->silence_ns + CLEW_NS_PER_S - 1) / CLEW_NS_PER_S));
        }
        clew_curl()->set(h, CURLOPT_TCP_KEEPALIVE, 1L);
        clew_curl()->set(h, CURLOPT_USERAGENT, "clew/" CLEW_VERSION);
        clew_curl()->set(h, CURLOPT_ERRORBUFFER, s->error);
        clew_curl()->set(h, CURLOPT_HTTPHEADER, headers);
        clew_curl()->set(h, CURLOPT_WRITEFUNCTION, on_body);
        clew_curl()->set(h, CURLOPT_WRITEDATA, s);
        clew_curl()->set(h, CURLOPT_HEADERFUNCTION, on_header);
        clew_curl()->set(h, CURLOPT_HEADERDATA, s);
        clew_curl()->set(h, CURLOPT_SOCKOPTFUNCTION, on_open);
        clew_curl()->set(h, CURLOPT_SOCKOPTDATA, s->sockets);
        clew_curl()->set(h, CURLOPT_CLOSESOCKETFUNCTION, on_close);
        clew_curl()->set(h, CURLOPT_CLOSESOCKETDATA, s->sockets);
        if (is_local(q->url))
                clew_curl()->set(h, CURLOPT_NOPROXY, "*");
        if (q->ca_file)
                clew_curl()->set(h, CURLOPT_CAINFO, q->ca_file);
        set_method(s);
}

static int result_of(const struct sending *s, struct clew_error *err)
{
        CURLcode code = s->code;
        int r = -EIO;

        if (code == CURLE_OK)
                return 0;
        if (s->too_large)
                return clew_error_set(err, -EMSGSIZE, 0, "its answer is too large");
        if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
            code == CURLE_COULDNT_CONNECT || code == CURLE_URL_MALFORMAT)
                r = -EHOSTUNREACH;
        else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
                r = -EACCES;
        else if (code == CURLE_OPERATION_TIMEDOUT)
                r = -ETIMEDOUT;
        return clew_error_set(err, r, 0, "%s",
                              s->error[0] ? s->error : clew_curl()->error_text(code));
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int take(struct clew_http *http, struct line *ret, struct clew_error *err)
{
        memset(ret, 0, sizeof(*ret));
        pthread_mutex_lock(&http->lock);
        if (http->n_idle > 0)
                *ret = http->idle[--http->n_idle];
        pthread_mutex_unlock(&http->lock);
        if (ret->multi)
                return 0;
        ret->multi = clew_curl()->multi_init();
        ret->handles[0] = ret->multi ? clew_curl()->init() : NULL;
        ret->sockets = clew_calloc(1, sizeof(*ret->sockets));
        if (ret->handles[0] && ret->sockets)
                return 0;
        line_deinit(ret);
        return clew_error_set(err, -ENOMEM, 0, "out of memory");
}

static void give_back(struct clew_http *http, struct line *l)
{
        bool is_kept;

        for (unsigned i = 0; i < CLEW_ARRAY_LEN(l->handles); i++) {
                if (l->handles[i])
                        clew_curl()->reset(l->handles[i]);
        }
        pthread_mutex_lock(&http->lock);
        is_kept = http->n_idle < IDLE_MAX;
        if (is_kept)
                http->idle[http->n_idle++] = *l;
        pthread_mutex_unlock(&http->lock);
        if (!is_kept)
                line_deinit(l);
}

/* ---- asking, once or twice ------------------------------------------------------------------- */

/* A request on its line: the first question, and the same again when that is silent. */
struct asking {
        struct line *line;
        const struct clew_http_request *request;
        struct curl_slist *headers;
        struct sending sent[2];
        unsigned n;
        uint64_t delay_ns; /* of silence, until it is asked again; 0 = never */
        struct clew_http_answer second;
        struct clew_buffer second_body;
};

static int begin(struct asking *a, struct clew_http_answer *answer, uint64_t timeout_ns)
{
        struct sending *s = &a->sent[a->n];

        if (!a->line->handles[a->n])
                a->line->handles[a->n] = clew_curl()->init();
        if (!a->line->handles[a->n])
                return -ENOMEM;
        *s = (struct sending){.handle = a->line->handles[a->n],
                              .request = a->request,
                              .answer = answer,
                              .sockets = a->line->sockets,
                              .left = a->request->body};
        s->begun_ns = s->heard_ns = now_ns();
        clew_moving_begin(&s->moving, s->begun_ns);
        answer->status = 0;
        answer->range[0] = answer->date[0] = answer->region[0] = answer->tag[0] = '\0';
        clew_buffer_clear(answer->body);
        prepare(s, a->headers, timeout_ns);
        if (clew_curl()->multi_add(a->line->multi, s->handle) != CURLM_OK)
                return -ENOMEM;
        a->n++;
        return 0;
}

/* The second has what is left of the time. A second that cannot begin is none. */
static void ask_again(struct asking *a)
{
        const struct sending *s = &a->sent[0];
        uint64_t spent = now_ns() - s->begun_ns;

        a->delay_ns = 0;
        if (spent >= a->request->timeout_ns || !clew_hedge_spend(a->request->hedge))
                return;
        clew_buffer_init(&a->second_body, s->answer->body->max_bytes);
        a->second.body = &a->second_body;
        (void)begin(a, &a->second, a->request->timeout_ns - spent);
}

static void take_messages(struct asking *a)
{
        int left;

        for (CURLMsg *m; (m = clew_curl()->multi_message(a->line->multi, &left)) != NULL;) {
                if (m->msg != CURLMSG_DONE)
                        continue;
                for (unsigned i = 0; i < a->n; i++) {
                        if (a->sent[i].handle != m->easy_handle)
                                continue;
                        long status = 0;

                        a->sent[i].is_done = true;
                        a->sent[i].code = m->data.result;
                        (void)clew_curl()->get(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
                        a->sent[i].answer->status = (unsigned)status;
                }
        }
}

/* Of one that has come: an answer, and none of a store that is not well. */
static bool is_good(const struct sending *s)
{
        return s->is_done && s->code == CURLE_OK && s->answer->status < 500;
}

/* The one whose answer it is: a good one, or, when nothing more comes, what there is. NULL: not
 * yet. */
static struct sending *answered(struct asking *a)
{
        struct sending *some = NULL;

        for (unsigned i = 0; i < a->n; i++) {
                if (is_good(&a->sent[i]))
                        return &a->sent[i];
        }
        for (unsigned i = 0; i < a->n; i++) {
                if (!a->sent[i].is_done)
                        return NULL;
                if (!some || (some->code != CURLE_OK && a->sent[i].code == CURLE_OK))
                        some = &a->sent[i];
        }
        return some;
}

/* Of a body that is sent: nothing moves any more. What cannot be seen is left to libcurl's own
 * measure. */
static bool is_dead(struct asking *a)
{
        struct sending *s = &a->sent[0];
        struct clew_moving_now now;
        int64_t with_system;

        if (a->request->body.len == 0 || a->request->still_ns == 0)
                return false;
        with_system = waiting(s->sockets);
        if (with_system < 0)
                return false;
        now = (struct clew_moving_now){.now_ns = now_ns(),
                                       .heard_ns = s->heard_ns,
                                       .body = a->request->body.len,
                                       .given = a->request->body.len - s->left.len,
                                       .waiting = (uint64_t)with_system};
        return clew_moving_is_over(&s->moving, &now, a->request->still_ns);
}

/* Until an answer has come, or has not. -ECANCELED, -ETIMEDOUT, -EIO. */
static int wait_for_answer(struct asking *a, struct sending **ret, struct clew_error *err)
{
        for (;;) {
                uint64_t wait_ms = WAIT_MS;
                int running;

                if (clew_curl()->multi_perform(a->line->multi, &running) != CURLM_OK)
                        return clew_error_set(err, -EIO, 0, "libcurl does not go on");
                take_messages(a);
                *ret = answered(a);
                if (*ret)
                        return 0;
                if (a->request->stop && atomic_load(a->request->stop))
                        return clew_error_set(err, -ECANCELED, 0, "stopped");
                if (is_dead(a))
                        return clew_error_set(
                                err, -ETIMEDOUT, 0, "nothing moves: %zu of %zu bytes are sent",
                                a->request->body.len - a->sent[0].left.len, a->request->body.len);
                if (a->delay_ns > 0) {
                        uint64_t silent = now_ns() - a->sent[0].heard_ns;

                        if (silent >= a->delay_ns) {
                                ask_again(a);
                                continue;
                        }
                        silent = (a->delay_ns - silent) / NS_PER_MS + 1;
                        wait_ms = silent < wait_ms ? silent : wait_ms;
                }
                if (clew_curl()->multi_poll(a->line->multi, NULL, 0, (int)wait_ms, NULL) !=
                    CURLM_OK)
                        return clew_error_set(err, -EIO, 0, "libcurl does not go on");
        }
}

/* @s has answered: its answer is the one of the request. */
static int settle(struct asking *a, struct sending *s, struct clew_http_answer *ret,
                  struct clew_error *err)
{
        struct clew_buffer *body = ret->body;

        if (s->answer != ret) {
                struct clew_buffer loser = *body;

                *body = a->second_body;
                a->second_body = loser;
                *ret = a->second;
                ret->body = body;
        }
        if (a->request->hedge && is_good(s))
                clew_hedge_answered(a->request->hedge, s->first_ns - a->sent[0].begun_ns,
                                    s == &a->sent[1]);
        return result_of(s, err);
}

static int ask(struct asking *a, struct clew_http_answer *ret, struct clew_error *err)
{
        struct sending *s = NULL;
        int r;

        for (size_t i = 0; i < a->request->n_headers; i++) {
                struct curl_slist *more = clew_curl()->append(a->headers, a->request->headers[i]);

                if (!more) /* half of them would be another request */
                        return clew_error_set(err, -ENOMEM, 0, "out of memory");
                a->headers = more;
        }
        if (a->request->hedge)
                a->delay_ns = clew_hedge_begin(a->request->hedge);
        if (begin(a, ret, a->request->timeout_ns) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r = wait_for_answer(a, &s, err);
        return r < 0 ? r : settle(a, s, ret, err);
}

int clew_http_send(struct clew_http *http, const struct clew_http_request *request,
                   struct clew_http_answer *ret, struct clew_error *err)
{
        struct line line;
        struct asking a = {.line = &line, .request = request};
        int r = take(http, &line, err);

        if (r < 0)
                return r;
        r = ask(&a, ret, err);
        for (unsigned i = 0; i < a.n; i++) /* of who has not ended, the connection ends */
                (void)clew_curl()->multi_remove(line.multi, a.sent[i].handle);
        clew_curl()->free_list(a.headers);
        clew_buffer_deinit(&a.second_body);
        give_back(http, &line);
        return r;
}
