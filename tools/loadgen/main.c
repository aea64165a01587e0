/*
 * loadgen: replays trace files and synthetic spans over OTLP/gRPC and says what the server made of
 * them. It always ends: a pass over the files is a bound, and so are --requests and --seconds.
 *
 * Exit codes: 0 all requests acked and no span rejected, 1 some were not, 2 wrong arguments, 3 the
 * input cannot be read.
 */
#include "proto/base/clock.h"
#include "proto/base/error.h"
#include "tools/loadgen/agents.h"
#include "tools/loadgen/corpus.h"
#include "tools/loadgen/input.h"
#include "tools/loadgen/probe.h"
#include "tools/loadgen/sender.h"
#include "tools/loadgen/synth.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYNTH_SPANS_MAX 100000000u
#define RUN_SECONDS_MAX 86400u
#define AGENTS_SEED 1
#define SYNTH_START_NS 1764000000000000000ull /* a fixed day, so that runs repeat */

static const char usage[] =
        "usage: loadgen [options] FILE...\n"
        "       loadgen [options] --synthetic SPANS | --agents TRACES\n"
        "\n"
        "Sends OTLP spans over gRPC and reports ack latency and what was not accepted.\n"
        "FILE: OTLP JSON lines, or protobuf TracesData behind u32 lengths; also .zst.\n"
        "\n"
        "  --to HOST:PORT       where to (default 127.0.0.1:4317)\n"
        "  --synthetic SPANS    spans of 500 bytes, 10 to a trace, instead of files\n"
        "  --agents TRACES      agent runs as agentgen makes them, instead of files\n"
        "  --first N            number of the first of them (default 0): parts of a set\n"
        "  --batch SPANS        spans in a request (default 512; synthetic 1000)\n"
        "  --batch-bytes BYTES  a request is ended before it gets larger (default 8388608)\n"
        "  --interleave TRACES  traces open at once (default 8)\n"
        "  --connections N      (default 2)\n"
        "  --in-flight N        calls in flight on each connection (default 4)\n"
        "  --rate R             requests a second (default: as fast as they are acked)\n"
        "  --repeat N           passes, each with fresh trace ids (default 1; 0 = until another\n"
        "                       bound)\n"
        "  --requests N         stop after N requests\n"
        "  --seconds S          stop after S seconds\n"
        "  --seed N             other trace ids for the same content (default 0: as in the file)\n"
        "  --gzip               compress requests\n"
        "  --timeout MS         of a call (default 30000)\n"
        "  --retries N          after UNAVAILABLE or RESOURCE_EXHAUSTED (default 5)\n"
        "  --journal FILE       append a line \"PASS REQUEST\" for each ack, flushed at once\n"
        "  --probe STORE        after each n-th ack, measure how long until the span can be read\n"
        "  --probe-every N      (default 1; the probing thread is the sending one)\n"
        "  --json               print one JSON object\n"
        "  --help\n";

enum option_id {
        OPTION_TO = 256,
        OPTION_SYNTHETIC,
        OPTION_AGENTS,
        OPTION_FIRST,
        OPTION_BATCH,
        OPTION_BATCH_BYTES,
        OPTION_INTERLEAVE,
        OPTION_CONNECTIONS,
        OPTION_IN_FLIGHT,
        OPTION_RATE,
        OPTION_REPEAT,
        OPTION_REQUESTS,
        OPTION_SECONDS,
        OPTION_SEED,
        OPTION_GZIP,
        OPTION_TIMEOUT,
        OPTION_RETRIES,
        OPTION_JOURNAL,
        OPTION_PROBE,
        OPTION_PROBE_EVERY,
        OPTION_JSON,
        OPTION_HELP,
};

struct arguments {
        struct clew_sender_options sender;
        struct clew_request_shape shape;
        uint64_t synthetic;
        uint64_t agents;
        uint64_t first;
        const char *journal;
        const char *probe;
        bool json;
        char **files;
        int n_files;
};

