#include "collector/process/collector.h"

#include "collector/api/api.h"
#include "collector/base/counters.h"
#include "collector/base/notify.h"
#include "collector/base/watch.h"
#include "collector/commit/ingest.h"
#include "collector/commit/lane.h"
#include "collector/front/door.h"
#include "collector/front/grpc-listener.h"
#include "collector/front/guard.h"
#include "collector/front/http-listener.h"
#include "collector/front/tls.h"
#include "collector/gate/access.h"
#include "collector/gate/admission.h"
#include "collector/process/projects-open.h"
#include "collector/process/scrape.h"
#include "collector/process/status.h"
#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "query/serve/audit.h"
#include "query/serve/retention.h"
#include "storage/place.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS_MIN 2u /* one may decode a large request while another answers */
#define THREADS_MAX 4u /* beyond, the writer is what limits */
/* Of the core's own buffers: a part of the budget, since what it holds is on its way to us. */
#define QUOTA_SLACK_BYTES ((size_t)192 * 1024 * 1024)
/* Connections that the gRPC core has at a time; each costs it some 20 KiB. */
#define GRPC_CONNECTIONS_MAX 6144u
/* Kept for the store, the log, listening sockets, event queues. */
#define DESCRIPTORS_KEPT 64u
#define DESCRIPTORS_MIN 16u
/* One in so many is left for what closes a moment later than we know. */
#define DESCRIPTORS_SLACK_PARTS 4u

/* Of one connection: the client's and a pair with the server; with TLS a pair more. */
#define DESCRIPTORS_OF_A_GUARDED 3u
#define DESCRIPTORS_WITH_TLS 5u

#define WORK_KINDS 2 /* receiving and sealing leave memory to give back */

struct clew_collector {
        const struct clew_config *config;
        struct clew_counters counters;
        struct clew_admission admission;
        struct clew_ingest ingest;
        struct clew_redactor *redactor; /* NULL: no rules */
        struct clew_projects projects;
        struct clew_access *access;
        struct clew_audit *audit;
        struct clew_refusals *refusals;
        char keys_path[CLEW_CONFIG_TEXT_MAX + sizeof("/" CLEW_KEYS_FILE)];
        struct clew_lane *lane;
        struct clew_grpc_listener *grpc;
        struct clew_http_listener *http;
        struct clew_api *api;
        struct clew_scrape scrape;
        const struct clew_notify_socket
                *sockets; /* handed over; borrowed until the start is over */
        unsigned n_sockets;
        bool is_asked; /* a question did not end in time */
        struct clew_guard *guards[CLEW_DOOR_PROTOCOLS];
        struct clew_tls *tls; /* NULL: in the clear */
        struct clew_door *door;
        uint64_t next_stats_ns;
        uint64_t last_requests;         /* at the last line of counters */
        uint64_t last_work[WORK_KINDS]; /* at the last tick */
        bool was_busy[WORK_KINDS];
};

