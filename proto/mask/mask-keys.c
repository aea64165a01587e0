/*
 * Finders of mask.h for what has a form of its own: private keys, keys of services, tokens,
 * passwords in addresses, e-mail.
 *
 * Keys of services: a run of letters, digits, '_' and '-' of at least 16 that begins as its issuer
 * says (each documents the beginning, so that scanners find leaked ones). Runs are found by looking
 * at every 16th byte first, since nearly all words are shorter.
 */
#include "proto/base/compiler.h"
#include "proto/base/find.h"
#include "proto/mask/mask-int.h"

#include <string.h>

/* ---- private keys --------------------------------------------------------------------------- */

/* "RSA ", "ENCRYPTED ", "PGP " and the like before PRIVATE KEY. */
#define LABEL_MAX 48u
/* A key of 16,384 bits has 12 KiB. */
#define BLOCK_MAX ((size_t)32 << 10)
/* A line of a cut block; shorter ones may be words. */
#define BLOCK_LINE_MIN 20u
/* All lines of a block with an end; what is shorter is a word or two. */
#define BLOCK_SHORT_MIN 12u

static bool is_base64(uint8_t c)
{
        return clew_mask_is_alnum(c) || c == '+' || c == '/' || c == '=';
}

/* What may stand between two lines of a block: also as escapes. */
static bool is_between(uint8_t c)
{
        return c == ' ' || (c >= 9 && c <= 13) || c == '\\' || c == '"' || c == ',' || c == '\'';
}

/* Behind "-----BEGIN ... PRIVATE KEY ...-----" at @at; 0 when it is something else. */
static size_t end_of_label(struct clew_slice text, size_t at)
{
        size_t from = at + 11;
        size_t to = from;
        struct clew_slice label;

        while (to < text.len && to - from < LABEL_MAX &&
               (clew_mask_is_alnum(text.data[to]) || text.data[to] == ' '))
                to++;
        label = clew_slice_make(text.data + from, to - from);
        if (text.len - to < 5 || memcmp(text.data + to, "-----", 5) != 0 ||
            !clew_find(label, "PRIVATE KEY", 11))
                return 0;
        return to + 5;
}

/* Where the lines of base64 from @at on end; @at when there is none whose first has @least letters.
 */
static size_t end_of_lines(struct clew_slice text, size_t at, size_t least)
{
        size_t end = at;

        for (size_t i = at; i < text.len && i - at < BLOCK_MAX;) {
                size_t from;

                while (i < text.len && is_between(text.data[i]))
                        i += text.data[i] == '\\' && i + 1 < text.len ? 2 : 1;
                from = i;
                while (i < text.len && is_base64(text.data[i]))
                        i++;
                if (i - from < (end == at || least < 4u ? least : 4u))
                        break;
                end = i;
        }
        return end;
}

/* The same of a block that is whole: its end tells that short lines are no words. */
static size_t end_of_short_lines(struct clew_slice text, size_t at)
{
        size_t end = end_of_lines(text, at, 1);
        size_t next = end;

        while (next < text.len && is_between(text.data[next]))
                next += text.data[next] == '\\' && next + 1 < text.len ? 2 : 1;
        if (end - at < BLOCK_SHORT_MIN || next >= text.len ||
            !clew_slice_starts_with(clew_slice_from(text, next), CLEW_SLICE_LITERAL("-----END ")))
                return at;
        return end;
}

