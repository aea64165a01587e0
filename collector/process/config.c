/* The table of keys comes first; everything below it is generic. */
#include "collector/process/config.h"

#include "collector/base/address.h"
#include "collector/base/quantity.h"
#include "proto/base/buffer.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "storage/tier.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_FILE_MAX 65536u /* a config file has a few dozen lines */
#define ADVERTISE_MAX 400u
#define CONFIG_HELP_MAX 16384u
#define HELP_TEXT_MAX 512u /* of one flag */
#define HELP_COLUMN 29     /* where texts of flags begin */
#define HELP_COLUMNS 80u

#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define SECONDS(n) ((n)*CLEW_NS_PER_S)

enum value_type {
        VALUE_PATH,
        VALUE_LISTEN,
        VALUE_LEVEL,
        VALUE_ROLE,
        VALUE_COUNT,
        VALUE_BYTES,
        VALUE_DURATION,
        VALUE_SWITCH
};

struct key {
        const char *name;
        const char *fallback; /* written as a person would */
        enum value_type type;
        size_t offset; /* into struct clew_config */
        uint64_t min;
        uint64_t max;
        const char *argument;
        const char *help;
};

static const struct key keys[] = {
        {"store", "./data", VALUE_PATH, offsetof(struct clew_config, store), 0, 0, "DIR",
         "directory of the store, made if missing"},
        {"grpc", "localhost:4317", VALUE_LISTEN, offsetof(struct clew_config, grpc), 0, 0, "ADDR",
         "listen for OTLP over gRPC; other than loopback needs TLS and a key; off = do not"},
        {"http", "localhost:4318", VALUE_LISTEN, offsetof(struct clew_config, http), 0, 0, "ADDR",
         "listen for OTLP over HTTP, API and pages; as above; off = do not"},
        {"insecure-listen", "off", VALUE_SWITCH, offsetof(struct clew_config, insecure_listen), 0,
         1, "[on|off]",
         "listen on other addresses without TLS, where all can be read on the way, or without "
         "keys, where everybody may read and write all"},
        {"tls-cert", "off", VALUE_PATH, offsetof(struct clew_config, tls_cert), 0, 0, "FILE",
         "certificate chain (PEM): both ports speak TLS 1.2 and 1.3; read again at SIGHUP"},
        {"tls-key", "off", VALUE_PATH, offsetof(struct clew_config, tls_key), 0, 0, "FILE",
         "its private key (PEM); off = it is in the same file"},
        {"tls-client-ca", "off", VALUE_PATH, offsetof(struct clew_config, tls_client_ca), 0, 0,
         "FILE", "clients must show a certificate that this authority has signed"},
        {"keys", "default", VALUE_PATH, offsetof(struct clew_config, keys), 0, 0, "FILE",
         "keys of who may come in (clewd key); default = keys.jsonl beside the store"},
        {"projects", "off", VALUE_PATH, offsetof(struct clew_config, projects), 0, 0, "DIR",
         "each directory below it is the store of a project of that name; the store above is "
         "the project default"},
        {"trusted-proxy", "off", VALUE_PATH, offsetof(struct clew_config, trusted_proxy), 0, 0,
         "ADDR", "a reverse proxy at this address tells in a header who has signed in"},
        {"identity-header", "X-Forwarded-User", VALUE_PATH,
         offsetof(struct clew_config, identity_header), 0, 0, "NAME", "that header"},
        {"identity-scopes", "read,annotate", VALUE_PATH,
         offsetof(struct clew_config, identity_scopes), 0, 0, "SCOPES",
         "what those may do whom it names"},
        {"audit-reads", "off", VALUE_SWITCH, offsetof(struct clew_config, audit_reads), 0, 1,
         "[on|off]", "the audit log also tells who read what"},
        {"prices", "default", VALUE_PATH, offsetof(struct clew_config, prices), 0, 0, "FILE",
         "prices of models, for calls sent without a cost; default = $CLEW_PRICES, else "
         "clew/prices in ~/.config, else /etc/clew/prices"},
        {"max-request-bytes", "64MiB", VALUE_BYTES, offsetof(struct clew_config, max_request_bytes),
         KIB, GIB, "SIZE", "largest request, counted after decompression"},
        {"memory-budget", "72MiB", VALUE_BYTES, offsetof(struct clew_config, memory_budget_bytes),
         MIB, 64 * GIB, "SIZE", "memory for requests in flight; beyond it they wait"},
        {"command-memory", "1536MiB", VALUE_BYTES,
         offsetof(struct clew_config, command_memory_bytes), 64 * MIB, 64 * GIB, "SIZE",
         "memory of all commands that clew --url runs here, together"},
        {"max-waiting", "256", VALUE_COUNT, offsetof(struct clew_config, max_waiting), 0, 65536,
         "N", "requests that may wait for memory; further ones are refused (retry later)"},
        {"threads", "0", VALUE_COUNT, offsetof(struct clew_config, threads), 0, 64, "N",
         "network threads; 0 = one for each processor, at least 2, at most 4"},
        {"gather", "1ms", VALUE_DURATION, offsetof(struct clew_config, gather_ns), 0, SECONDS(1),
         "TIME", "how long a commit waits for requests that are already being read"},
        {"seal-idle", "10s", VALUE_DURATION, offsetof(struct clew_config, seal_idle_ns), 0,
         SECONDS(86400), "TIME", "a trace is sealed after this long without new spans"},
        {"seal-wait", "60s", VALUE_DURATION, offsetof(struct clew_config, seal_wait_ns), 0,
         SECONDS(86400), "TIME", "an idle trace waits at most this long for others of its service"},
        {"seal-segment", "4MiB", VALUE_BYTES, offsetof(struct clew_config, seal_segment_bytes), 0,
         GIB, "SIZE", "OTLP bytes that make a full segment"},
        {"seal-cpu", "50", VALUE_COUNT, offsetof(struct clew_config, seal_cpu_percent), 0, 100,
         "PERCENT", "share of one processor that sealing may use; 0 = no sealing"},
        {"retention", "off", VALUE_PATH, offsetof(struct clew_config, retention), 0, 0, "FILE",
         "rules that say which traces are kept and which go (clew help retention; clew retention "
         "FILE tells what they "
         "do); off = all are "
         "kept"},
        {"retention-every", "10m", VALUE_DURATION, offsetof(struct clew_config, retention_every_ns),
         SECONDS(1), SECONDS(86400), "TIME", "how often it is looked what they say"},
        {"retention-cpu", "25", VALUE_COUNT, offsetof(struct clew_config, retention_cpu_percent), 1,
         100, "PERCENT", "share of one processor that dropping may use"},
        {"objects", "off", VALUE_PATH, offsetof(struct clew_config, objects), 0, 0, "URL",
         "what is sealed is also brought there, s3://BUCKET/PREFIX or dir:///PATH; an empty store "
         "takes what is there"},
        {"objects-wait", "30s", VALUE_DURATION, offsetof(struct clew_config, objects_wait_ns), 0,
         SECONDS(3600), "TIME",
         "what is sealed goes there at most so much later, many segments in one object; at once "
         "when 36 MiB have come"},
        {"objects-every", "1s", VALUE_DURATION, offsetof(struct clew_config, objects_every_ns),
         CLEW_NS_PER_S / 10, SECONDS(3600), "TIME",
         "with role query: how often it is asked what is new there"},
        {"role", "all", VALUE_ROLE, offsetof(struct clew_config, role), 0, 0, "[all|query]",
         "query = answer from what is in objects alone, and collect nothing; store is then a cache "
         "of it"},
        {"writer", "off", VALUE_PATH, offsetof(struct clew_config, writer), 0, 0, "NAME",
         "one of several that write to the same objects: each has another name, and keeps it"},
        {"ack-objects", "off", VALUE_SWITCH, offsetof(struct clew_config, ack_objects), 0, 1,
         "on|off",
         "acknowledge what is in objects too, not only on this disk: a lost machine loses nothing"},
        {"ack-objects-every", "0", VALUE_DURATION,
         offsetof(struct clew_config, ack_objects_every_ns), 0, SECONDS(10), "TIME",
         "with ack-objects: requests are gathered so long for one object, until there is much; 0 = "
         "twice as long as making one takes, 100ms at most"},
        {"advertise", "off", VALUE_PATH, offsetof(struct clew_config, advertise), 0, 0, "URL",
         "where readers of objects reach this clewd, for what it has not sealed yet "
         "(https://HOST:PORT)"},
        {"tail-key", "off", VALUE_PATH, offsetof(struct clew_config, tail_key), 0, 0, "FILE",
         "with role query: a key with the scope read, shown to those who advertise"},
        {"tail-ca", "off", VALUE_PATH, offsetof(struct clew_config, tail_ca), 0, 0, "FILE",
         "with role query: an authority that has signed their certificates"},
        {"objects-local", "0", VALUE_BYTES, offsetof(struct clew_config, objects_local_bytes), 0,
         UINT64_MAX / 4, "SIZE",
         "segments that stay here too; the oldest beyond that are read back when they are asked "
         "for; 0 = all stay"},
        {"objects-cache", "256MiB", VALUE_BYTES, offsetof(struct clew_config, objects_cache_bytes),
         1 << 20, UINT64_MAX / 4, "SIZE",
         "segments that were read back and are kept for the next "
         "time"},
        {"redact", "off", VALUE_PATH, offsetof(struct clew_config, redact), 0, 0, "FILE",
         "rules of what is taken out of spans and log records before they are stored (clew help "
         "redaction); read again at SIGHUP; off = all is stored as it comes"},
        {"facts", "on", VALUE_SWITCH, offsetof(struct clew_config, facts), 0, 1, "on|off",
         "sealing finds loops, waste and causes; off = clew reindex does it later"},
        {"read-only", "off", VALUE_SWITCH, offsetof(struct clew_config, read_only), 0, 1,
         "[on|off]",
         "only answer questions about the store, over HTTP; nothing is collected or written"},
        {"parent", "0", VALUE_COUNT, offsetof(struct clew_config, parent), 0, INT32_MAX, "PID",
         "stop when the process that started clewd, of this number, has ended; 0 = go on"},
        {"shutdown-timeout", "10s", VALUE_DURATION, offsetof(struct clew_config, shutdown_ns),
         SECONDS(1), SECONDS(3600), "TIME", "after a signal: time to answer what was accepted"},
        {"stats-interval", "60s", VALUE_DURATION, offsetof(struct clew_config, stats_ns), 0,
         SECONDS(86400), "TIME", "how often counters are logged; 0 = never"},
        {"log-level", "info", VALUE_LEVEL, offsetof(struct clew_config, log_level), 0, 0, "LEVEL",
         "debug, info, warn or error"},
};

