#include "storage/bucket/credentials-int.h"

#include "proto/base/arena.h"
#include "proto/base/clock.h"
#include "proto/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)256 << 10)
#define METADATA_BYTES_MAX ((size_t)64 << 10)
#define METADATA_URL "http://169.254.169.254"
/* It is on this machine's own link, or it is not there. */
#define METADATA_TIMEOUT_NS (2 * CLEW_NS_PER_S)
#define RENEW_BEFORE_S 300u
/* Nobody has told when they end: asked again after this. */
#define RENEW_DEFAULT_S 900u

void clew_credential_source_init(struct clew_credential_source *s)
{
        memset(s, 0, sizeof(*s));
        pthread_mutex_init(&s->lock, NULL);
}

void clew_credential_source_deinit(struct clew_credential_source *s)
{
        pthread_mutex_destroy(&s->lock);
        explicit_bzero(s, sizeof(*s));
}

/* A value that goes into a header: printable, without spaces. */
static bool keep(struct clew_slice value, char *ret, size_t size)
{
        if (value.len == 0 || value.len >= size)
                return false;
        for (size_t i = 0; i < value.len; i++) {
                if (value.data[i] <= ' ' || value.data[i] >= 0x7f)
                        return false;
        }
        memcpy(ret, value.data, value.len);
        ret[value.len] = '\0';
        return true;
}

/* ---- environment and file -------------------------------------------------------------------- */

static bool from_environment(struct clew_s3_key *c)
{
        const char *token = getenv("AWS_SESSION_TOKEN");

        c->token[0] = '\0';
        if (token && *token && !keep(clew_slice_of_cstr(token), c->token, sizeof(c->token)))
                return false;
        c->source = "the environment (AWS_ACCESS_KEY_ID)";
        return keep(clew_slice_of_cstr(getenv("AWS_ACCESS_KEY_ID")), c->id, sizeof(c->id)) &&
               keep(clew_slice_of_cstr(getenv("AWS_SECRET_ACCESS_KEY")), c->secret,
                    sizeof(c->secret));
}

static struct clew_slice trim(struct clew_slice s)
{
        while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
                s = clew_slice_from(s, 1);
        while (s.len && s.data[s.len - 1] <= ' ')
                s.len--;
        return s;
}

/* The next line, taken off @text. */
static struct clew_slice next_line(struct clew_slice *text)
{
        const uint8_t *end = text->len ? memchr(text->data, '\n', text->len) : NULL;
        size_t n = end ? (size_t)(end - text->data) : text->len;
        struct clew_slice line = clew_slice_make(text->data, n);

        *text = clew_slice_from(*text, end ? n + 1 : n);
        return trim(line);
}

static bool take_pair(struct clew_slice line, struct clew_s3_key *c)
{
        const uint8_t *sign = line.len ? memchr(line.data, '=', line.len) : NULL;
        struct clew_slice name;
        struct clew_slice value;

        if (!sign)
                return true;
        name = trim(clew_slice_make(line.data, (size_t)(sign - line.data)));
        value = trim(clew_slice_from(line, (size_t)(sign - line.data) + 1));
        if (clew_slice_eq_cstr(name, "aws_access_key_id"))
                return keep(value, c->id, sizeof(c->id));
        if (clew_slice_eq_cstr(name, "aws_secret_access_key"))
                return keep(value, c->secret, sizeof(c->secret));
        if (clew_slice_eq_cstr(name, "aws_session_token"))
                return keep(value, c->token, sizeof(c->token));
        return true;
}

