/* socializer-gateway: reads its options and runs the gateway. */
#include "common/config.h"
#include "common/json.h"
#include "common/log.h"
#include "common/wire.h"
#include "gateway/gateway.h"

#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#ifndef SOCIALIZER_DATADIR
#error "the build says where data files are installed"
#endif

static const char *const levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const formats[] = {"text", "json", NULL};

static struct gateway_options options = {
        .http = "127.0.0.1:8000",
        .rpc_url = "ipc://./var/rpc.ipc",
        .events_url = "ipc://./var/events.ipc",
        .web_dir = "",
        .docs_dir = "",
        .max_connections = 10000,
        .max_websockets_per_user = 100,
        .max_messages_per_second = 50,
        .request_timeout_s = 30,
        .idle_timeout_s = 75,
};
static struct config_list allowed_origins;
static struct config_list trusted_proxies;
static const char *log_level = "info";
static const char *log_format = "text";

static const struct config_option option_list[] = {
        {"http", CONFIG_STRING, &options.http, "HOST:PORT", "where to listen; port 0: any",
         "127.0.0.1:8000", NULL, 0, 0},
        {"rpc", CONFIG_STRING, &options.rpc_url, "URL", "where the service answers calls",
         "ipc://./var/rpc.ipc", NULL, 0, 0},
        {"events", CONFIG_STRING, &options.events_url, "URL", "where it publishes events",
         "ipc://./var/events.ipc", NULL, 0, 0},
        {"web", CONFIG_STRING, &options.web_dir, "DIR", "the web app to serve at /", NULL, NULL, 0,
         0},
        {"docs", CONFIG_STRING, &options.docs_dir, "DIR", "Swagger UI to serve at /docs",
         "where it is installed", NULL, 0, 0},
        {"allowed-origin", CONFIG_LIST, &allowed_origins, "ORIGIN",
         "another site whose pages may use the gateway; repeatable", NULL, NULL, 0, 0},
        {"trusted-proxy", CONFIG_LIST, &trusted_proxies, "CIDR",
         "a reverse proxy whose X-Forwarded headers count; repeatable", NULL, NULL, 0, 0},
        {"max-connections", CONFIG_UNSIGNED, &options.max_connections, "N",
         "HTTP connections, and as many WebSockets", "10000", NULL, 1, 1000000},
        {"max-connections-per-ip", CONFIG_UNSIGNED, &options.max_connections_per_ip, "N",
         "connections of one address, WebSockets until they sign in; 0: no limit", "0", NULL, 0,
         1000000},
        {"max-websockets-per-user", CONFIG_UNSIGNED, &options.max_websockets_per_user, "N",
         "WebSockets of one user", "100", NULL, 1, 1000000},
        {"max-messages-per-second", CONFIG_UNSIGNED, &options.max_messages_per_second, "N",
         "frames of one WebSocket; twice as many at once", "50", NULL, 1, 1000000},
        {"request-timeout", CONFIG_UNSIGNED, &options.request_timeout_s, "SECONDS",
         "for sending the headers of a request, and again for its body", "30", NULL, 1, 3600},
        {"idle-timeout", CONFIG_UNSIGNED, &options.idle_timeout_s, "SECONDS",
         "how long a connection may wait for its next request", "75", NULL, 1, 3600},
        {"user", CONFIG_STRING, &options.user, "NAME", "become this user, for who starts as root",
         NULL, NULL, 0, 0},
        {"log-level", CONFIG_CHOICE, &log_level, "LEVEL", "debug, info, warning or error", "info",
         levels, 0, 0},
        {"log-format", CONFIG_CHOICE, &log_format, "FORMAT", "text or json", "text", formats, 0, 0},
};

static bool is_dir(const char *path)
{
        return access(path, X_OK) == 0;
}

/* The folder's place in the source tree, seen from a program in its build folder; else where it is
 * installed; else "". */
static const char *find_dir(const char *in_tree, const char *installed, char ret[static PATH_MAX])
{
        char self[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        if (n > 0) {
                self[n] = '\0';
                char *slash = strrchr(self, '/');
                if (slash)
                        *slash = '\0';
                int length = snprintf(ret, PATH_MAX, "%s/%s", self, in_tree);
                if (length > 0 && length < PATH_MAX && is_dir(ret))
                        return ret;
        }
        return is_dir(installed) ? installed : "";
}

/* One descriptor a connection: as many as the system lets us have. */
static void raise_descriptor_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
        }
}

static int run(void)
{
        static char web[PATH_MAX];
        static char docs[PATH_MAX];
        struct error error;
        struct gateway gateway;
        enum log_level level = LOG_LEVEL_INFO;
        enum log_format format = LOG_FORMAT_TEXT;

        log_level_parse(log_level, &level);
        log_format_parse(log_format, &format);
        log_init("socializer-gateway", level, format);
        signal(SIGPIPE, SIG_IGN);
        raise_descriptor_limit();
        if (sodium_init() < 0) {
                LOG(ERROR, "libsodium does not start");
                return 1;
        }
        options.allowed_origins = allowed_origins.items;
        options.n_allowed_origins = allowed_origins.n_items;
        options.trusted_proxies = trusted_proxies.items;
        options.n_trusted_proxies = trusted_proxies.n_items;
        if (!*options.docs_dir)
                options.docs_dir = find_dir("../../gateway/web/node_modules/swagger-ui-dist",
                                            SOCIALIZER_DATADIR "/swagger-ui", docs);
        if (!*options.web_dir)
                options.web_dir = find_dir("../web", SOCIALIZER_DATADIR "/web", web);

        enum status st = gateway_run(&gateway, &options, &error);
        if (st == STATUS_OK)
                return 0;
        LOG(ERROR, error.text);
        return st == STATUS_INVALID_ARGUMENT ? 2 : 1;
}

int main(int argc, char **argv)
{
        struct config config = {
                .program = "socializer-gateway",
                .usage = "[OPTION…]",
                .summary = "HTTP and WebSocket in front of a Socializer service.",
                .options = option_list,
                .n_options = ARRAY_SIZE(option_list),
        };
        enum config_result result = config_read(&config, argc, argv, false);
        int code = result == CONFIG_READ ? 0 : result == CONFIG_SHOWN ? 0 : 2;

        if (result == CONFIG_READ && config.first_positional < argc) {
                fprintf(stderr, "socializer-gateway: unknown argument '%s'; see --help\n",
                        argv[config.first_positional]);
                code = 2;
        } else if (result == CONFIG_READ) {
                code = run();
        }
        config_deinit(&config);
        return code;
}
