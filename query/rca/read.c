/*
 * Reading the steps of a view in time order: each adds what it newly said or saw.
 *
 * The history that every LLM call repeats is recognised by the hash of each part's text: a part
 * whose text was seen is skipped. Texts are copied into the view's arena only when they are new, so
 * the messages of one call can be read into a scratch arena and forgotten.
 */
#include "query/rca/view-int.h"

#include "proto/base/hash.h"
#include "query/model/message.h"
#include "query/rca/deeds.h"
#include "query/rca/flat.h"
#include "query/rca/history-int.h"
#include "query/rca/request.h"
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#include <errno.h>

/* Jaccard is taken of texts of at least this many words; shorter ones are alike by nature. */
#define WORDS_MIN 20u
#define GIST_MAX 256u       /* of a command, for its first words */
#define NO_LEAVES_MAX 16u   /* arguments among which a command line is looked for */
#define MERE_STATUS_MAX 28u /* bytes of an error that only gives a status */
#define LINT_MAX 2048u      /* bytes of a command and of what a linter printed */
#define HEARD_MAX 1024u     /* of a user's latest message */

/* ---- texts seen ----------------------------------------------------------------------------- */

static struct clew_rca_text_slot *text_slot(struct clew_rca_builder *b, uint64_t hash)
{
        uint32_t i = (uint32_t)(hash ^ (hash >> 32)) & b->texts_mask;

        while (b->texts[i].used && b->texts[i].hash != hash)
                i = (i + 1) & b->texts_mask;
        return &b->texts[i];
}

static bool texts_grow(struct clew_rca_builder *b)
{
        uint32_t n = b->texts_mask ? (b->texts_mask + 1) * 2 : CLEW_RCA_TEXTS_FIRST;
        struct clew_rca_text_slot *old = b->texts;
        uint32_t old_n = b->texts_mask ? b->texts_mask + 1 : 0;

        b->texts = clew_arena_calloc(b->arena, n, sizeof(*b->texts));
        if (!b->texts) {
                b->failed = true;
                return false;
        }
        b->texts_mask = n - 1;
        for (uint32_t i = 0; i < old_n; i++) {
                if (old[i].used)
                        *text_slot(b, old[i].hash) = old[i];
        }
        return true;
}

/* Registers a text; false when it was there before. */
static bool text_is_new(struct clew_rca_builder *b, struct clew_slice text, uint32_t step,
                        struct clew_rca_text_slot **ret)
{
        uint64_t hash = clew_hash(text);
        struct clew_rca_text_slot *slot;

        if (!b->texts_mask || b->n_texts * 2 > b->texts_mask) {
                if (!texts_grow(b))
                        return false;
        }
        slot = text_slot(b, hash);
        if (ret)
                *ret = slot;
        if (slot->used)
                return false;
        *slot = (struct clew_rca_text_slot){hash, step, true};
        b->n_texts++;
        return true;
}

/* Adds a unit whose text was found to be new; copies the text. */
static void add_unit(struct clew_rca_builder *b, struct clew_slice text, uint32_t step,
                     enum clew_rca_origin origin)
{
        struct clew_rca_view *v = b->v;

        v->units = clew_rca_grow(b, v->units, v->n_units, &b->units_cap, sizeof(*v->units));
        if (!v->units)
                return;
        v->units[v->n_units++] = (struct clew_rca_unit){text, step, origin};
        v->steps[step].n_units++;
        if (origin == CLEW_RCA_RESULT && v->first_result == CLEW_RCA_NONE)
                v->first_result = v->n_units - 1;
}

static struct clew_slice keep(struct clew_rca_builder *b, struct clew_slice text)
{
        struct clew_slice s = clew_arena_copy(b->arena, text);

        b->failed |= text.len > 0 && !s.data;
        return s;
}

/* ---- messages ------------------------------------------------------------------------------- */

/* "exit code 1": says that it failed, and not how. */
static bool is_mere_status(struct clew_slice t)
{
        return t.len <= MERE_STATUS_MAX &&
               (clew_text_begins(t, "exit code") || clew_text_begins(t, "exit status") ||
                clew_text_begins(t, "exited with") || clew_text_begins(t, "returncode") ||
                clew_text_begins(t, "command failed") || clew_text_begins(t, "error"));
}

