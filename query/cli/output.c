/*
 * See output.h.
 */
#include "query/cli/output.h"

#include <stdio.h>

void clew_output_flags_add(struct clew_flag_set *set, struct clew_output_flags *o)
{
        const struct clew_flag flags[] = {
                {"json", 0, NULL, "one JSON object a line", .ret_flag = &o->json},
                {"tsv", 0, NULL, "tab-separated values with a heading", .ret_flag = &o->tsv},
                {"quiet", 'q', NULL, "ids only", .ret_flag = &o->ids},
                {"null", '0', NULL, "ids only, each ended by a NUL byte", .ret_flag = &o->nul},
                {"fields", 0, "A,B", "these fields only (with --json or --tsv)",
                 .ret_text = &o->fields},
                {"limit", 'n', "N", "at most so many", .ret_number = &o->limit, .from_one = true},
                {"exit-status", 'e', NULL, "exit 1 when nothing matched",
                 .ret_flag = &o->exit_status},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flags); i++)
                clew_flag_set_add(set, flags[i]);
}

void clew_output_flags_add_whole(struct clew_flag_set *set, struct clew_output_flags *o)
{
        const struct clew_flag flags[] = {
                {"json", 0, NULL, "one JSON object a line", .ret_flag = &o->json},
                {"limit", 'n', "N", "at most so many", .ret_number = &o->limit, .from_one = true},
                {"exit-status", 'e', NULL, "exit 1 when nothing matched",
                 .ret_flag = &o->exit_status},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flags); i++)
                clew_flag_set_add(set, flags[i]);
}

static int unknown_field(struct clew_cli *cli, const struct clew_record_field *fields)
{
        clew_cli_error(
                cli, "%s: --fields names a field that is not there; the fields are:", cli->command);
        for (; fields->name; fields++)
                clew_cli_note(cli, "  %s", fields->name);
        return CLEW_EXIT_USAGE;
}

/* What the stream refuses shows when it is flushed, at the end of the program. */
static int put_to_stream(void *context, struct clew_slice record)
{
        fwrite(record.data, 1, record.len, context);
        return 0;
}

int clew_output_init(struct clew_output *out, struct clew_cli *cli,
                     const struct clew_output_flags *flags, const char *type,
                     const struct clew_record_field *fields)
{
        enum clew_record_form form = flags->json  ? CLEW_RECORD_JSON
                                     : flags->tsv ? CLEW_RECORD_TSV
                                                  : CLEW_RECORD_IDS;

        *out = (struct clew_output){
                .cli = cli,
                .json = flags->json,
                .tsv = flags->tsv && !flags->json,
                .ids = (flags->ids || flags->nul) && !flags->json && !flags->tsv,
        };
        clew_record_writer_init(&out->writer, form, type, fields,
                                (struct clew_sink){put_to_stream, cli->out});
        out->writer.end = flags->nul ? '\0' : '\n';
        if (flags->fields && fields && clew_record_choose(&out->writer, flags->fields) < 0)
                return unknown_field(cli, fields);
        return 0;
}

/* {"v":1,"type":"partial",...}, the last line of an answer that is not whole. */
static void put_cut(struct clew_output *out)
{
        struct clew_json_writer w = clew_record_begin(&out->writer, "partial");

        clew_json_write_key(&w, "reason");
        clew_json_write_cstr(&w, out->cli->cut.reason);
        clew_json_write_key(&w, "seen");
        clew_json_write_uint64(&w, out->cli->cut.seen);
        (void)!clew_record_end(&out->writer, &w);
        out->cli->cut.is_cut = false;
}

void clew_output_deinit(struct clew_output *out)
{
        if (out->cli && out->json && out->cli->cut.is_cut)
                put_cut(out);
        clew_record_writer_deinit(&out->writer);
}

static int told(struct clew_output *out, int r)
{
        return r < 0 ? clew_cli_fail(out->cli, r, NULL) : 0;
}

int clew_output_put(struct clew_output *out, const void *record)
{
        return told(out, clew_record_put(&out->writer, record));
}

struct clew_json_writer clew_output_begin(struct clew_output *out, const char *type)
{
        return clew_record_begin(&out->writer, type);
}

int clew_output_end(struct clew_output *out, struct clew_json_writer *w)
{
        return told(out, clew_record_end(&out->writer, w));
}
