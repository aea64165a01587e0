/*
 * agentgen: writes agent-shaped traces as protobuf TracesData behind little-endian u32 lengths, the
 * form that loadgen reads, to standard output.
 */
#include "tools/loadgen/agents.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

static const char usage[] =
        "usage: agentgen [--traces N] [--seed N] [--first N] > FILE\n"
        "       loadgen --to 127.0.0.1:4317 FILE\n"
        "\n"
        "Writes agent runs as OTLP protobuf behind u32 lengths.\n"
        "\n"
        "  --traces N   (default 1000000)\n"
        "  --first N    number of the first one (default 0): parts of a set\n"
        "  --seed N     other runs (default 1)\n"
        "  --version    of the generator: the same version, seed and number make the same run\n"
        "  --help\n";

enum option_id { OPTION_TRACES = 256, OPTION_SEED, OPTION_FIRST, OPTION_VERSION, OPTION_HELP };

static const struct option options[] = {
        {"traces", required_argument, NULL, OPTION_TRACES},
        {"seed", required_argument, NULL, OPTION_SEED},
        {"first", required_argument, NULL, OPTION_FIRST},
        {"version", no_argument, NULL, OPTION_VERSION},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
};

struct arguments {
        uint64_t traces;
        uint64_t seed;
        uint64_t first;
};

static bool parse_number(const char *text, uint64_t *ret)
{
        uint64_t v = 0;
        const char *p = text;

        for (; *p >= '0' && *p <= '9' && v <= CLEW_AGENTS_MAX; p++)
                v = v * 10 + (uint64_t)(*p - '0');
        if (p == text || *p != '\0' || v > CLEW_AGENTS_MAX) {
                fprintf(stderr, "agentgen: \"%s\" is not a number from 0 to %u\n", text,
                        CLEW_AGENTS_MAX);
                return false;
        }
        *ret = v;
        return true;
}

/* 0 = go on, 1 = printed, -1 = wrong. */
static int parse_arguments(int argc, char **argv, struct arguments *a)
{
        int id;

        while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
                switch (id) {
                case OPTION_TRACES:
                        if (!parse_number(optarg, &a->traces))
                                return -1;
                        break;
                case OPTION_SEED:
                        if (!parse_number(optarg, &a->seed))
                                return -1;
                        break;
                case OPTION_FIRST:
                        if (!parse_number(optarg, &a->first))
                                return -1;
                        break;
                case OPTION_VERSION:
                        printf("%u\n", CLEW_AGENTS_VERSION);
                        return 1;
                case OPTION_HELP:
                        fputs(usage, stdout);
                        return 1;
                default:
                        return -1;
                }
        }
        if (optind < argc) {
                fputs("agentgen: it takes no file; see --help\n", stderr);
                return -1;
        }
        return 0;
}

static bool write_trace(struct clew_agents *agents, uint64_t number, struct clew_buffer *out)
{
        uint8_t head[4];

        clew_buffer_clear(out);
        if (clew_agents_put(agents, number, out) < 0) {
                fprintf(stderr, "agentgen: trace %" PRIu64 ": no memory\n", number);
                return false;
        }
        for (unsigned i = 0; i < 4; i++)
                head[i] = (uint8_t)(out->len >> (8 * i));
        if (fwrite(head, 1, sizeof(head), stdout) == sizeof(head) &&
            fwrite(out->data, 1, out->len, stdout) == out->len)
                return true;
        perror("agentgen: standard output");
        return false;
}

int main(int argc, char **argv)
{
        struct arguments a = {.traces = 1000000, .seed = 1};
        struct clew_agents *agents;
        CLEW_BUFFER out = {0};
        bool ok = true;
        int rc = parse_arguments(argc, argv, &a);

        if (rc != 0)
                return rc < 0 ? 2 : 0;
        agents = clew_agents_new(a.seed);
        clew_buffer_init(&out, CLEW_AGENTS_TRACE_BYTES_MAX);
        if (!agents) {
                fputs("agentgen: no memory\n", stderr);
                return 1;
        }
        for (uint64_t i = 0; ok && i < a.traces; i++)
                ok = write_trace(agents, a.first + i, &out);
        clew_agents_free(agents);
        return ok && fflush(stdout) == 0 ? 0 : 1;
}