static unsigned n_threads(const struct clew_config *config)
{
        long n = sysconf(_SC_NPROCESSORS_ONLN);

        if (config->threads)
                return (unsigned)config->threads;
        if (n < (long)THREADS_MIN)
                return THREADS_MIN;
        return n > (long)THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

static bool is_off(const char *address)
{
        return strcmp(address, "off") == 0;
}

static int start_threads(struct clew_collector *c, struct clew_error *err)
{
        int r = clew_projects_start(c->config, &c->projects, &c->admission, &c->counters, err);

        if (r < 0 || !clew_config_collects(c->config))
                return r;
        r = clew_lane_new(&c->ingest, n_threads(c->config), &c->lane);
        return r < 0 ? clew_error_set(err, r, 0, "cannot start a thread: %s", strerror(-r)) : 0;
}

/* Other machines come in with a key, over a line that nobody reads along; or somebody has said that
 * he means it. */
static int check_address(const struct clew_collector *c, const struct clew_address *address,
                         struct clew_error *err)
{
        bool has_keys = clew_access_is_on(c->access);
        bool has_tls = !is_off(c->config->tls_cert);
        char text[CLEW_ADDRESS_TEXT_MAX];

        if (address->is_loopback || (has_keys && has_tls))
                return 0;
        clew_address_format(address, text);
        if (!c->config->insecure_listen)
                return clew_error_set(
                        err, -EPERM, 0,
                        "address %s can be reached from other machines, which needs %s; "
                        "insecure-listen on does without",
                        text,
                        !has_keys && !has_tls ? "TLS (tls-cert, tls-key) and a key (clewd key add)"
                        : !has_keys           ? "a key (clewd key add)"
                                              : "TLS (tls-cert, tls-key)");
        clew_log(CLEW_LOG_WARN, "insecure_listen", "address=%s meaning=\"%s%s\"", text,
                 has_tls ? "" : "all of it, prompts and keys, can be read on the way; ",
                 has_keys ? "only who has a key is answered"
                          : "everybody who reaches this address may read and write all");
        return 0;
}

/* Of the config, or of the sockets in place of those addresses. */
static int check_listening(const struct clew_collector *c, struct clew_error *err)
{
        const char *const texts[] = {c->config->grpc, c->config->http};
        struct clew_address address;
        int r = 0;

        for (unsigned i = 0; i < c->n_sockets && r == 0; i++) {
                if (clew_door_address_of(c->sockets[i].fd, &address)) /* else refused later */
                        r = check_address(c, &address, err);
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(texts) && c->n_sockets == 0 && r == 0; i++) {
                if (is_off(texts[i]))
                        continue;
                r = clew_address_parse(texts[i], &address, err);
                if (r == 0)
                        r = check_address(c, &address, err);
        }
        return r;
}

/* Keys lie beside the default store, and so does the log of who did what. */
static int start_access(struct clew_collector *c, struct clew_error *err)
{
        const struct clew_config *config = c->config;
        struct clew_access_options options = {.keys_path = c->keys_path};
        char path[CLEW_CONFIG_TEXT_MAX + sizeof("/" CLEW_AUDIT_FILE)];
        int r;

        if (strcmp(config->keys, "default") == 0)
                (void)snprintf(c->keys_path, sizeof(c->keys_path), "%s/" CLEW_KEYS_FILE,
                               config->store);
        else
                (void)snprintf(c->keys_path, sizeof(c->keys_path), "%s", config->keys);
        (void)snprintf(path, sizeof(path), "%s/" CLEW_AUDIT_FILE, config->store);
        if (!is_off(config->trusted_proxy)) {
                options.proxy = config->trusted_proxy;
                if (!clew_access_parse(clew_slice_of_cstr(config->identity_scopes),
                                       &options.proxy_scopes))
                        return clew_error_set(err, -EPERM, 0,
                                              "identity-scopes takes read,annotate,admin, not "
                                              "\"%.64s\"",
                                              config->identity_scopes);
        }
        r = clew_access_new(&options, &c->access, err);
        if (r == 0 && !config->read_only)
                r = clew_audit_new(path, &c->audit);
        if (r == 0 && c->audit)
                r = clew_refusals_new(c->audit, clew_clock_system(), &c->refusals);
        return r < 0 ? r : check_listening(c, err);
}

/* A file of rules that is wrong is a wrong config. */
static int start_redactor(struct clew_collector *c, struct clew_error *err)
{
        if (is_off(c->config->redact) || !clew_config_collects(c->config))
                return 0;
        if (clew_redactor_new(c->config->redact, &c->redactor, err) < 0)
                return -EPERM;
        c->ingest.redactor = c->redactor;
        return 0;
}

static int start_grpc(struct clew_collector *c, struct clew_error *err)
{
        struct clew_grpc_listener_options options = {
                .n_threads = n_threads(c->config),
                .max_request_bytes = (size_t)c->config->max_request_bytes,
                .quota_bytes = (size_t)c->config->memory_budget_bytes + QUOTA_SLACK_BYTES,
                .ingest = &c->ingest,
                .admission = &c->admission,
                .lane = c->lane,
                .access = c->access,
                .refusals = c->refusals,
                .projects = &c->projects,
                .counters = &c->counters,
        };

        return is_off(c->config->grpc) || !clew_config_collects(c->config)
                       ? 0
                       : clew_grpc_listener_new(&options, &c->grpc, err);
}

static int start_api(struct clew_collector *c, struct clew_error *err)
{
        const struct clew_api_options options = {
                .projects = &c->projects,
                .memory = &c->projects.memory,
                .access = c->access,
                .refusals = c->refusals,
                .audit = c->audit,
                .audit_reads = c->config->audit_reads,
                .identity_header =
                        is_off(c->config->trusted_proxy) ? NULL : c->config->identity_header,
                .has_tls = !is_off(c->config->tls_cert),
                .read_only = !clew_config_collects(c->config),
                .command_memory_bytes = c->config->command_memory_bytes,
                .is_passing = c->config->parent != 0,
                .write_status = c->config->read_only ? NULL : clew_status_write,
                .context = &c->scrape,
                .write_metrics = clew_scrape_write,
                .context_of_metrics = &c->scrape,
                .gap = clew_config_is_reader(c->config) ? clew_projects_gap : NULL,
                .gap_context = &c->projects,
                .order = clew_config_collects(c->config) ? clew_projects_order : NULL,
                .order_context = &c->projects,
        };
        const struct clew_scrape_options scrape = {
                .counters = &c->counters,
                .projects = &c->projects,
                .admission = &c->admission,
                .redactor = c->redactor,
                .budget_bytes = c->config->memory_budget_bytes,
                .read_only = !clew_config_collects(c->config),
        };
        int r;

        clew_scrape_init(&c->scrape, &scrape);
        clew_scrape_tick(&c->scrape);
        r = is_off(c->config->http) ? 0 : clew_api_new(&options, &c->api);

        return r < 0 ? clew_error_set(err, r, 0, "cannot start a thread: %s", strerror(-r)) : 0;
}

static int start_http(struct clew_collector *c, struct clew_error *err)
{
        struct clew_http_listener_options options = {
                .n_threads = n_threads(c->config),
                .max_request_bytes = (size_t)c->config->max_request_bytes,
                .ingest = &c->ingest,
                .admission = &c->admission,
                .lane = c->lane,
                .access = c->access,
                .refusals = c->refusals,
                .projects = &c->projects,
                .counters = &c->counters,
                .guest = &clew_api_guest,
                .guest_context = c->api,
        };

        return is_off(c->config->http) ? 0 : clew_http_listener_new(&options, &c->http, err);
}

/* Which protocol a socket is meant for: its name says so, else its port. It is a hint: each port
 * takes both. */
static enum clew_door_protocol protocol_of(const struct clew_collector *c,
                                           const struct clew_notify_socket *socket)
{
        struct clew_address bound;
        struct clew_address http;

        if (strcmp(socket->name, "grpc") == 0 || is_off(c->config->http))
                return CLEW_DOOR_GRPC;
        if (strcmp(socket->name, "http") == 0)
                return CLEW_DOOR_HTTP;
        return clew_door_address_of(socket->fd, &bound) &&
                               clew_address_parse(c->config->http, &http, NULL) == 0 &&
                               clew_address_port(&http) == clew_address_port(&bound)
                       ? CLEW_DOOR_HTTP
                       : CLEW_DOOR_GRPC;
}

static int adopt_ports(struct clew_collector *c, struct clew_error *err)
{
        int r = 0;

        for (unsigned i = 0; i < c->n_sockets && r == 0; i++)
                r = clew_door_adopt(c->door, protocol_of(c, &c->sockets[i]), c->sockets[i].fd, err);
        return r;
}

static int open_ports(struct clew_collector *c, struct clew_error *err)
{
        const char *texts[CLEW_DOOR_PROTOCOLS] = {
                [CLEW_DOOR_GRPC] = c->config->grpc,
                [CLEW_DOOR_HTTP] = c->config->http,
        };
        int r = 0;

        for (int i = 0; r == 0 && i < CLEW_DOOR_PROTOCOLS; i++) {
                struct clew_address address;

                if (is_off(texts[i]) || (i == CLEW_DOOR_GRPC && !c->grpc))
                        continue;
                r = clew_address_parse(texts[i], &address, err);
                if (r == 0)
                        r = clew_door_open(c->door, (enum clew_door_protocol)i, &address, err);
        }
        return r;
}

/* What connections may open together: all that the process may, less what others need. */
static size_t descriptors(void)
{
        size_t n = (size_t)clew_watch_raise_descriptors();

        n = n > DESCRIPTORS_KEPT ? n - DESCRIPTORS_KEPT : 0;
        return n - n / DESCRIPTORS_SLACK_PARTS;
}

/* Of each guard. A connection has three of them there, and with TLS two more before it. */
static size_t descriptors_of_guard(const struct clew_config *config)
{
        size_t n = descriptors() / CLEW_DOOR_PROTOCOLS;

        if (!is_off(config->tls_cert))
                n = n / DESCRIPTORS_WITH_TLS * DESCRIPTORS_OF_A_GUARDED;
        return n < DESCRIPTORS_MIN ? DESCRIPTORS_MIN : n;
}

static int start_guards(struct clew_collector *c, struct clew_error *err)
{
        struct clew_guard_options options = {
                .n_descriptors = descriptors_of_guard(c->config),
                .max_waiting = (size_t)c->config->max_waiting,
                .admission = &c->admission,
                .counters = &c->counters,
        };
        int r = 0;

        if (c->grpc) {
                options.protocol = CLEW_GUARD_HTTP2;
                options.connect = clew_grpc_listener_take;
                options.context = c->grpc;
                options.n_backs_max = GRPC_CONNECTIONS_MAX;
                r = clew_guard_new(&options, &c->guards[CLEW_DOOR_GRPC]);
        }
        if (c->http && r == 0) {
                options.protocol = CLEW_GUARD_HTTP1;
                options.connect = clew_http_listener_take;
                options.context = c->http;
                options.n_backs_max = CLEW_HTTP_CONNECTIONS_MAX;
                r = clew_guard_new(&options, &c->guards[CLEW_DOOR_HTTP]);
        }
        if (r < 0)
                clew_error_set(err, r, 0, "cannot start a guard: %s", strerror(-r));
        return r;
}

static int start_tls(struct clew_collector *c, struct clew_error *err)
{
        struct clew_tls_options options = {
                .files = {.cert = c->config->tls_cert,
                          .key = c->config->tls_key,
                          .client_ca = c->config->tls_client_ca},
                .n_connections_max = descriptors() / DESCRIPTORS_WITH_TLS,
                .counters = &c->counters,
        };

        if (is_off(c->config->tls_cert))
                return 0;
        for (int i = 0; i < CLEW_DOOR_PROTOCOLS; i++) {
                options.take[i] = c->guards[i] ? clew_guard_take : NULL;
                options.context[i] = c->guards[i];
        }
        return clew_tls_new(&options, &c->tls, err);
}

static int start_door(struct clew_collector *c, struct clew_error *err)
{
        struct clew_door_options options = {
                .take_tls = c->tls ? clew_tls_take : NULL,
                .tls_context = c->tls,
                .counters = &c->counters,
        };
        int r;

        for (int i = 0; i < CLEW_DOOR_PROTOCOLS; i++) {
                options.take[i] = c->guards[i] ? clew_guard_take : NULL;
                options.context[i] = c->guards[i];
        }
        r = clew_door_new(&options, &c->door);
        if (r == 0)
                r = c->n_sockets > 0 ? adopt_ports(c, err) : open_ports(c, err);
        if (r == 0)
                r = clew_door_start(c->door);
        if (r < 0 && !err->message[0])
                clew_error_set(err, r, 0, "cannot listen: %s", strerror(-r));
        return r;
}

/* Who finds the store held by this process (clew ui) is sent to its pages. */
static void tell_place(struct clew_collector *c)
{
        const char *at = clew_door_first_address(c->door, CLEW_DOOR_HTTP);
        char url[CLEW_PLACE_BYTES] = "";

        if (at[0])
                (void)snprintf(url, sizeof(url), "%s://%s",
                               is_off(c->config->tls_cert) ? "http" : "https", at);
        for (unsigned i = 0; i < c->projects.n; i++)
                clew_store_tell_place(c->projects.all[i].store, url);
}

/* What is left of the time that stopping may take. */
static uint64_t time_left(uint64_t deadline_ns)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());

        return now < deadline_ns ? deadline_ns - now : 0;
}

