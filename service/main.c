/* socializerd: reads its options, puts the service together, waits for a signal, takes it apart. */
#include "common/config.h"
#include "common/log.h"
#include "common/privilege.h"
#include "common/wire.h"
#include "service/api/coach_answers.h"
#include "service/auth/secret.h"
#include "service/auth/vault.h"
#include "service/events/publisher.h"
#include "service/notify.h"
#include "service/parts.h"
#include "service/restore.h"
#include "service/rpc/server.h"
#include "service/service.h"
#include "service/store/schema.h"
#include "service/upkeep/upkeep.h"

#include "handlers.gen.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* From the signal to the end: calls that run get DRAIN_MS, everything together STOP_S, and closing
 * nng, which some releases do not always survive, CLOSE_S. */
#define DRAIN_MS 10000
#define STOP_S   25
#define CLOSE_S  3

/* Password and long calls, the thread that prepares writes, and one of nng's read as well. */
#define MORE_READ_CONNECTIONS 5

/* A thread for each answer that the coach may be making, most of which sleep, and some for what
 * else takes its time. */
#define MAX_LONG_THREADS (ANSWERS_MAX + 56)

static const char *arg_data = "./var";
static struct config_list arg_rpc;
static const char *arg_events;
static unsigned arg_readers;
static unsigned arg_db_cache_mb = 8;
static const char *arg_log_level = "info";
static const char *arg_log_format = "text";
static unsigned arg_token_ttl = 86400;
static unsigned arg_write_rate = 200;
static unsigned arg_write_burst = 1000;
static unsigned arg_slow_query_ms = 250;
static unsigned arg_long_lease_ms = 2000;
static const char *arg_user;
static bool arg_check;
static const char *arg_restore;

static const char *const log_levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const log_formats[] = {"text", "json", NULL};

static const struct config_option config_options[] = {
        {.name = "data",
         .kind = CONFIG_STRING,
         .target = &arg_data,
         .argument = "DIR",
         .help = "the folder of the database, its keys and sockets; made when it is missing",
         .fallback = "./var"},
        {.name = "rpc",
         .kind = CONFIG_LIST,
         .target = &arg_rpc,
         .argument = "URL",
         .help = "where to listen for calls, ipc:///path or tcp://host:port; may be repeated",
         .fallback = "ipc://DIR/rpc.ipc"},
        {.name = "events",
         .kind = CONFIG_STRING,
         .target = &arg_events,
         .argument = "URL",
         .help = "where to publish live events",
         .fallback = "ipc://DIR/events.ipc"},
        {.name = "readers",
         .kind = CONFIG_UNSIGNED,
         .target = &arg_readers,
         .argument = "N",
         .help = "threads that answer reads",
         .fallback = "as many as there are processors, at least 2",
         .max = 256},
        {.name = "log-level",
         .kind = CONFIG_CHOICE,
         .target = &arg_log_level,
         .argument = "LEVEL",
         .help = "the least that is logged",
         .fallback = "info",
         .choices = log_levels},
        {.name = "log-format",
         .kind = CONFIG_CHOICE,
         .target = &arg_log_format,
         .argument = "FORMAT",
         .help = "how log lines look",
         .fallback = "text",
         .choices = log_formats},
        {.name = "token-ttl",
         .kind = CONFIG_UNSIGNED,
         .target = &arg_token_ttl,
         .argument = "SECONDS",
         .help = "how long a login lasts",
         .fallback = "86400",
         .min = 60,
         .max = 365 * 86400},
        {.name = "write-rate",
         .kind = CONFIG_UNSIGNED,
         .target = &arg_write_rate,
         .argument = "N",
         .help = "changes a second that one user may make in the long run; 0 for no limit",
         .fallback = "200",
         .max = 1000000},
        {.name = "write-burst",
         .kind = CONFIG_UNSIGNED,
         .target = &arg_write_burst,
         .argument = "N",
         .help = "changes that one user may make at once",
         .fallback = "1000",
         .min = 1,
         .max = 1000000},
        {.name = "user",
         .kind = CONFIG_STRING,
         .target = &arg_user,
         .argument = "NAME",
         .help = "become this user, for who starts as root"},
        {.name = "slow-query-ms",
         .kind = CONFIG_UNSIGNED,
         .target = &arg_slow_query_ms,
         .argument = "N",
         .help = "log statements that take longer; 0 for none",
         .fallback = "250",
         .max = 3600000},
        {.name = "long-lease-ms",
         .kind = CONFIG_UNSIGNED,
         .target = &arg_long_lease_ms,
         .argument = "N",
         .help = "log who holds a database connection for longer; 0 for nobody",
         .fallback = "2000",
         .max = 3600000},
        {.name = "db-cache-mb",
         .kind = CONFIG_UNSIGNED,
         .target = &arg_db_cache_mb,
         .argument = "N",
         .help = "pages that each database connection keeps in memory, in megabytes",
         .fallback = "8",
         .min = 1,
         .max = 1024},
        {.name = "check",
         .kind = CONFIG_FLAG,
         .target = &arg_check,
         .help = "check the configuration and the database, then exit"},
        {.name = "restore",
         .kind = CONFIG_STRING,
         .target = &arg_restore,
         .argument = "FILE",
         .help = "put this backup in place of the database, then exit"},
};