bool clew_mask_find_private_key(struct clew_slice text, size_t from, unsigned rules,
                                struct clew_mask_hit *ret)
{
        (void)rules;
        for (;;) {
                const uint8_t *p = clew_find(clew_slice_from(text, from), "-----BEGIN ", 11);
                size_t at;
                size_t body;
                size_t end;
                size_t most;

                if (!p)
                        return false;
                at = (size_t)(p - text.data);
                body = end_of_label(text, at);
                from = at + 11;
                if (body == 0)
                        continue;
                end = end_of_lines(text, body, BLOCK_LINE_MIN);
                if (end == body)
                        end = end_of_short_lines(text, body);
                if (end == body) {
                        /* Headers (Proc-Type, Comment) may stand first: a line later. */
                        p = clew_find(clew_slice_make(text.data + body, text.len - body < 256
                                                                                ? text.len - body
                                                                                : 256),
                                      "\n\n", 2);
                        if (p)
                                end = end_of_lines(text, (size_t)(p - text.data), BLOCK_LINE_MIN);
                        if (!p || end == (size_t)(p - text.data))
                                continue;
                }
                /* "-----END ...-----" right behind them belongs to it. */
                most = end + 16 < text.len ? end + 16 : text.len;
                p = clew_find(clew_slice_make(text.data + end, most - end), "-----END ", 9);
                if (p) {
                        end = (size_t)(p - text.data) + 9;
                        while (end < text.len &&
                               (clew_mask_is_alnum(text.data[end]) || text.data[end] == ' '))
                                end++;
                        while (end < text.len && text.data[end] == '-')
                                end++;
                }
                *ret = (struct clew_mask_hit){.rule = CLEW_MASK_PRIVATE_KEY, .from = at, .to = end};
                return true;
        }
}

/* ---- keys of services ----------------------------------------------------------------------- */

#define RUN_MIN 16u

enum shape {
        ANY,   /* letters, digits, '_' and '-' */
        UPPER, /* capitals and digits behind the beginning */
        HEX,   /* hex digits behind it */
        WORD,  /* no '-' behind it */
};

struct issuer {
        const char *begin;
        uint16_t least; /* whole length */
        uint16_t most;  /* 0 = no bound */
        uint8_t shape;
};

/* By the issuers' own documents: what their keys begin with. */
static const struct issuer issuers[] = {
        {"sk-", 16, 0, ANY}, /* OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse ... */
        {"pk-lf-", 20, 0, ANY},       {"sess-", 32, 0, ANY},
        {"AKIA", 20, 20, UPPER}, /* AWS */
        {"ASIA", 20, 20, UPPER},      {"ABIA", 20, 20, UPPER},
        {"ACCA", 20, 20, UPPER},      {"AIza", 35, 45, ANY}, /* Google */
        {"GOCSPX-", 28, 0, ANY},      {"ghp_", 30, 0, WORD}, /* GitHub */
        {"gho_", 30, 0, WORD},        {"ghu_", 30, 0, WORD},
        {"ghs_", 30, 0, WORD},        {"ghr_", 30, 0, WORD},
        {"github_pat_", 30, 0, WORD}, {"glpat-", 20, 0, ANY}, /* GitLab */
        {"gldt-", 20, 0, ANY},        {"glrt-", 20, 0, ANY},
        {"xoxb-", 16, 0, ANY}, /* Slack */
        {"xoxp-", 16, 0, ANY},        {"xoxa-", 16, 0, ANY},
        {"xoxr-", 16, 0, ANY},        {"xoxs-", 16, 0, ANY},
        {"xapp-", 16, 0, ANY},        {"sk_live_", 16, 0, ANY}, /* Stripe */
        {"sk_test_", 16, 0, ANY},     {"rk_live_", 16, 0, ANY},
        {"rk_test_", 16, 0, ANY},     {"whsec_", 20, 0, ANY},
        {"npm_", 40, 40, WORD},       {"pypi-", 40, 0, ANY},
        {"hf_", 30, 0, WORD},  /* Hugging Face */
        {"gsk_", 30, 0, WORD}, /* Groq */
        {"xai-", 30, 0, ANY},         {"nvapi-", 30, 0, ANY},
        {"r8_", 30, 0, WORD}, /* Replicate */
        {"pplx-", 30, 0, ANY},        {"tvly-", 20, 0, ANY},
        {"fw_", 20, 32, WORD},        {"lsv2_pt_", 30, 0, ANY}, /* LangSmith */
        {"lsv2_sk_", 30, 0, ANY},     {"ls__", 30, 40, WORD},
        {"dapi", 36, 40, HEX},                                   /* Databricks */
        {"dop_v1_", 60, 0, HEX},                                 /* DigitalOcean */
        {"doo_v1_", 60, 0, HEX},      {"shpat_", 38, 38, HEX},   /* Shopify */
        {"shpss_", 38, 38, HEX},      {"glsa_", 30, 0, WORD},    /* Grafana */
        {"glc_", 40, 0, WORD},        {"lin_api_", 30, 0, WORD}, /* Linear */
        {"ntn_", 40, 0, WORD},                                   /* Notion */
        {"secret_", 50, 50, WORD},    {"figd_", 30, 0, ANY},     /* Figma */
        {"sbp_", 40, 0, HEX},                                    /* Supabase */
        {"sb_secret_", 20, 0, ANY},   {"sntrys_", 40, 0, ANY},   /* Sentry */
        {"NRAK-", 30, 0, ANY},                                   /* New Relic */
        {"PMAK-", 40, 0, ANY},                                   /* Postman */
        {"sq0atp-", 20, 0, ANY},                                 /* Square */
        {"sq0csp-", 20, 0, ANY},      {"EAAA", 60, 0, ANY},
        {"SK", 34, 34, HEX},                                 /* Twilio */
        {"AC", 34, 34, HEX},          {"key-", 36, 36, HEX}, /* Mailgun */
        {"dckr_pat_", 30, 0, ANY},                           /* Docker */
        {"rubygems_", 50, 0, HEX},    {"AGE-SECRET-KEY-1", 60, 0, UPPER},
        {"pscale_tkn_", 30, 0, ANY},  {"pcsk_", 30, 0, ANY}, /* Pinecone */
        {"jina_", 40, 0, ANY},        {"co_", 40, 0, WORD},
        {"cohere_", 30, 0, ANY},      {"apify_api_", 30, 0, WORD},
        {"e2b_", 40, 0, HEX},         {"fc-", 35, 35, HEX}, /* Firecrawl */
        {"phc_", 40, 0, WORD},                              /* PostHog */
        {"phx_", 40, 0, WORD},
};