bool clew_credentials_of_file(struct clew_slice text, const char *profile, struct clew_s3_key *ret)
{
        bool inside = false;

        memset(ret, 0, sizeof(*ret));
        while (text.len) {
                struct clew_slice line = next_line(&text);

                if (line.len == 0 || line.data[0] == '#' || line.data[0] == ';')
                        continue;
                if (line.data[0] == '[') {
                        struct clew_slice name = clew_slice_from(line, 1);

                        if (name.len && name.data[name.len - 1] == ']')
                                name.len--;
                        inside = clew_slice_eq_cstr(trim(name), profile);
                } else if (inside && !take_pair(line, ret)) {
                        return false;
                }
        }
        return ret->id[0] && ret->secret[0];
}

static bool read_file(const char *path, struct clew_buffer *out)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        ssize_t n = 0;

        if (fd < 0)
                return false;
        for (;;) {
                uint8_t *room = clew_buffer_reserve(out, 4096);

                if (!room || (n = read(fd, room, 4096)) <= 0)
                        break;
                clew_buffer_commit(out, (size_t)n);
        }
        close(fd);
        return n == 0 && clew_buffer_error(out) == 0;
}

static bool from_file(struct clew_s3_key *c)
{
        const char *path = getenv("AWS_SHARED_CREDENTIALS_FILE");
        const char *profile = getenv("AWS_PROFILE");
        const char *home = getenv("HOME");
        char own[PATH_MAX];
        CLEW_BUFFER text = {0};
        bool ok;

        if (!path || !*path) {
                if (!home ||
                    snprintf(own, sizeof(own), "%s/.aws/credentials", home) >= (int)sizeof(own))
                        return false;
                path = own;
        }
        clew_buffer_init(&text, FILE_BYTES_MAX);
        ok = read_file(path, &text) &&
             clew_credentials_of_file(clew_buffer_slice(&text),
                                      profile && *profile ? profile : "default", c);
        if (text.data)
                explicit_bzero(text.data, text.len);
        c->source = "the credentials file";
        return ok;
}

/* ---- metadata service ------------------------------------------------------------------------ */

/* "2026-11-29T08:00:00Z" to unix time; 0 when it is none. */
static uint64_t read_time(struct clew_slice text)
{
        char plain[40];
        struct tm tm = {0};

        if (!keep(text, plain, sizeof(plain)) || !strptime(plain, "%Y-%m-%dT%H:%M:%SZ", &tm))
                return 0;
        return (uint64_t)timegm(&tm);
}

bool clew_credentials_of_json(struct clew_slice text, struct clew_s3_key *ret, uint64_t *ret_end_s)
{
        struct clew_json_reader r = clew_json_reader_make(text, 8);
        CLEW_ARENA arena = {0};
        bool ok = true;

        clew_arena_init(&arena, METADATA_BYTES_MAX * 2);
        memset(ret, 0, sizeof(*ret));
        *ret_end_s = 0;
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (ok && clew_json_next_member(&r)) {
                struct clew_json_reader key = r;
                struct clew_slice value;

                if (clew_json_next(&r) != CLEW_JSON_STRING) {
                        clew_json_skip(&r);
                        continue;
                }
                value = clew_json_string(&r, &arena);
                if (clew_json_text_is(&key, "AccessKeyId"))
                        ok = keep(value, ret->id, sizeof(ret->id));
                else if (clew_json_text_is(&key, "SecretAccessKey"))
                        ok = keep(value, ret->secret, sizeof(ret->secret));
                else if (clew_json_text_is(&key, "Token"))
                        ok = keep(value, ret->token, sizeof(ret->token));
                else if (clew_json_text_is(&key, "Expiration"))
                        *ret_end_s = read_time(value);
        }
        return ok && r.status != CLEW_JSON_MALFORMED && r.status != CLEW_JSON_TRUNCATED &&
               ret->id[0] && ret->secret[0];
}

/* One question to it; the answer's text is in @body. */
static bool ask(struct clew_http *http, const char *method, const char *path, const char *header,
                struct clew_buffer *body)
{
        const char *base = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        struct clew_http_answer answer = {.body = body};
        struct clew_error ignored;
        char url[1024];
        const struct clew_http_request q = {
                .method = method,
                .url = url,
                .headers = &header,
                .n_headers = 1,
                .timeout_ns = METADATA_TIMEOUT_NS,
        };

