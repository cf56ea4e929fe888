#include "service/events/presence.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define N_BUCKETS            4096
#define MAX_CONNECTION_BYTES (64 * 4 + 1) /* 64 characters */
#define MAX_USERNAME_BYTES   64

/* Somebody in a room, by n connections. */
struct seat {
        struct seat *next; /* of the bucket */
        struct seat *prev_in_place, *next_in_place;
        struct place *place;
        struct person *person;
        unsigned n;
        bool told; /* that somebody has come: then that they go is told as well */
};

struct place {
        struct place *next; /* of the bucket */
        int64_t room_id;
        struct seat *seats;
        size_t n_seats;
};

struct connection {
        struct connection *next; /* of the same person */
        char name[MAX_CONNECTION_BYTES];
        uint64_t ends_at_ms;
        size_t n_seats;
        struct seat *seats[PRESENCE_MAX_ROOMS + 1]; /* the first is anywhere */
};

struct person {
        struct person *next; /* of the bucket */
        int64_t id;
        char username[MAX_USERNAME_BYTES];
        struct connection *connections;
        unsigned n_connections;
};

struct presence {
        presence_change_fn on_change;
        void *closure;
        pthread_mutex_t mutex; /* guards what follows */
        struct person *persons[N_BUCKETS];
        struct place *places[N_BUCKETS];
        struct seat *seats[N_BUCKETS];
};

static size_t bucket_of(uint64_t a, uint64_t b)
{
        uint64_t mixed = (a * UINT64_C(0x9E3779B97F4A7C15)) ^ (b * UINT64_C(0xC2B2AE3D27D4EB4F));

        return (size_t)(mixed >> 40) % N_BUCKETS;
}

/* --- places and seats; all of it under the mutex --- */

static struct place *place_find(const struct presence *p, int64_t room_id)
{
        for (struct place *at = p->places[bucket_of((uint64_t)room_id, 0)]; at; at = at->next)
                if (at->room_id == room_id)
                        return at;
        return NULL;
}

static struct place *place_get(struct presence *p, int64_t room_id)
{
        struct place *place = place_find(p, room_id);
        struct place **bucket = &p->places[bucket_of((uint64_t)room_id, 0)];

        if (place)
                return place;
        place = calloc(1, sizeof(*place));
        if (!place)
                return NULL;
        place->room_id = room_id;
        place->next = *bucket;
        *bucket = place;
        return place;
}

static void place_put(struct presence *p, struct place *place)
{
        if (place->seats)
                return;
        for (struct place **at = &p->places[bucket_of((uint64_t)place->room_id, 0)]; *at;
             at = &(*at)->next) {
                if (*at == place) {
                        *at = place->next;
                        break;
                }
        }
        free(place);
}

static struct seat **seat_bucket(struct presence *p, int64_t room_id, int64_t user_id)
{
        return &p->seats[bucket_of((uint64_t)room_id, (uint64_t)user_id)];
}

static struct seat *seat_find(struct presence *p, int64_t room_id, int64_t user_id)
{
        for (struct seat *s = *seat_bucket(p, room_id, user_id); s; s = s->next)
                if (s->place->room_id == room_id && s->person->id == user_id)
                        return s;
        return NULL;
}

static void tell(const struct presence *p, const struct seat *s, bool is_online)
{
        const struct presence_user user = {s->person->id, s->person->username};

        p->on_change(p->closure, s->place->room_id, &user, is_online);
}

static struct seat *seat_make(struct presence *p, int64_t room_id, struct person *person)
{
        struct place *place = place_get(p, room_id);
        struct seat *s = place ? calloc(1, sizeof(*s)) : NULL;
        struct seat **bucket = seat_bucket(p, room_id, person->id);

        if (!s) {
                if (place)
                        place_put(p, place);
                return NULL;
        }
        s->place = place;
        s->person = person;
        s->next = *bucket;
        *bucket = s;
        s->next_in_place = place->seats;
        if (place->seats)
                place->seats->prev_in_place = s;
        place->seats = s;
        place->n_seats++;
        s->told = room_id != PRESENCE_ANYWHERE && place->n_seats <= PRESENCE_MAX_TOLD;
        if (s->told)
                tell(p, s, true);
        return s;
}

/* One more connection. NULL when there is no memory. */
static struct seat *seat_take(struct presence *p, int64_t room_id, struct person *person)
{
        struct seat *s = seat_find(p, room_id, person->id);

