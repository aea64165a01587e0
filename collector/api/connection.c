/*
 * See connection-int.h.
 */
#include "collector/api/connection-int.h"

#include <poll.h>

bool clew_connection_has_left(struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct pollfd fd = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};

        return info && poll(&fd, 1, 0) == 1 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}
