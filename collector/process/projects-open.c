/*
 * See projects-open.h.
 */
#include "collector/process/projects-open.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "query/model/summary.h"
#include "query/review/redact-key.h"
#include "query/serve/erase.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void on_finding(void *context, const char *object, const char *what)
{
        const struct clew_project *p = context;

        clew_log(CLEW_LOG_ERROR, "objects.damaged", "project=%s object=\"%s\" reason=\"%s\"",
                 p->name, object, what);
}

/* Another writer of the bucket has deleted traces: what is here of them goes too. */
static int on_carried(void *context, const char *writer, const struct clew_trace_id *ids, size_t n,
                      struct clew_error *err)
{
        const struct clew_project *p = context;
        char who[CLEW_TIER_WRITER_BYTES + 32];
        int r;

        (void)snprintf(who, sizeof(who), "%s%s",
                       writer[0] ? "writer " : "the writer without a name", writer);
        r = clew_erasing_note_ids(p->store, clew_slice_of_cstr(who), ids, n,
                                  clew_clock_unix_ns(clew_clock_system()), err);
        if (r == 0)
                clew_log(CLEW_LOG_INFO, "objects.deleted", "project=%s by=\"%s\" traces=%zu",
                         p->name, who, n);
        return r;
}

static const char *or_null(const char *value)
{
        return strcmp(value, "off") == 0 ? NULL : value;
}

/* Each project has a prefix of its own. */
static int name_bucket(const struct clew_config *config, const struct clew_project *p, char *ret,
                       size_t size, struct clew_error *err)
{
        if (strcmp(p->name, CLEW_KEY_PROJECT_DEFAULT) == 0)
                (void)snprintf(ret, size, "%s", config->objects);
        else if (!clew_tier_project_url(config->objects, p->name, ret, size))
                return clew_error_set(err, -EINVAL, 0, "--objects: the address is too long");
        return 0;
}

/* The bucket of a project's store. Without one, what the store has given up before is read back. */
static int open_tier(const struct clew_config *config, struct clew_project *p,
                     struct clew_error *err)
{
        char url[2 * CLEW_CONFIG_TEXT_MAX];
        struct clew_tier_options options = {.url = url,
                                            .cache_bytes = config->objects_cache_bytes,
                                            .local_bytes = config->objects_local_bytes,
                                            .writer = or_null(config->writer),
                                            .acknowledges = config->ack_objects,
                                            .wait_ns = config->objects_wait_ns,
                                            .advertise = or_null(config->advertise),
                                            .finding = on_finding,
                                            .carried = on_carried,
                                            .context = p};
        struct clew_tier_stats stats;
        int r;

        if (strcmp(config->objects, "off") == 0 || config->read_only)
                return clew_tier_read_back(p->store, &p->tier, err);
        r = name_bucket(config, p, url, sizeof(url), err);
        if (r < 0)
                return r;
        /* One that does not answer is waited for some time: two minutes by a store that is empty.
         */
        clew_log(CLEW_LOG_INFO, "objects.attaching", "project=%s url=\"%s\"", p->name, url);
        r = clew_tier_attach(p->store, &options, &p->tier, &stats, err);
        if (r == 0 && stats.more)
                clew_log(CLEW_LOG_WARN, "objects.waiting", "project=%s reason=\"%s\"", p->name,
                         err->message);
        else if (r == 0)
                clew_log(CLEW_LOG_INFO, "objects.attached",
                         "project=%s version=%llu segments=%llu adopted=%llu damaged=%llu", p->name,
                         (unsigned long long)stats.version, (unsigned long long)stats.segments,
                         (unsigned long long)stats.adopted, (unsigned long long)stats.damaged);
        return r;
}

/* A reader's store is made of the bucket; nothing is asked of that yet. */
static int open_reader(const struct clew_config *config, const char *dir, struct clew_project *p,
                       struct clew_error *err)
{
        char url[2 * CLEW_CONFIG_TEXT_MAX];
        const struct clew_follow_options options = {
                .url = url,
                .cache_bytes = config->objects_cache_bytes,
                .deriver = config->facts ? clew_model_deriver() : clew_model_deriver_plain(),
                .tail_key = or_null(config->tail_key),
                .tail_ca = or_null(config->tail_ca),
                .finding = on_finding,
                .context = p,
        };
        bool anew = false;
        int r = name_bucket(config, p, url, sizeof(url), err);

        if (r == 0)
                r = clew_follow_open(dir, &options, &p->store, &p->tier, &anew, err);
        if (r == 0 && anew)
                clew_log(CLEW_LOG_WARN, "objects.cache_anew",
                         "project=%s dir=\"%s\" reason=\"it was damaged, or of another format\"",
                         p->name, dir);
        return r;
}

