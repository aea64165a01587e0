#include "query/review/redact.h"

#include "proto/otlp/redact.h"
#include "query/review/record.h"
#include "query/review/rename-int.h"

#include <errno.h>
#include <string.h>

/* Of edits and what is put in, of one message; a message has at most this. */
#define WORK_BYTES_MAX ((size_t)2 << 30)
#define ARENA_MAX ((size_t)16 << 20)
/* What text rules keep of their memory from message to message. */
#define KEEP_BYTES ((size_t)16 << 20)

/* ---- what is looked for ---------------------------------------------------------------------- */

/* What stands in the place of each form where bytes are looked at without knowing what they are. */
static int make_raw(struct clew_redact *r)
{
        const struct clew_own *own = &r->own.own;
        struct clew_slice text = own->texts[0].text;
        struct clew_slice shown;

        r->raw = clew_arena_calloc(&r->arena, own->n_forms, sizeof(*r->raw));
        r->shown = clew_arena_alloc(&r->arena, text.len);
        if (!r->raw || !r->shown)
                return -ENOMEM;
        clew_mask_fill(text, r->mask.key, r->shown, text.len);
        shown = clew_slice_make(r->shown, text.len);
        for (uint32_t i = 0; i < own->n_forms; i++) {
                const struct clew_form *f = &own->forms[i].form;
                uint8_t *to;
                int e = 0;

                if (f->kind == CLEW_FORM_BASE64) { /* what is decoded says it too */
                        e = clew_forms_base64(shown, f->before, f->is_url, &r->arena, &r->raw[i]);
                        if (e < 0)
                                return e;
                        continue;
                }
                to = clew_arena_alloc(&r->arena, f->bytes.len);
                if (!to)
                        return -ENOMEM;
                if (f->kind == CLEW_FORM_TEXT)
                        clew_mask_fill(text, r->mask.key, to, f->bytes.len);
                else
                        clew_mask_fill_digits(text, r->mask.key, to, f->bytes.len);
                r->raw[i] = clew_slice_make(to, f->bytes.len);
        }
        return 0;
}

static void begin(struct clew_redact *r, const uint8_t key[CLEW_REDACT_KEY_BYTES])
{
        memset(r, 0, sizeof(*r));
        r->mask = (struct clew_mask){.has_key = true, .same_length = true};
        memcpy(r->mask.key, key, sizeof(r->mask.key));
        clew_mask_work_init(&r->work, WORK_BYTES_MAX);
        clew_arena_init(&r->arena, ARENA_MAX);
        clew_own_init(&r->own.own);
        clew_buffer_init(&r->seen.having, WORK_BYTES_MAX);
}

int clew_redact_init(struct clew_redact *r, struct clew_slice text,
                     const uint8_t key[CLEW_REDACT_KEY_BYTES], struct clew_error *err)
{
        struct clew_own *own = &r->own.own;
        int rule;
        int e;

        begin(r, key);
        rule = clew_own_rule(own, CLEW_SLICE_LITERAL("text"), 0, err);
        e = rule < 0 ? rule : clew_own_add_text(own, rule, text, err);
        if (e == 0)
                e = clew_own_finish(own, err);
        if (e == 0)
                e = make_raw(r);
        if (e == 0)
                e = clew_joint_new(own->texts[0].text, &r->joint);
        if (e == 0) {
                r->mask.own = own;
                r->work.joint = r->joint;
                return 0;
        }
        clew_redact_deinit(r);
        return err && err->message[0] ? e : clew_error_set(err, e, 0, "out of memory");
}

void clew_redact_init_rules(struct clew_redact *r, const struct clew_rules *rules,
                            const uint8_t key[CLEW_REDACT_KEY_BYTES])
{
        begin(r, key);
        r->mask.rules = rules->used;
        r->mask.own = rules->own.n_rules > 0 ? &rules->own : NULL;
}

void clew_redact_deinit(struct clew_redact *r)
{
        clew_rules_deinit(&r->own);
        clew_mask_work_deinit(&r->work);
        clew_joint_free(r->joint);
        clew_arena_deinit(&r->arena);
        clew_buffer_deinit(&r->seen.having);
        r->joint = NULL;
        r->work.joint = NULL;
        r->mask.own = NULL;
        r->raw = NULL;
        r->shown = NULL;
}

