/*
 * The tables of OTLP: one row a field, indexed by field number. See json-int.h.
 */
#include "proto/otlp/json-int.h"

#include "proto/base/compiler.h"

#define NAME(text) .name = (text), .name_len = sizeof(text) - 1
#define NAMES(array) .names = (array), .n = CLEW_ARRAY_LEN(array)
#define FIELDS(array) .fields = (array), .n_fields = CLEW_ARRAY_LEN(array)
#define ATTRIBUTES                                                                                 \
        {                                                                                          \
                NAME("attributes"), .type = CLEW_OTLP_MESSAGE, .repeated = true,                   \
                                    .message = &key_value                                          \
        }
#define DROPPED(what)                                                                              \
        {                                                                                          \
                NAME("dropped" what "Count"), .type = CLEW_OTLP_UINT32                             \
        }

static const struct clew_otlp_message key_value;
static const struct clew_otlp_message any_value;

static const struct clew_otlp_enum_name span_kind_names[] = {
        {"SPAN_KIND_UNSPECIFIED", 0}, {"SPAN_KIND_INTERNAL", 1}, {"SPAN_KIND_SERVER", 2},
        {"SPAN_KIND_CLIENT", 3},      {"SPAN_KIND_PRODUCER", 4}, {"SPAN_KIND_CONSUMER", 5},
};
static const struct clew_otlp_enum_name status_code_names[] = {
        {"STATUS_CODE_UNSET", 0},
        {"STATUS_CODE_OK", 1},
        {"STATUS_CODE_ERROR", 2},
};
static const struct clew_otlp_enum_name severity_names[] = {
        {"SEVERITY_NUMBER_UNSPECIFIED", 0}, {"SEVERITY_NUMBER_TRACE", 1},
        {"SEVERITY_NUMBER_TRACE2", 2},      {"SEVERITY_NUMBER_TRACE3", 3},
        {"SEVERITY_NUMBER_TRACE4", 4},      {"SEVERITY_NUMBER_DEBUG", 5},
        {"SEVERITY_NUMBER_DEBUG2", 6},      {"SEVERITY_NUMBER_DEBUG3", 7},
        {"SEVERITY_NUMBER_DEBUG4", 8},      {"SEVERITY_NUMBER_INFO", 9},
        {"SEVERITY_NUMBER_INFO2", 10},      {"SEVERITY_NUMBER_INFO3", 11},
        {"SEVERITY_NUMBER_INFO4", 12},      {"SEVERITY_NUMBER_WARN", 13},
        {"SEVERITY_NUMBER_WARN2", 14},      {"SEVERITY_NUMBER_WARN3", 15},
        {"SEVERITY_NUMBER_WARN4", 16},      {"SEVERITY_NUMBER_ERROR", 17},
        {"SEVERITY_NUMBER_ERROR2", 18},     {"SEVERITY_NUMBER_ERROR3", 19},
        {"SEVERITY_NUMBER_ERROR4", 20},     {"SEVERITY_NUMBER_FATAL", 21},
        {"SEVERITY_NUMBER_FATAL2", 22},     {"SEVERITY_NUMBER_FATAL3", 23},
        {"SEVERITY_NUMBER_FATAL4", 24},
};
static const struct clew_otlp_enum span_kind = {"SPAN_KIND_", NAMES(span_kind_names)};
static const struct clew_otlp_enum status_code = {"STATUS_CODE_", NAMES(status_code_names)};
static const struct clew_otlp_enum severity = {"SEVERITY_NUMBER_", NAMES(severity_names)};

/* common/v1 */

static const struct clew_otlp_field array_value_fields[] = {
        [1] = {NAME("values"), .type = CLEW_OTLP_MESSAGE, .repeated = true, .message = &any_value},
};
static const struct clew_otlp_message array_value = {"ArrayValue", FIELDS(array_value_fields)};

static const struct clew_otlp_field key_value_list_fields[] = {
        [1] = {NAME("values"), .type = CLEW_OTLP_MESSAGE, .repeated = true, .message = &key_value},
};
static const struct clew_otlp_message key_value_list = {"KeyValueList",
                                                        FIELDS(key_value_list_fields)};