/* "503 Service Unavailable means ...", where 503 was looked for: an answer, not a status. */
static bool is_asked_about(const struct clew_rca_step *s)
{
        struct clew_slice t = clew_text_trim(s->result);
        size_t n = 0;

        while (n < t.len && is_digit(t.data[n]))
                n++;
        return n == 3 && clew_find(s->args, t.data, n) != NULL;
}

/* A program that ran and fell over a call of its own: the tool's arguments were fine. */
static bool is_own_call(const struct clew_rca_step *s, struct clew_slice text)
{
        return s->trouble == CLEW_TROUBLE_ARGUMENTS && clew_rca_runs_programs(s->name) &&
               clew_text_find(text, "traceback") >= 0;
}

static void set_soft_error(struct clew_rca_step *s, struct clew_slice text)
{
        enum clew_trouble t = clew_text_result_error(text);

        if (s->failed) {
                struct clew_slice from = s->error_text.len ? s->error_text : text;

                s->trouble = clew_text_trouble(from);
                if (s->trouble == CLEW_TROUBLE_OTHER && t != CLEW_TROUBLE_NONE)
                        s->trouble = t;
                /* "exit code 1" alone makes all failures alike; what was printed tells them apart.
                 */
                s->error_shape = clew_text_error_shape(from) + 31 * clew_text_error_shape(text);
                if (!s->error_text.len)
                        s->error_text = text;
                else if (is_mere_status(s->error_text) && clew_text_trim(text).len)
                        s->error_text = clew_text_error_line(text);
        } else if (t != CLEW_TROUBLE_NONE) {
                s->soft_error = true;
                s->trouble = t;
                s->error_text = text;
                s->error_shape = clew_text_error_shape(text);
        }
        if (is_own_call(s, text))
                s->trouble = CLEW_TROUBLE_OTHER;
}

/* A client that catches what its provider answered with may log that as the model's text. */
static bool is_providers_error(struct clew_slice text)
{
        static const char begin[] = "error code: ";
        struct clew_slice t = clew_text_trim(text);
        size_t n = sizeof(begin) - 1;

        return t.len > n + 3 && clew_text_begins(clew_slice_make(t.data, n), begin) &&
               t.data[n] >= '4' && t.data[n] <= '5' &&
               clew_text_result_error(t) != CLEW_TROUBLE_NONE;
}

/* Or the message of its own exception, and nothing else. */
static bool is_clients_error(struct clew_slice text)
{
        static const char *const messages[] = {
                "connection error.",     "connection error",    "request timed out.",
                "request timed out",     "network error",       "read timed out",
                "internal server error", "service unavailable", "bad gateway",
                "gateway timeout",       "too many requests",   "server disconnected",
        };
        struct clew_slice t = clew_text_trim(text);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(messages); i++) {
                if (t.len == strlen(messages[i]) && clew_text_begins(t, messages[i]))
                        return true;
        }
        return false;
}

static bool is_word(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.' || c == '/' || c >= 0x80;
}

/* The first two words of a command or program ("pip install"), without a change of directory. */
static uint64_t gist_of(struct clew_slice args)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf = {.value = args};
        uint64_t hash = 0;
        uint32_t words = 0;
        size_t i = 0;

        clew_flat_init(&f, args);
        if (f.is_json && !clew_flat_next(&f, &leaf))
                return 0;
        if (leaf.value.len > GIST_MAX)
                leaf.value.len = GIST_MAX;
        while (i < leaf.value.len && words < 2) {
                size_t from;

                while (i < leaf.value.len && !is_word(leaf.value.data[i]))
                        i++;
                from = i;
                while (i < leaf.value.len && is_word(leaf.value.data[i]))
                        i++;
                if (i - from == 2 && memcmp(leaf.value.data + from, "cd", 2) == 0) {
                        while (i + 1 < leaf.value.len &&
                               !(leaf.value.data[i] == '&' || leaf.value.data[i] == ';'))
                                i++;
                        continue;
                }
                hash = clew_hash_seeded(clew_slice_make(leaf.value.data + from, i - from), hash);
                words++;
        }
        return hash;
}

/* The answer that the command lines among the arguments have with status 1. */
static enum clew_no no_of(struct clew_slice args)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf = {.value = args};
        enum clew_no no;

        clew_flat_init(&f, args);
        if (!f.is_json)
                return clew_shell_no(args);
        for (uint32_t n = 0; n < NO_LEAVES_MAX && clew_flat_next(&f, &leaf); n++) {
                no = leaf.is_string ? clew_shell_no(leaf.value) : CLEW_NO_FAILURE;
                if (no != CLEW_NO_FAILURE)
                        return no;
        }
        return CLEW_NO_FAILURE;
}

