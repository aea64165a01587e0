/*
 * Whether a store does what its callers rely on (README.md, "The probe").
 *
 * It is asked, not believed: there are servers that take the condition and ignore it, and then all
 * who race are told that they have won.
 */
#include "storage/bucket/bucket-int.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define ROUNDS 8u
/* Rounds that told nothing, because an answer was "unsure". */
#define UNSURE_MAX 16u
#define RACERS 2u
#define TEXT_MAX 64u

struct racer {
        struct clew_object_bucket *bucket;
        pthread_barrier_t *start;
        const char *name;
        char text[TEXT_MAX];
        struct clew_error err;
        int result;
};

static int lies(struct clew_object_bucket *b, const char *what, struct clew_error *err)
{
        return clew_error_set(err, -ENOTSUP, 0,
                              "%s: this store cannot be used: %s. It has to create an object only "
                              "when there is none of that name (PUT with If-None-Match: *), one of "
                              "several at once",
                              b->url, what);
}

static void *race(void *argument)
{
        struct racer *r = argument;

        (void)pthread_barrier_wait(r->start);
        r->result = r->bucket->ops->put(r->bucket, r->name, clew_slice_of_cstr(r->text), &r->err);
        return NULL;
}

/* Runs both; 0 or an error of starting threads. */
static int run(struct racer racers[RACERS])
{
        pthread_barrier_t start;
        pthread_t other;

        if (pthread_barrier_init(&start, NULL, RACERS) != 0)
                return -ENOMEM;
        for (unsigned i = 0; i < RACERS; i++)
                racers[i].start = &start;
        if (pthread_create(&other, NULL, race, &racers[1]) != 0) {
                pthread_barrier_destroy(&start);
                return -EAGAIN;
        }
        race(&racers[0]);
        pthread_join(other, NULL);
        pthread_barrier_destroy(&start);
        return 0;
}

static int find_name(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        (void)bytes;
        (void)err;
        return strcmp(context, name) == 0;
}

/* What is there afterwards: the bytes of the winner, in the list, and not to be made again. */
static int check_winner(struct clew_object_bucket *b, const struct racer *winner,
                        struct clew_error *err)
{
        const char *leaf = strchr(winner->name, '/') + 1;
        CLEW_BUFFER there = {0};
        char leaf_copy[CLEW_BUCKET_NAME_MAX];
        uint64_t size = 0;
        int r;

        clew_buffer_init(&there, 2 * TEXT_MAX);
        r = clew_bucket_get(b, winner->name, 0, TEXT_MAX, &there, &size, err);
        if (r == -ENOENT)
                return lies(b, "an object that it has made is not there", err);
        if (r < 0)
                return r;
        if (!clew_slice_eq_cstr(clew_buffer_slice(&there), winner->text))
                return lies(b, "an object has not the bytes of who was told that it made it", err);
        r = b->ops->put(b, winner->name, CLEW_SLICE_LITERAL("again"), err);
        if (r == CLEW_BUCKET_MADE)
                return lies(b, "it made an object that was there already", err);
        if (r < 0)
                return r;
        snprintf(leaf_copy, sizeof(leaf_copy), "%s", leaf);
        r = clew_bucket_list(b, "probe", "", find_name, leaf_copy, err);
        return r == 0  ? lies(b, "its list does not have an object that it has made", err)
               : r < 0 ? r
                       : 0;
}

/* 1 = it told nothing, 0 = good, or an error. */
static int judge(struct clew_object_bucket *b, struct racer racers[RACERS], struct clew_error *err)
{
        unsigned made = 0;
        const struct racer *winner = NULL;

        for (unsigned i = 0; i < RACERS; i++) {
                if (racers[i].result < 0) {
                        *err = racers[i].err;
                        return racers[i].result == -EHOSTUNREACH ? 1 : racers[i].result;
                }
                if (racers[i].result == CLEW_BUCKET_UNSURE)
                        return 1;
                if (racers[i].result == CLEW_BUCKET_MADE) {
                        made++;
                        winner = &racers[i];
                }
        }
        if (made == 0) { /* a request that went twice is told that its first is there */
                (void)lies(b, "it refused a name that was free", err);
                return 1;
        }
        if (made > 1)
                return lies(b, "two that created one name at once were both told that they had",
                            err);
        return check_winner(b, winner, err);
}

static int round_of(struct clew_object_bucket *b, struct clew_error *err)
{
        struct racer racers[RACERS];
        struct clew_error ignored;
        uint64_t chance[2] = {0};
        char name[CLEW_BUCKET_NAME_MAX];
        int r;

        if (getrandom(chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
                return clew_error_set(err, -EIO, 0, "no random numbers here");
        snprintf(name, sizeof(name), "probe/%016llx%016llx", (unsigned long long)chance[0],
                 (unsigned long long)chance[1]);
        for (unsigned i = 0; i < RACERS; i++) {
                racers[i] = (struct racer){.bucket = b, .name = name};
                snprintf(racers[i].text, sizeof(racers[i].text), "clew probe %u %016llx", i,
                         (unsigned long long)chance[0]);
        }
        r = run(racers);
        r = r < 0 ? clew_error_set(err, r, 0, "%s: no thread for a probe", b->url)
                  : judge(b, racers, err);
        if (clew_bucket_delete(b, name, &ignored) == 0 && r == 0) {
                CLEW_BUFFER there = {0};

                clew_buffer_init(&there, TEXT_MAX);
                if (clew_bucket_get(b, name, 0, TEXT_MAX, &there, NULL, &ignored) == 0)
                        return lies(b, "an object that it has deleted is still there", err);
        }
        return r;
}

/* It was not found out. */
static int undecided(struct clew_object_bucket *b, struct clew_error *err)
{
        if (err->message[0] && err->code != -ENOTSUP)
                return -EHOSTUNREACH;
        return clew_error_set(err, -EBUSY, 0, "%s: the store answers with errors; try again later",
                              b->url);
}

int clew_bucket_probe(struct clew_object_bucket *b, struct clew_error *err)
{
        struct clew_bucket_patience p = clew_bucket_patience_begin(b);
        unsigned unsure = 0;

        *err = (struct clew_error){0};
        for (unsigned done = 0; done < ROUNDS;) {
                int r = round_of(b, err);

                if (r < 0)
                        return r;
                if (r == 0)
                        done++;
                else if (++unsure > UNSURE_MAX && err->code == -ENOTSUP)
                        return -ENOTSUP;
                else if (unsure > UNSURE_MAX || !clew_bucket_patience_wait(&p))
                        return undecided(b, err);
        }
        return 0;
}