static const struct clew_otlp_field any_value_fields[] = {
        [1] = {NAME("stringValue"), .type = CLEW_OTLP_STRING},
        [2] = {NAME("boolValue"), .type = CLEW_OTLP_BOOL},
        [3] = {NAME("intValue"), .type = CLEW_OTLP_INT64},
        [4] = {NAME("doubleValue"), .type = CLEW_OTLP_DOUBLE},
        [5] = {NAME("arrayValue"), .type = CLEW_OTLP_MESSAGE, .message = &array_value},
        [6] = {NAME("kvlistValue"), .type = CLEW_OTLP_MESSAGE, .message = &key_value_list},
        [7] = {NAME("bytesValue"), .type = CLEW_OTLP_BYTES},
};
static const struct clew_otlp_message any_value = {"AnyValue", FIELDS(any_value_fields),
                                                   .is_any_value = true};

static const struct clew_otlp_field key_value_fields[] = {
        [1] = {NAME("key"), .type = CLEW_OTLP_STRING},
        [2] = {NAME("value"), .type = CLEW_OTLP_MESSAGE, .message = &any_value},
};
static const struct clew_otlp_message key_value = {"KeyValue", FIELDS(key_value_fields),
                                                   .is_attribute = true};

static const struct clew_otlp_field scope_fields[] = {
        [1] = {NAME("name"), .type = CLEW_OTLP_STRING},
        [2] = {NAME("version"), .type = CLEW_OTLP_STRING},
        [3] = ATTRIBUTES,
        [4] = DROPPED("Attributes"),
};
static const struct clew_otlp_message scope = {"InstrumentationScope", FIELDS(scope_fields)};

static const struct clew_otlp_field entity_ref_fields[] = {
        [1] = {NAME("schemaUrl"), .type = CLEW_OTLP_STRING},
        [2] = {NAME("type"), .type = CLEW_OTLP_STRING},
        [3] = {NAME("idKeys"), .type = CLEW_OTLP_STRING, .repeated = true},
        [4] = {NAME("descriptionKeys"), .type = CLEW_OTLP_STRING, .repeated = true},
};
static const struct clew_otlp_message entity_ref = {"EntityRef", FIELDS(entity_ref_fields)};

/* resource/v1 */

static const struct clew_otlp_field resource_fields[] = {
        [1] = ATTRIBUTES,
        [2] = DROPPED("Attributes"),
        [3] = {NAME("entityRefs"), .type = CLEW_OTLP_MESSAGE, .repeated = true,
               .message = &entity_ref},
};
static const struct clew_otlp_message resource = {"Resource", FIELDS(resource_fields)};

/* trace/v1 */

static const struct clew_otlp_field event_fields[] = {
        [1] = {NAME("timeUnixNano"), .type = CLEW_OTLP_FIXED64},
        [2] = {NAME("name"), .type = CLEW_OTLP_STRING},
        [3] = ATTRIBUTES,
        [4] = DROPPED("Attributes"),
};
static const struct clew_otlp_message event = {"Event", FIELDS(event_fields)};

static const struct clew_otlp_field link_fields[] = {
        [1] = {NAME("traceId"), .type = CLEW_OTLP_TRACE_ID},
        [2] = {NAME("spanId"), .type = CLEW_OTLP_SPAN_ID},
        [3] = {NAME("traceState"), .type = CLEW_OTLP_STRING},
        [4] = ATTRIBUTES,
        [5] = DROPPED("Attributes"),
        [6] = {NAME("flags"), .type = CLEW_OTLP_FIXED32},
};
static const struct clew_otlp_message link_message = {"Link", FIELDS(link_fields)};

static const struct clew_otlp_field status_fields[] = {
        [2] = {NAME("message"), .type = CLEW_OTLP_STRING},
        [3] = {NAME("code"), .type = CLEW_OTLP_ENUM, .names = &status_code},
};
static const struct clew_otlp_message status = {"Status", FIELDS(status_fields)};

static const struct clew_otlp_field span_fields[] = {
        [1] = {NAME("traceId"), .type = CLEW_OTLP_TRACE_ID},
        [2] = {NAME("spanId"), .type = CLEW_OTLP_SPAN_ID},
        [3] = {NAME("traceState"), .type = CLEW_OTLP_STRING},
        [4] = {NAME("parentSpanId"), .type = CLEW_OTLP_SPAN_ID},
        [5] = {NAME("name"), .type = CLEW_OTLP_STRING},
        [6] = {NAME("kind"), .type = CLEW_OTLP_ENUM, .names = &span_kind},
        [7] = {NAME("startTimeUnixNano"), .type = CLEW_OTLP_FIXED64},
        [8] = {NAME("endTimeUnixNano"), .type = CLEW_OTLP_FIXED64},
        [9] = ATTRIBUTES,
        [10] = DROPPED("Attributes"),
        [11] = {NAME("events"), .type = CLEW_OTLP_MESSAGE, .repeated = true, .message = &event},
        [12] = DROPPED("Events"),
        [13] = {NAME("links"), .type = CLEW_OTLP_MESSAGE, .repeated = true,
                .message = &link_message},
        [14] = DROPPED("Links"),
        [15] = {NAME("status"), .type = CLEW_OTLP_MESSAGE, .message = &status},
        [16] = {NAME("flags"), .type = CLEW_OTLP_FIXED32},
};
static const struct clew_otlp_message span = {"Span", FIELDS(span_fields), .is_item = true};