static void be_no_error(struct clew_rca_step *s)
{
        s->failed = s->soft_error = false;
        s->said_no = true;
        s->trouble = CLEW_TROUBLE_NONE;
        s->error_text = CLEW_SLICE_NULL;
        s->error_shape = 0;
}

/* A linter that printed what it found: "src/a.py:41:80: E501 line too long". */
static bool is_lint(const struct clew_rca_step *s)
{
        static const char *const linters[] = {"ruff ",      "flake8",      "pylint",   "eslint",
                                              "shellcheck", "pycodestyle", "pyflakes", "rubocop",
                                              "stylelint",  "yamllint"};
        struct clew_slice t = head(s->result, LINT_MAX);

        if (!HAS_ANY(head(s->args, LINT_MAX), linters))
                return false;
        for (size_t i = 1; i + 2 < t.len; i++) {
                size_t k = i + 1;

                while (k < t.len && is_digit(t.data[k]))
                        k++;
                if (t.data[i] == ':' && k > i + 1 && k < t.len && t.data[k] == ':' &&
                    is_alpha(t.data[i - 1]))
                        return true;
        }
        return false;
}

/* grep found nothing, diff found something: status 1 is their answer, and no error. */
static void take_no(struct clew_rca_step *s)
{
        enum clew_no no;
        int status;

        if (!clew_rca_has_error(s))
                return;
        if (is_lint(s)) {
                be_no_error(s);
                return;
        }
        status = clew_text_exit_status(s->error_text);
        if (status < 0)
                status = clew_text_exit_status(s->result);
        /* Only a mark says that it failed; what goes wrong with such a program prints why. */
        if (status < 0 && s->failed && !clew_text_trim(s->result).len &&
            clew_text_prints_nothing(s->error_text))
                status = 1;
        no = status == 1 ? no_of(s->args) : CLEW_NO_FAILURE;
        if (no == CLEW_NO_FAILURE || (no == CLEW_NO_MATCH && !clew_text_prints_nothing(s->result)))
                return;
        be_no_error(s);
        s->empty |= no == CLEW_NO_MATCH;
}

void clew_rca_finish_tool(struct clew_rca_step *s)
{
        s->gist = gist_of(s->args);
        s->key = clew_hash_seeded(s->name, clew_flat_hash(s->args));
        s->result_hash = clew_hash(clew_text_trim(s->result));
        /* What a program prints is its own affair: None is a line of it. */
        s->empty = s->has_result && clew_text_is_empty_result(s->result) &&
                   !(clew_rca_runs_programs(s->name) && clew_text_trim(s->result).len);
        if (s->failed || !is_asked_about(s))
                set_soft_error(s, s->result);
        take_no(s);
}

static void add_tool(struct clew_rca_builder *b, uint32_t i)
{
        struct clew_rca_step *s = &b->v->steps[i];

        s->first_unit = b->v->n_units;
        if (s->is_executor && !s->args.len && s->caller != CLEW_RCA_NONE)
                s->args = b->v->steps[s->caller].text; /* what a chat agent ran was said to it */
        else if (s->args.len && text_is_new(b, s->args, i, NULL))
                add_unit(b, s->args, i, CLEW_RCA_ARGS);
        if (s->result.len && text_is_new(b, s->result, i, NULL))
                add_unit(b, s->result, i, CLEW_RCA_RESULT);
        clew_rca_finish_tool(s);
}

/* A part in the input of an LLM call. @nth counts the results of the messages that are new by their
 * place in the history; NULL for older messages. */
