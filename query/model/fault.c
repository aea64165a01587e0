/*
 * Errors: who says that a step failed, in which order they are believed, and with which message.
 *
 * Vendor flag, span status, error.type, exception event, correlated error log, tool result. An
 * explicit status Ok makes a lone exception a handled one, except for the one exporter that is
 * known to write Ok over failures.
 */
#include "query/model/build-int.h"

#include "proto/base/compiler.h"
#include "proto/base/find.h"
#include "query/model/tool-text-int.h"
#include "query/model/value-int.h"

#include <string.h>

/* A tool result this long is a document; the marks of a failed call stand in short envelopes. */
#define RESULT_SEARCH_MAX ((size_t)256 * 1024)

static const struct clew_field_hit *result_hit(const struct clew_fields *f)
{
        for (const struct clew_field_hit *hit = clew_fields_first(f, CLEW_FIELD_TOOL_RESULT); hit;
             hit = clew_fields_next(f, hit)) {
                if (clew_fields_applies(f, hit))
                        return hit;
        }
        return NULL;
}

static const struct clew_field_hit *output_hit(const struct clew_fields *f)
{
        for (const struct clew_field_hit *hit = clew_fields_first(f, CLEW_FIELD_OUTPUT); hit;
             hit = clew_fields_next(f, hit)) {
                if (clew_fields_applies(f, hit))
                        return hit;
        }
        return NULL;
}

static bool member_is_true(struct clew_builder *b, const struct clew_value *value, const char *name)
{
        if (value->type == CLEW_VALUE_STRING && !clew_find(value->bytes, name, strlen(name)))
                return false;
        return clew_slice_eq_cstr(clew_value_member(value, name, b->arena), "true");
}

static bool result_says_error(struct clew_builder *b, const struct clew_step *step)
{
        const struct clew_field_hit *hit = result_hit(&b->fields);
        const struct clew_value *value;

        if (step->kind == CLEW_KIND_GUARDRAIL)
                hit = output_hit(&b->fields);
        if ((step->kind != CLEW_KIND_TOOL && step->kind != CLEW_KIND_GUARDRAIL) || !hit)
                return false;
        value = &hit->value;
        if (value->type != CLEW_VALUE_STRING && value->type != CLEW_VALUE_KVLIST)
                return false;
        if (value->bytes.len == 0 || value->bytes.len > RESULT_SEARCH_MAX)
                return false;
        if (step->kind == CLEW_KIND_GUARDRAIL)
                return member_is_true(b, value, "tripwire_triggered") ||
                       member_is_true(b, value, "tripwireTriggered") ||
                       member_is_true(b, value, "triggered");
        if (member_is_true(b, value, "isError") || member_is_true(b, value, "is_error"))
                return true;
        if (value->type == CLEW_VALUE_STRING && clew_tool_result_failed(value->bytes, b->arena))
                return true;
        return step->dialect == CLEW_DIALECT_ADK &&
               (clew_value_member(value, "error", b->arena).len > 0 ||
                clew_slice_eq_cstr(clew_value_member(value, "status", b->arena), "error"));
}

static enum clew_error_source find_source(struct clew_builder *b, struct clew_step *step)
{
        struct clew_fields *f = &b->fields;
        bool exception = b->exception.found && !b->exception.handled;

        if (clew_fields_flag(f, CLEW_FIELD_ERROR_FLAG))
                return CLEW_ERROR_VENDOR;
        if (step->span.status_code == CLEW_STATUS_ERROR)
                return CLEW_ERROR_STATUS;
        if (clew_fields_text(f, CLEW_FIELD_ERROR_TYPE, &step->error.type))
                return CLEW_ERROR_TYPE;
        if (exception && (step->span.status_code == CLEW_STATUS_UNSET ||
                          step->dialect == CLEW_DIALECT_LANGSMITH))
                return CLEW_ERROR_EXCEPTION;
        if (b->log_error.found && step->span.status_code != CLEW_STATUS_OK)
                return CLEW_ERROR_LOG;
        if (result_says_error(b, step))
                return CLEW_ERROR_TOOL_RESULT;
        return CLEW_ERROR_NONE;
}

/* What a failed tool's answer says went wrong: a member of it, or all of it. */
static struct clew_slice said_by_result(struct clew_builder *b)
{
        static const char *const members[] = {"error", "error_message", "message",
                                              "content.0.text"};
        const struct clew_field_hit *hit = result_hit(&b->fields);

        if (!hit)
                return CLEW_SLICE_NULL;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(members); i++) {
                struct clew_slice text = clew_value_member(&hit->value, members[i], b->arena);

                if (text.len > 0 && text.data[0] != '{' && text.data[0] != '[' &&
                    !clew_slice_eq_cstr(text, "true"))
                        return text;
        }
        return clew_tool_result(clew_value_text(&hit->value, b->arena), CLEW_DIALECT_OTHER,
                                b->arena);
}

