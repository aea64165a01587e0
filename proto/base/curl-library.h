/*
 * libcurl, loaded by name when somebody first asks: a program that reaches no server pays nothing
 * for it. Its header is included here alone.
 */
#ifndef CLEW_PROTO_BASE_CURL_LIBRARY_H
#define CLEW_PROTO_BASE_CURL_LIBRARY_H

#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>

/* The functions of the library that are used, by the ends of their names. */
struct clew_curl {
        CURL *(*init)(void);
        void (*reset)(CURL *handle);
        CURLcode (*set)(CURL *handle, CURLoption option, ...);
        CURLcode (*perform)(CURL *handle);
        CURLcode (*get)(CURL *handle, CURLINFO info, ...);
        void (*cleanup)(CURL *handle);
        const char *(*error_text)(CURLcode code);
        struct curl_slist *(*append)(struct curl_slist *list, const char *text);
        void (*free_list)(struct curl_slist *list);
        /* Several transfers in one thread. */
        CURLM *(*multi_init)(void);
        CURLMcode (*multi_add)(CURLM *multi, CURL *handle);
        CURLMcode (*multi_remove)(CURLM *multi, CURL *handle);
        CURLMcode (*multi_perform)(CURLM *multi, int *running);
        CURLMcode (*multi_poll)(CURLM *multi, struct curl_waitfd *more, unsigned n, int timeout_ms,
                                int *ret_n);
        CURLMsg *(*multi_message)(CURLM *multi, int *ret_left);
        CURLMcode (*multi_cleanup)(CURLM *multi);
};

#define CLEW_CURL_LIBRARY "libcurl.so.4"

/* The library, ready for use, until the process ends; NULL when it is not here (Debian's package
 * libcurl4). Any thread. */
const struct clew_curl *clew_curl(void);

#endif