static void add_input_part(struct clew_rca_builder *b, uint32_t i, const struct clew_message *m,
                           const struct clew_part *p, uint32_t *nth)
{
        struct clew_rca_result result = {
                .name = p->name, .id = p->id, .unit = CLEW_RCA_NONE, .is_error = p->is_error};
        enum clew_rca_origin origin = CLEW_RCA_USER;
        bool spoken = m->role != CLEW_ROLE_SYSTEM && m->role != CLEW_ROLE_ASSISTANT;

        if (p->type == CLEW_PART_TOOL_CALL || p->type == CLEW_PART_MEDIA)
                return;
        result.is_tool = m->role == CLEW_ROLE_TOOL || p->type == CLEW_PART_TOOL_RESULT;
        if (!p->text.len && !(result.is_tool && nth))
                return;
        if (m->role == CLEW_ROLE_SYSTEM)
                origin = CLEW_RCA_SYSTEM;
        else if (result.is_tool)
                origin = CLEW_RCA_RESULT;
        result.is_new = p->text.len > 0 && text_is_new(b, p->text, i, NULL);
        if (!result.is_new && !nth)
                return;
        result.text = keep(b, p->text);
        if (result.is_new) {
                add_unit(b, result.text, i, origin);
                result.unit = b->v->n_units - 1;
        }
        if (b->failed || !(result.is_tool || spoken))
                return;
        if (nth && result.is_tool)
                result.nth = (*nth)++;
        result.name = keep(b, p->name);
        clew_rca_note_result(b, i, &result);
}

static void add_call(struct clew_rca_builder *b, uint32_t i, const struct clew_part *p)
{
        struct clew_rca_view *v = b->v;
        struct clew_rca_call *c;

        v->calls = clew_rca_grow(b, v->calls, v->n_calls, &b->calls_cap, sizeof(*v->calls));
        if (!v->calls)
                return;
        c = &v->calls[v->n_calls++];
        *c = (struct clew_rca_call){.name = keep(b, p->name),
                                    .args = keep(b, p->text),
                                    .id = keep(b, p->id),
                                    .tool_step = CLEW_RCA_NONE};
        c->key = clew_hash_seeded(c->name, clew_flat_hash(c->args));
        v->steps[i].n_calls++;
        if (c->args.len && text_is_new(b, c->args, i, NULL))
                add_unit(b, c->args, i, CLEW_RCA_ARGS);
}

static void add_words(struct clew_rca_builder *b, uint32_t i)
{
        struct clew_rca_view *v = b->v;
        uint64_t room[CLEW_WORDS_MAX];
        struct clew_words w;
        uint64_t *hash;

        clew_words_of(v->steps[i].text, room, &w);
        if (w.total < WORDS_MIN)
                return;
        v->words = clew_rca_grow(b, v->words, v->n_words, &b->words_cap, sizeof(*v->words));
        hash = clew_arena_alloc(b->arena, w.n * sizeof(*hash));
        if (!v->words || !hash) {
                b->failed = true;
                return;
        }
        memcpy(hash, room, w.n * sizeof(*hash));
        w.hash = hash;
        v->words[v->n_words] = w;
        v->steps[i].words = v->n_words++;
}

static int read_messages(struct clew_rca_builder *b, uint32_t i, enum clew_direction dir,
                         struct clew_messages *ret)
{
        clew_arena_reset(&b->scratch);
        return clew_step_messages_unhashed(b->trace, &b->trace->steps[b->v->steps[i].span], dir,
                                           &b->scratch, ret);
}

/* What an assistant message of the history says that the call itself did not record. */
static void add_from_history(struct clew_rca_builder *b, uint32_t i, const struct clew_message *m)
{
        struct clew_rca_step *s = &b->v->steps[i];

        for (uint32_t q = 0; q < m->n_parts && !b->failed; q++) {
                const struct clew_part *p = &m->parts[q];

                if (p->type == CLEW_PART_TOOL_CALL) {
                        if (s->n_calls == 0)
                                s->first_call = b->v->n_calls;
                        add_call(b, i, p);
                } else if (p->type == CLEW_PART_TEXT && s->text.len == 0) {
                        s->text = keep(b, p->text);
                }
        }
}

/* What a user's message says, as far as rules look. */
static struct clew_slice heard_in(struct clew_rca_builder *b, const struct clew_message *m)
{
        for (uint32_t q = m->n_parts; q-- > 0;) {
                struct clew_slice text = m->parts[q].text;

                if (m->parts[q].type != CLEW_PART_TEXT || text.len == 0)
                        continue;
                if (text.len > HEARD_MAX)
                        text.len = HEARD_MAX;
                return keep(b, text);
        }
        return CLEW_SLICE_NULL;
}

/* A message that says how to answer this very call: the last one, and instructions that stand alone
 * with it. */
static bool is_request(const struct clew_rca_input *in, size_t k)
{
        const struct clew_message *m = &in->messages.items[k];

        if (m->n_parts == 0 || m->role == CLEW_ROLE_ASSISTANT || m->role == CLEW_ROLE_TOOL)
                return false;
        return k + 1 == in->messages.n || (in->messages.n == 2 && !in->cut && in->left_out == 0);
}

