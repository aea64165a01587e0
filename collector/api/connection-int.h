/*
 * The other end of a connection, while the library leaves it alone.
 */
#ifndef CLEW_COLLECTOR_API_CONNECTION_INT_H
#define CLEW_COLLECTOR_API_CONNECTION_INT_H

#include "proto/base/compiler.h"

#include <microhttpd.h>
#include <stdbool.h>

/* Whether who asked has closed, also in half: nothing more will be read from there. @connection is
 * suspended, and stays so while this looks. */
CLEW_MUST_USE bool clew_connection_has_left(struct MHD_Connection *connection);

#endif
