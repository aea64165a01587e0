/*
 * The parameters that routes take, described once.
 */
#include "query/serve/call-int.h"

#include "query/review/item-mask.h"

struct description {
        uint64_t group;
        struct clew_flag flag;
};

static void add_all(struct clew_flag_set *set, const struct description *rows, size_t n,
                    uint64_t groups)
{
        for (size_t i = 0; i < n; i++) {
                if (rows[i].group & groups)
                        clew_flag_set_add(set, rows[i].flag);
        }
}

/* What is read, and how much of it. */
static void add_lists(uint64_t groups, struct clew_inputs *in, struct clew_flag_set *set)
{
        const struct description rows[] = {
                {CLEW_INPUT_FROM,
                 {"from", 0, "N", "first step number, or byte", .ret_number = &in->from}},
                {CLEW_INPUT_FILTER,
                 {"helpers", 0, NULL, "also traces without an agent, a model call or a tool",
                  .ret_flag = &in->helpers}},
                {CLEW_INPUT_LIMIT,
                 {"limit", 0, "N", "at most so many items", .ret_number = &in->limit}},
                {CLEW_INPUT_AFTER,
                 {"after", 0, "CURSOR", "the rest, behind this place", .ret_text = &in->after}},
                {CLEW_INPUT_FIELDS,
                 {"fields", 0, "A,B", "these fields only", .ret_text = &in->fields}},
                {CLEW_INPUT_FORMAT,
                 {"format", 0, "json|ndjson", "form of a list", .ret_text = &in->format}},
                {CLEW_INPUT_RAW,
                 {"format", 0, "json|protobuf", "encoding of OTLP", .ret_text = &in->format}},
                {CLEW_INPUT_RAW,
                 {"signal", 0, "traces|logs", "which of the two", .ret_text = &in->signal}},
                {CLEW_INPUT_MAX_TEXT,
                 {"max-text", 0, "BYTES", "longer texts are cut; 0 = none is",
                  .ret_number = &in->max_text}},
                {CLEW_INPUT_REFERENCES,
                 {"references", 0, "0|1", "0: do not compare with passing runs of the task",
                  .ret_text = &in->references}},
                {CLEW_INPUT_TEXT_AT,
                 {"at", 0, "POINTER", "JSON pointer of a text in the step's record",
                  .ret_text = &in->at}},
                {CLEW_INPUT_TEXT_AT,
                 {"max", 0, "BYTES", "at most so much of it", .ret_number = &in->max}},
        };

        add_all(set, rows, CLEW_ARRAY_LEN(rows), groups);
}

/* Runs counted, compared, followed. */
static void add_analysis(uint64_t groups, struct clew_inputs *in, struct clew_flag_set *set)
{
        const struct description rows[] = {
                {CLEW_INPUT_DIFF, {"a", 0, "ID", "the one trace", .ret_text = &in->a}},
                {CLEW_INPUT_DIFF, {"b", 0, "ID", "the other trace", .ret_text = &in->b}},
                {CLEW_INPUT_DIFF,
                 {"text", 0, NULL, "with the texts that changed", .ret_flag = &in->text}},
                {CLEW_INPUT_DIFF,
                 {"stat", 0, NULL, "only how much differs", .ret_flag = &in->stat}},
                {CLEW_INPUT_DIFF,
                 {"strict", 0, NULL, "compare ids and times of day too", .ret_flag = &in->strict}},
                {CLEW_INPUT_DIFF,
                 {"only", 0, "KIND|PART", "llm, tool ... steps; or input, output, arguments ...",
                  .ret_text = &in->only}},
                {CLEW_INPUT_STATS,
                 {"by", 0, "KEYS", "agent, tool, model, service, outcome, cause, user, any field",
                  .ret_text = &in->by}},
                {CLEW_INPUT_STATS,
                 {"sort", 0, "WORD",
                  "largest first: n, failed, result_errors, rate, p50, p95, p99, tokens, cost",
                  .ret_text = &in->sort}},
                {CLEW_INPUT_STATS,
                 {"over", 0, "LENGTH", "apart for each 1h, 10m ...", .ret_text = &in->over}},
                {CLEW_INPUT_SIDES,
                 {"a", 0, "QUERY", "runs that meet this query", .ret_text = &in->a}},
                {CLEW_INPUT_SIDES,
                 {"b", 0, "QUERY", "against those that meet this one; all others, when not given",
                  .ret_text = &in->b}},
                {CLEW_INPUT_SIDES,
                 {"all", 0, NULL, "also what chance explains", .ret_flag = &in->all}},
                {CLEW_INPUT_KEY,
                 {"key", 0, "NAME", "attribute whose values are meant", .ret_text = &in->key}},
                {CLEW_INPUT_VALUE,
                 {"value", 0, "TEXT", "where this value came from and went",
                  .ret_text = &in->value}},
                {CLEW_INPUT_VALUE,
                 {"step", 0, "N", "the values that this step brought in",
                  .ret_number = &in->step_number}},
                {CLEW_INPUT_SCORE,
                 {"name", 0, "NAME", "only scores of this name", .ret_text = &in->name}},
                {CLEW_INPUT_WITHIN,
                 {"within", 0, "LENGTH", "look so far before and after the run (1h)",
                  .ret_text = &in->within}},
        };

        add_all(set, rows, CLEW_ARRAY_LEN(rows), groups);
}