static const struct option options[] = {
        {"to", required_argument, NULL, OPTION_TO},
        {"synthetic", required_argument, NULL, OPTION_SYNTHETIC},
        {"agents", required_argument, NULL, OPTION_AGENTS},
        {"first", required_argument, NULL, OPTION_FIRST},
        {"batch", required_argument, NULL, OPTION_BATCH},
        {"batch-bytes", required_argument, NULL, OPTION_BATCH_BYTES},
        {"interleave", required_argument, NULL, OPTION_INTERLEAVE},
        {"connections", required_argument, NULL, OPTION_CONNECTIONS},
        {"in-flight", required_argument, NULL, OPTION_IN_FLIGHT},
        {"rate", required_argument, NULL, OPTION_RATE},
        {"repeat", required_argument, NULL, OPTION_REPEAT},
        {"requests", required_argument, NULL, OPTION_REQUESTS},
        {"seconds", required_argument, NULL, OPTION_SECONDS},
        {"seed", required_argument, NULL, OPTION_SEED},
        {"gzip", no_argument, NULL, OPTION_GZIP},
        {"timeout", required_argument, NULL, OPTION_TIMEOUT},
        {"retries", required_argument, NULL, OPTION_RETRIES},
        {"journal", required_argument, NULL, OPTION_JOURNAL},
        {"probe", required_argument, NULL, OPTION_PROBE},
        {"probe-every", required_argument, NULL, OPTION_PROBE_EVERY},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
};

/* A decimal number within bounds, or false and a message. */
static bool parse_number(const char *name, const char *text, uint64_t min, uint64_t max,
                         uint64_t *ret)
{
        uint64_t v = 0;
        const char *p = text;

        for (; *p >= '0' && *p <= '9' && v <= (UINT64_MAX - 9) / 10; p++)
                v = v * 10 + (uint64_t)(*p - '0');
        if (p == text || *p != '\0' || v < min || v > max) {
                fprintf(stderr, "loadgen: --%s: \"%s\" is not a number from %llu to %llu\n", name,
                        text, (unsigned long long)min, (unsigned long long)max);
                return false;
        }
        *ret = v;
        return true;
}

/* A positive number, with decimals or without. */
static bool parse_decimal(const char *name, const char *text, double *ret)
{
        double v = 0, scale = 1;
        const char *p = text;

        for (; *p >= '0' && *p <= '9'; p++)
                v = v * 10 + (*p - '0');
        if (*p == '.')
                for (p++; *p >= '0' && *p <= '9'; p++)
                        v += (*p - '0') * (scale /= 10);
        if (p == text || *p != '\0' || v <= 0 || v > 1e9) {
                fprintf(stderr, "loadgen: --%s: \"%s\" is not a positive number\n", name, text);
                return false;
        }
        *ret = v;
        return true;
}

static bool parse_size(struct arguments *a, int id, const char *name, const char *text)
{
        uint64_t v = 0;

        switch (id) {
        case OPTION_SYNTHETIC:
                return parse_number(name, text, 1, SYNTH_SPANS_MAX, &a->synthetic);
        case OPTION_AGENTS:
                return parse_number(name, text, 1, CLEW_AGENTS_MAX, &a->agents);
        case OPTION_FIRST:
                return parse_number(name, text, 0, CLEW_AGENTS_MAX, &a->first);
        case OPTION_BATCH:
                if (!parse_number(name, text, 1, 1000000, &v))
                        return false;
                a->shape.spans = (size_t)v;
                return true;
        case OPTION_BATCH_BYTES:
                if (!parse_number(name, text, 1, 1u << 30, &v))
                        return false;
                a->shape.bytes = (size_t)v;
                return true;
        case OPTION_INTERLEAVE:
                if (!parse_number(name, text, 1, 1000000, &v))
                        return false;
                a->shape.interleave = (size_t)v;
                return true;
        case OPTION_CONNECTIONS:
                if (!parse_number(name, text, 1, CLEW_SENDER_CONNECTIONS_MAX, &v))
                        return false;
                a->sender.connections = (unsigned)v;
                return true;
        case OPTION_IN_FLIGHT:
                if (!parse_number(name, text, 1, CLEW_SENDER_IN_FLIGHT_MAX, &v))
                        return false;
                a->sender.in_flight = (unsigned)v;
                return true;
        default:
                return false;
        }
}