static const char *const levels[] = {"debug", "info", "warn", "error"};

static char *text_of(struct clew_config *c, const struct key *k)
{
        return (char *)c + k->offset;
}

static uint64_t *number_of(struct clew_config *c, const struct key *k)
{
        return (uint64_t *)(void *)((char *)c + k->offset);
}

static const struct key *find_key(const char *name, size_t len)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++) {
                if (strlen(keys[i].name) == len && memcmp(keys[i].name, name, len) == 0)
                        return &keys[i];
        }
        return NULL;
}

static int check_listen(const struct key *k, const char *value, struct clew_error *err)
{
        struct clew_address a;
        int r;

        if (strcmp(value, "off") == 0)
                return 0;
        r = clew_address_parse(value, &a, err);
        if (r < 0)
                clew_error_prefix(err, "%s: ", k->name);
        return r;
}

static int check_level(const struct key *k, const char *value, struct clew_error *err)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(levels); i++) {
                if (strcmp(levels[i], value) == 0)
                        return 0;
        }
        return clew_error_set(err, -EINVAL, 0, "%s: \"%s\" is none of debug, info, warn, error",
                              k->name, value);
}

static int check_role(const struct key *k, const char *value, struct clew_error *err)
{
        if (strcmp(value, "all") == 0 || strcmp(value, "query") == 0)
                return 0;
        return clew_error_set(err, -EINVAL, 0, "%s: \"%s\" is neither all nor query", k->name,
                              value);
}