        if (!s)
                s = seat_make(p, room_id, person);
        if (s)
                s->n++;
        return s;
}

static void seat_give(struct presence *p, struct seat *s)
{
        struct place *place = s->place;

        if (--s->n > 0)
                return;
        if (s->told)
                tell(p, s, false);
        for (struct seat **at = seat_bucket(p, place->room_id, s->person->id); *at;
             at = &(*at)->next) {
                if (*at == s) {
                        *at = s->next;
                        break;
                }
        }
        if (s->prev_in_place)
                s->prev_in_place->next_in_place = s->next_in_place;
        else
                place->seats = s->next_in_place;
        if (s->next_in_place)
                s->next_in_place->prev_in_place = s->prev_in_place;
        place->n_seats--;
        free(s);
        place_put(p, place);
}

/* --- persons and connections --- */

static struct person *person_find(const struct presence *p, int64_t user_id)
{
        for (struct person *at = p->persons[bucket_of((uint64_t)user_id, 1)]; at; at = at->next)
                if (at->id == user_id)
                        return at;
        return NULL;
}

static struct person *person_get(struct presence *p, const struct presence_user *user)
{
        struct person *person = person_find(p, user->id);
        struct person **bucket = &p->persons[bucket_of((uint64_t)user->id, 1)];

        if (!person) {
                person = calloc(1, sizeof(*person));
                if (!person)
                        return NULL;
                person->id = user->id;
                person->next = *bucket;
                *bucket = person;
        }
        strncpy(person->username, user->username, sizeof(person->username) - 1);
        return person;
}

static void person_put(struct presence *p, struct person *person)
{
        if (person->connections)
                return;
        for (struct person **at = &p->persons[bucket_of((uint64_t)person->id, 1)]; *at;
             at = &(*at)->next) {
                if (*at == person) {
                        *at = person->next;
                        break;
                }
        }
        free(person);
}

static struct connection *connection_get(struct person *person, const char *name)
{
        struct connection *c;

        for (c = person->connections; c; c = c->next)
                if (strcmp(c->name, name) == 0)
                        return c;
        if (person->n_connections >= PRESENCE_MAX_CONNECTIONS)
                return NULL;
        c = calloc(1, sizeof(*c));
        if (!c)
                return NULL;
        strncpy(c->name, name, sizeof(c->name) - 1);
        c->next = person->connections;
        person->connections = c;
        person->n_connections++;
        return c;
}

static void connection_end(struct presence *p, struct person *person, struct connection *c)
{
        for (struct connection **at = &person->connections; *at; at = &(*at)->next) {
                if (*at == c) {
                        *at = c->next;
                        break;
                }
        }
        person->n_connections--;
        for (size_t i = 0; i < c->n_seats; i++)
                seat_give(p, c->seats[i]);
        free(c);
        person_put(p, person);
}

/* Whether the room stands before its place in the list. */
static bool is_repeated(const int64_t *room_ids, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (room_ids[k] == room_ids[i])
                        return true;
        return false;
}

/* The new seats first, so that who stays is not told to have left. False: no memory. */
static bool connection_move(struct presence *p, struct person *person, struct connection *c,
                            const int64_t *room_ids, size_t n_room_ids)
{
        struct seat *old[PRESENCE_MAX_ROOMS + 1];
        size_t n_old = c->n_seats, n = 0;
        bool complete = true;

        memcpy(old, c->seats, n_old * sizeof(struct seat *));
        c->seats[n] = seat_take(p, PRESENCE_ANYWHERE, person);
        n += c->seats[n] != NULL;
        for (size_t i = 0; i < n_room_ids && n < PRESENCE_MAX_ROOMS + 1; i++) {
                if (is_repeated(room_ids, i))
                        continue;
                c->seats[n] = seat_take(p, room_ids[i], person);
                if (c->seats[n])
                        n++;
                else
                        complete = false;
        }
        c->n_seats = n;
        for (size_t i = 0; i < n_old; i++)
                seat_give(p, old[i]);
        return complete;
}