/* OTLP bytes that are due: a second or two of sealing. */
#define SEAL_BEHIND_BYTES ((uint64_t)256 << 20)
/* Each piece of work has so much, whatever others do. */
#define MEMORY_SMALL_BYTES ((size_t)48 << 20)
/* And one at a time so much. */
#define MEMORY_LARGE_BYTES ((size_t)320 << 20)
/* Sealing waits so long for large questions before it goes on beside them. */
#define MEMORY_PATIENCE_NS (10 * CLEW_NS_PER_S)

/* A store that is written here, or only read. */
static int open_own(const struct clew_config *config, const char *dir, struct clew_project *p,
                    struct clew_error *err)
{
        const struct clew_store_options options = {
                .mode = config->read_only ? CLEW_STORE_READ : CLEW_STORE_COLLECT,
                .deriver = config->facts ? clew_model_deriver() : clew_model_deriver_plain(),
        };
        int r;

        if (!config->read_only && clew_follow_is_cache(dir))
                return clew_error_set(
                        err, -EEXIST, 0,
                        "store %s: is a reader's (role query), made of a bucket; name "
                        "another directory to collect into",
                        dir);
        r = clew_store_open(dir, &options, &p->store, err);
        if (r < 0 && !err->message[0])
                clew_error_set(err, r, 0, "store %s: %s", dir, strerror(-r));
        if (r == 0)
                r = open_tier(config, p, err);
        if (r == 0 && !config->read_only && strcmp(config->redact, "off") != 0)
                r = clew_redact_key(dir, p->redact_key, err);
        return r;
}

static int open_one(const struct clew_config *config, const char *name, const char *dir,
                    struct clew_projects *projects, struct clew_error *err)
{
        struct clew_project *p = &projects->all[projects->n];
        int r;

        if (projects->n == CLEW_PROJECTS_MAX)
                return clew_error_set(err, -E2BIG, 0, "projects %s: more than %u of them",
                                      config->projects, CLEW_PROJECTS_MAX - 1);
        CLEW_ASSERT(strlen(name) < sizeof(p->name)); /* is a good name */
        memcpy(p->name, name, strlen(name) + 1);
        p->dir = clew_strdup(dir);
        if (!p->dir)
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        else if (clew_config_is_reader(config))
                r = open_reader(config, dir, p, err);
        else
                r = open_own(config, dir, p, err);
        if (r < 0) {
                clew_tier_free(p->tier);
                clew_store_close(p->store);
                p->tier = NULL;
                p->store = NULL;
        }
        projects->n += r == 0;
        if (r < 0) {
                clew_free(p->dir);
                p->dir = NULL;
        }
        return r;
}

static bool is_project(const char *name)
{
        return clew_project_name_is_good(clew_slice_of_cstr(name)) &&
               strcmp(name, CLEW_KEY_PROJECT_DEFAULT) != 0;
}

static int by_name(const void *a, const void *b)
{
        return strcmp(a, b);
}

struct names {
        char all[CLEW_PROJECTS_MAX][CLEW_KEY_PROJECT_BYTES];
        unsigned n;
};

static int list_below(const struct clew_config *config, struct names *ret, struct clew_error *err)
{
        DIR *dir = opendir(config->projects);
        const struct dirent *e;

        if (!dir)
                return clew_error_set(err, -errno, 0, "projects %s: %s", config->projects,
                                      strerror(errno));
        while ((e = readdir(dir)) != NULL && ret->n < CLEW_PROJECTS_MAX) {
                struct stat st;

                if (is_project(e->d_name) && fstatat(dirfd(dir), e->d_name, &st, 0) == 0 &&
                    S_ISDIR(st.st_mode))
                        memcpy(ret->all[ret->n++], e->d_name, strlen(e->d_name) + 1);
        }
        closedir(dir);
        qsort(ret->all, ret->n, sizeof(ret->all[0]), by_name);
        return 0;
}

static int open_below(const struct clew_config *config, struct clew_projects *projects,
                      struct clew_error *err)
{
        struct names names = {.n = 0};
        int r = list_below(config, &names, err);

        for (unsigned i = 0; r == 0 && i < names.n; i++) {
                char dir[2 * CLEW_CONFIG_TEXT_MAX];

                (void)snprintf(dir, sizeof(dir), "%s/%s", config->projects, names.all[i]);
                r = open_one(config, names.all[i], dir, projects, err);
        }
        return r;
}

int clew_projects_open(const struct clew_config *config, struct clew_projects *projects,
                       struct clew_error *err)
{
        int r;

        clew_mem_pool_init(&projects->memory, MEMORY_SMALL_BYTES, MEMORY_LARGE_BYTES,
                           MEMORY_PATIENCE_NS);
        r = open_one(config, CLEW_KEY_PROJECT_DEFAULT, config->store, projects, err);
        if (r == 0 && strcmp(config->projects, "off") != 0)
                r = open_below(config, projects, err);
        return r;
}

static size_t n_inside(void *context)
{
        return clew_admission_inside(context);
}

static int keep_in_bucket(void *context, const struct clew_fragment *fragments, size_t n,
                          struct clew_error *err)
{
        return clew_tier_acknowledge(context, fragments, n, err);
}