/* Values that are texts; the others are numbers. */
static bool is_text(const struct key *k)
{
        return k->type == VALUE_PATH || k->type == VALUE_LISTEN || k->type == VALUE_LEVEL ||
               k->type == VALUE_ROLE;
}

static int set_text(struct clew_config *c, const struct key *k, const char *value,
                    struct clew_error *err)
{
        int r = 0;

        if (*value == '\0' || strlen(value) >= CLEW_CONFIG_TEXT_MAX)
                return clew_error_set(err, -EINVAL, 0, "%s: the value is empty or longer than %u",
                                      k->name, CLEW_CONFIG_TEXT_MAX - 1);
        if (k->type == VALUE_LISTEN)
                r = check_listen(k, value, err);
        else if (k->type == VALUE_LEVEL)
                r = check_level(k, value, err);
        else if (k->type == VALUE_ROLE)
                r = check_role(k, value, err);
        if (r < 0)
                return r;
        memcpy(text_of(c, k), value, strlen(value) + 1);
        return 0;
}

static bool read_switch(const char *value, uint64_t *ret)
{
        bool on = strcmp(value, "on") == 0;

        *ret = on;
        return on || strcmp(value, "off") == 0;
}

static int set_number(struct clew_config *c, const struct key *k, const char *value,
                      struct clew_error *err)
{
        static const char *const expected[] = {
                [VALUE_COUNT] = "a number",
                [VALUE_BYTES] = "a size such as 65536, 64KiB or 8MiB",
                [VALUE_DURATION] = "a time such as 500ms, 10s, 5m or 1h",
                [VALUE_SWITCH] = "on or off",
        };
        uint64_t v = 0;
        bool ok;