/* Beginnings that end with a dot, before the run. */
static const char *const dotted[] = {"SG", "ya29", "hvs", "hvb", "hvr", "dp.pt", "dp.st"};

static bool has_shape(struct clew_slice rest, enum shape shape)
{
        size_t longest = 0;
        size_t run = 0;
        bool digit = false;

        for (size_t i = 0; i < rest.len; i++) {
                uint8_t c = rest.data[i];
                bool hex =
                        clew_mask_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

                digit = digit || clew_mask_is_digit(c);
                run = clew_mask_is_alnum(c) ? run + 1 : 0;
                longest = run > longest ? run : longest;
                if ((shape == UPPER && !(clew_mask_is_digit(c) || (c >= 'A' && c <= 'Z'))) ||
                    (shape == HEX && !hex) || (shape == WORD && c == '-'))
                        return false;
        }
        return digit || longest >= RUN_MIN; /* "sk-learn-pipeline-step" is a name */
}

static bool is_issued(struct clew_slice run)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(issuers); i++) {
                const struct issuer *k = &issuers[i];
                size_t n;

                if (k->begin[0] != (char)run.data[0] || run.len < k->least ||
                    (k->most && run.len > k->most))
                        continue;
                n = strlen(k->begin);
                if (memcmp(run.data, k->begin, n) == 0 &&
                    has_shape(clew_slice_from(run, n), (enum shape)k->shape))
                        return true;
        }
        return false;
}

/* What stands before the dot before @at, when it is one of `dotted`: where that begins. */
static bool has_dotted(struct clew_slice text, size_t at, size_t *ret)
{
        if (at == 0 || text.data[at - 1] != '.')
                return false;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(dotted); i++) {
                size_t n = strlen(dotted[i]);

                if (at - 1 >= n && memcmp(text.data + at - 1 - n, dotted[i], n) == 0 &&
                    !clew_mask_in_word(text, at - 1 - n)) {
                        *ret = at - 1 - n;
                        return true;
                }
        }
        return false;
}

/* Bots of Telegram: digits, ':', 35 characters. */
static bool is_bot(struct clew_slice text, size_t from, size_t to, size_t *ret)
{
        size_t i = from;

        if (to - from != 35 || from == 0 || text.data[from - 1] != ':')
                return false;
        for (i--; i > 0 && from - i <= 12 && clew_mask_is_digit(text.data[i - 1]); i--)
                ;
        *ret = i;
        return from - 1 - i >= 8 && from - 1 - i <= 10;
}