static int start_orders(struct clew_projects *projects, struct clew_project *p)
{
        const struct clew_orders_options options = {.store = p->store,
                                                    .tier = p->tier,
                                                    .pipeline = p->pipeline,
                                                    .memory = &projects->memory,
                                                    .project = p->name};

        return clew_orders_new(&options, &p->orders);
}

static int start_one(const struct clew_config *config, struct clew_projects *projects,
                     struct clew_project *p, struct clew_admission *admission,
                     struct clew_counters *counters, struct clew_error *err)
{
        const struct clew_pipeline_options pipeline = {
                .store = p->store,
                .counters = counters,
                .gather_ns = config->gather_ns,
                .keep = config->ack_objects && p->tier ? keep_in_bucket : NULL,
                .keep_context = p->tier,
                .keep_every_ns = config->ack_objects_every_ns,
                .n_expected = n_inside,
                .context = admission,
        };
        struct clew_sealer_options sealer = {
                .store = p->store,
                .memory = &projects->memory,
                .counters = counters,
                .idle_ns = config->seal_idle_ns,
                .max_wait_ns = config->seal_wait_ns,
                .segment_bytes = (size_t)config->seal_segment_bytes,
                .cpu_percent = (unsigned)config->seal_cpu_percent,
                .behind_bytes = SEAL_BEHIND_BYTES,
        };
        int r = clew_pipeline_new(&pipeline, &p->pipeline);

        sealer.pipeline = p->pipeline;
        if (r == 0 && config->seal_cpu_percent > 0) {
                p->figures = sealer.figures = clew_figures_new();
                r = p->figures ? 0 : -ENOMEM;
        }
        if (r == 0 && config->seal_cpu_percent > 0)
                r = clew_sealer_new(&sealer, &p->sealer);
        if (r == 0 && p->tier && strcmp(config->objects, "off") != 0) {
                const struct clew_uploader_options uploader = {.tier = p->tier,
                                                               .pipeline = p->pipeline,
                                                               .memory = &projects->memory,
                                                               .project = p->name};

                r = clew_uploader_new(&uploader, &p->uploader);
        }
        if (r == 0 && p->uploader)
                r = start_orders(projects, p);
        if (r == 0 && strcmp(config->retention, "off") != 0) {
                const struct clew_keeper_options keeper = {
                        .store = p->store,
                        .memory = &projects->memory,
                        .pipeline = p->pipeline,
                        .rules = config->retention,
                        .every_ns = config->retention_every_ns,
                        .cpu_percent = (unsigned)config->retention_cpu_percent,
                };

                return clew_keeper_new(&keeper, &p->keeper, err);
        }
        return r < 0 ? clew_error_set(err, r, 0, "cannot start a thread: %s", strerror(-r)) : 0;
}

static int start_reader(const struct clew_config *config, struct clew_project *p,
                        struct clew_error *err)
{
        const struct clew_follower_options options = {
                .tier = p->tier, .every_ns = config->objects_every_ns, .project = p->name};
        int r = clew_follower_new(&options, &p->follower);

        return r < 0 ? clew_error_set(err, r, 0, "cannot start a thread: %s", strerror(-r)) : 0;
}

int clew_projects_start(const struct clew_config *config, struct clew_projects *projects,
                        struct clew_admission *admission, struct clew_counters *counters,
                        struct clew_error *err)
{
        int r = 0;

        for (unsigned i = 0; i < projects->n && r == 0 && !config->read_only; i++)
                r = clew_config_is_reader(config) ? start_reader(config, &projects->all[i], err)
                                                  : start_one(config, projects, &projects->all[i],
                                                              admission, counters, err);
        return r;
}

int clew_projects_reload(const struct clew_config *config, struct clew_projects *projects,
                         struct clew_error *err)
{
        int r = 0;

        for (unsigned i = 0; i < projects->n && r == 0; i++) {
                if (projects->all[i].keeper)
                        r = clew_keeper_reload(projects->all[i].keeper, config->retention, err);
        }
        return r;
}

void clew_projects_stop(struct clew_projects *projects)
{
        clew_mem_pool_end(&projects->memory);
        for (unsigned i = 0; i < projects->n; i++) {
                clew_follower_free(projects->all[i].follower);
                clew_orders_free(projects->all[i].orders);
                clew_uploader_free(projects->all[i].uploader);
                clew_keeper_free(projects->all[i].keeper);
                clew_sealer_free(projects->all[i].sealer);
                clew_pipeline_free(projects->all[i].pipeline);
        }
}

void clew_projects_close(struct clew_projects *projects)
{
        for (unsigned i = 0; i < projects->n; i++) {
                clew_tier_free(projects->all[i].tier);
                clew_store_close(projects->all[i].store);
                clew_free(projects->all[i].dir);
                clew_figures_free(projects->all[i].figures);
        }
        clew_mem_pool_deinit(&projects->memory);
        projects->n = 0;
}