        if (k->type == VALUE_BYTES)
                ok = clew_quantity_bytes(value, &v);
        else if (k->type == VALUE_DURATION)
                ok = clew_quantity_duration_ns(value, &v);
        else if (k->type == VALUE_SWITCH)
                ok = read_switch(value, &v);
        else
                ok = clew_quantity_count(value, &v);
        if (!ok)
                return clew_error_set(err, -EINVAL, 0, "%s: \"%s\" is not %s", k->name, value,
                                      expected[k->type]);
        if (v < k->min || v > k->max)
                return clew_error_set(
                        err, -EINVAL, 0, "%s: \"%s\" is out of range; allowed are %llu to %llu%s",
                        k->name, value, (unsigned long long)k->min, (unsigned long long)k->max,
                        k->type == VALUE_BYTES      ? " bytes"
                        : k->type == VALUE_DURATION ? " nanoseconds"
                                                    : "");
        *number_of(c, k) = v;
        return 0;
}

static int set_value(struct clew_config *c, const struct key *k, const char *value,
                     struct clew_error *err)
{
        if (is_text(k))
                return set_text(c, k, value, err);
        return set_number(c, k, value, err);
}

void clew_config_init(struct clew_config *c)
{
        *c = (struct clew_config){.show_help = false};
        for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++) {
                int r = set_value(c, &keys[i], keys[i].fallback, NULL);

                CLEW_ASSERT(r == 0);
        }
}

bool clew_config_is_reader(const struct clew_config *c)
{
        return strcmp(c->role, "query") == 0;
}

bool clew_config_collects(const struct clew_config *c)
{
        return !c->read_only && !clew_config_is_reader(c);
}

static int check_writer(const struct clew_config *c, struct clew_error *err)
{
        if (c->ack_objects && (clew_config_is_reader(c) || strcmp(c->objects, "off") == 0))
                return clew_error_set(err, -EINVAL, 0,
                                      "ack-objects is for a clewd that collects, and has objects");
        if (strcmp(c->writer, "off") == 0)
                return 0;
        if (!clew_tier_is_writer_name(c->writer))
                return clew_error_set(err, -EINVAL, 0,
                                      "writer: \"%.64s\" is no name: a to z, 0 to 9 and -, up to "
                                      "%u of them",
                                      c->writer, CLEW_TIER_WRITER_BYTES - 1);
        if (clew_config_is_reader(c) || strcmp(c->objects, "off") == 0)
                return clew_error_set(err, -EINVAL, 0,
                                      "writer is for a clewd that collects, and brings what it "
                                      "seals to objects");
        return 0;
}

/* One at least listens; each protocol has a port of its own, unless the system is to choose one
 * (port 0). */
static int check_addresses(const struct clew_config *c, struct clew_error *err)
{
        struct clew_address a;
        char grpc[CLEW_ADDRESS_TEXT_MAX];
        char http[CLEW_ADDRESS_TEXT_MAX];

        if (strcmp(c->grpc, "off") == 0 && strcmp(c->http, "off") == 0)
                return clew_error_set(err, -EINVAL, 0,
                                      "grpc and http are both off: nothing could be sent to it or "
                                      "asked of it; leave one of them on");
        if (strcmp(c->grpc, "off") == 0 || strcmp(c->http, "off") == 0)
                return 0;
        if (clew_address_parse(c->grpc, &a, err) < 0)
                return -EINVAL;
        clew_address_format(&a, grpc);
        if (clew_address_parse(c->http, &a, err) < 0)
                return -EINVAL;
        clew_address_format(&a, http);
        if (clew_address_port(&a) == 0 || strcmp(grpc, http) != 0)
                return 0;
        return clew_error_set(err, -EINVAL, 0,
                              "grpc and http are both %s: each needs a port of its own", http);
}