/* What people say, and what is made of it. */
static void add_review(uint64_t groups, struct clew_inputs *in, struct clew_flag_set *set)
{
        const struct description rows[] = {
                {CLEW_INPUT_SAID_OF,
                 {"trace", 0, "ID", "all that was said of this trace, undone words too",
                  .ret_text = &in->trace}},
                {CLEW_INPUT_SAID_OF,
                 {"of-session", 0, "ID", "all that was said of this session",
                  .ret_text = &in->of_session}},
                {CLEW_INPUT_AUTHOR,
                 {"author", 0, "NAME", "whose queue; who asks, when not given",
                  .ret_text = &in->author}},
                {CLEW_INPUT_COUNT,
                 {"count", 0, NULL, "also how many are left", .ret_flag = &in->count}},
                {CLEW_INPUT_NEWEST,
                 {"newest", 0, NULL, "only the newest version of each", .ret_flag = &in->newest}},
                {CLEW_INPUT_VERSIONS,
                 {"a", 0, "VERSION", "the one version", .ret_number = &in->version_a}},
                {CLEW_INPUT_VERSIONS,
                 {"b", 0, "VERSION", "the other; the newest, when not given",
                  .ret_number = &in->version_b}},
                {CLEW_INPUT_WITH, {"with", 0, "NAME", "the other of two", .ret_text = &in->with}},
                {CLEW_INPUT_SEED,
                 {"seed", 0, "N", "of the bootstrap (1): the same gives the same intervals",
                  .ret_number = &in->seed}},
                {CLEW_INPUT_NEW_RUBRIC | CLEW_INPUT_NEW_DATASET,
                 {"name", 0, "NAME", "without blanks, '@', ',' and '='", .ret_text = &in->name}},
                {CLEW_INPUT_NEW_RUBRIC,
                 {"text", 0, "TEXT", "the criterion", .ret_text = &in->content}},
                {CLEW_INPUT_NEW_DATASET,
                 {"split", 0, "80/20", "shares of train, (validation,) test, by task",
                  .ret_text = &in->split}},
                {CLEW_INPUT_NEW_DATASET,
                 {"description", 0, "TEXT", "what it is for", .ret_text = &in->description}},
                {CLEW_INPUT_EXPORT,
                 {"format", 0, "NAME", "otlp, items, openai, csv ... as clew export has them",
                  .ret_text = &in->format}},
                {CLEW_INPUT_EXPORT,
                 {"dataset", 0, "NAME[@V]", "its items, instead of those of selected traces",
                  .ret_text = &in->dataset}},
                {CLEW_INPUT_EXPORT | CLEW_INPUT_REDACT,
                 {"redact", 0, "RULES", CLEW_REDACT_HELP, .ret_text = &in->redact}},
                {CLEW_INPUT_EXPORT,
                 {"allow-missing", 0, NULL, "also items without an expected output",
                  .ret_flag = &in->allow_missing}},
                {CLEW_INPUT_EXPORT,
                 {"whole", 0, NULL, "all pages as one stream; limit is that of a page",
                  .ret_flag = &in->whole}},
                {CLEW_INPUT_ITEM_FORM,
                 {"as", 0, "FORM",
                  "run (default), turn: the last user turn, step: the call that failed",
                  .ret_text = &in->as}},
                {CLEW_INPUT_ITEM_FORM,
                 {"step", 0, "N|cause",
                  "with as=step: this one; cause = said or found to be failing",
                  .ret_text = &in->step}},
                {CLEW_INPUT_DELETE,
                 {"datasets", 0, "keep|remove", "copies that datasets have of the traces",
                  .ret_text = &in->copies}},
                {CLEW_INPUT_ADD | CLEW_INPUT_DELETE,
                 {"id", 0, "ID", "these traces, instead of a selection", .ret_values = &in->ids}},
                {CLEW_INPUT_ADD,
                 {"skip-near", 0, NULL, "leave near-duplicates out", .ret_flag = &in->skip_near}},
                {CLEW_INPUT_TAKE_OUT,
                 {"text", 0, "TEXT", "the text that is to go, in all its forms",
                  .ret_text = &in->content}},
                {CLEW_INPUT_TAKE_OUT,
                 {"rules", 0, "RULES", "what built-in rules find: all, or names with commas",
                  .ret_text = &in->redact}},
                {CLEW_INPUT_ADD | CLEW_INPUT_DELETE | CLEW_INPUT_TAKE_OUT,
                 {"dry-run", 0, NULL, "tell, change nothing", .ret_flag = &in->dry_run}},
                {CLEW_INPUT_TAKE_OUT,
                 {"here", 0, NULL,
                  "in this store alone: what is to go is not written to the bucket",
                  .ret_flag = &in->here}},
                {CLEW_INPUT_ITEMS,
                 {"item", 0, "ITEM", "id of an item, or how it begins", .ret_values = &in->items}},
        };

        add_all(set, rows, CLEW_ARRAY_LEN(rows), groups);
}

void clew_inputs_flags(uint64_t groups, struct clew_inputs *in, struct clew_flag_set *set)
{
        if (groups & CLEW_INPUT_FILTER)
                clew_filter_flags_add(set, &in->filter);
        add_lists(groups, in, set);
        add_analysis(groups, in, set);
        add_review(groups, in, set);
}