/* Fronts first, so that nothing new arrives; then what they wait for; then what they use. One
 * deadline for all of it: whoever has not said what he wants by then is cut off. */
static int stop_parts(struct clew_collector *c)
{
        uint64_t deadline_ns =
                clew_clock_monotonic_ns(clew_clock_system()) + c->config->shutdown_ns;
        int r = 0;

        clew_door_close(c->door);
        for (int i = 0; i < CLEW_DOOR_PROTOCOLS; i++) {
                if (c->guards[i])
                        clew_guard_quiesce(c->guards[i]);
        }
        if (c->http)
                clew_http_listener_quiesce(c->http);
        if (c->api)
                (void)!clew_api_drain(c->api, 0); /* walks end from here on */
        if (c->grpc && clew_grpc_listener_drain(c->grpc, time_left(deadline_ns)) < 0)
                r = -ETIMEDOUT;
        c->is_asked = c->api && clew_api_drain(c->api, time_left(deadline_ns)) < 0;
        if (c->http && clew_http_listener_drain(c->http, time_left(deadline_ns)) < 0)
                r = -ETIMEDOUT;
        for (int i = 0; i < CLEW_DOOR_PROTOCOLS; i++) {
                if (c->guards[i])
                        clew_guard_stop(c->guards[i]);
        }
        if (c->tls)
                clew_tls_stop(c->tls);
        if (c->grpc)
                clew_grpc_listener_finish(c->grpc);
        if (c->http)
                clew_http_listener_finish(c->http);
        clew_lane_free(c->lane);
        clew_projects_stop(&c->projects);
        clew_grpc_listener_free(c->grpc);
        if (c->is_asked) /* a question still reads the store: it ends with the process */
                return -ETIMEDOUT;
        clew_http_listener_free(c->http);
        clew_api_free(c->api);
        clew_scrape_deinit(&c->scrape);
        clew_projects_close(&c->projects);
        clew_access_free(c->access);
        clew_refusals_free(c->refusals);
        clew_audit_free(c->audit);
        for (int i = 0; i < CLEW_DOOR_PROTOCOLS; i++)
                clew_guard_free(c->guards[i]);
        clew_tls_free(c->tls);
        clew_ingest_deinit(&c->ingest);
        clew_redactor_free(c->redactor);
        clew_admission_deinit(&c->admission);
        return r;
}

