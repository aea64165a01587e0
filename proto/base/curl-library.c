#include "proto/base/curl-library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static struct clew_curl curl;
static bool ready;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool find(void *library, const char *name, void *ret, size_t size)
{
        void *symbol = dlsym(library, name);

        if (symbol)
                memcpy(ret, &symbol, size);
        return symbol != NULL;
}

static bool find_multi(void *l)
{
        return find(l, "curl_multi_init", &curl.multi_init, sizeof(curl.multi_init)) &&
               find(l, "curl_multi_add_handle", &curl.multi_add, sizeof(curl.multi_add)) &&
               find(l, "curl_multi_remove_handle", &curl.multi_remove, sizeof(curl.multi_remove)) &&
               find(l, "curl_multi_perform", &curl.multi_perform, sizeof(curl.multi_perform)) &&
               find(l, "curl_multi_poll", &curl.multi_poll, sizeof(curl.multi_poll)) &&
               find(l, "curl_multi_info_read", &curl.multi_message, sizeof(curl.multi_message)) &&
               find(l, "curl_multi_cleanup", &curl.multi_cleanup, sizeof(curl.multi_cleanup));
}

static void load(void)
{
        void *l = dlopen(CLEW_CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
        CURLcode (*global_init)(long flags);

        ready = l && find(l, "curl_global_init", &global_init, sizeof(global_init)) &&
                find(l, "curl_easy_init", &curl.init, sizeof(curl.init)) &&
                find(l, "curl_easy_reset", &curl.reset, sizeof(curl.reset)) &&
                find(l, "curl_easy_setopt", &curl.set, sizeof(curl.set)) &&
                find(l, "curl_easy_perform", &curl.perform, sizeof(curl.perform)) &&
                find(l, "curl_easy_getinfo", &curl.get, sizeof(curl.get)) &&
                find(l, "curl_easy_cleanup", &curl.cleanup, sizeof(curl.cleanup)) &&
                find(l, "curl_easy_strerror", &curl.error_text, sizeof(curl.error_text)) &&
                find(l, "curl_slist_append", &curl.append, sizeof(curl.append)) &&
                find(l, "curl_slist_free_all", &curl.free_list, sizeof(curl.free_list)) &&
                find_multi(l) && global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

const struct clew_curl *clew_curl(void)
{
        (void)pthread_once(&once, load);
        return ready ? &curl : NULL;
}
