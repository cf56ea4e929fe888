/* What the files of this folder share: the server itself. */
#ifndef SERVICE_RPC_INTERNAL_H
#define SERVICE_RPC_INTERNAL_H

#include "service/rpc/metrics.h"
#include "service/rpc/pool.h"
#include "service/rpc/rate.h"
#include "service/rpc/registry.h"
#include "service/rpc/server.h"

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>

struct exchange;
struct part;

struct rpc_server {
        struct rpc_server_options options; /* with the defaults put in; urls NULL */
        struct service *service;
        const call_handler *handlers;
        struct metrics *metrics;
        struct rate *rate;
        struct registry *registry;
        /* Messages of reads go to the readers, all others to the front thread, which prepares
         * writes for the writer and hands other calls to their pools. It never waits for any of
         * them. */
        struct pool *readers, *front, *passwords, *longs;
        nng_socket socket;
        bool socket_is_open;
        char **urls; /* as they are after listening */
        size_t n_urls;
        struct exchange *exchanges;
        size_t n_exchanges;
        atomic_bool draining;
        atomic_bool reads_here; /* a thread of nng's is at work on a message of reads */
        atomic_bool stopped; /* the pools are gone: what arrives is dropped */
        atomic_uint n_writes; /* messages with writes that are not committed yet */
        atomic_uint n_accepted; /* messages that are not answered yet, refused ones aside */
        atomic_uint n_calls; /* calls in them */
        pthread_mutex_t mutex;
        pthread_cond_t answered; /* n_accepted or n_writing is 0 */
        /* Below: under the mutex. */
        unsigned n_writing; /* messages that a thread of the database has, up to the end of the
                               reply */
        struct part *free_parts;
        unsigned n_free_parts;
        deadline_ns prune_at; /* the writer thread's: when to forget old replies again */
};

#endif