/* What does not go together. */
static int check_together(const struct clew_config *c, struct clew_error *err)
{
        bool advertises = strcmp(c->advertise, "off") != 0;
        int r = check_addresses(c, err);

        if (r < 0)
                return r;
        if (advertises && ((strncmp(c->advertise, "http://", 7) != 0 &&
                            strncmp(c->advertise, "https://", 8) != 0) ||
                           strlen(c->advertise) > ADVERTISE_MAX))
                return clew_error_set(err, -EINVAL, 0,
                                      "advertise: \"%.64s\" is not https://HOST:PORT, with at most "
                                      "%u bytes",
                                      c->advertise, ADVERTISE_MAX);
        if (advertises && (clew_config_is_reader(c) || strcmp(c->objects, "off") == 0))
                return clew_error_set(err, -EINVAL, 0,
                                      "advertise is for a clewd that collects, and brings what it "
                                      "seals to objects");
        if (!clew_config_is_reader(c) || strcmp(c->writer, "off") != 0 || c->ack_objects)
                return check_writer(c, err);
        if (strcmp(c->objects, "off") == 0)
                return clew_error_set(err, -EINVAL, 0,
                                      "role query answers from a bucket: name it with objects "
                                      "(s3://BUCKET/PREFIX or dir:///PATH)");
        if (c->read_only)
                return clew_error_set(err, -EINVAL, 0,
                                      "role query only reads: leave read-only away, which is for a "
                                      "store of this machine");
        return 0;
}

/* ---- the file ------------------------------------------------------------------------------- */

static bool is_blank(char ch)
{
        return ch == ' ' || ch == '\t' || ch == '\r';
}

static struct clew_slice trim(struct clew_slice s)
{
        while (s.len && is_blank((char)s.data[0]))
                s = clew_slice_make(s.data + 1, s.len - 1);
        while (s.len && is_blank((char)s.data[s.len - 1]))
                s.len--;
        return s;
}

static int parse_line(struct clew_config *c, struct clew_slice line, uint64_t *seen,
                      struct clew_error *err)
{
        const uint8_t *equals;
        struct clew_slice name;
        struct clew_slice value;
        const struct key *k;
        char text[CLEW_CONFIG_TEXT_MAX];
        uint64_t bit;

        line = trim(line);
        if (line.len == 0 || line.data[0] == '#')
                return 0;
        equals = memchr(line.data, '=', line.len);
        if (!equals)
                return clew_error_set(err, -EINVAL, 0, "expected \"name = value\"");
        name = trim(clew_slice_make(line.data, (size_t)(equals - line.data)));
        value = trim(clew_slice_from(line, (size_t)(equals - line.data) + 1));
        k = find_key((const char *)name.data, name.len);
        if (!k)
                return clew_error_set(
                        err, -EINVAL, 0, "unknown name \"%.*s\"; \"clewd --help\" lists the names",
                        (int)(name.len < 64 ? name.len : 64), (const char *)name.data);
        bit = 1ull << (unsigned)(k - keys);
        if (*seen & bit)
                return clew_error_set(err, -EINVAL, 0, "\"%s\" is given twice", k->name);
        *seen |= bit;
        if (value.len >= sizeof(text) || (value.len && memchr(value.data, '\0', value.len)))
                return clew_error_set(err, -EINVAL, 0, "%s: the value is too long", k->name);
        if (value.len)
                memcpy(text, value.data, value.len);
        text[value.len] = '\0';
        return set_value(c, k, text, err);
}

int clew_config_parse_text(struct clew_config *c, const char *name, const char *text,
                           struct clew_error *err)
{
        struct clew_slice left = clew_slice_of_cstr(text);
        uint64_t seen = 0;
        unsigned line_number = 0;

        _Static_assert(CLEW_ARRAY_LEN(keys) <= 64, "one bit of `seen` for each key");
        while (left.len) {
                const uint8_t *nl = memchr(left.data, '\n', left.len);
                size_t n = nl ? (size_t)(nl - left.data) : left.len;
                int r = parse_line(c, clew_slice_make(left.data, n), &seen, err);

                line_number++;
                if (r < 0) {
                        clew_error_prefix(err, "%s, line %u: ", name, line_number);
                        return r;
                }
                left = clew_slice_from(left, n + 1);
        }
        return 0;
}

