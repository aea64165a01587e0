/*
 * See http-client.h. libcurl's own names stay in this file.
 */
#include "query/cli/http-client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <dlfcn.h>

#define LIBRARY "libcurl.so.4"
#define CONNECT_TIMEOUT_S 10L
#define TOKEN_BYTES_MAX 4096u

/* The functions of the library that are used. */
static struct {
        void *library;
        CURLcode (*global_init)(long flags);
        CURL *(*init)(void);
        CURLcode (*set)(CURL *handle, CURLoption option, ...);
        CURLcode (*perform)(CURL *handle);
        CURLcode (*get)(CURL *handle, CURLINFO info, ...);
        void (*cleanup)(CURL *handle);
        const char *(*error_text)(CURLcode code);
        struct curl_slist *(*append)(struct curl_slist *list, const char *text);
        void (*free_list)(struct curl_slist *list);
} curl;

static bool find(const char *name, void *ret, size_t size)
{
        void *symbol = dlsym(curl.library, name);

        if (symbol)
                memcpy(ret, &symbol, size);
        return symbol != NULL;
}

static int load(struct clew_error *err)
{
        if (curl.library)
                return 0;
        curl.library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
        if (curl.library && find("curl_global_init", &curl.global_init, sizeof(curl.global_init)) &&
            find("curl_easy_init", &curl.init, sizeof(curl.init)) &&
            find("curl_easy_setopt", &curl.set, sizeof(curl.set)) &&
            find("curl_easy_perform", &curl.perform, sizeof(curl.perform)) &&
            find("curl_easy_getinfo", &curl.get, sizeof(curl.get)) &&
            find("curl_easy_cleanup", &curl.cleanup, sizeof(curl.cleanup)) &&
            find("curl_easy_strerror", &curl.error_text, sizeof(curl.error_text)) &&
            find("curl_slist_append", &curl.append, sizeof(curl.append)) &&
            find("curl_slist_free_all", &curl.free_list, sizeof(curl.free_list)) &&
            curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
                return 0;
        if (curl.library)
                dlclose(curl.library);
        curl.library = NULL;
        return clew_error_set(err, -ENOSYS, 0,
                              "a server is asked by " LIBRARY ", which is not here: install the "
                              "package libcurl4");
}

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

        (void)curl.get(a->handle, CURLINFO_RESPONSE_CODE, &status);
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
                list = curl.append(list, "Content-Type: application/json");
                list = curl.append(list, "Expect:"); /* no question before the body */
        }
        if (q->token &&
            snprintf(line, sizeof(line), "Authorization: Bearer %s", q->token) < (int)sizeof(line))
                list = curl.append(list, line);
        explicit_bzero(line, sizeof(line));
        return list;
}

static void prepare(struct asking *a, struct curl_slist *headers, char *error)
{
        const struct clew_http_question *q = a->q;
        CURL *h = a->handle;

        curl.set(h, CURLOPT_URL, q->url);
        curl.set(h, CURLOPT_PROTOCOLS_STR, "http,https");
        curl.set(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        curl.set(h, CURLOPT_NOSIGNAL, 1L);
        curl.set(h, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
        curl.set(h, CURLOPT_TCP_KEEPALIVE, 1L);
        curl.set(h, CURLOPT_USERAGENT, "clew/" CLEW_VERSION);
        curl.set(h, CURLOPT_ERRORBUFFER, error);
        curl.set(h, CURLOPT_HTTPHEADER, headers);
        curl.set(h, CURLOPT_WRITEFUNCTION, on_bytes);
        curl.set(h, CURLOPT_WRITEDATA, a);
        if (clew_url_is_local(q->url))
                curl.set(h, CURLOPT_NOPROXY, "*");
        if (q->stop) {
                curl.set(h, CURLOPT_NOPROGRESS, 0L);
                curl.set(h, CURLOPT_XFERINFOFUNCTION, on_progress);
                curl.set(h, CURLOPT_XFERINFODATA, a);
        }
        if (q->ca_file)
                curl.set(h, CURLOPT_CAINFO, q->ca_file);
        if (!q->body.data)
                return;
        curl.set(h, CURLOPT_POST, 1L);
        curl.set(h, CURLOPT_POSTFIELDS, (const char *)q->body.data);
        curl.set(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
}

static int explain(CURLcode code, const struct clew_http_question *q, const char *error,
                   struct clew_error *err)
{
        const char *hint = "";

        if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
                hint = q->ca_file ? "" : "; --ca-file FILE names an authority of your own";
        else if (code == CURLE_COULDNT_CONNECT)
                hint = "; is clewd running there?";
        return clew_error_set(err, code == CURLE_PEER_FAILED_VERIFICATION ? -EACCES : -EHOSTUNREACH,
                              0, "cannot ask %s: %s%s", q->url,
                              error[0] ? error : curl.error_text(code), hint);
}

int clew_http_ask(const struct clew_http_question *q, unsigned *ret_status, struct clew_error *err)
{
        struct asking a = {.q = q};
        struct curl_slist *headers;
        char error[CURL_ERROR_SIZE] = "";
        long status = 0;
        CURLcode code;
        int r = load(err);

        if (r < 0)
                return r;
        if (q->token && !clew_url_is_local(q->url) && strncmp(q->url, "https://", 8) != 0)
                return clew_error_set(err, -EACCES, 0,
                                      "a token is not sent to %s in the clear: use https://",
                                      q->url);
        a.handle = curl.init();
        if (!a.handle)
                return clew_error_set(err, -ENOMEM, 0, "no memory to ask %s", q->url);
        headers = headers_of(q);
        prepare(&a, headers, error);
        code = curl.perform(a.handle);
        (void)curl.get(a.handle, CURLINFO_RESPONSE_CODE, &status);
        curl.cleanup(a.handle);
        curl.free_list(headers);
        if (a.refused)
                return -ECANCELED;
        if (code != CURLE_OK)
                return explain(code, q, error, err);
        *ret_status = (unsigned)status;
        return 0;
}