static bool is_key(struct clew_slice text, size_t from, size_t to, struct clew_mask_hit *ret)
{
        size_t begin = from + clew_mask_escape(text, from);

        if (begin + RUN_MIN > to)
                return false;
        *ret = (struct clew_mask_hit){.rule = CLEW_MASK_API_KEY, .from = begin, .to = to};
        if (is_issued(clew_slice_make(text.data + begin, to - begin)))
                return true;
        if (has_dotted(text, from, &ret->from)) {
                while (ret->to < text.len &&
                       (clew_mask_is_token(text.data[ret->to]) ||
                        (text.data[ret->to] == '.' && ret->to + 1 < text.len &&
                         clew_mask_is_token(text.data[ret->to + 1]))))
                        ret->to++;
                return true;
        }
        return is_bot(text, from, to, &ret->from);
}

bool clew_mask_find_api_key(struct clew_slice text, size_t from, unsigned rules,
                            struct clew_mask_hit *ret)
{
        (void)rules;
        for (size_t at = from; text.len - at >= RUN_MIN;) {
                size_t k = RUN_MIN;
                size_t to;

                while (k > 0 && clew_mask_is_token(text.data[at + k - 1]))
                        k--;
                if (k > 0) { /* the run, if there is one, begins behind this byte */
                        at += k;
                        continue;
                }
                to = at + RUN_MIN;
                while (to < text.len && clew_mask_is_token(text.data[to]))
                        to++;
                if (is_key(text, at, to, ret))
                        return true;
                at = to;
        }
        return false;
}

/* ---- tokens --------------------------------------------------------------------------------- */

static size_t token_run(struct clew_slice text, size_t at)
{
        size_t i = at;

        while (i < text.len && clew_mask_is_token(text.data[i]))
                i++;
        return i - at;
}

bool clew_mask_find_jwt(struct clew_slice text, size_t from, unsigned rules,
                        struct clew_mask_hit *ret)
{
        (void)rules;
        for (;;) {
                const uint8_t *p = clew_find(clew_slice_from(text, from), "eyJ", 3);
                size_t at;
                size_t n;

                if (!p)
                        return false;
                at = (size_t)(p - text.data);
                n = token_run(text, at);
                from = at + n;
                if (n < 10 || clew_mask_in_word(text, at) || from + 1 >= text.len ||
                    text.data[from] != '.')
                        continue;
                n = token_run(text, from + 1);
                if (n < 8)
                        continue;
                from += 1 + n;
                if (from + 1 < text.len && text.data[from] == '.')
                        from += 1 + token_run(text, from + 1);
                *ret = (struct clew_mask_hit){.rule = CLEW_MASK_TOKEN, .from = at, .to = from};
                return true;
        }
}