static bool parse_bound(struct arguments *a, int id, const char *name, const char *text)
{
        uint64_t v = 0;
        double d = 0;

        switch (id) {
        case OPTION_RATE:
                return parse_decimal(name, text, &a->sender.rate);
        case OPTION_SECONDS:
                if (!parse_decimal(name, text, &d) || d > RUN_SECONDS_MAX)
                        return false;
                a->sender.run_ns = (uint64_t)(d * 1e9);
                return true;
        case OPTION_REPEAT:
                return parse_number(name, text, 0, UINT32_MAX, &a->sender.repeat);
        case OPTION_REQUESTS:
                return parse_number(name, text, 1, UINT32_MAX, &a->sender.requests);
        case OPTION_SEED:
                return parse_number(name, text, 0, UINT64_MAX / 2, &a->sender.seed);
        case OPTION_TIMEOUT:
                if (!parse_number(name, text, 1, 3600000, &v))
                        return false;
                a->sender.timeout_ns = v * CLEW_NS_PER_MS;
                return true;
        case OPTION_PROBE_EVERY:
                if (!parse_number(name, text, 1, UINT32_MAX, &v))
                        return false;
                a->sender.probe_every = (unsigned)v;
                return true;
        case OPTION_RETRIES:
                if (!parse_number(name, text, 0, 1000, &v))
                        return false;
                a->sender.retries = (unsigned)v;
                return true;
        default:
                return parse_size(a, id, name, text);
        }
}

/* 0 = go on, 1 = help printed, -1 = wrong. */
static int parse_arguments(int argc, char **argv, struct arguments *a)
{
        int id, index = 0;

        while ((id = getopt_long(argc, argv, "", options, &index)) != -1) {
                switch (id) {
                case OPTION_HELP:
                        fputs(usage, stdout);
                        return 1;
                case OPTION_TO:
                        a->sender.address = optarg;
                        break;
                case OPTION_GZIP:
                        a->sender.gzip = true;
                        break;
                case OPTION_JSON:
                        a->json = true;
                        break;
                case OPTION_JOURNAL:
                        a->journal = optarg;
                        break;
                case OPTION_PROBE:
                        a->probe = optarg;
                        break;
                case '?':
                        return -1;
                default:
                        if (!parse_bound(a, id, options[index].name, optarg))
                                return -1;
                }
        }
        a->files = argv + optind;
        a->n_files = argc - optind;
        if ((a->n_files > 0) + (a->synthetic > 0) + (a->agents > 0) != 1) {
                fputs("loadgen: give trace files, --synthetic SPANS or --agents TRACES (see "
                      "--help)\n",
                      stderr);
                return -1;
        }
        if (a->sender.repeat == 0 && !a->sender.requests && !a->sender.run_ns) {
                fputs("loadgen: --repeat 0 needs --requests or --seconds, or it never ends\n",
                      stderr);
                return -1;
        }
        if (a->sender.connections * a->sender.in_flight > CLEW_SENDER_IN_FLIGHT_MAX) {
                fprintf(stderr, "loadgen: more than %u calls in flight\n",
                        CLEW_SENDER_IN_FLIGHT_MAX);
                return -1;
        }
        if (a->shape.spans == 0)
                a->shape.spans = a->synthetic ? 1000 : 512;
        return 0;
}

static int add_record(void *context, struct clew_slice record)
{
        return clew_corpus_add(context, record);
}

static int add_agents(const struct arguments *a, struct clew_corpus *corpus)
{
        struct clew_agents *agents = clew_agents_new(AGENTS_SEED);
        CLEW_BUFFER record = {0};
        int rc = agents ? 0 : -ENOMEM;

        clew_buffer_init(&record, CLEW_AGENTS_TRACE_BYTES_MAX);
        for (uint64_t i = 0; rc == 0 && i < a->agents; i++) {
                clew_buffer_clear(&record);
                rc = clew_agents_put(agents, a->first + i, &record);
                if (rc == 0)
                        rc = clew_corpus_add(corpus, clew_buffer_slice(&record));
        }
        clew_agents_free(agents);
        return rc;
}

