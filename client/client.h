/* Inside libsocializer: the client, and how its parts work together.
 *
 * One mutex guards everything that changes. No callback of a user and no system call happens under
 * it. The threads are nng's, which run slot_event(), and one of our own, the keeper, which watches
 * deadlines, sends again what had to wait, and delivers what ended here and not by a reply. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "client/harvest.h"
#include "client/lane.h"
#include "client/pending.h"
#include "client/task.h"
#include "client/timers.h"

#define CLIENT_MAX_QUEUED       4096
#define CLIENT_MAX_BATCH        64
#define CLIENT_LANES            2
#define CLIENT_MAX_LONG         64
#define CLIENT_RECONNECT_MAX_MS 200
/* A reply holds a response of every call of its batch. */
#define CLIENT_MAX_REPLY_BYTES (FRAME_MAX_BYTES + 64u * 1024)

struct stub_service;

struct soc_client {
        atomic_uint refs; /* the owner's, and one for every soc_pending that a user holds */
        uint32_t max_queued;
        char *url;
        void (*wake)(void *closure);
        void *wake_closure;

        nng_socket socket;
        nng_dialer dialer;
        struct pending_pool pendings;
        struct harvest_pool harvests;
        uint64_t id_seed[2];
        atomic_uint_fast64_t id_counter;

        pthread_mutex_t mutex; /* guards all that follows */
        bool closing; /* nothing new begins */
        bool aborting; /* nothing is waited for any more */
        bool closed; /* nng has closed the socket */
        bool woken; /* wake has been called since the last dispatch */
        unsigned corked;
        unsigned n_busy; /* slots on the way */
        unsigned n_pipes; /* connections that nng has yet to say farewell of */
        uint32_t pipe_id; /* of the connection; 0 = there is none */
        uint32_t broken_id; /* the pipe_id when a reply was last told to be lost: it may be dying */
        bool keeper_stop;
        bool pump_wanted; /* the keeper shall send what waits */
        deadline_ns pump_at; /* when it shall do so at the latest */
        pthread_cond_t idle; /* n_busy, n_pipes, pipe_id or closed has changed */
        struct token *token;
        struct timers timers; /* every call that has not ended and is not CLAIMED */
        struct client_lane lanes[LANE_COUNT];
        struct client_lane cancel_lane;
        struct buffer cancels; /* ids of calls that the service may stop, one after another */
        struct task_list done; /* to be delivered by the keeper, or by soc_client_dispatch() */
        struct stub_service *stubs;

        pthread_t keeper;
        pthread_cond_t keeper_cond;
        deadline_ns keeper_at; /* when it looks again by itself */
};

/* Ends a call that is not DONE: takes it out of whatever it is in and appends it to list. Its
 * status and error have been set. Under the mutex. */
void client_end(struct soc_client *c, struct soc_pending *p, struct task_list *list);
/* Hands tasks to whoever delivers. Under the mutex. True: call client_wake() once it is released.
 */
bool client_post_locked(struct soc_client *c, struct task_list *list) MUST_CHECK;
void client_wake(struct soc_client *c);
/* The same from outside: task->run runs on the keeper thread, or in soc_client_dispatch(). Tasks
 * that are posted while the client is being freed run in soc_client_free(). Any thread. */
void client_post(struct soc_client *c, struct task *task);

/* Notes that the service may stop this call. At most as many as fit into one message: a call that
 * is not cancelled there ends by its deadline. Under the mutex. */
void client_add_cancel(struct soc_client *c, const struct soc_pending *p);

/* The end: closes lanes and socket, at rest; then frees all but what soc_pending_release() needs.
 */
void client_close_sockets(struct soc_client *c);
void client_drop(struct soc_client *c);
/* Drops a reference; the last frees the memory of a client that has been shut down. */
void client_unref(struct soc_client *c);

#endif
