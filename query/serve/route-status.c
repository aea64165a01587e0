/*
 * What the store holds and costs, and what who carries this service adds; and who asks.
 */
#include "query/answer/store-record.h"
#include "query/serve/call-int.h"

int clew_route_status(struct clew_call *call)
{
        struct clew_store_figures f = {0};
        struct clew_store_stats s;
        struct clew_record_writer out;
        struct clew_json_writer w;
        int r = clew_store_figures(call->service->store, &f, &call->err);
        int q = clew_view_stats(call->view, &s, &call->err);
        const struct {
                const char *name;
                uint64_t value;
        } numbers[] = {
                {"traces", s.traces},
                {"spans", s.spans},
                {"logs", s.logs},
                {"raw_otlp_bytes", s.raw_otlp_bytes},
                {"hot_traces", s.hot_traces},
                {"hot_bytes", s.hot_bytes},
                {"segments", s.segments},
                {"segment_bytes", s.segment_bytes},
                {"used_bytes", s.used_bytes},
                {"free_bytes", s.free_bytes},
                {"file_bytes", s.file_bytes},
                {"hot_fragments", f.hot_fragments},
                {"sealed_traces", f.sealed_traces},
                {"disk_free_bytes", f.disk_free_bytes},
        };

        if (r < 0 || q < 0)
                return r < 0 ? r : q;
        clew_call_record_writer(call, &out, "status", NULL);
        w = clew_record_begin(&out, "status");
        clew_json_write_key(&w, "version");
        clew_json_write_cstr(&w, CLEW_VERSION);
        clew_json_write_key(&w, "read_only");
        clew_json_write_bool(&w, call->service->read_only);
        clew_json_write_key(&w, "store");
        clew_json_write_object_begin(&w);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++) {
                clew_json_write_key(&w, numbers[i].name);
                clew_json_write_uint64(&w, numbers[i].value);
        }
        clew_json_write_object_end(&w);
        clew_json_write_key(&w, "readers");
        clew_readers_record_write(&f, &w);
        if (call->service->write_status)
                call->service->write_status(call->service->context, call->service->project, &w);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

int clew_route_me(struct clew_call *call)
{
        const struct clew_identity *who = &call->request->identity;
        struct clew_record_writer out;
        struct clew_json_writer w;
        struct clew_slice author;
        int r = clew_call_author(call, CLEW_SLICE_NULL, &author);

        if (r != 0)
                return 0;
        clew_call_record_writer(call, &out, "me", NULL);
        w = clew_record_begin(&out, "me");
        clew_json_write_key(&w, "author");
        clew_json_write_string(&w, author);
        clew_json_write_key(&w, "signed_in");
        clew_json_write_bool(&w, who->name.len > 0);
        clew_json_write_key(&w, "scopes");
        clew_json_write_array_begin(&w);
        for (uint32_t scope = 1; scope <= CLEW_SCOPES_ALL; scope <<= 1) {
                if ((who->scopes & scope) != 0)
                        clew_json_write_cstr(&w, clew_access_word(scope));
        }
        clew_json_write_array_end(&w);
        clew_json_write_key(&w, "token");
        if (who->token.len > 0)
                clew_json_write_string(&w, who->token);
        else
                clew_json_write_null(&w);
        clew_json_write_key(&w, "project");
        clew_json_write_cstr(&w, call->service->project);
        clew_json_write_key(&w, "read_only");
        clew_json_write_bool(&w, call->service->read_only);
        clew_json_write_key(&w, "passing");
        clew_json_write_bool(&w, call->service->is_passing);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}