static int load(struct arguments *a, struct clew_corpus *corpus)
{
        struct clew_error err = {0};
        int rc = 0;

        if (a->synthetic)
                rc = clew_synth_add(corpus, (size_t)a->synthetic, 1, SYNTH_START_NS);
        if (a->agents)
                rc = add_agents(a, corpus);
        for (int i = 0; rc == 0 && i < a->n_files; i++) {
                rc = clew_input_read(a->files[i], add_record, corpus, &err);
                if (rc < 0 && !err.message[0])
                        (void)clew_error_set(&err, rc, 0, "%s: %s", a->files[i], strerror(-rc));
        }
        if (rc == 0)
                rc = clew_corpus_build(corpus, &a->shape);
        if (rc < 0)
                fprintf(stderr, "loadgen: %s\n",
                        err.message[0] ? err.message
                                       : (rc == -EINVAL ? "there is no span in the input"
                                                        : strerror(-rc)));
        return rc;
}

static void write_journal(void *context, uint64_t pass, size_t request)
{
        FILE *f = context;

        fprintf(f, "%llu %zu\n", (unsigned long long)pass, request);
        fflush(f);
}

static double ms(uint64_t ns)
{
        return (double)ns / 1e6;
}

static void print_json(const struct clew_corpus *corpus, const struct clew_sender_result *r)
{
        printf("{\"traces\":%zu,\"spans\":%zu,\"requests\":%zu,\"sent\":%llu,\"acked\":%llu,"
               "\"refused\":%llu,\"failed\":%llu,\"retries\":%llu,\"acked_spans\":%llu,"
               "\"acked_bytes\":%llu,\"rejected_spans\":%llu,\"seconds\":%.6f,",
               clew_corpus_n_traces(corpus), clew_corpus_n_spans(corpus),
               clew_corpus_n_requests(corpus), (unsigned long long)r->sent,
               (unsigned long long)r->acked, (unsigned long long)r->refused,
               (unsigned long long)r->failed, (unsigned long long)r->retries,
               (unsigned long long)r->acked_spans, (unsigned long long)r->acked_bytes,
               (unsigned long long)r->rejected_spans, (double)r->elapsed_ns / 1e9);
        printf("\"ack_ms\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f},",
               ms(clew_latency_quantile_ns(&r->latency, 500)),
               ms(clew_latency_quantile_ns(&r->latency, 900)),
               ms(clew_latency_quantile_ns(&r->latency, 990)), ms(r->latency.max_ns));
        if (r->visible.count || r->never_visible)
                printf("\"visible_ms\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f,\"probes\":%llu,"
                       "\"never\":%llu},",
                       ms(clew_latency_quantile_ns(&r->visible, 500)),
                       ms(clew_latency_quantile_ns(&r->visible, 990)), ms(r->visible.max_ns),
                       (unsigned long long)r->visible.count, (unsigned long long)r->never_visible);
        printf("\"answers\":{");
        for (unsigned i = 0, n = 0; i < CLEW_SENDER_STATUS_CODES; i++)
                if (r->by_status[i])
                        printf("%s\"%u\":%llu", n++ ? "," : "", i,
                               (unsigned long long)r->by_status[i]);
        printf("}}\n");
}

