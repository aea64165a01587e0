"""Small OTLP requests for tests, made with the official messages (needs the venv)."""
import os
import random

from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
START_NS = 1_700_000_000_000_000_000

TraceResponse = trace_service_pb2.ExportTraceServiceResponse
LogsResponse = logs_service_pb2.ExportLogsServiceResponse
MetricsResponse = metrics_service_pb2.ExportMetricsServiceResponse


def traces(n_spans=3, trace_id=None, text="hello", service="test-service"):
    """One trace: a root and its children, each with an attribute @text."""
    request = trace_service_pb2.ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    attribute = resource.resource.attributes.add()
    attribute.key = "service.name"
    attribute.value.string_value = service
    scope = resource.scope_spans.add()
    scope.scope.name = "tests"
    trace_id = trace_id or os.urandom(16)
    root = os.urandom(8)
    for i in range(n_spans):
        span = scope.spans.add()
        span.trace_id = trace_id
        span.span_id = root if i == 0 else os.urandom(8)
        if i:
            span.parent_span_id = root
        span.name = f"step {i}"
        span.start_time_unix_nano = START_NS + i
        span.end_time_unix_nano = START_NS + 1000 + i
        attribute = span.attributes.add()
        attribute.key = "text"
        attribute.value.string_value = text
    return request


def logs(trace_id=None):
    request = logs_service_pb2.ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.time_unix_nano = START_NS
    record.body.string_value = "a log line"
    record.event_name = "gen_ai.evaluation.result"
    if trace_id:
        record.trace_id = trace_id
        record.span_id = os.urandom(8)
    return request


def metrics():
    request = metrics_service_pb2.ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add()
    metric.name = "tokens"
    metric.gauge.data_points.add().as_int = 1
    return request


def noise(n):
    """@n characters that do not compress well."""
    generator = random.Random(n)
    return "".join(chr(generator.randrange(33, 127)) for _ in range(n))