/* A directory that there is must be ours to write; one that there is not must have a parent. */
static int check_directory(const char *dir, bool read_only, struct clew_error *err)
{
        struct stat st;
        char parent[CLEW_CONFIG_TEXT_MAX];

        if (stat(dir, &st) == 0) {
                if (!S_ISDIR(st.st_mode))
                        return clew_error_set(err, -ENOTDIR, 0, "%s: is no directory", dir);
                if (access(dir, read_only ? R_OK | X_OK : R_OK | W_OK | X_OK) < 0)
                        return clew_error_set(err, -errno, 0, "%s: %s", dir, strerror(errno));
                return 0;
        }
        if (errno != ENOENT || read_only)
                return clew_error_set(err, -errno, 0, "%s: %s", dir, strerror(errno));
        (void)snprintf(parent, sizeof(parent), "%s", dir);
        if (access(dirname(parent), W_OK | X_OK) < 0)
                return clew_error_set(err, -errno, 0, "%s: is not there, and cannot be made: %s",
                                      dir, strerror(errno));
        return 0;
}

static int check_retention(const struct clew_config *config, struct clew_error *err)
{
        struct clew_retention rules = {0};
        int r = is_off(config->retention) ? 0 : clew_retention_load(&rules, config->retention, err);

        clew_retention_deinit(&rules);
        return r;
}