/* --- the end that does not wait --- */

static volatile sig_atomic_t exit_code = 1;

static void on_watchdog(int number)
{
        (void)number;
        _exit(exit_code);
}

static void on_second_signal(int number)
{
        (void)number;
        _exit(1);
}

/* What is acknowledged is on disk at any moment, so that leaving like this loses nothing. */
static void arm_watchdog(unsigned seconds, int code)
{
        exit_code = code;
        signal(SIGALRM, on_watchdog);
        alarm(seconds);
}

/* --- before the start --- */

static enum status make_folder(const char *path, struct error *reterr)
{
        if (mkdir(path, 0700) == 0)
                return privilege_give(path, arg_user, reterr);
        if (errno != EEXIST)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s: cannot make the folder: %s", path, strerror(errno));
        return STATUS_OK;
}

static enum status check_folder(const char *path, struct error *reterr)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION, "%s: %s", path,
                                 strerror(errno));
        if (!S_ISDIR(st.st_mode))
                return error_set(reterr, STATUS_FAILED_PRECONDITION, "%s: is no folder", path);
        if (access(path, R_OK | W_OK | X_OK) < 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s: cannot be read and written: %s", path, strerror(errno));
        return STATUS_OK;
}

/* A connection is a descriptor. */
static void raise_descriptor_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
                return;
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void block_signals(sigset_t *ret)
{
        sigemptyset(ret);
        sigaddset(ret, SIGTERM);
        sigaddset(ret, SIGINT);
        sigaddset(ret, SIGHUP);
        /* Before there are threads, so that none of them takes what is the main thread's. */
        pthread_sigmask(SIG_BLOCK, ret, NULL);
        signal(SIGPIPE, SIG_IGN);
        /* Where files may grow no more, writing fails; that is an error like a full disk. */
        signal(SIGXFSZ, SIG_IGN);
}

/* --- the service --- */

static unsigned n_readers(void)
{
        long n = sysconf(_SC_NPROCESSORS_ONLN);

        if (arg_readers)
                return arg_readers;
        return n > 2 ? (unsigned)n : 2;
}

static enum status open_database(struct service *service, struct error *reterr)
{
        AUTO_FREE char *path = NULL;
        AUTO_FREE char *backups = NULL;

        if (asprintf(&path, "%s/socializer.db", arg_data) < 0 ||
            asprintf(&backups, "%s/backups", arg_data) < 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        if (arg_check && access(path, F_OK) < 0)
                return STATUS_OK; /* the first start makes it */
        const struct db_options options = {
                .path = path,
                .backup_dir = backups,
                .migrations = store_migrations,
                .n_migrations = store_n_migrations,
                .check_only = arg_check,
                .n_readers = n_readers() + MORE_READ_CONNECTIONS,
                .slow_query_ms = arg_slow_query_ms,
                .long_lease_ms = arg_long_lease_ms,
                .cache_kib = arg_db_cache_mb * 1024,
        };
        return db_open(&options, &service->db, reterr);
}

static enum status open_rpc(struct service *service, struct error *reterr)
{
        AUTO_FREE char *url = NULL;

        if (asprintf(&url, "ipc://%s/rpc.ipc", arg_data) < 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        const char *const defaults[] = {url};
        struct rpc_server *server; /* service->rpc, which handlers read already */
        const struct rpc_server_options options = {
                .service = service,
                .handlers = service_handlers,
                .urls = arg_rpc.n_items ? arg_rpc.items : defaults,
                .n_urls = arg_rpc.n_items ? arg_rpc.n_items : 1,
                .n_readers = n_readers(),
                .max_long_threads = MAX_LONG_THREADS,
                .writes_per_second = arg_write_rate,
                .writes_burst = arg_write_burst,
        };
        return rpc_server_new(&options, &server, reterr);
}

static bool is_port(const char *text)
{
        return text[0] != '\0' && strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text) &&
               strtoul(text, NULL, 10) <= UINT16_MAX;
}

/* Whether it has the form of an address; before anything is made or changed. */
static enum status check_address(const char *flag, const char *url, struct error *reterr)
{
        const char *slashes = strstr(url, "://");
        const char *rest = slashes ? slashes + 3 : "";
        const char *colon = strrchr(rest, ':');

        if (strncmp(url, "ipc://", 6) == 0 && *rest)
                return STATUS_OK;
        if (strncmp(url, "tcp://", 6) == 0 && colon && colon > rest && is_port(colon + 1))
                return STATUS_OK;
        return error_set(reterr, STATUS_INVALID_ARGUMENT,
                         "%s '%s': no address to listen on; want ipc:///path or tcp://host:port",
                         flag, url);
}

static enum status check_places(struct error *reterr)
{
        enum status st = STATUS_OK;

        if (*arg_data == '\0')
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "--data: want the name of a folder");
        for (size_t i = 0; i < arg_rpc.n_items && st == STATUS_OK; i++)
                st = check_address("--rpc", arg_rpc.items[i], reterr);
        if (st == STATUS_OK && arg_events)
                st = check_address("--events", arg_events, reterr);
        return st;
}