static void print_text(const struct clew_corpus *corpus, const struct clew_sender_result *r)
{
        double s = (double)r->elapsed_ns / 1e9;

        printf("corpus    %zu traces, %zu spans in %zu requests\n", clew_corpus_n_traces(corpus),
               clew_corpus_n_spans(corpus), clew_corpus_n_requests(corpus));
        printf("requests  %llu sent, %llu acked, %llu refused, %llu failed (%llu retries)\n",
               (unsigned long long)r->sent, (unsigned long long)r->acked,
               (unsigned long long)r->refused, (unsigned long long)r->failed,
               (unsigned long long)r->retries);
        printf("acked     %llu spans, %.1f MB, in %.3f s: %.0f spans/s, %.1f MB/s (wall clock)\n",
               (unsigned long long)r->acked_spans, (double)r->acked_bytes / 1e6, s,
               (double)r->acked_spans / s, (double)r->acked_bytes / 1e6 / s);
        if (r->rejected_spans)
                printf("rejected  %llu spans inside acked requests\n",
                       (unsigned long long)r->rejected_spans);
        printf("ack       p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, max %.2f ms\n",
               ms(clew_latency_quantile_ns(&r->latency, 500)),
               ms(clew_latency_quantile_ns(&r->latency, 900)),
               ms(clew_latency_quantile_ns(&r->latency, 990)), ms(r->latency.max_ns));
        if (r->visible.count || r->never_visible)
                printf("visible   p50 %.2f ms, p99 %.2f ms, max %.2f ms after the ack (%llu "
                       "probes, "
                       "%llu never within 5 s)\n",
                       ms(clew_latency_quantile_ns(&r->visible, 500)),
                       ms(clew_latency_quantile_ns(&r->visible, 990)), ms(r->visible.max_ns),
                       (unsigned long long)r->visible.count, (unsigned long long)r->never_visible);
        for (unsigned i = 1; i < CLEW_SENDER_STATUS_CODES; i++)
                if (r->by_status[i])
                        printf("answers   %llu with status %u\n",
                               (unsigned long long)r->by_status[i], i);
        if (r->first_error[0])
                printf("first     %s\n", r->first_error);
}

/* Opens what the run needs besides the input. False with a message when it cannot. */
static bool open_aids(struct arguments *a, FILE **ret_journal, struct clew_probe **ret_probe)
{
        struct clew_error err = {0};

        if (a->journal) {
                *ret_journal = fopen(a->journal, "ae");
                if (!*ret_journal) {
                        fprintf(stderr, "loadgen: %s: %s\n", a->journal, strerror(errno));
                        return false;
                }
                a->sender.acked = write_journal;
                a->sender.acked_context = *ret_journal;
        }
        if (a->probe) {
                if (clew_probe_new(a->probe, ret_probe, &err) < 0) {
                        fprintf(stderr, "loadgen: %s\n", err.message);
                        return false;
                }
                a->sender.probe = clew_probe_wait;
                a->sender.probe_context = *ret_probe;
                if (a->sender.probe_every == 0)
                        a->sender.probe_every = 1;
        } else {
                a->sender.probe_every = 0;
        }
        return true;
}

/* Loads, sends, reports; returns the exit code. */
static int run(struct arguments *a)
{
        static struct clew_sender_result result; /* large histograms */
        struct clew_corpus *corpus = clew_corpus_new();
        int rc = corpus ? load(a, corpus) : -ENOMEM;
        int code = 3;

        if (rc == 0) {
                rc = clew_sender_run(corpus, &a->sender, &result);
                if (rc < 0)
                        fprintf(stderr, "loadgen: %s\n", strerror(-rc));
                else if (a->json)
                        print_json(corpus, &result);
                else
                        print_text(corpus, &result);
                code = rc < 0 || result.acked < result.sent || result.rejected_spans ? 1 : 0;
        }
        clew_corpus_free(corpus);
        return code;
}

int main(int argc, char **argv)
{
        struct arguments a = {
                .sender = {.address = "127.0.0.1:4317",
                           .connections = 2,
                           .in_flight = 4,
                           .repeat = 1,
                           .timeout_ns = 30 * CLEW_NS_PER_S,
                           .retries = 5},
                .shape = {.bytes = 8u << 20, .interleave = 8},
        };
        struct clew_probe *probe = NULL;
        FILE *journal = NULL;
        int rc = parse_arguments(argc, argv, &a);

        if (rc != 0)
                return rc < 0 ? 2 : 0;
        rc = open_aids(&a, &journal, &probe) ? run(&a) : 2;
        clew_probe_free(probe);
        if (journal)
                fclose(journal);
        return rc;
}
