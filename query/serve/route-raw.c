/*
 * A trace as it was sent: OTLP.
 */
#include "proto/otlp/json.h"
#include "query/model/left-out.h"
#include "query/serve/call-int.h"

#include <errno.h>
#include <string.h>

static bool wants_protobuf(const struct clew_call *call)
{
        static const char *const types[] = {"application/x-protobuf", "application/protobuf"};
        struct clew_slice accept = call->request->accept;

        if (call->inputs.format)
                return strcmp(call->inputs.format, "protobuf") == 0;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(types); i++) {
                if (accept.len > 0 && memmem(accept.data, accept.len, types[i], strlen(types[i])))
                        return true;
        }
        return false;
}

int clew_route_raw(struct clew_call *call)
{
        const char *format = call->inputs.format;
        const char *signal = call->inputs.signal;
        bool logs = signal && strcmp(signal, "logs") == 0;
        static const struct clew_trace_options skim = {0};
        struct clew_opened o = {0};
        struct clew_slice bytes;
        int r;

        if (format && strcmp(format, "json") != 0 && strcmp(format, "protobuf") != 0)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "format takes json or protobuf");
        if (signal && !logs && strcmp(signal, "traces") != 0)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "signal takes traces or logs");
        r = clew_call_open(call, call->path_values[0], &skim, false, &o);
        if (r != 0)
                return r > 0 ? 0 : r;
        bytes = logs ? o.data.logs : clew_left_out_behind(o.data.traces);
        call->answer->status = 200;
        call->answer->content_type =
                wants_protobuf(call) ? "application/x-protobuf" : "application/json";
        if (!wants_protobuf(call))
                return clew_otlp_to_json(bytes, logs ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES,
                                         &call->answer->body);
        clew_buffer_append_slice(&call->answer->body, bytes);
        return 0;
}