static int add_llm_input(struct clew_rca_builder *b, uint32_t i)
{
        struct clew_rca_step *s = &b->v->steps[i];
        const struct clew_rca_step *p =
                s->prev_llm == CLEW_RCA_NONE ? NULL : &b->v->steps[s->prev_llm];
        bool unrecorded = p && p->n_calls == 0 && p->text.len == 0;
        const struct clew_rca_history *old;
        struct clew_slice spoke = CLEW_SLICE_NULL; /* the last user in it */
        struct clew_rca_input in;
        uint32_t left_out;
        uint32_t nth = 0;
        int r = clew_rca_read_input(b, i, &in, &old);

        if (r < 0)
                return r;
        left_out = in.left_out;
        s->n_messages = old ? old->spoken : in.cut && p ? p->n_messages : 0;
        s->heard = old ? old->heard : p ? p->heard : CLEW_SLICE_NULL;
        s->system_hash = old ? old->system : 0;
        for (uint32_t k = 0; k < in.messages.n && !b->failed; k++) {
                const struct clew_message *m = &in.messages.items[k];
                uint64_t known = clew_rca_known_prompt(b, m);
                bool later;

                if (left_out > 0 && clew_rca_is_behind(&in, m)) {
                        s->n_messages += left_out;
                        left_out = 0;
                }
                later = p && p->n_messages > 0 && s->n_messages >= p->n_messages;
                s->n_messages += m->role != CLEW_ROLE_SYSTEM;
                if (m->role == CLEW_ROLE_SYSTEM && s->system_hash == 0)
                        s->system_hash = (known ? known : clew_message_hash(m)) | 1;
                /* What stands first behind the old history is what that call answered. */
                if (later && unrecorded && m->role == CLEW_ROLE_ASSISTANT &&
                    s->n_messages == p->n_messages + 1)
                        add_from_history(b, s->prev_llm, m);
                if (m->role == CLEW_ROLE_USER && (later || !p || b->histories))
                        spoke = heard_in(b, m);
                if (m->role == CLEW_ROLE_USER && (later || !p))
                        s->heard = spoke;
                for (uint32_t q = 0; q < m->n_parts && !known; q++)
                        add_input_part(b, i, m, &m->parts[q], later ? &nth : NULL);
                if (!known)
                        clew_rca_know_prompt(b, m);
                if (!b->only_steps && !s->mark.len && is_request(&in, k))
                        s->mark = keep(b, clew_text_wanted_mark(m->parts[m->n_parts - 1].text));
        }
        s->n_messages += left_out;
        if (b->histories)
                clew_rca_keep_history(b, i, &in, old, spoke);
        /* The first message of a history that goes on is the one that it began with; one whose
         * beginning the sender may have lost, too. */
        if (p && s->system_hash == 0 && p->system_hash != 0 &&
            (in.cut || clew_rca_may_lack_first(&b->trace->steps[s->span])))
                s->system_hash = p->system_hash;
        return 0;
}

static int add_llm_output(struct clew_rca_builder *b, uint32_t i)
{
        struct clew_rca_step *s = &b->v->steps[i];
        struct clew_messages out;
        int r = read_messages(b, i, CLEW_MESSAGES_OUT, &out);

        if (r < 0)
                return r;
        s->first_call = b->v->n_calls;
        for (uint32_t k = 0; k < out.n && !b->failed; k++) {
                const struct clew_message *m = &out.items[k];

                if (!s->finish.len && m->finish_reason.len)
                        s->finish = keep(b, m->finish_reason);
                for (uint32_t q = 0; q < m->n_parts; q++) {
                        const struct clew_part *p = &m->parts[q];

                        if (p->type == CLEW_PART_TOOL_CALL) {
                                add_call(b, i, p);
                        } else if ((p->type == CLEW_PART_TEXT || p->type == CLEW_PART_REFUSAL) &&
                                   p->text.len) {
                                struct clew_slice t = keep(b, p->text);

                                if (t.len > s->text.len)
                                        s->text = t;
                                if (text_is_new(b, t, i, NULL))
                                        add_unit(b, t, i, CLEW_RCA_WRITTEN);
                        }
                }
        }
        if (s->text.len && !b->only_steps)
                add_words(b, i);
        if (s->failed)
                set_soft_error(s, s->error_text);
        else if (s->n_calls == 0 && is_providers_error(s->text))
                set_soft_error(s, s->text);
        else if (s->n_calls == 0 && is_clients_error(s->text)) {
                s->soft_error = true;
                s->trouble = clew_text_trouble(s->text);
                s->error_text = s->text;
                s->error_shape = clew_text_error_shape(s->text);
        }
        return 0;
}