int clew_collector_check(const struct clew_config *config, struct clew_error *err)
{
        struct clew_collector *c = clew_calloc(1, sizeof(*c));
        const struct clew_tls_files files = {.cert = config->tls_cert,
                                             .key = config->tls_key,
                                             .client_ca = config->tls_client_ca};
        int r;

        if (!c)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        c->config = config;
        r = start_access(c, err);
        if (r == 0)
                r = start_redactor(c, err);
        if (r == 0)
                r = check_retention(config, err);
        if (r == 0)
                r = check_directory(config->store, config->read_only, err);
        if (r == 0)
                r = clew_place_check_store(config->store, err);
        if (r == 0 && !is_off(config->objects))
                r = clew_place_check_bucket(config->objects, err);
        if (r == 0 && !is_off(config->projects))
                r = check_directory(config->projects, true, err);
        if (r == 0 && !is_off(config->tls_cert))
                r = clew_tls_check(&files, err);
        clew_access_free(c->access);
        clew_refusals_free(c->refusals);
        clew_audit_free(c->audit);
        clew_redactor_free(c->redactor);
        clew_free(c);
        return r;
}

int clew_collector_start(const struct clew_config *config, const struct clew_notify_socket *sockets,
                         unsigned n_sockets, struct clew_collector **ret, struct clew_error *err)
{
        struct clew_collector *c = clew_calloc(1, sizeof(*c));
        int r;

        if (!c)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        c->config = config;
        c->sockets = sockets;
        c->n_sockets = n_sockets;
        clew_admission_init(&c->admission, (size_t)config->memory_budget_bytes);
        clew_ingest_init(&c->ingest, (size_t)config->max_request_bytes, &c->counters);
        r = start_access(c, err); /* refused before anything is made */
        if (r == 0)
                r = start_redactor(c, err);
        if (r == 0)
                r = clew_projects_open(config, &c->projects, err);
        if (r == 0)
                r = start_threads(c, err);
        if (r == 0)
                r = start_grpc(c, err);
        if (r == 0)
                r = start_api(c, err);
        if (r == 0)
                r = start_http(c, err);
        if (r == 0)
                r = start_guards(c, err);
        if (r == 0)
                r = start_tls(c, err);
        if (r == 0)
                r = start_door(c, err);
        if (r < 0) {
                (void)!stop_parts(c);
                clew_free(c);
                return r;
        }
        tell_place(c);
        clew_log(CLEW_LOG_INFO, "started", "version=%s store=\"%s\"", CLEW_VERSION, config->store);
        *ret = c;
        return 0;
}

