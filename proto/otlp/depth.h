/*
 * How deep values may nest: what the walk admits, and what readers of stored bytes expect.
 */
#ifndef CLEW_PROTO_OTLP_DEPTH_H
#define CLEW_PROTO_OTLP_DEPTH_H

/* AnyValue inside AnyValue; protobuf runtimes stop at 100, real attributes nest below 10. */
#define CLEW_OTLP_DEPTH_MAX 32u

#endif
