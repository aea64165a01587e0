/*
 * One run as a file: a page that holds its tree, its conversation, its cause and its texts, and
 * needs no server. It is the page of the server itself, with the answers that it would ask for.
 *
 * The policy in the page allows what the page holds (by hashes) and nothing else: whatever the
 * texts are, the file loads nothing and sends nothing.
 */
#include "query/serve/call-int.h"

#include "proto/base/base64.h"
#include "proto/base/json.h"
#include "proto/base/sha256.h"
#include "query/answer/step-full.h"
#include "query/answer/step-record.h"
#include "query/answer/when.h"
#include "query/serve/share-pack-int.h"
#include "query/ui/assets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is packed, each part of it. */
#define PACK_BYTES_MAX ((size_t)256 << 20)
/* Room for what gives the rest of a list; it is of digits. */
#define NEXT_BYTES 64u

struct share {
        struct clew_call *call;
        struct clew_share_pack pack;
        struct clew_buffer answers; /* members of the object of answers */
        struct clew_buffer whole;   /* one step */
        struct clew_buffer cut;     /* the same with its long texts cut */
        char id[CLEW_TRACE_ID_HEX];
};

static int put(struct share *s, const char *name, struct clew_slice json)
{
        clew_buffer_printf(&s->answers, "%s\"%s\":", s->answers.len > 0 ? ",\n" : "", name);
        while (json.len > 0 && json.data[json.len - 1] == '\n')
                json.len--;
        return clew_share_pack_add(&s->pack, json, &s->answers);
}

/* The member "next" of a list: what gives its rest; "" at the end. */
static void next_of(struct clew_slice list, char *ret, size_t size)
{
        struct clew_json_reader r = clew_json_reader_make(list, CLEW_JSON_DEPTH_MAX);

        ret[0] = '\0';
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return;
        while (clew_json_next_member(&r)) {
                if (!clew_json_text_is(&r, "next")) {
                        clew_json_skip(&r);
                        continue;
                }
                if (clew_json_next(&r) == CLEW_JSON_STRING && r.text.len < size) {
                        memcpy(ret, r.text.data, r.text.len);
                        ret[r.text.len] = '\0';
                }
        }
}

/* An answer of another route, as the page asks for it; with @next, what gives its rest. */
static int put_answer(struct share *s, const char *name, const char *below, char *next,
                      size_t next_size)
{
        const struct clew_serve_request *asked = s->call->request;
        struct clew_serve_request request = {.method = CLEW_SLICE_LITERAL("GET"),
                                             .identity = asked->identity};
        struct clew_serve_answer answer;
        char target[256];
        int r;

        (void)snprintf(target, sizeof(target), "/api/v1/traces/%s%s", s->id, below);
        request.target = clew_slice_of_cstr(target);
        clew_serve_answer_init(&answer);
        clew_serve(s->call->service, &request, &answer);
        if (next)
                next_of(clew_buffer_slice(&answer.body), next, next_size);
        r = answer.status == 200   ? put(s, name, clew_buffer_slice(&answer.body))
            : answer.status == 413 ? -EMSGSIZE
                                   : -EIO;
        clew_serve_answer_deinit(&answer);
        return r;
}

/* A list, in as many pages as it takes: NAME/0, NAME/1 ... */
static int put_list(struct share *s, const char *name, const char *below, const char *rest)
{
        char next[NEXT_BYTES] = "";
        char page[32];
        char target[128];
        unsigned n = 0;
        int r = 0;

        do {
                (void)snprintf(page, sizeof(page), "%s/%u", name, n++);
                (void)snprintf(target, sizeof(target), "%s?limit=1000%s%s%s", below,
                               next[0] ? "&" : "", next[0] ? rest : "", next);
                r = put_answer(s, page, target, next, sizeof(next));
        } while (r == 0 && next[0]);
        return r;
}

/* All of one step, as `/steps/{n}` answers it. */
static int put_step(struct share *s, const struct clew_opened *o, uint32_t step)
{
        const struct clew_step_texts texts = {&s->call->scratch, &s->call->brief};
        struct clew_record_writer out;
        char name[32];
        int r;

        clew_buffer_clear(&s->whole);
        clew_buffer_clear(&s->cut);
        clew_record_writer_init(&out, CLEW_RECORD_JSON, "step", clew_step_fields,
                                clew_sink_to_buffer(&s->whole));
        r = clew_step_put_full(&out, o->trace, step, &texts);
        clew_record_writer_deinit(&out);
        if (r == 0)
                r = clew_shorten(clew_buffer_slice(&s->whole), clew_call_max_text(s->call),
                                 &s->cut);
        (void)snprintf(name, sizeof(name), "steps/%u", step + 1);
        return r < 0 ? r : put(s, name, clew_buffer_slice(&s->cut));
}

static int put_steps(struct share *s)
{
        struct clew_trace_options options = CLEW_TRACE_FULL;
        struct clew_opened o = {0};
        int r = clew_call_view(s->call);

        options.provenance = true;
        options.results = true;
        if (r == 0)
                r = clew_call_open(s->call, s->id, &options, true, &o);
        for (uint32_t i = 0; r == 0 && i < o.trace->n_steps; i++)
                r = put_step(s, &o, i);
        return r > 0 ? -EIO : r;
}

/* ---- the page ------------------------------------------------------------------------------- */

/* A file of the pages as it is. The caller frees it. */
static int take_asset(const char *path, struct clew_buffer *ret)
{
        struct clew_ui_asset asset;

        if (!clew_ui_asset_find(clew_slice_of_cstr(path), &asset))
                return -ENOENT;
        clew_buffer_init(ret, asset.plain_bytes + 1);
        return clew_ui_asset_inflate(&asset, ret);
}