static int add_llm(struct clew_rca_builder *b, uint32_t i)
{
        int r;

        b->v->steps[i].first_unit = b->v->n_units;
        r = add_llm_input(b, i);
        if (r == 0)
                r = add_llm_output(b, i);
        if (r == 0 && !b->only_steps)
                clew_rca_read_request(b, i);
        return r;
}

/* What an executor ran is what was asked for last and is not carried out yet: a call, or a program.
 */
static void find_order(struct clew_rca_view *v, struct clew_rca_step *t)
{
        const struct clew_rca_step *llm = &v->steps[t->caller];
        ptrdiff_t program = clew_text_program(llm->text);

        for (uint32_t k = 0; k < llm->n_calls; k++) {
                const struct clew_rca_call *c = &v->calls[llm->first_call + k];

                if (c->tool_step != CLEW_RCA_NONE)
                        continue;
                t->name = c->name;
                t->args = c->args;
                t->call_id = c->id;
                clew_rca_finish_tool(t);
                return;
        }
        if (program >= 0)
                t->args = clew_slice_from(llm->text, (size_t)program);
        clew_rca_finish_tool(t);
}

/* Ties the calls of LLM steps to the tool steps that carried them out. */
static void match_calls(struct clew_rca_view *v)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                struct clew_rca_step *t = &v->steps[i];
                const struct clew_rca_step *llm;

                if (t->kind != CLEW_RCA_TOOL || t->caller == CLEW_RCA_NONE)
                        continue;
                if (t->is_executor)
                        find_order(v, t);
                llm = &v->steps[t->caller];
                for (uint32_t k = 0; k < llm->n_calls; k++) {
                        struct clew_rca_call *c = &v->calls[llm->first_call + k];

                        if (c->tool_step == CLEW_RCA_NONE &&
                            ((c->id.len && clew_slice_eq(c->id, t->call_id)) ||
                             (!t->call_id.len && clew_slice_eq(c->name, t->name)))) {
                                c->tool_step = i;
                                break;
                        }
                }
        }
}

/* Agents that act by writing programs put one into nearly every text; the odd example in an answer
 * is no action. */
static bool acts_in_text(const struct clew_rca_view *v)
{
        uint32_t n = 0;
        uint32_t with = 0;

        for (uint32_t i = 0; i < v->n_steps && n < 64; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM && v->steps[i].text.len > 0) {
                        n++;
                        with += v->steps[i].n_calls == 0 &&
                                clew_text_program(v->steps[i].text) >= 0;
                }
        }
        return with >= 2 && with * 2 > n;
}

/* The tool of most actions, when it takes one command or program: its name says nothing then. */
static struct clew_slice shell_of(const struct clew_rca_view *v)
{
        const struct clew_rca_step *first = NULL;
        uint32_t n = 0;
        uint32_t same = 0;

        for (uint32_t i = 0; i < v->n_steps && n < 64; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_flat f;
                struct clew_flat_leaf leaf;
                struct clew_slice key = CLEW_SLICE_LITERAL("-");
                uint32_t leaves = 0;

                if (s->kind != CLEW_RCA_TOOL || s->args.len == 0)
                        continue;
                clew_flat_init(&f, s->args);
                while (f.is_json && clew_flat_next(&f, &leaf)) {
                        leaves++;
                        key = leaf.key;
                }
                n++;
                if (!first && leaves <= 1 &&
                    (clew_rca_runs_programs(s->name) || clew_rca_runs_programs(key)))
                        first = s;
                same += first && leaves <= 1 && clew_slice_eq(s->name, first->name);
        }
        return n >= 6 && same * 10 >= n * 7 ? first->name : CLEW_SLICE_NULL;
}

/* What the request of LLM step @i says of a tool. */
static struct clew_slice description_of(const struct clew_rca_view *v, uint32_t i,
                                        struct clew_slice name)
{
        const struct clew_rca_offer *o;

