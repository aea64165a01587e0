/*
 * What the writers of exports share: messages, tools, values and metadata in the common shapes.
 */
#ifndef CLEW_QUERY_REVIEW_EXPORT_EXPORT_INT_H
#define CLEW_QUERY_REVIEW_EXPORT_EXPORT_INT_H

#include "proto/base/json.h"
#include "query/review/export/export.h"

/* How tool calls look. */
enum clew_chat_style {
        CLEW_CHAT_OPENAI,  /* {"type":"function","function":{"name","arguments": text}} */
        CLEW_CHAT_TRL,     /* the same with arguments as an object; tool messages have a name */
        CLEW_CHAT_INSPECT, /* {"id","function": name,"arguments": object,"type":"function"} */
};

void clew_put_text(struct clew_json_writer *w, const char *key, struct clew_slice text);
/* A text that is JSON is written as that, another as a string. */
void clew_put_value(struct clew_json_writer *w, struct clew_slice text);
/* As an object: the JSON object that @text is, else {@key: value}. */
void clew_put_object(struct clew_json_writer *w, const char *key, struct clew_slice text);
void clew_put_call(struct clew_json_writer *w, const struct clew_item_call *call, uint32_t number,
                   enum clew_chat_style style);
/* One message, as an object. */
void clew_put_message(struct clew_json_writer *w, const struct clew_item_message *m,
                      enum clew_chat_style style);
/* The messages of @m, into an open array. */
void clew_put_messages(struct clew_json_writer *w, const struct clew_item_messages *m,
                       enum clew_chat_style style);
/* The item's input as an array of messages; one that was imported as a value becomes a user's. */
void clew_put_input_messages(struct clew_json_writer *w, const struct clew_item *item,
                             enum clew_chat_style style);
/* The item's input as one value: {"messages":[...]}, or what was imported. */
void clew_put_input(struct clew_json_writer *w, const struct clew_item *item);
/* Tools as OpenAI offers them: [{"type":"function","function":{...}}]. */
void clew_put_tools(struct clew_json_writer *w, const struct clew_item *item);
/* The assistant's message that should have come: the expected calls of a step, else the expected
 * text. */
void clew_put_expected_message(struct clew_json_writer *w, const struct clew_item *item,
                               enum clew_chat_style style);
/* What should have come as one value: the message of a step's calls, the expected text, or null. */
void clew_put_expected(struct clew_json_writer *w, const struct clew_item *item);
/* @key with a list of one message: the expected one, or with @recorded the one that came. */
void clew_put_answer(struct clew_json_writer *w, const char *key, const struct clew_item *item,
                     enum clew_chat_style style, bool recorded);
/* The answer that was recorded: the last assistant message, else the output. */
void clew_put_output_message(struct clew_json_writer *w, const struct clew_item *item,
                             enum clew_chat_style style);
/* The conversation as it should have been: a run with its last answer replaced, or the input with
 * the expected answer. */
void clew_put_good_messages(struct clew_json_writer *w, const struct clew_item *item,
                            enum clew_chat_style style);
/* Everything that is known beside input and output, as one object. */
void clew_put_metadata(struct clew_json_writer *w, const struct clew_export_item *e);
/* The expected output as a text: also of an item that has expected calls only (as JSON). */
CLEW_MUST_USE int clew_expected_text(const struct clew_item *item, struct clew_buffer *out);
/* A UUID made of the item's content id (RFC 9562, version 8). */
void clew_put_uuid(struct clew_json_writer *w, const char *key, const struct clew_content_id *id);
void clew_put_id(struct clew_json_writer *w, const char *key, const struct clew_content_id *id);

/* Ends a record: a line break, and the buffer's error. */
CLEW_MUST_USE int clew_end_record(struct clew_buffer *out);

/* ---- what a format needs: 0, or -ENODATA with the reason ------------------------------------- */

typedef int clew_export_need_fn(const struct clew_export_item *e, struct clew_error *err);

clew_export_need_fn clew_need_expected; /* an expected output, unless it may be missing */
clew_export_need_fn clew_need_answer;   /* a conversation, and an answer to learn from */
clew_export_need_fn clew_need_pair;     /* that, and another answer that was given */
clew_export_need_fn clew_need_run;      /* more than one call */
clew_export_need_fn clew_need_verdict;  /* it passed, or it is known where it went wrong */

/* ---- the writers: the record and its end; 0, -ENOMEM, -EMSGSIZE ------------------------------ */

typedef int clew_export_write_fn(struct clew_json_writer *w, const struct clew_export_item *e);

clew_export_write_fn clew_export_items;
clew_export_write_fn clew_export_inspect;
clew_export_write_fn clew_export_promptfoo;
clew_export_write_fn clew_export_deepeval;
clew_export_write_fn clew_export_langfuse;
clew_export_write_fn clew_export_langsmith;
clew_export_write_fn clew_export_phoenix;
clew_export_write_fn clew_export_mlflow;
clew_export_write_fn clew_export_braintrust;
clew_export_write_fn clew_export_openai;
clew_export_write_fn clew_export_preference;
clew_export_write_fn clew_export_evals;
clew_export_write_fn clew_export_trl;
clew_export_write_fn clew_export_trl_prompt;
clew_export_write_fn clew_export_trl_preference;
clew_export_write_fn clew_export_trl_stepwise;
clew_export_write_fn clew_export_atif;
clew_export_write_fn clew_export_csv;
void clew_export_csv_head(struct clew_buffer *out);

#endif
