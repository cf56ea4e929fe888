#include "service/parts.h"

#include "common/clock.h"
#include "service/api/coach_answers.h"
#include "service/api/practice.h"
#include "service/api/room_coach.h"
#include "service/auth/authority.h"
#include "service/auth/guard.h"
#include "service/auth/seal_old.h"
#include "service/auth/vault.h"
#include "service/coach/builtin.h"
#include "service/coach/openai.h"
#include "service/events/presence.h"
#include "service/events/publisher.h"
#include "service/progress/progress.h"
#include "service/rpc/rate.h"
#include "service/upkeep/upkeep.h"

#include <stdio.h>

/* Wrong passwords of one user for one room, within five minutes. */
#define ROOM_GUESSES    10
#define ROOM_GUESSES_MS 300000

/* Words like "is typing" that one user may send. */
#define LIVE_PER_SECOND 10
#define LIVE_BURST      50

static enum status open_publisher(struct service *service, const struct parts_options *options,
                                  struct error *reterr)
{
        AUTO_FREE char *url = NULL;

        if (options->events_url)
                return publisher_new(options->events_url, &service->publisher, reterr);
        if (asprintf(&url, "ipc://%s/events.ipc", options->data_dir) < 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return publisher_new(url, &service->publisher, reterr);
}

/* Somebody has come into a room or left it. */
static void tell_presence(void *closure, int64_t room_id, const struct presence_user *user,
                          bool is_online)
{
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        Socializer__V1__Presence presence = SOCIALIZER__V1__PRESENCE__INIT;

        presence.user_id = user->id;
        presence.username = (char *)user->username;
        presence.is_online = is_online;
        event.room_id = room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_PRESENCE;
        event.presence = &presence;
        publisher_room_event(closure, &event);
}

static enum status open_coach(struct service *service, struct error *reterr)
{
        static const struct coach_engine *engines[2]; /* the first one stands in for the other */
        const struct openai_options options = {.max_runs = ANSWERS_MAX + PROGRESS_EVALUATORS};
        enum status st = openai_new(&options, &service->openai, reterr);

        if (st == STATUS_OK)
                st = answers_new(service->publisher, &service->answers, reterr);
        if (st != STATUS_OK)
                return st;
        engines[0] = &coach_builtin;
        engines[1] = openai_engine(service->openai);
        st = coach_new(engines, ARRAY_SIZE(engines), &service->coach, reterr);
        return st == STATUS_OK ? room_coach_new(service, &service->room_coach, reterr) : st;
}

enum status parts_open(struct service *service, const struct parts_options *options,
                       struct error *reterr)
{
        enum status st = vault_new(options->data_dir, service->db, &service->vault, reterr);

        if (st == STATUS_OK)
                st = seal_old(service->vault, service->db, reterr);
        if (st != STATUS_OK)
                return st;
        const struct authority_options authority = {
                .data_dir = options->data_dir,
                .db = service->db,
                .token_ttl_s = options->token_ttl_s,
        };
        service->started_at_ms = clock_wall_ms();
        st = authority_new(&authority, &service->authority, reterr);
        if (st == STATUS_OK)
                st = open_publisher(service, options, reterr);
        if (st == STATUS_OK)
                st = presence_new(tell_presence, service->publisher, &service->presence, reterr);
        if (st == STATUS_OK)
                st = upkeep_new(service->db, service->presence, service->authority,
                                &service->upkeep, reterr);
        if (st == STATUS_OK)
                st = guard_new(ROOM_GUESSES, ROOM_GUESSES_MS, &service->room_guard, reterr);
        if (st == STATUS_OK)
                st = rate_new(LIVE_PER_SECOND, LIVE_BURST, &service->live_rate, reterr);
        if (st == STATUS_OK)
                st = open_coach(service, reterr);
        if (st == STATUS_OK)
                st = practice_start(service, reterr);
        return st;
}

void parts_stop(struct service *service)
{
        service->upkeep = upkeep_free(service->upkeep);
        service->progress = progress_free(service->progress);
        service->room_coach = room_coach_free(service->room_coach);
}

void parts_free(struct service *service)
{
        service->presence = presence_free(service->presence);
        service->answers = answers_free(service->answers);
        service->publisher = publisher_free(service->publisher);
        service->room_guard = guard_free(service->room_guard);
        service->live_rate = rate_free(service->live_rate);
        service->coach = coach_free(service->coach);
        service->openai = openai_free(service->openai);
        service->vault = vault_free(service->vault);
        service->authority = authority_free(service->authority);
}
