#include "collector/front/http-route.h"

#include "proto/base/slice.h"

#include <string.h>
#include <strings.h>

static const struct {
        const char *suffix;
        enum clew_http_signal signal;
} paths[] = {
        {"/v1/traces", CLEW_HTTP_TRACES},
        {"/v1/logs", CLEW_HTTP_LOGS},
        {"/v1/metrics", CLEW_HTTP_METRICS},
};

/* The media type of a header value, without parameters and blanks around it. */
static struct clew_slice media_type(const char *value)
{
        size_t n = strcspn(value, ";");

        while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
                n--;
        return clew_slice_make(value, n);
}

static bool names(struct clew_slice s, const char *name)
{
        return s.len == strlen(name) && strncasecmp((const char *)s.data, name, s.len) == 0;
}

static bool find_signal(const char *path, enum clew_http_signal *ret)
{
        size_t len = strlen(path);

        if (strchr(path, '%') || strchr(path, '\\') || strstr(path, "..") || path[0] != '/')
                return false;
        if (len == 1) {
                *ret = CLEW_HTTP_TRACES;
                return true;
        }
        if (path[len - 1] == '/')
                len--;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(paths); i++) {
                size_t n = strlen(paths[i].suffix);

                if (len >= n && memcmp(path + len - n, paths[i].suffix, n) == 0) {
                        *ret = paths[i].signal;
                        return true;
                }
        }
        return false;
}

const char *clew_http_path_of(const char *target)
{
        static const char *const schemes[] = {"http://", "https://"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(schemes); i++) {
                size_t n = strlen(schemes[i]);

                if (strncasecmp(target, schemes[i], n) == 0) {
                        const char *path = strchr(target + n, '/');

                        return path ? path : "/";
                }
        }
        return target;
}

bool clew_http_path_is_otlp(const char *path)
{
        enum clew_http_signal signal;

        return find_signal(path, &signal);
}

/* Returns false when the type is none that OTLP knows. */
static bool find_encoding(const char *content_type, bool *ret_is_json)
{
        struct clew_slice type = media_type(content_type ? content_type : "");

        *ret_is_json = true; /* readable by people, when we cannot tell */
        if (names(type, "application/json"))
                return true;
        if (names(type, "application/x-protobuf") || names(type, "application/protobuf")) {
                *ret_is_json = false;
                return true;
        }
        return false;
}

/* ":3000", and nothing after it: what looks like a port may be a password ("localhost:1@else"). */
static bool is_port(const char *s)
{
        size_t digits = s[0] == ':' ? strspn(s + 1, "0123456789") : 0;

        return digits > 0 && s[1 + digits] == '\0';
}

/* http://localhost:3000, https://127.0.0.1, http://[::1]:8080 */
static bool is_local_origin(const char *origin)
{
        static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
        const char *host = strstr(origin, "://");

        if (!host)
                return false;
        host += 3;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(hosts); i++) {
                size_t n = strlen(hosts[i]);

                if (strncasecmp(host, hosts[i], n) == 0)
                        return host[n] == '\0' || is_port(host + n);
        }
        return false;
}

static bool refuse(struct clew_answer *a, enum clew_answer_kind kind, const char *why)
{
        clew_answer_set(a, kind, "%s", why);
        return false;
}

bool clew_http_route(const struct clew_http_head *head, struct clew_http_route *ret,
                     struct clew_answer *ret_answer)
{
        bool type_is_known = find_encoding(head->content_type, &ret->is_json);

        ret->encoding = CLEW_ENCODING_IDENTITY;
        ret->signal = CLEW_HTTP_TRACES;
        ret->is_guess = strcmp(head->path, "/") == 0;
        if (head->origin && !is_local_origin(head->origin))
                return refuse(ret_answer, CLEW_ANSWER_FORBIDDEN,
                              "requests from pages of other origins are not accepted");
        if (!find_signal(head->path, &ret->signal))
                return refuse(ret_answer, CLEW_ANSWER_NOT_FOUND,
                              "nothing is served at this path; OTLP goes to /v1/traces, /v1/logs "
                              "or /v1/metrics, and /api/v1/openapi.json lists what is to be read");
        if (head->origin && strcmp(head->method, "OPTIONS") == 0) {
                clew_answer_set(ret_answer, CLEW_ANSWER_PREFLIGHT, "%s", "");
                return false;
        }
        if (strcmp(head->method, "POST") != 0)
                return refuse(ret_answer, CLEW_ANSWER_BAD_METHOD, "OTLP is sent with POST");
        if (!type_is_known)
                return refuse(ret_answer, CLEW_ANSWER_BAD_TYPE,
                              "Content-Type must be application/x-protobuf or application/json");
        if (!clew_encoding_by_name(media_type(head->content_encoding ? head->content_encoding : ""),
                                   &ret->encoding))
                return refuse(ret_answer, CLEW_ANSWER_BAD_TYPE,
                              "Content-Encoding must be absent or one of " CLEW_ENCODING_NAMES);
        return true;
}