/* Characters of a bearer token (RFC 6750). */
static bool is_bearer(uint8_t c)
{
        return is_base64(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

#define BEARER_MIN 8u
/* So long that it is no word. */
#define BEARER_LONG 24u

bool clew_mask_find_bearer(struct clew_slice text, size_t from, unsigned rules,
                           struct clew_mask_hit *ret)
{
        (void)rules;
        for (;;) {
                const uint8_t *p = clew_find(clew_slice_from(text, from), "earer", 5);
                bool digit = false;
                size_t at;
                size_t to;

                if (!p)
                        return false;
                at = (size_t)(p - text.data);
                from = at + 5;
                if (at == 0 || (text.data[at - 1] != 'B' && text.data[at - 1] != 'b'))
                        continue;
                if (text.len - from > 3 && memcmp(text.data + from, "%20", 3) == 0)
                        from += 3;
                else if (from < text.len && (text.data[from] == ' ' || text.data[from] == '+'))
                        from++;
                else
                        continue;
                for (to = from; to < text.len && is_bearer(text.data[to]); to++)
                        digit = digit || clew_mask_is_digit(text.data[to]);
                at = from;
                from = to;
                if (to - at < BEARER_MIN || (!digit && to - at < BEARER_LONG))
                        continue;
                while (to > at && text.data[to - 1] == '.') /* the end of a sentence */
                        to--;
                *ret = (struct clew_mask_hit){.rule = CLEW_MASK_TOKEN, .from = at, .to = to};
                return true;
        }
}

#define USERINFO_MAX 256u

/* "scheme://user:password@host": the password. */
bool clew_mask_find_address(struct clew_slice text, size_t from, unsigned rules,
                            struct clew_mask_hit *ret)
{
        (void)rules;
        for (;;) {
                const uint8_t *p = clew_find(clew_slice_from(text, from), "://", 3);
                size_t colon = 0;
                size_t i;

                if (!p)
                        return false;
                from = (size_t)(p - text.data) + 3;
                for (i = from; i < text.len && i - from < USERINFO_MAX; i++) {
                        uint8_t c = text.data[i];

                        if (c <= ' ' || c == '/' || c == '"' || c == '\'' || c == '\\' ||
                            c == '<' || c == '>' || c == '@' || c == '?' || c == '`')
                                break;
                        if (c == ':' && colon == 0)
                                colon = i;
                }
                if (i == text.len || text.data[i] != '@' || colon == 0 || colon + 1 == i ||
                    text.data[colon + 1] == '[' || text.data[colon + 1] == '$' ||
                    text.data[colon + 1] == '{' || text.data[colon + 1] == '*')
                        continue;
                *ret = (struct clew_mask_hit){.rule = CLEW_MASK_TOKEN, .from = colon + 1, .to = i};
                return true;
        }
}

/* ---- e-mail --------------------------------------------------------------------------------- */

/* RFC 5321. */
#define LOCAL_MAX 64u
#define DOMAIN_MAX 253u

static bool is_local(uint8_t c)
{
        return clew_mask_is_alnum(c) || c >= 0x80 || c == '.' || c == '_' || c == '-' || c == '+';
}

static size_t local_begin(struct clew_slice text, size_t at, size_t least)
{
        size_t from = at;

        while (from > least && at - from < LOCAL_MAX && is_local(text.data[from - 1]))
                from--;
        from += clew_mask_escape(text, from);
        while (from < at && (text.data[from] == '.' || text.data[from] == '-' ||
                             (text.data[from] & 0xc0) == 0x80)) /* no half character */
                from++;
        return from < at && text.data[at - 1] != '.' ? from : at;
}

static bool is_top(const uint8_t *p, size_t n)
{
        if (n > 4 && memcmp(p, "xn--", 4) == 0)
                return true;
        for (size_t i = 0; i < n; i++) {
                if (!clew_mask_is_letter(p[i]) && p[i] < 0x80)
                        return false;
        }
        return n >= 2;
}

/* Behind the longest domain at @at; 0 when there is none. */
static size_t domain_end(struct clew_slice text, size_t at)
{
        size_t label = at;
        size_t good = 0;
        size_t i = at;

        for (; i < text.len && i - at < DOMAIN_MAX; i++) {
                uint8_t c = text.data[i];

                if (clew_mask_is_alnum(c) || c >= 0x80 || (c == '-' && i > label))
                        continue;
                if (label > at && is_top(text.data + label, i - label))
                        good = i;
                if (c != '.' || i == label)
                        return good;
                label = i + 1;
        }
        return label > at && is_top(text.data + label, i - label) ? i : good;
}

bool clew_mask_find_email(struct clew_slice text, size_t from, unsigned rules,
                          struct clew_mask_hit *ret)
{
        size_t least = from;

        (void)rules;
        while (from < text.len) {
                const uint8_t *p = memchr(text.data + from, '@', text.len - from);
                size_t at;
                size_t local;
                size_t end;

                if (!p)
                        return false;
                at = (size_t)(p - text.data);
                from = at + 1;
                local = local_begin(text, at, least);
                if (local == at || (at - local == 3 && memcmp(text.data + local, "git", 3) == 0))
                        continue; /* git@host is how code is fetched */
                end = domain_end(text, at + 1);
                if (end == 0)
                        continue;
                *ret = (struct clew_mask_hit){.rule = CLEW_MASK_EMAIL, .from = local, .to = end};
                return true;
        }
        return false;
}