static int read_file(const char *path, struct clew_buffer *out, struct clew_error *err)
{
        /* Opening a pipe would wait for its writer. */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        int r = 0;

        if (fd < 0)
                return clew_error_set(err, -errno, 0, "config file %s: %s", path, strerror(errno));
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                close(fd);
                return clew_error_set(err, -EINVAL, 0,
                                      "config file %s: is not a regular file; give the name of one",
                                      path);
        }
        for (;;) {
                uint8_t *at = clew_buffer_reserve(out, 4096);
                ssize_t n;

                if (!at) {
                        r = clew_error_set(err, -EINVAL, 0, "config file %s: longer than %u bytes",
                                           path, CONFIG_FILE_MAX);
                        break;
                }
                n = read(fd, at, 4096);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        r = clew_error_set(err, -errno, 0, "config file %s: %s", path,
                                           strerror(errno));
                if (n <= 0)
                        break;
                clew_buffer_commit(out, (size_t)n);
        }
        close(fd);
        return r;
}

static int read_config_file(struct clew_config *c, const char *path, struct clew_error *err)
{
        CLEW_BUFFER text = {0};
        int r;

        clew_buffer_init(&text, CONFIG_FILE_MAX + 4096);
        r = read_file(path, &text, err);
        if (r < 0)
                return r;
        if (text.len && memchr(text.data, '\0', text.len))
                return clew_error_set(err, -EINVAL, 0, "config file %s: is not a text file", path);
        clew_buffer_append_byte(&text, 0);
        if (clew_buffer_error(&text))
                return clew_error_set(err, clew_buffer_error(&text), 0, "config file %s: %s", path,
                                      strerror(-clew_buffer_error(&text)));
        return clew_config_parse_text(c, path, (const char *)text.data, err);
}

/* ---- the command line ----------------------------------------------------------------------- */

/* A switch may stand alone: "--read-only". */
static bool stands_alone(const char *flag, const char *next)
{
        const struct key *k = strchr(flag, '=') ? NULL : find_key(flag + 2, strlen(flag + 2));

        return k && k->type == VALUE_SWITCH && (!next || strncmp(next, "--", 2) == 0);
}

/* Splits --name=value or --name value; @i moves past the value. */
static int split_flag(int argc, char *const *argv, int *i, struct clew_slice *ret_name,
                      const char **ret_value, struct clew_error *err)
{
        const char *flag = argv[*i];
        const char *equals;

        if (strncmp(flag, "--", 2) != 0 || flag[2] == '\0')
                return clew_error_set(err, -EINVAL, 0,
                                      "unexpected argument \"%.64s\"; see clewd --help", flag);
        equals = strchr(flag, '=');
        *ret_name =
                clew_slice_make(flag + 2, equals ? (size_t)(equals - flag) - 2 : strlen(flag + 2));
        if (equals) {
                *ret_value = equals + 1;
        } else if (stands_alone(flag, *i + 1 < argc ? argv[*i + 1] : NULL)) {
                *ret_value = "on";
        } else if (*i + 1 < argc) {
                *i += 1;
                *ret_value = argv[*i];
        } else {
                return clew_error_set(err, -EINVAL, 0, "%.64s needs a value; see clewd --help",
                                      flag);
        }
        return 0;
}

