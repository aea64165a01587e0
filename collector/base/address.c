#include "collector/base/address.h"

#include "collector/base/quantity.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct sockaddr_in *as_v4(struct clew_address *a)
{
        return (struct sockaddr_in *)(void *)&a->sockaddr;
}

static struct sockaddr_in6 *as_v6(struct clew_address *a)
{
        return (struct sockaddr_in6 *)(void *)&a->sockaddr;
}

static const struct sockaddr_in *as_const_v4(const struct clew_address *a)
{
        return (const struct sockaddr_in *)(const void *)&a->sockaddr;
}

static const struct sockaddr_in6 *as_const_v6(const struct clew_address *a)
{
        return (const struct sockaddr_in6 *)(const void *)&a->sockaddr;
}

static bool set_host(struct clew_address *a, const char *host)
{
        struct in_addr v4;
        struct in6_addr v6;

        a->is_localhost = strcmp(host, "localhost") == 0;
        if (a->is_localhost)
                host = "127.0.0.1";
        if (inet_pton(AF_INET, host, &v4) == 1) {
                *as_v4(a) = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = v4};
                a->len = sizeof(struct sockaddr_in);
                a->is_loopback = ntohl(v4.s_addr) >> 24 == 127;
                return true;
        }
        if (inet_pton(AF_INET6, host, &v6) == 1) {
                *as_v6(a) = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = v6};
                a->len = sizeof(struct sockaddr_in6);
                a->is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
                return true;
        }
        return false;
}

int clew_address_parse(const char *text, struct clew_address *ret, struct clew_error *err)
{
        const char *colon = strrchr(text, ':');
        struct clew_address a = {.is_loopback = false};
        char host[CLEW_ADDRESS_TEXT_MAX];
        uint64_t port;
        size_t n;

        if (!colon || !clew_quantity_count(colon + 1, &port) || port > UINT16_MAX)
                return clew_error_set(
                        err, -EINVAL, 0,
                        "address \"%s\": expected HOST:PORT with a port of 0 to 65535", text);
        n = (size_t)(colon - text);
        if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
                text++;
                n -= 2;
        }
        if (n >= sizeof(host))
                n = 0;
        memcpy(host, text, n);
        host[n] = '\0';
        if (!set_host(&a, host))
                return clew_error_set(err, -EINVAL, 0,
                                      "address \"%s\": the host must be a numeric address such as "
                                      "127.0.0.1 or [::1], or localhost",
                                      text);
        clew_address_set_port(&a, (uint16_t)port);
        *ret = a;
        return 0;
}

void clew_address_format(const struct clew_address *a, char ret[CLEW_ADDRESS_TEXT_MAX])
{
        char host[INET6_ADDRSTRLEN] = "?";
        bool v6 = a->sockaddr.ss_family == AF_INET6;

        if (v6)
                inet_ntop(AF_INET6, &as_const_v6(a)->sin6_addr, host, sizeof(host));
        else
                inet_ntop(AF_INET, &as_const_v4(a)->sin_addr, host, sizeof(host));
        snprintf(ret, CLEW_ADDRESS_TEXT_MAX, v6 ? "[%s]:%u" : "%s:%u", host,
                 (unsigned)clew_address_port(a));
}

uint16_t clew_address_port(const struct clew_address *a)
{
        return ntohs(a->sockaddr.ss_family == AF_INET6 ? as_const_v6(a)->sin6_port
                                                       : as_const_v4(a)->sin_port);
}

void clew_address_set_port(struct clew_address *a, uint16_t port)
{
        if (a->sockaddr.ss_family == AF_INET6)
                as_v6(a)->sin6_port = htons(port);
        else
                as_v4(a)->sin_port = htons(port);
}

void clew_address_loopback_v6(struct clew_address *ret, uint16_t port)
{
        *ret = (struct clew_address){.is_loopback = true, .len = sizeof(struct sockaddr_in6)};
        *as_v6(ret) =
                (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        clew_address_set_port(ret, port);
}
