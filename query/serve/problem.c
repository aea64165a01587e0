/*
 * See problem-int.h.
 */
#include "query/serve/problem-int.h"

static const struct clew_problem_info problems[CLEW_PROBLEM_COUNT] = {
        [CLEW_PROBLEM_BAD_REQUEST] = {"bad-request", "the request is no question", 400},
        [CLEW_PROBLEM_BAD_PARAMETER] = {"bad-parameter", "a parameter has a wrong value", 400},
        [CLEW_PROBLEM_UNKNOWN_PARAMETER] = {"unknown-parameter", "no such parameter", 400},
        [CLEW_PROBLEM_NO_KEY] = {"no-key", "a key is needed", 401},
        [CLEW_PROBLEM_FOREIGN_ORIGIN] = {"foreign-origin", "asked from elsewhere", 403},
        [CLEW_PROBLEM_WRONG_TOKEN] = {"wrong-token", "the page's token is missing", 403},
        [CLEW_PROBLEM_MISSING_SCOPE] = {"missing-scope", "the key does not allow it", 403},
        [CLEW_PROBLEM_READ_ONLY] = {"read-only", "nothing is written here", 403},
        [CLEW_PROBLEM_UNKNOWN_ROUTE] = {"unknown-route", "nothing is served at this path", 404},
        [CLEW_PROBLEM_UNKNOWN_ID] = {"unknown-id", "no such trace", 404},
        [CLEW_PROBLEM_UNKNOWN_STEP] = {"unknown-step", "no such step", 404},
        [CLEW_PROBLEM_UNKNOWN_NAME] = {"unknown-name", "nothing has that name", 404},
        [CLEW_PROBLEM_AMBIGUOUS_ID] = {"ambiguous-id", "several traces begin so", 409},
        [CLEW_PROBLEM_CONFLICT] = {"conflict", "it is not as it was, or there already", 409},
        [CLEW_PROBLEM_BAD_METHOD] = {"bad-method", "not with this method", 405},
        [CLEW_PROBLEM_NOT_ACCEPTABLE] = {"not-acceptable", "no answer in that form", 406},
        [CLEW_PROBLEM_TOO_LARGE] = {"too-large", "the answer is too large", 413},
        [CLEW_PROBLEM_MEDIA_TYPE] = {"media-type", "a body of another type", 415},
        [CLEW_PROBLEM_LIMITED] = {"too-many-failures", "too many wrong keys", 429},
        [CLEW_PROBLEM_DAMAGED] = {"damaged", "the store cannot be read", 500},
        [CLEW_PROBLEM_FAILED] = {"failed", "the question could not be answered", 500},
        [CLEW_PROBLEM_BUSY] = {"busy", "too many questions at a time", 503},
};

const struct clew_problem_info *clew_problem_info(enum clew_problem problem)
{
        return &problems[problem];
}

struct clew_json_writer clew_problem_begin(struct clew_serve_answer *answer,
                                           enum clew_problem problem, const char *detail)
{
        const struct clew_problem_info *info = &problems[problem];
        struct clew_json_writer w;
        CLEW_BUFFER type = {0};

        clew_buffer_clear(&answer->body);
        answer->status = info->status;
        answer->content_type = "application/problem+json";
        answer->etag[0] = '\0';
        answer->next[0] = '\0';
        answer->partial[0] = '\0';
        answer->n_left_out = 0;
        answer->goes_on = false;
        clew_buffer_init(&type, 256);
        clew_buffer_printf(&type, "urn:clew:problem:%s", info->name);
        w = clew_json_writer_make(&answer->body, 0);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "type");
        clew_json_write_string(&w, clew_buffer_slice(&type));
        clew_json_write_key(&w, "title");
        clew_json_write_cstr(&w, info->title);
        clew_json_write_key(&w, "status");
        clew_json_write_uint64(&w, info->status);
        clew_json_write_key(&w, "detail");
        clew_json_write_cstr(&w, detail);
        return w;
}

void clew_problem_end(struct clew_serve_answer *answer, struct clew_json_writer *w)
{
        clew_json_write_object_end(w);
        clew_buffer_append_byte(&answer->body, '\n');
}