static int apply_flags(struct clew_config *c, int argc, char *const *argv, const char **ret_file,
                       struct clew_error *err)
{
        for (int i = 1; i < argc; i++) {
                struct clew_slice name = CLEW_SLICE_NULL;
                const struct key *k;
                const char *value = "";
                int r;

                if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
                        c->show_help = true;
                        return 0;
                }
                if (strcmp(argv[i], "--check-config") == 0) {
                        c->check = true;
                        continue;
                }
                if (strcmp(argv[i], "--version") == 0) {
                        c->show_version = true;
                        return 0;
                }
                r = split_flag(argc, argv, &i, &name, &value, err);
                if (r < 0)
                        return r;
                if (clew_slice_eq_cstr(name, "config")) {
                        *ret_file = value;
                        continue;
                }
                k = find_key((const char *)name.data, name.len);
                if (!k)
                        return clew_error_set(
                                err, -EINVAL, 0, "unknown flag --%.*s; see clewd --help",
                                (int)(name.len < 64 ? name.len : 64), (const char *)name.data);
                r = set_value(c, k, value, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

int clew_config_read(struct clew_config *c, int argc, char *const *argv, struct clew_error *err)
{
        const char *file = NULL;
        int r = apply_flags(c, argc, argv, &file, err);

        if (r < 0 || c->show_help || c->show_version)
                return r;
        if (file)
                r = read_config_file(c, file, err);
        if (file && r == 0)
                r = apply_flags(c, argc, argv, &file, err); /* flags beat the file */
        return r < 0 ? r : check_together(c, err);
}

/* @text at column HELP_COLUMN of a line that has been begun, broken at blanks. */
static void put_help(struct clew_buffer *b, const char *text)
{
        size_t column = HELP_COLUMN;

        while (*text) {
                size_t word = strcspn(text, " ");
                bool first = column == HELP_COLUMN;

                if (!first && column + 1 + word > HELP_COLUMNS) {
                        clew_buffer_printf(b, "\n%*s", HELP_COLUMN, "");
                        column = HELP_COLUMN;
                        first = true;
                }
                clew_buffer_printf(b, "%s%.*s", first ? "" : " ", (int)word, text);
                column += word + (first ? 0 : 1);
                text += word;
                text += strspn(text, " ");
        }
        clew_buffer_append_byte(b, '\n');
}

static void put_flag(struct clew_buffer *b, const char *left, const char *text)
{
        clew_buffer_printf(b, "  %-*s ", HELP_COLUMN - 3, left);
        put_help(b, text);
}

char *clew_config_help(void)
{
        struct clew_buffer b;

        clew_buffer_init(&b, CONFIG_HELP_MAX);
        clew_buffer_append_cstr(&b, "Usage: clewd [FLAGS]\n"
                                    "       clewd key --help\n\n"
                                    "Receives OTLP and makes it durable in a Clew store.\n\n");
        put_flag(&b, "--config FILE",
                 "lines of \"name = value\" with the names below; flags beat the file");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++) {
                char left[64];
                char text[HELP_TEXT_MAX];

                snprintf(left, sizeof(left), "--%s %s", keys[i].name, keys[i].argument);
                snprintf(text, sizeof(text), "%s (%s)", keys[i].help, keys[i].fallback);
                put_flag(&b, left, text);
        }
        put_flag(&b, "--check-config",
                 "say whether flags, file, keys and certificates are right, and end");
        clew_buffer_append_cstr(&b, "  --help, --version\n\n"
                                    "Exit codes: 0 stopped as asked, 1 failed or stopped with "
                                    "requests unanswered,\n2 wrong flag or config, 3 the store "
                                    "cannot be opened or a port is in use.\n");
        clew_buffer_append_byte(&b, 0);
        if (clew_buffer_error(&b)) {
                clew_buffer_deinit(&b);
                return NULL;
        }
        return (char *)b.data;
}

/* What one thread reads each time that it needs it; all else was handed out at the start. */
static bool may_change(const struct key *k)
{
        return k->offset == offsetof(struct clew_config, log_level) ||
               k->offset == offsetof(struct clew_config, stats_ns);
}

void clew_config_take_over(struct clew_config *c, const struct clew_config *fresh,
                           void (*changed)(void *context, const char *name, bool taken),
                           void *context)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++) {
                const struct key *k = &keys[i];
                const char *now = (const char *)fresh + k->offset;

                if (is_text(k) ? strcmp(text_of(c, k), now) == 0
                               : memcmp(number_of(c, k), now, sizeof(uint64_t)) == 0)
                        continue;
                if (may_change(k))
                        memcpy(text_of(c, k), now, is_text(k) ? strlen(now) + 1 : sizeof(uint64_t));
                changed(context, k->name, may_change(k));
        }
}

const struct clew_config_key *clew_config_key_at(size_t i, struct clew_config_key *room)
{
        if (i >= CLEW_ARRAY_LEN(keys))
                return NULL;
        *room = (struct clew_config_key){keys[i].name, keys[i].argument, keys[i].fallback,
                                         keys[i].help};
        return room;
}

enum clew_log_level clew_config_log_level(const struct clew_config *c)
{
        for (unsigned i = 0; i < CLEW_ARRAY_LEN(levels); i++) {
                if (strcmp(levels[i], c->log_level) == 0)
                        return (enum clew_log_level)i;
        }
        return CLEW_LOG_INFO;
}