/* What was raised to hand over, to wait or to stop is no failure, whoever marked it as one. */
static enum clew_control control_flow(struct clew_builder *b, struct clew_step *step)
{
        struct clew_slice sent = CLEW_SLICE_NULL;
        enum clew_control control;

        if (step->error.type.len == 0)
                (void)clew_fields_text(&b->fields, CLEW_FIELD_ERROR_TYPE, &step->error.type);
        control = clew_control_of(step->error.type, step->span.status_message);
        if (control == CLEW_CONTROL_NONE && b->exception.found &&
            !clew_control_names_error(step->span.status_message))
                control = clew_control_of(b->exception.type, b->exception.message);
        if (control == CLEW_CONTROL_NONE && b->log_error.found)
                control = clew_control_of(b->log_error.type, b->log_error.message);
        if (control == CLEW_CONTROL_NONE &&
            clew_fields_text(&b->fields, CLEW_FIELD_ERROR_MESSAGE, &sent))
                control = clew_control_of(CLEW_SLICE_NULL, sent);
        return control;
}

static struct clew_slice first_of(struct clew_slice a, struct clew_slice b, struct clew_slice c)
{
        if (a.len > 0)
                return a;
        return b.len > 0 ? b : c;
}

/* Of a command that failed its output and its code say what went wrong; the lines around them
 * differ from call to call. */
static void settle_shell(struct clew_builder *b, struct clew_step_error *error)
{
        struct clew_slice code;
        struct clew_slice output = clew_shell_output(error->message, &code);

        if (output.len == error->message.len)
                return;
        error->message = output;
        if (error->type.len == 0 && code.len > 0)
                error->type = clew_arena_printf(b->arena, "exit code %.*s", (int)code.len,
                                                (const char *)code.data);
}

/* What the user did not want is no failure. */
static void mark_refused(struct clew_step *step)
{
        step->flags |= CLEW_STEP_CONTROL |
                       (step->kind == CLEW_KIND_TOOL ? CLEW_STEP_REFUSED : CLEW_STEP_CANCELLED);
        step->error = (struct clew_step_error){0};
}

void clew_fault_derive(struct clew_builder *b, struct clew_step *step)
{
        struct clew_step_error *error = &step->error;
        struct clew_fields *f = &b->fields;
        struct clew_slice sent = CLEW_SLICE_NULL;
        enum clew_error_source source = find_source(b, step);
        enum clew_control control;

        if (clew_refusal_derive(b, step)) {
                mark_refused(step);
                return;
        }
        control = source != CLEW_ERROR_NONE || b->exception.found ? control_flow(b, step)
                                                                  : CLEW_CONTROL_NONE;
        if (source == CLEW_ERROR_NONE && control == CLEW_CONTROL_NONE) {
                error->type = CLEW_SLICE_NULL;
                return;
        }
        if (control != CLEW_CONTROL_NONE) {
                step->flags |= CLEW_STEP_CONTROL;
                if (control == CLEW_CONTROL_PAUSE)
                        step->flags |= CLEW_STEP_PAUSED;
                if (control == CLEW_CONTROL_CANCEL && source != CLEW_ERROR_NONE)
                        step->flags |= CLEW_STEP_CANCELLED;
                error->type = CLEW_SLICE_NULL;
                return;
        }
        error->is_error = true;
        error->source = source;
        if (error->type.len == 0)
                (void)clew_fields_text(f, CLEW_FIELD_ERROR_TYPE, &error->type);
        error->type = first_of(error->type, b->exception.type, b->log_error.type);
        (void)clew_fields_text(f, CLEW_FIELD_ERROR_STACK, &error->stack);
        error->stack = first_of(error->stack, b->exception.stack, b->log_error.stack);
        (void)clew_fields_text(f, CLEW_FIELD_ERROR_MESSAGE, &sent);
        error->message = first_of(step->span.status_message, b->exception.message, sent);
        if (step->dialect == CLEW_DIALECT_LANGFUSE)
                error->message = first_of(sent, error->message, CLEW_SLICE_NULL);
        error->message = first_of(error->message, b->log_error.message, CLEW_SLICE_NULL);
        /* "TOOL_ERROR: TOOL_ERROR" says less than the answer does. */
        if (step->kind == CLEW_KIND_TOOL &&
            (error->message.len == 0 || clew_slice_eq(error->message, error->type)))
                error->message = first_of(said_by_result(b), error->message, CLEW_SLICE_NULL);
        if (clew_refusal_is_told(error->message)) {
                mark_refused(step);
                return;
        }
        if (step->kind == CLEW_KIND_TOOL)
                settle_shell(b, error);
}