        if (i == CLEW_RCA_NONE || v->steps[i].offer == CLEW_RCA_NONE ||
            v->steps[i].kind != CLEW_RCA_LLM)
                return CLEW_SLICE_NULL;
        o = &v->offers[v->steps[i].offer];
        for (uint32_t k = 0; k < o->n_tools; k++) {
                if (clew_slice_eq(o->tools[k].name, name))
                        return o->tools[k].description;
        }
        return CLEW_SLICE_NULL;
}

static void find_deeds(struct clew_rca_view *v)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_TOOL)
                        s->deed = clew_deed_of(s->name, s->args,
                                               description_of(v, s->caller, s->name), s->result);
                /* What changes something, or runs, need not say a word. */
                if (s->kind == CLEW_RCA_TOOL && s->empty && clew_text_trim(s->result).len == 0 &&
                    (s->deed == CLEW_DEED_CHANGES ||
                     (s->deed == CLEW_DEED_UNKNOWN && clew_rca_runs_programs(s->name))))
                        s->empty = false;
                for (uint32_t k = 0; s->kind == CLEW_RCA_LLM && k < s->n_calls; k++) {
                        struct clew_rca_call *c = &v->calls[s->first_call + k];

                        if (c->tool_step == CLEW_RCA_NONE)
                                c->deed = clew_deed_of(c->name, c->args,
                                                       description_of(v, i, c->name),
                                                       CLEW_SLICE_NULL);
                }
        }
}

int clew_rca_read(struct clew_rca_builder *b)
{
        struct clew_rca_view *v = b->v;
        int r = clew_rca_begin_histories(b);

        for (uint32_t i = 0; r == 0 && i < v->n_steps && !b->failed; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM)
                        r = add_llm(b, i);
                else if (v->steps[i].kind == CLEW_RCA_TOOL)
                        add_tool(b, i);
                else if (v->steps[i].failed)
                        set_soft_error(&v->steps[i], v->steps[i].error_text);
        }
        if (r < 0 || b->failed)
                return r;
        v->acts_in_text = acts_in_text(v);
        match_calls(v);
        r = clew_rca_insert_virtual(b);
        v->shell = shell_of(v);
        if (!b->only_steps)
                find_deeds(v);
        return r;
}

/* ---- the run as a whole --------------------------------------------------------------------- */

/* The span that speaks for the run: its root when that has an input or output, else the first span
 * below it that has (an agent under plain spans of the application). */
static uint32_t speaker(const struct clew_trace *t, bool output)
{
        uint32_t agent = CLEW_STEP_NONE;

        for (uint32_t i = t->root; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];

                if (i > t->root && s->depth <= t->steps[t->root].depth)
                        break;
                if (s->kind == CLEW_KIND_LLM || s->kind == CLEW_KIND_TOOL)
                        break; /* the run itself, not somebody who speaks for it */
                if ((output ? s->output : s->input).len > 0)
                        return i;
                if (agent == CLEW_STEP_NONE && s->kind == CLEW_KIND_AGENT)
                        agent = i;
        }
        return agent != CLEW_STEP_NONE ? agent : t->root;
}

struct clew_slice clew_rca_run_input(const struct clew_trace *t)
{
        return t->root == CLEW_STEP_NONE ? CLEW_SLICE_NULL : t->steps[speaker(t, false)].input;
}

int clew_rca_read_run(struct clew_rca_builder *b)
{
        const struct clew_trace *t = b->trace;
        struct clew_rca_view *v = b->v;
        const struct clew_step *root;
        const struct clew_step *last;
        struct clew_messages m;
        int r;

        v->failed = t->outcome == CLEW_OUTCOME_FAILED || t->outcome == CLEW_OUTCOME_ERROR;
        v->passed = t->outcome == CLEW_OUTCOME_PASSED;
        if (t->root == CLEW_STEP_NONE)
                return 0;
        root = &t->steps[t->root];
        last = &t->steps[speaker(t, true)];
        v->root_failed = root->error.is_error;
        v->root_error = root->error.message.len ? root->error.message : root->error.type;
        v->output = last->output;
        v->input = clew_rca_run_input(t);
        if (last->kind == CLEW_KIND_LLM)
                return 0;
        clew_arena_reset(&b->scratch);
        r = clew_step_messages_unhashed(t, last, CLEW_MESSAGES_OUT, &b->scratch, &m);
        if (r == 0 && m.n && m.items[m.n - 1].n_parts) {
                const struct clew_message *end = &m.items[m.n - 1];

                v->output = keep(b, end->parts[end->n_parts - 1].text);
        }
        return r;
}