/* For --check: the first start makes what is not there. */
static enum status check_key(struct error *reterr)
{
        AUTO_FREE char *path = NULL;
        uint8_t key[TOKEN_KEY_BYTES];

        if (asprintf(&path, "%s/token.key", arg_data) < 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        if (access(path, F_OK) < 0)
                return STATUS_OK;
        enum status st = secret_load_key(arg_data, key, reterr);
        sodium_memzero(key, sizeof(key));
        return st;
}

static enum status start(struct service *service, struct error *reterr)
{
        enum status st = wire_validate_init(reterr);

        if (st == STATUS_OK)
                st = check_places(reterr);
        if (st == STATUS_OK)
                st = arg_check ? STATUS_OK : make_folder(arg_data, reterr);
        if (st == STATUS_OK)
                st = privilege_drop(arg_user, reterr);
        if (st == STATUS_OK)
                st = check_folder(arg_data, reterr);
        if (st == STATUS_OK && arg_restore)
                return restore(arg_data, arg_restore, reterr);
        if (st == STATUS_OK)
                st = restore_check(arg_data, reterr);
        if (st == STATUS_OK && arg_check)
                st = check_key(reterr);
        if (st == STATUS_OK)
                st = open_database(service, reterr);
        if (st == STATUS_OK && arg_check)
                return vault_check(arg_data, service->db, reterr);
        const struct parts_options parts = {
                .data_dir = arg_data,
                .events_url = arg_events,
                .token_ttl_s = arg_token_ttl,
        };
        if (st == STATUS_OK)
                st = parts_open(service, &parts, reterr);
        if (st == STATUS_OK)
                st = open_rpc(service, reterr);
        return st;
}

/* Accepts a service that has started only in part. The database goes as soon as nobody uses it,
 * before anything that may hang. */
static void stop(struct service *service, int code)
{
        if (service->rpc)
                rpc_server_stop(service->rpc);
        parts_stop(service);
        service->db = db_close(service->db);
        arm_watchdog(CLOSE_S, code);
        service->rpc = rpc_server_free(service->rpc);
        parts_free(service);
}

static void serve(struct service *service, const sigset_t *signals)
{
        const char *url;
        int number = 0;

        for (size_t i = 0; (url = rpc_server_url(service->rpc, i)); i++)
                LOG(INFO, "listening", LOG_STR("rpc", url));
        LOG(INFO, "ready", LOG_STR("rpc", rpc_server_url(service->rpc, 0)),
            LOG_STR("events", publisher_url(service->publisher)), LOG_STR("data", arg_data),
            LOG_STR("version", SOCIALIZER_VERSION));
        notify_manager("READY=1");
        while (sigwait(signals, &number) != 0)
                continue;

        LOG(INFO, "stopping", LOG_STR("signal", strsignal(number)));
        notify_manager("STOPPING=1");
        signal(SIGTERM, on_second_signal);
        signal(SIGINT, on_second_signal);
        pthread_sigmask(SIG_UNBLOCK, signals, NULL);
        arm_watchdog(STOP_S, 1);
        upkeep_stop(service->upkeep);
        rpc_server_drain(service->rpc, deadline_in_ms(DRAIN_MS));
}

static int run(void)
{
        struct service service = {0};
        struct error error = ERROR_INIT;
        sigset_t signals;
        enum status st;
        bool good;

        umask(077);
        raise_descriptor_limit();
        block_signals(&signals);
        st = start(&service, &error);
        good = st == STATUS_OK;
        bool serves = good && !arg_check && !arg_restore;
        if (!good)
                LOG(ERROR, arg_restore ? "cannot restore" : "cannot start",
                    LOG_STR("error", error.text));
        if (serves)
                serve(&service, &signals);
        stop(&service, good ? 0 : 1);
        if (serves)
                LOG(INFO, "stopped");
        if (good && arg_check && !arg_restore)
                printf("socializerd: configuration and database are fine\n");
        if (st == STATUS_INVALID_ARGUMENT)
                return 2;
        return good ? 0 : 1;
}

int main(int argc, char **argv)
{
        struct config config = {
                .program = "socializerd",
                .usage = "[OPTION…]",
                .summary = "The Socializer service: answers calls and owns the database.",
                .options = config_options,
                .n_options = ARRAY_SIZE(config_options),
        };
        enum config_result result = config_read(&config, argc, argv, false);
        enum log_level level = LOG_LEVEL_INFO;
        enum log_format format = LOG_FORMAT_TEXT;
        int code = result == CONFIG_SHOWN ? 0 : 2;

        if (result == CONFIG_READ && config.first_positional < argc) {
                fprintf(stderr, "socializerd: what is '%s'? see socializerd --help\n",
                        argv[config.first_positional]);
        } else if (result == CONFIG_READ) {
                /* The choices leave nothing that would not parse. */
                (void)log_level_parse(arg_log_level, &level);
                (void)log_format_parse(arg_log_format, &format);
                log_init("socializerd", level, format);
                code = run();
        }
        config_deinit(&config);
        return code;
}
