/*
 * See http-int.h.
 */
#include "storage/bucket/http-int.h"

#include "proto/base/curl-library.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_MS 10000L
/* Connections that wait for their next request. */
#define IDLE_MAX 8u
#define NS_PER_MS 1000000u

struct clew_http {
        pthread_mutex_t lock;
        CURL *idle[IDLE_MAX];
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

void clew_http_free(struct clew_http *http)
{
        if (!http)
                return;
        for (unsigned i = 0; i < http->n_idle; i++)
                clew_curl()->cleanup(http->idle[i]);
        pthread_mutex_destroy(&http->lock);
        clew_free(http);
}

/* ---- one request ----------------------------------------------------------------------------- */

struct sending {
        CURL *handle;
        const struct clew_http_request *request;
        struct clew_http_answer *answer;
        struct clew_slice left; /* of the body */
        bool too_large;
};

static size_t on_body(char *data, size_t size, size_t n, void *context)
{
        struct sending *s = context;

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

        keep(line, "content-range:", s->answer->range);
        keep(line, "date:", s->answer->date);
        keep(line, "x-amz-bucket-region:", s->answer->region);
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

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
        struct sending *s = context;

        (void)a;
        (void)b;
        (void)c;
        (void)d;
        return s->request->stop && atomic_load(s->request->stop);
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

        if (strcmp(q->method, "PUT") == 0) {
                clew_curl()->set(h, CURLOPT_UPLOAD, 1L);
                clew_curl()->set(h, CURLOPT_READFUNCTION, on_upload);
                clew_curl()->set(h, CURLOPT_READDATA, s);
                clew_curl()->set(h, CURLOPT_SEEKFUNCTION, on_seek);
                clew_curl()->set(h, CURLOPT_SEEKDATA, s);
                clew_curl()->set(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body.len);
        } else {
                clew_curl()->set(h, CURLOPT_HTTPGET, 1L);
                clew_curl()->set(h, CURLOPT_CUSTOMREQUEST, q->method);
        }
}

static void prepare(struct sending *s, struct curl_slist *headers, char *error)
{
        const struct clew_http_request *q = s->request;
        CURL *h = s->handle;

        clew_curl()->set(h, CURLOPT_URL, q->url);
        clew_curl()->set(h, CURLOPT_PROTOCOLS_STR, "http,https");
        clew_curl()->set(h, CURLOPT_PATH_AS_IS, 1L);
        clew_curl()->set(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        clew_curl()->set(h, CURLOPT_NOSIGNAL, 1L);
        clew_curl()->set(h, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
        clew_curl()->set(h, CURLOPT_TIMEOUT_MS, (long)(q->timeout_ns / NS_PER_MS));
        clew_curl()->set(h, CURLOPT_TCP_KEEPALIVE, 1L);
        clew_curl()->set(h, CURLOPT_USERAGENT, "clew/" CLEW_VERSION);
        clew_curl()->set(h, CURLOPT_ERRORBUFFER, error);
        clew_curl()->set(h, CURLOPT_HTTPHEADER, headers);
        clew_curl()->set(h, CURLOPT_WRITEFUNCTION, on_body);
        clew_curl()->set(h, CURLOPT_WRITEDATA, s);
        clew_curl()->set(h, CURLOPT_HEADERFUNCTION, on_header);
        clew_curl()->set(h, CURLOPT_HEADERDATA, s);
        clew_curl()->set(h, CURLOPT_NOPROGRESS, 0L);
        clew_curl()->set(h, CURLOPT_XFERINFOFUNCTION, on_progress);
        clew_curl()->set(h, CURLOPT_XFERINFODATA, s);
        if (is_local(q->url))
                clew_curl()->set(h, CURLOPT_NOPROXY, "*");
        if (q->ca_file)
                clew_curl()->set(h, CURLOPT_CAINFO, q->ca_file);
        set_method(s);
}

static int result_of(CURLcode code, const struct sending *s, const char *error,
                     struct clew_error *err)
{
        int r = -EIO;

        if (code == CURLE_OK)
                return 0;
        if (s->too_large)
                return clew_error_set(err, -EMSGSIZE, 0, "its answer is too large");
        if (code == CURLE_ABORTED_BY_CALLBACK)
                return clew_error_set(err, -ECANCELED, 0, "stopped");
        if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
            code == CURLE_COULDNT_CONNECT || code == CURLE_URL_MALFORMAT)
                r = -EHOSTUNREACH;
        else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
                r = -EACCES;
        else if (code == CURLE_OPERATION_TIMEDOUT)
                r = -ETIMEDOUT;
        return clew_error_set(err, r, 0, "%s", error[0] ? error : clew_curl()->error_text(code));
}

static CURL *take(struct clew_http *http)
{
        CURL *handle = NULL;

        pthread_mutex_lock(&http->lock);
        if (http->n_idle > 0)
                handle = http->idle[--http->n_idle];
        pthread_mutex_unlock(&http->lock);
        return handle ? handle : clew_curl()->init();
}

/* Its connection stays with it. */
static void give_back(struct clew_http *http, CURL *handle)
{
        clew_curl()->reset(handle);
        pthread_mutex_lock(&http->lock);
        if (http->n_idle < IDLE_MAX) {
                http->idle[http->n_idle++] = handle;
                handle = NULL;
        }
        pthread_mutex_unlock(&http->lock);
        if (handle)
                clew_curl()->cleanup(handle);
}

int clew_http_send(struct clew_http *http, const struct clew_http_request *request,
                   struct clew_http_answer *ret, struct clew_error *err)
{
        struct sending s = {.request = request, .answer = ret, .left = request->body};
        struct curl_slist *headers = NULL;
        char error[CURL_ERROR_SIZE] = "";
        long status = 0;
        int r;

        ret->status = 0;
        ret->range[0] = ret->date[0] = ret->region[0] = '\0';
        clew_buffer_clear(ret->body);
        s.handle = take(http);
        if (!s.handle)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        for (size_t i = 0; i < request->n_headers; i++) {
                struct curl_slist *more = clew_curl()->append(headers, request->headers[i]);

                if (!more) { /* half of them would be another request */
                        clew_curl()->free_list(headers);
                        give_back(http, s.handle);
                        return clew_error_set(err, -ENOMEM, 0, "out of memory");
                }
                headers = more;
        }
        prepare(&s, headers, error);
        r = result_of(clew_curl()->perform(s.handle), &s, error, err);
        (void)clew_curl()->get(s.handle, CURLINFO_RESPONSE_CODE, &status);
        ret->status = (unsigned)status;
        clew_curl()->free_list(headers);
        give_back(http, s.handle);
        return r;
}
