/*
 * Requests on the HTTP listener that are not OTLP's, and who answers them.
 *
 * The listener asks wants() when the headers are there; from then on the request is the guest's: it
 * is called as the library calls the listener, may suspend and resume the connection, and queues
 * the response.
 */
#ifndef CLEW_COLLECTOR_FRONT_HTTP_GUEST_H
#define CLEW_COLLECTOR_FRONT_HTTP_GUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

struct clew_http_guest {
        bool (*wants)(struct MHD_Connection *connection, const char *method, const char *path);
        /* NULL: no memory, the connection is closed. */
        void *(*begin)(void *context, struct MHD_Connection *connection, const char *method,
                       const char *path);
        /* *n bytes of body at @data (sets *n = 0), or none: the body is complete, or a resume. */
        enum MHD_Result (*on_call)(void *request, const char *data, size_t *n);
        void (*end)(void *request);
};

#endif