static const struct clew_otlp_field scope_spans_fields[] = {
        [1] = {NAME("scope"), .type = CLEW_OTLP_MESSAGE, .message = &scope},
        [2] = {NAME("spans"), .type = CLEW_OTLP_MESSAGE, .repeated = true, .message = &span},
        [3] = {NAME("schemaUrl"), .type = CLEW_OTLP_STRING},
};
static const struct clew_otlp_message scope_spans = {"ScopeSpans", FIELDS(scope_spans_fields)};

static const struct clew_otlp_field resource_spans_fields[] = {
        [1] = {NAME("resource"), .type = CLEW_OTLP_MESSAGE, .message = &resource},
        [2] = {NAME("scopeSpans"), .type = CLEW_OTLP_MESSAGE, .repeated = true,
               .message = &scope_spans},
        [3] = {NAME("schemaUrl"), .type = CLEW_OTLP_STRING},
};
static const struct clew_otlp_message resource_spans = {"ResourceSpans",
                                                        FIELDS(resource_spans_fields)};

static const struct clew_otlp_field traces_data_fields[] = {
        [1] = {NAME("resourceSpans"), .type = CLEW_OTLP_MESSAGE, .repeated = true,
               .message = &resource_spans},
};
static const struct clew_otlp_message traces_data = {"TracesData", FIELDS(traces_data_fields)};

/* logs/v1 */

static const struct clew_otlp_field log_record_fields[] = {
        [1] = {NAME("timeUnixNano"), .type = CLEW_OTLP_FIXED64},
        [2] = {NAME("severityNumber"), .type = CLEW_OTLP_ENUM, .names = &severity},
        [3] = {NAME("severityText"), .type = CLEW_OTLP_STRING},
        [5] = {NAME("body"), .type = CLEW_OTLP_MESSAGE, .message = &any_value},
        [6] = ATTRIBUTES,
        [7] = DROPPED("Attributes"),
        [8] = {NAME("flags"), .type = CLEW_OTLP_FIXED32},
        [9] = {NAME("traceId"), .type = CLEW_OTLP_TRACE_ID},
        [10] = {NAME("spanId"), .type = CLEW_OTLP_SPAN_ID},
        [11] = {NAME("observedTimeUnixNano"), .type = CLEW_OTLP_FIXED64},
        [12] = {NAME("eventName"), .type = CLEW_OTLP_STRING},
};
static const struct clew_otlp_message log_record = {"LogRecord", FIELDS(log_record_fields),
                                                    .is_item = true};

static const struct clew_otlp_field scope_logs_fields[] = {
        [1] = {NAME("scope"), .type = CLEW_OTLP_MESSAGE, .message = &scope},
        [2] = {NAME("logRecords"), .type = CLEW_OTLP_MESSAGE, .repeated = true,
               .message = &log_record},
        [3] = {NAME("schemaUrl"), .type = CLEW_OTLP_STRING},
};
static const struct clew_otlp_message scope_logs = {"ScopeLogs", FIELDS(scope_logs_fields)};

static const struct clew_otlp_field resource_logs_fields[] = {
        [1] = {NAME("resource"), .type = CLEW_OTLP_MESSAGE, .message = &resource},
        [2] = {NAME("scopeLogs"), .type = CLEW_OTLP_MESSAGE, .repeated = true,
               .message = &scope_logs},
        [3] = {NAME("schemaUrl"), .type = CLEW_OTLP_STRING},
};
static const struct clew_otlp_message resource_logs = {"ResourceLogs",
                                                       FIELDS(resource_logs_fields)};

static const struct clew_otlp_field logs_data_fields[] = {
        [1] = {NAME("resourceLogs"), .type = CLEW_OTLP_MESSAGE, .repeated = true,
               .message = &resource_logs},
};
static const struct clew_otlp_message logs_data = {"LogsData", FIELDS(logs_data_fields)};

const struct clew_otlp_message *clew_otlp_json_root(enum clew_otlp_signal signal)
{
        return signal == CLEW_OTLP_TRACES ? &traces_data : &logs_data;
}