static void log_stats(struct clew_collector *c)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        uint64_t requests = clew_counter_read(&c->counters, CLEW_COUNT_REQUESTS);

        if (c->config->stats_ns == 0 || now < c->next_stats_ns)
                return;
        c->next_stats_ns = now + c->config->stats_ns;
        if (requests == c->last_requests)
                return;
        c->last_requests = requests;
        clew_counters_log(&c->counters);
}

/* True once after a second in which nothing came in, or nothing was sealed, when it was before. */
static bool has_come_to_rest(struct clew_collector *c)
{
        static const enum clew_counter work[] = {CLEW_COUNT_WIRE_BYTES, CLEW_COUNT_SEALED_BYTES};
        bool rested = false;

        _Static_assert(CLEW_ARRAY_LEN(work) == WORK_KINDS, "one memory for each kind of work");
        for (size_t i = 0; i < WORK_KINDS; i++) {
                uint64_t now = clew_counter_read(&c->counters, work[i]);
                bool busy = now != c->last_work[i];

                rested = rested || (c->was_busy[i] && !busy);
                c->last_work[i] = now;
                c->was_busy[i] = busy;
        }
        return rested;
}

static void reload_redactor(struct clew_collector *c)
{
        struct clew_error err = {.code = 0};

        if (!c->redactor)
                return;
        if (clew_redactor_reload(c->redactor, &err) < 0)
                clew_log(CLEW_LOG_ERROR, "redact.refused",
                         "reason=\"%s\" action=\"the rules read before still count\"", err.message);
        else
                clew_log(CLEW_LOG_INFO, "redact.loaded", "file=\"%s\"", c->config->redact);
}