        if (snprintf(url, sizeof(url), "%s%s", base && *base ? base : METADATA_URL, path) >=
            (int)sizeof(url))
                return false;
        return clew_http_send(http, &q, &answer, &ignored) == 0 && answer.status == 200;
}

static bool from_metadata(struct clew_http *http, struct clew_s3_key *c, uint64_t *ret_end_s)
{
        static const char path[] = "/latest/meta-data/iam/security-credentials/";
        const char *off = getenv("AWS_EC2_METADATA_DISABLED");
        char token[CLEW_CREDENTIAL_MAX];
        char header[CLEW_CREDENTIAL_MAX + 64];
        char role[512];
        char role_path[sizeof(path) + sizeof(role)];
        CLEW_BUFFER body = {0};
        struct clew_slice line;
        struct clew_slice rest;
        bool ok;

        if (off && strcmp(off, "true") == 0)
                return false;
        clew_buffer_init(&body, METADATA_BYTES_MAX);
        if (!ask(http, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 21600",
                 &body) ||
            !keep(trim(clew_buffer_slice(&body)), token, sizeof(token)))
                return false;
        snprintf(header, sizeof(header), "X-aws-ec2-metadata-token: %s", token);
        if (!ask(http, "GET", path, header, &body))
                return false;
        rest = clew_buffer_slice(&body);
        line = next_line(&rest);
        if (!keep(line, role, sizeof(role)))
                return false;
        snprintf(role_path, sizeof(role_path), "%s%s", path, role);
        ok = ask(http, "GET", role_path, header, &body) &&
             clew_credentials_of_json(clew_buffer_slice(&body), c, ret_end_s);
        if (body.data)
                explicit_bzero(body.data, body.len);
        c->source = "the machine's metadata service";
        return ok;
}

/* ---- all three ------------------------------------------------------------------------------- */

static int fetch(struct clew_credential_source *s, struct clew_http *http, uint64_t now_s,
                 struct clew_error *err)
{
        uint64_t end_s = 0;
        bool ends = false;

        s->renew_s = 0;
        s->is_read = from_environment(&s->now) || from_file(&s->now);
        if (!s->is_read)
                s->is_read = ends = from_metadata(http, &s->now, &end_s);
        if (ends)
                s->renew_s = end_s > now_s + 2 * RENEW_BEFORE_S ? end_s - RENEW_BEFORE_S
                                                                : now_s + RENEW_BEFORE_S / 5;
        if (ends && end_s == 0)
                s->renew_s = now_s + RENEW_DEFAULT_S;
        return s->is_read ? 0
                          : clew_error_set(err, -EACCES, 0,
                                           "no credentials: set AWS_ACCESS_KEY_ID and "
                                           "AWS_SECRET_ACCESS_KEY, or write them to "
                                           "~/.aws/credentials (AWS_PROFILE, "
                                           "AWS_SHARED_CREDENTIALS_FILE); no metadata service of "
                                           "a cloud machine answers here either");
}

int clew_credentials_get(struct clew_credential_source *s, struct clew_http *http,
                         struct clew_s3_key *ret, struct clew_error *err)
{
        uint64_t now_s = clew_clock_unix_ns(clew_clock_system()) / CLEW_NS_PER_S;
        int r = 0;

        pthread_mutex_lock(&s->lock);
        if (!s->is_read || (s->renew_s && now_s >= s->renew_s))
                r = fetch(s, http, now_s, err);
        if (r == 0)
                *ret = s->now;
        pthread_mutex_unlock(&s->lock);
        return r;
}

void clew_credentials_doubt(struct clew_credential_source *s)
{
        pthread_mutex_lock(&s->lock);
        s->is_read = false;
        pthread_mutex_unlock(&s->lock);
}