struct clew_slice clew_redact_shown(const struct clew_redact *r)
{
        return r->shown ? clew_slice_make(r->shown, r->own.own.texts[0].text.len) : CLEW_SLICE_NULL;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* Leaves edits in r->work; how many places they are, or an error. */
static int64_t look(struct clew_redact *r, enum clew_redaction_of of, struct clew_slice text)
{
        uint64_t before = clew_mask_count(&r->mask);
        size_t head = 0;
        int e = 0;

        clew_mask_work_tidy(&r->work, KEEP_BYTES);
        clew_mask_work_begin(&r->work, text.len);
        switch (of) {
        case CLEW_REDACTION_TRACES:
        case CLEW_REDACTION_LOGS:
                e = clew_otlp_redact(text,
                                     of == CLEW_REDACTION_LOGS ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES,
                                     &r->mask, &r->work, NULL, NULL);
                break;
        case CLEW_REDACTION_RECORD:
                head = clew_review_head(text);
                /* fall through */
        case CLEW_REDACTION_NOTE:
        case CLEW_REDACTION_NAME:
                clew_mask_look(&r->mask, &r->work, clew_slice_from(text, head), head);
                e = r->work.error;
                break;
        }
        return e < 0 ? e : (int64_t)(clew_mask_count(&r->mask) - before);
}

/* ---- bytes of unknown sense ------------------------------------------------------------------ */

/* A text of which every byte may be: ids, what nobody reads. Replaces when @to is given. */
static uint64_t sweep(const struct clew_redact *r, struct clew_slice text, uint8_t *to)
{
        const struct clew_own *own = &r->own.own;
        const struct clew_mask_edit *e =
                (const struct clew_mask_edit *)(const void *)r->work.edits.data;
        size_t n_edits = clew_mask_work_edits(&r->work);
        size_t i = 0;
        uint64_t n = 0;
        size_t at = 0;
        uint32_t form;

        if (!r->raw)
                return 0;
        while (clew_needles_find(own->needles, text, at, &at, &form)) {
                size_t end = at + r->raw[form].len;

                while (i < n_edits && e[i].to <= at)
                        i++;
                /* Without @to the edits are not made yet. */
                n += to || i == n_edits || e[i].from >= end;
                if (to)
                        memcpy(to + at, r->raw[form].data, r->raw[form].len);
                at = end;
        }
        return n;
}

static int64_t count(void *context, enum clew_redaction_of of, struct clew_slice text)
{
        struct clew_redact *r = context;
        int64_t n = look(r, of, text);

        return n < 0 ? n : n + (int64_t)sweep(r, text, NULL);
}

static int64_t replace(void *context, enum clew_redaction_of of, uint8_t *text, size_t len)
{
        struct clew_redact *r = context;
        int64_t n = look(r, of, clew_slice_make(text, len));

        if (n < 0)
                return n;
        clew_mask_apply_here(&r->work, text, len);
        return n + (int64_t)sweep(r, clew_slice_make(text, len), text);
}

static void mark(void *context, struct clew_slice key, uint8_t *value, size_t n)
{
        (void)context;
        if (key.len > 0 && key.data[0] == CLEW_KIND_BLOB)
                clew_review_mark_changed(value, n);
}

static int64_t change(void *context, uint8_t *value, size_t n)
{
        return replace(context, CLEW_REDACTION_RECORD, value, n);
}

static int move(void *context, struct clew_shelf *shelf, struct clew_slice key,
                struct clew_slice before, struct clew_slice after, struct clew_error *err)
{
        const struct clew_rename rename = {.change = change, .context = context};

        return clew_review_rename(shelf, key, before, after, &rename, err);
}

struct clew_redaction clew_redact_store(struct clew_redact *r)
{
        return (struct clew_redaction){.count = count,
                                       .replace = replace,
                                       .mark = mark,
                                       .move = move,
                                       .context = r,
                                       .seen = &r->seen};
}