static void append_hash(struct clew_buffer *out, struct clew_slice text)
{
        uint8_t hash[CLEW_SHA256_BYTES];

        clew_sha256_of(text, hash);
        clew_buffer_append_cstr(out, "'sha256-");
        clew_base64_encode(clew_slice_make(hash, sizeof(hash)), out);
        clew_buffer_append_byte(out, '\'');
}

static void append_page(struct share *s, struct clew_slice script, struct clew_slice style)
{
        struct clew_buffer *out = &s->call->answer->body;
        char when[CLEW_WHEN_TEXT];

        clew_when_rfc3339(clew_clock_unix_ns(s->call->service->clock), when);
        clew_buffer_append_cstr(out,
                                "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                                "<meta name=\"viewport\" content=\"width=device-width\">\n"
                                "<meta name=\"referrer\" content=\"no-referrer\">\n"
                                "<meta http-equiv=\"Content-Security-Policy\" content=\""
                                "default-src 'none'; script-src ");
        append_hash(out, script);
        clew_buffer_append_cstr(out, "; style-src ");
        append_hash(out, style);
        clew_buffer_append_cstr(out, "; img-src data:; media-src data:; base-uri 'none'; "
                                     "form-action 'none'\">\n");
        clew_buffer_printf(out, "<title>%.8s · Clew</title>\n<style>", s->id);
        clew_buffer_append_slice(out, style);
        clew_buffer_append_cstr(out,
                                "</style>\n<div id=\"app\"></div>\n<noscript>This file shows a run "
                                "with JavaScript.</noscript>\n"
                                "<script type=\"application/json\" id=\"clew-texts\">[");
        clew_buffer_append_slice(out, clew_buffer_slice(&s->pack.texts));
        clew_buffer_printf(out,
                           "]</script>\n<script type=\"application/json\" id=\"clew-run\">"
                           "{\"v\":1,\"id\":\"%s\",\"made\":\"%s\",\"version\":\"" CLEW_VERSION
                           "\",\"masked\":%llu,\"answers\":{\n",
                           s->id, when, (unsigned long long)clew_mask_count(&s->pack.mask));
        clew_buffer_append_slice(out, clew_buffer_slice(&s->answers));
        clew_buffer_append_cstr(out, "}}</script>\n<script type=\"module\">");
        clew_buffer_append_slice(out, script);
        clew_buffer_append_cstr(out, "</script>\n</html>\n");
}

/* What stands between the tags of a page must not end it. */
static bool may_stand_in_page(struct clew_slice text, const char *tag)
{
        return !memmem(text.data, text.len, tag, strlen(tag)) &&
               !memmem(text.data, text.len, "<!--", 4);
}

static int make_page(struct share *s)
{
        CLEW_BUFFER script = {0};
        CLEW_BUFFER style = {0};
        int r = take_asset("/app.js", &script);

        if (r == 0)
                r = take_asset("/app.css", &style);
        if (r == 0 && (!may_stand_in_page(clew_buffer_slice(&script), "</script") ||
                       !may_stand_in_page(clew_buffer_slice(&style), "</style")))
                r = -EBADMSG;
        if (r == 0)
                append_page(s, clew_buffer_slice(&script), clew_buffer_slice(&style));
        return r < 0 ? r : clew_buffer_error(&s->call->answer->body);
}

static int make(struct share *s)
{
        static const char *const names[] = {"", "why", "reviews"};
        static const char *const below[] = {"", "/why", "/reviews"};
        int r = 0;

        /* The other routes open a view of their own; one thread has one at a time. */
        clew_view_close(s->call->view);
        s->call->view = NULL;
        clew_arena_reset(&s->call->trace);
        for (size_t i = 0; r == 0 && i < CLEW_ARRAY_LEN(names); i++)
                r = put_answer(s, names[i], below[i], NULL, 0);
        if (r == 0)
                r = put_list(s, "briefs", "/steps", "from=");
        if (r == 0)
                r = put_list(s, "chat", "/chat", "after=");
        if (r == 0)
                r = put_steps(s);
        return r < 0 ? r : make_page(s);
}

int clew_route_share(struct clew_call *call)
{
        struct share s = {.call = call};
        struct clew_opened o = {0};
        unsigned rules = CLEW_MASK_ALL;
        const char *redact = call->inputs.redact;
        int r;

        if (redact && !clew_mask_rules_parse(clew_slice_of_cstr(redact), &rules))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "redact takes all, none, or names of rules with commas");
        r = clew_call_open(call, call->path_values[0], &CLEW_TRACE_FULL, false, &o);
        if (r != 0)
                return r > 0 ? 0 : r;
        clew_trace_id_to_hex(&o.id, s.id);
        clew_share_pack_init(&s.pack, rules, PACK_BYTES_MAX);
        clew_buffer_init(&s.answers, CLEW_SERVE_BODY_MAX);
        clew_buffer_init(&s.whole, CLEW_SERVE_MEMORY_MAX);
        clew_buffer_init(&s.cut, CLEW_SERVE_MEMORY_MAX);
        r = make(&s);
        clew_share_pack_deinit(&s.pack);
        clew_buffer_deinit(&s.answers);
        clew_buffer_deinit(&s.whole);
        clew_buffer_deinit(&s.cut);
        if (r == -EMSGSIZE)
                return clew_call_refuse(call, CLEW_PROBLEM_TOO_LARGE,
                                        "the file would be larger than %zu MiB; max-text cuts its "
                                        "texts (16384, say)",
                                        CLEW_SERVE_BODY_MAX >> 20);
        call->answer->status = 200;
        call->answer->content_type = "text/html; charset=utf-8";
        call->answer->policy = "sandbox; default-src 'none'";
        call->answer->is_file = true;
        return r;
}
