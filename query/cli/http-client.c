/*
 * See http-client.h.
 */
#include "query/cli/http-client.h"

#include "proto/base/curl-library.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_S 10L
#define TOKEN_BYTES_MAX 4096u

/* The host of a URL with a scheme, as it stands there. */
static struct clew_slice host_of(const char *url)
{
        const char *at = strstr(url, "://");
        size_t n;

        at = at ? at + 3 : url;
        n = strcspn(at, "/?#");
        for (size_t i = 0; i < n; i++) {
                if (at[i] == '@') { /* a name and a password before it */
                        at += i + 1;
                        n -= i + 1;
                        i = 0;
                }
        }
        if (n > 0 && at[0] == '[')
                return clew_slice_make(at, strcspn(at, "]") + 1);
        return clew_slice_make(at, strcspn(at, ":/?#"));
}

bool clew_url_is_local(const char *url)
{
        static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
        struct clew_slice host = host_of(url);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (host.len == strlen(names[i]) &&
                    strncasecmp((const char *)host.data, names[i], host.len) == 0)
                        return true;
        }
        return false;
}

/* One question on its way. */
struct asking {
        const struct clew_http_question *q;
        CURL *handle;
        bool refused; /* by who takes the bytes */
};

static size_t on_bytes(char *data, size_t size, size_t n, void *context)
{
        struct asking *a = context;
        long status = 0;

        (void)clew_curl()->get(a->handle, CURLINFO_RESPONSE_CODE, &status);
        a->refused = !a->q->take(a->q->context, (unsigned)status, clew_slice_make(data, size * n));
        return a->refused ? 0 : size * n;
}

static int on_progress(void *context, curl_off_t down, curl_off_t got, curl_off_t up,
                       curl_off_t sent)
{
        struct asking *a = context;

        (void)down;
        (void)got;
        (void)up;
        (void)sent;
        a->refused = a->refused || a->q->stop();
        return a->refused;
}

static struct curl_slist *headers_of(const struct clew_http_question *q)
{
        struct curl_slist *list = NULL;
        char line[TOKEN_BYTES_MAX + 32];

        if (q->body.data) {
                list = clew_curl()->append(list, "Content-Type: application/json");
                list = clew_curl()->append(list, "Expect:"); /* no question before the body */
        }
        if (q->token &&
            snprintf(line, sizeof(line), "Authorization: Bearer %s", q->token) < (int)sizeof(line))
                list = clew_curl()->append(list, line);
        explicit_bzero(line, sizeof(line));
        return list;
}

static void prepare(struct asking *a, struct curl_slist *headers, char *error)
{
        const struct clew_http_question *q = a->q;
        CURL *h = a->handle;

        clew_curl()->set(h, CURLOPT_URL, q->url);
        clew_curl()->set(h, CURLOPT_PROTOCOLS_STR, "http,https");
        clew_curl()->set(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        clew_curl()->set(h, CURLOPT_NOSIGNAL, 1L);
        clew_curl()->set(h, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
        clew_curl()->set(h, CURLOPT_TCP_KEEPALIVE, 1L);
        clew_curl()->set(h, CURLOPT_USERAGENT, "clew/" CLEW_VERSION);
        clew_curl()->set(h, CURLOPT_ERRORBUFFER, error);
        clew_curl()->set(h, CURLOPT_HTTPHEADER, headers);
        clew_curl()->set(h, CURLOPT_WRITEFUNCTION, on_bytes);
        clew_curl()->set(h, CURLOPT_WRITEDATA, a);
        if (clew_url_is_local(q->url))
                clew_curl()->set(h, CURLOPT_NOPROXY, "*");
        if (q->stop) {
                clew_curl()->set(h, CURLOPT_NOPROGRESS, 0L);
                clew_curl()->set(h, CURLOPT_XFERINFOFUNCTION, on_progress);
                clew_curl()->set(h, CURLOPT_XFERINFODATA, a);
        }
        if (q->ca_file)
                clew_curl()->set(h, CURLOPT_CAINFO, q->ca_file);
        if (!q->body.data)
                return;
        clew_curl()->set(h, CURLOPT_POST, 1L);
        clew_curl()->set(h, CURLOPT_POSTFIELDS, (const char *)q->body.data);
        clew_curl()->set(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
}

/* What asking for TLS ends in where nobody speaks it. */
static bool is_no_tls(CURLcode code)
{
        return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_RECV_ERROR ||
               code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING;
}

static int explain(CURLcode code, const struct clew_http_question *q, const char *error,
                   struct clew_error *err)
{
        const char *hint = "";

        if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
                hint = q->ca_file ? "" : "; --ca-file FILE names an authority of your own";
        else if (code == CURLE_COULDNT_CONNECT)
                hint = "; is clewd running there?";
        else if (is_no_tls(code) && strncmp(q->url, "https://", 8) == 0)
                hint = "; a server without TLS is asked by http://";
        return clew_error_set(err, code == CURLE_PEER_FAILED_VERIFICATION ? -EACCES : -EHOSTUNREACH,
                              0, "cannot ask %s: %s%s", q->url,
                              error[0] ? error : clew_curl()->error_text(code), hint);
}

int clew_http_ask(const struct clew_http_question *q, unsigned *ret_status, struct clew_error *err)
{
        struct asking a = {.q = q};
        struct curl_slist *headers;
        char error[CURL_ERROR_SIZE] = "";
        long status = 0;
        CURLcode code;

        if (!clew_curl())
                return clew_error_set(err, -ENOSYS, 0,
                                      "a server is asked by " CLEW_CURL_LIBRARY
                                      ", which is not here: install the package libcurl4");
        if (q->token && !clew_url_is_local(q->url) && strncmp(q->url, "https://", 8) != 0)
                return clew_error_set(err, -EACCES, 0,
                                      "a token is not sent to %s in the clear: use https://",
                                      q->url);
        a.handle = clew_curl()->init();
        if (!a.handle)
                return clew_error_set(err, -ENOMEM, 0, "no memory to ask %s", q->url);
        headers = headers_of(q);
        prepare(&a, headers, error);
        code = clew_curl()->perform(a.handle);
        (void)clew_curl()->get(a.handle, CURLINFO_RESPONSE_CODE, &status);
        clew_curl()->cleanup(a.handle);
        clew_curl()->free_list(headers);
        if (a.refused)
                return -ECANCELED;
        if (code != CURLE_OK)
                return explain(code, q, error, err);
        *ret_status = (unsigned)status;
        return 0;
}