void clew_collector_reload(struct clew_collector *c)
{
        struct clew_error err = {.code = 0};

        if (clew_projects_reload(c->config, &c->projects, &err) < 0)
                clew_log(CLEW_LOG_ERROR, "retention.refused",
                         "reason=\"%s\" action=\"the rules read before still count\"", err.message);
        reload_redactor(c);
        clew_access_tick(c->access);
        if (c->tls)
                clew_tls_reload(c->tls);
}

void clew_collector_describe(struct clew_collector *c, char ret[CLEW_COLLECTOR_STATUS_MAX])
{
        size_t requests = 0;
        size_t bytes;
        bool accepts = true;

        for (unsigned i = 0; i < c->projects.n; i++) {
                struct clew_pipeline *p = c->projects.all[i].pipeline;
                size_t n = 0;

                if (p)
                        clew_pipeline_queue(p, &n,
                                            &bytes); /* who holds its lock for ever is dead */
                requests += n;
                accepts = accepts && (!p || clew_pipeline_is_healthy(p));
        }
        (void)snprintf(ret, CLEW_COLLECTOR_STATUS_MAX,
                       "%s; %llu spans and log records stored, %zu requests wait",
                       clew_config_is_reader(c->config) ? "Answers from a bucket"
                       : c->config->read_only           ? "Only answers"
                       : accepts                        ? "Collects"
                                 : "Refuses new data: the disk is full or fails",
                       (unsigned long long)(clew_counter_read(&c->counters, CLEW_COUNT_SPANS) +
                                            clew_counter_read(&c->counters, CLEW_COUNT_LOGS)),
                       requests);
}

bool clew_collector_tick(struct clew_collector *c)
{
        if (c->grpc)
                clew_grpc_listener_tick(c->grpc);
        log_stats(c);
        clew_access_tick(c->access);
        clew_refusals_tick(c->refusals);
        clew_scrape_tick(&c->scrape);
        for (unsigned i = 0; i < c->projects.n; i++) {
                clew_watch_readers(c->projects.all[i].store);
                clew_watch_release_file_memory(c->projects.all[i].store);
        }
        return has_come_to_rest(c);
}

int clew_collector_stop(struct clew_collector *c)
{
        int r;

        clew_log(CLEW_LOG_INFO, "stopping", "deadline_ms=%llu",
                 (unsigned long long)(c->config->shutdown_ns / CLEW_NS_PER_MS));
        r = stop_parts(c);
        clew_counters_log(&c->counters);
        clew_log(CLEW_LOG_INFO, "stopped", "unanswered=%s", r < 0 ? "some" : "none");
        if (!c->is_asked)
                clew_free(c);
        return r;
}
