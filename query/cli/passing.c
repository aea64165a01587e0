/*
 * See passing.h. A plain array that is searched in order: some thousands of runs.
 */
#include "query/cli/passing.h"

#include "query/cli/open.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define KEPT_MAX ((size_t)64 << 20)

struct clew_passing_run {
        struct clew_trace_id id;
        struct clew_content_id task;
        struct clew_content_id sitting; /* session, service and name; zero = none */
        uint64_t start_ns;
};

static bool is_zero(const struct clew_content_id *id)
{
        static const struct clew_content_id zero;

        return memcmp(id, &zero, sizeof(zero)) == 0;
}

static bool is_same(const struct clew_content_id *a, const struct clew_content_id *b)
{
        return memcmp(a, b, sizeof(*a)) == 0;
}

/* Only of runs with a verdict: in a chat's session each turn is another task. */
static struct clew_content_id sitting_of(const struct clew_item *item, struct clew_arena *arena)
{
        bool judged = clew_slice_eq_cstr(item->outcome, "passed") ||
                      clew_slice_eq_cstr(item->outcome, "failed");
        const struct clew_slice parts[] = {item->session, CLEW_SLICE_LITERAL("\n"), item->service,
                                           CLEW_SLICE_LITERAL("\n"), item->name};
        struct clew_slice text;

        if (!judged || item->session.len == 0)
                return (struct clew_content_id){{0}};
        text = clew_arena_concat(arena, parts, CLEW_ARRAY_LEN(parts));
        return clew_content_id_of(text);
}

/* Compiles @id; it lives in @arena and the loaded trace. False when no answer comes of it. */
static bool compile(struct clew_passing *p, struct clew_view *view, const struct clew_trace_id *id,
                    struct clew_item *ret)
{
        struct clew_error err = {0};

        clew_arena_reset(&p->trace);
        return clew_cli_compile(view, id, &p->options, &p->trace, ret, &err) == 0 &&
               clew_slice_eq_cstr(ret->outcome, "passed") && (ret->has_output || ret->calls.n);
}

int clew_passing_init(struct clew_passing *p, struct clew_cli *cli,
                      const struct clew_compile_options *options)
{
        const struct clew_filter_flags flags = {.ok = true};
        struct clew_arguments none = {0};
        struct clew_trace_id *ids = NULL;
        struct clew_view *view;
        size_t n = 0;
        int r;

        *p = (struct clew_passing){.cli = cli, .options = *options};
        clew_arena_init(&p->kept, KEPT_MAX);
        clew_arena_init(&p->trace, CLEW_ITEM_ARENA_MAX);
        p->runs = clew_arena_calloc(&p->kept, CLEW_PASSING_MAX, sizeof(*p->runs));
        if (!p->runs)
                return clew_cli_fail(cli, -ENOMEM, NULL);
        r = clew_cli_select_ids(cli, &none, &flags, CLEW_PASSING_MAX, &p->kept, &ids, &n);
        if (r == 0)
                r = clew_cli_view(cli, &view);
        for (size_t i = 0; r == 0 && i < n; i++) {
                struct clew_item item;

                if (!compile(p, view, &ids[i], &item))
                        continue;
                p->runs[p->n++] = (struct clew_passing_run){.id = ids[i],
                                                            .task = item.task,
                                                            .sitting = sitting_of(&item, &p->trace),
                                                            .start_ns = item.start_ns};
        }
        if (r == 0 && n == CLEW_PASSING_MAX)
                clew_cli_note(cli, "only the %u newest passing runs were looked at",
                              CLEW_PASSING_MAX);
        return r;
}

void clew_passing_deinit(struct clew_passing *p)
{
        clew_arena_deinit(&p->trace);
        clew_arena_deinit(&p->kept);
}

static const struct clew_passing_run *find(struct clew_passing *p, const struct clew_item *item,
                                           struct clew_arena *arena)
{
        struct clew_content_id sitting = sitting_of(item, arena);
        const struct clew_passing_run *best = NULL;

        for (uint32_t i = 0; i < p->n; i++) {
                const struct clew_passing_run *run = &p->runs[i];

                if (clew_trace_id_eq(&run->id, &item->trace_id) ||
                    !(is_same(&run->task, &item->task) ||
                      (!is_zero(&sitting) && is_same(&run->sitting, &sitting))))
                        continue;
                /* Newest first: each later one that is met is nearer; the first earlier one ends
                 * it. */
                if (run->start_ns > item->start_ns || !best)
                        best = run;
                if (run->start_ns <= item->start_ns)
                        break;
        }
        return best;
}

/* @item again, in @arena alone. */
static int settle(struct clew_item *item, struct clew_arena *arena)
{
        struct clew_dataset_news copy;
        int r = clew_dataset_prepare(item, arena, &copy);

        return r < 0 ? r : clew_item_read(copy.body, arena, item);
}

int clew_passing_complete(struct clew_passing *p, struct clew_item *item, struct clew_arena *arena)
{
        const struct clew_passing_run *run;
        char hex[CLEW_TRACE_ID_HEX];
        struct clew_item good;
        struct clew_view *view;
        int r;

        if (item->has_expected || item->expected_calls.n > 0 ||
            clew_slice_eq_cstr(item->outcome, "passed"))
                return 0;
        run = find(p, item, arena);
        if (!run)
                return 0;
        r = clew_cli_view(p->cli, &view);
        if (r != 0)
                return r;
        r = settle(item, arena); /* loading the other run ends the life of this one */
        if (r == 0 && !compile(p, view, &run->id, &good))
                return 0;
        if (r == 0)
                r = settle(&good, arena);
        if (r < 0)
                return clew_cli_fail(p->cli, r, NULL);
        clew_trace_id_to_hex(&run->id, hex);
        item->expected = good.output;
        item->has_expected = good.has_output;
        item->expected_calls = good.calls;
        item->expected_from = clew_arena_printf(arena, "run %s", hex);
        p->used++;
        return 0;
}