enum status presence_set(struct presence *p, const struct presence_user *user,
                         const char *connection, const int64_t *room_ids, size_t n_room_ids,
                         uint64_t now_ms, struct error *reterr)
{
        LOCK(&p->mutex);
        struct person *person = n_room_ids ? person_get(p, user) : person_find(p, user->id);
        struct connection *c = NULL;

        if (person && n_room_ids > 0) {
                c = connection_get(person, connection);
        } else if (person) {
                for (c = person->connections; c && strcmp(c->name, connection) != 0; c = c->next)
                        continue;
        }
        if (n_room_ids == 0) {
                if (c)
                        connection_end(p, person, c);
                return STATUS_OK;
        }
        if (!c) {
                if (person)
                        person_put(p, person);
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, PRESENCE_MS,
                                   "connection: you have %d already, the limit",
                                   PRESENCE_MAX_CONNECTIONS);
        }
        c->ends_at_ms = now_ms + PRESENCE_MS;
        if (!connection_move(p, person, c, room_ids, n_room_ids))
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
        return STATUS_OK;
}

static void expire_person(struct presence *p, struct person *person, uint64_t now_ms)
{
        for (struct connection *c = person->connections, *next; c; c = next) {
                next = c->next;
                if (now_ms >= c->ends_at_ms)
                        connection_end(p, person, c); /* the last one takes the person along */
        }
}

void presence_expire(struct presence *p, uint64_t now_ms)
{
        LOCK(&p->mutex);

        for (size_t i = 0; i < N_BUCKETS; i++) {
                for (struct person *person = p->persons[i], *next; person; person = next) {
                        next = person->next;
                        expire_person(p, person, now_ms);
                }
        }
}

void presence_forget(struct presence *p, int64_t user_id)
{
        LOCK(&p->mutex);
        struct person *person = person_find(p, user_id);

        /* The last one takes the person along. */
        for (unsigned n = person ? person->n_connections : 0; n > 0; n--)
                connection_end(p, person, person->connections);
}

static void connection_leave(struct presence *p, struct connection *c, const struct seat *gone)
{
        for (size_t i = 0; i < c->n_seats; i++) {
                if (c->seats[i] != gone)
                        continue;
                c->seats[i] = c->seats[--c->n_seats];
                seat_give(p, (struct seat *)gone);
                return;
        }
}

void presence_leave(struct presence *p, int64_t room_id, int64_t user_id)
{
        LOCK(&p->mutex);
        struct person *person = person_find(p, user_id);
        struct seat *gone = person ? seat_find(p, room_id, user_id) : NULL;
        unsigned n = gone ? gone->n : 0;

        /* The seat goes with the last of them. */
        for (struct connection *c = n ? person->connections : NULL; c && n > 0; c = c->next) {
                size_t before = c->n_seats;

                connection_leave(p, c, gone);
                n -= (unsigned)(before - c->n_seats);
        }
}

/* --- who is there --- */

static int by_id(const void *a, const void *b)
{
        const struct presence_user *one = a, *other = b;

        return (one->id > other->id) - (one->id < other->id);
}

enum status presence_list(struct presence *p, int64_t room_id, struct arena *arena,
                          struct presence_list *ret, struct error *reterr)
{
        LOCK(&p->mutex);
        const struct place *place = place_find(p, room_id);
        struct presence_list list = {.n_online = place ? place->n_seats : 0};
        size_t max = list.n_online < PRESENCE_MAX_LISTED ? list.n_online : PRESENCE_MAX_LISTED;

        list.items = arena_calloc(arena, max + 1, sizeof(*list.items));
        for (const struct seat *s = place ? place->seats : NULL;
             s && list.items && list.n_items < max; s = s->next_in_place) {
                struct presence_user *user = &list.items[list.n_items++];

                user->id = s->person->id;
                user->username = arena_strdup(arena, s->person->username);
        }
        if (arena->exhausted || !list.items)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        qsort(list.items, list.n_items, sizeof(*list.items), by_id);
        *ret = list;
        return STATUS_OK;
}

/* --- beginning and end --- */

enum status presence_new(presence_change_fn on_change, void *closure, struct presence **ret,
                         struct error *reterr)
{
        struct presence *p = calloc(1, sizeof(*p));

        if (!p)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        p->on_change = on_change;
        p->closure = closure;
        pthread_mutex_init(&p->mutex, NULL);
        *ret = p;
        return STATUS_OK;
}

static void say_nothing(void *closure, int64_t room_id, const struct presence_user *user,
                        bool is_online)
{
        (void)closure;
        (void)room_id;
        (void)user;
        (void)is_online;
}

struct presence *presence_free(struct presence *p)
{
        if (!p)
                return NULL;
        p->on_change = say_nothing;
        presence_expire(p, UINT64_MAX);
        pthread_mutex_destroy(&p->mutex);
        free(p);
        return NULL;
}
