/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* xfsm-exporter: serves metrics over HTTP, for Prometheus and its like.
 *
 * It knows one thing, the text that the agent last gave it (exporter-link.h),
 * and listens on the loopback address alone, since nobody is asked who they
 * are: who wants it elsewhere puts a server with TLS in front.  HTTP is read
 * by libmicrohttpd, in the cage.
 *
 * Limits: MAX_CONNECTIONS, IDLE_SECONDS without a word, CONNECTION_BYTES for
 * the head of a request; what is beyond is refused by libmicrohttpd. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command-line.h"
#include "daemon.h"
#include "fatal-signal.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/backoff.h"
#include "ovs-plugin/cage.h"
#include "ovs-plugin/ipc.h"
#include "ovs-plugin/user.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(exporter);

#define MAX_CONNECTIONS 32
#define IDLE_SECONDS 10
#define CONNECTION_BYTES 8192

/* Longest text, and memory of the process at most: that a few connections
 * still send an old one is provided for. */
#define TEXT_MAX ((size_t) 64 * 1024 * 1024)
#define MAX_DATA (4 * TEXT_MAX)

/* Messages of the agent handled in one go. */
#define CTL_BURST 16

#define CONTENT_TYPE \
    "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct exporter {
    int ctl;                    /* Socket to the agent. */
    unsigned int port;
    const char *user;           /* Whom to become, or NULL. */
    struct MHD_Daemon *http;
    struct MHD_Response *text;  /* NULL: none yet. */
    uint8_t in[XFSM_IPC_MAX];
    uint8_t out[XFSM_IPC_MAX];
};

/* ## HTTP. ## */

static enum MHD_Result
reply_error(struct MHD_Connection *connection, unsigned int status,
            const char *why)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(why), CONST_CAST(char *, why), MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            "text/plain");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                "GET, HEAD");
    }
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
handle_request(void *x_, struct MHD_Connection *connection, const char *url,
               const char *method, const char *version OVS_UNUSED,
               const char *data OVS_UNUSED, size_t *data_len,
               void **seen)
{
    static int mark;
    struct exporter *x = x_;

    /* The first call has the head alone; a body is read and dropped. */
    if (!*seen) {
        *seen = &mark;
        return MHD_YES;
    } else if (*data_len) {
        *data_len = 0;
        return MHD_YES;
    } else if (strcmp(method, MHD_HTTP_METHOD_GET)
               && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
        return reply_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                           "GET or HEAD\n");
    } else if (strcmp(url, "/metrics")) {
        return reply_error(connection, MHD_HTTP_NOT_FOUND,
                           "see /metrics\n");
    } else if (!x->text) {
        return reply_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                           "the agent has told nothing yet\n");
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, x->text);
}

static void
open_http(struct exporter *x)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(x->port),
        .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) },
    };

    x->http = MHD_start_daemon(
        MHD_USE_EPOLL, x->port, NULL, NULL, handle_request, x,
        MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned int) MAX_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int) IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) CONNECTION_BYTES,
        MHD_OPTION_END);
    if (!x->http) {
        VLOG_ERR("cannot listen on port %u of the loopback address (%s)",
                 x->port, ovs_strerror(errno));
        exit(EXIT_FAILURE);
    }
}

static void
wait_http(struct exporter *x)
{
    const union MHD_DaemonInfo *info
        = MHD_get_daemon_info(x->http, MHD_DAEMON_INFO_EPOLL_FD);
    MHD_UNSIGNED_LONG_LONG timeout;

    poll_fd_wait(info->epoll_fd, POLLIN);
    if (MHD_get_timeout(x->http, &timeout) == MHD_YES) {
        poll_timer_wait(MIN(timeout, IDLE_SECONDS * 1000));
    }
}

/* ## The agent. ## */

/* Takes the text in 'fd'.  Responses that are being sent keep theirs. */
static int
take_text(struct exporter *x, int fd)
{
    const void *data;
    size_t len;
    int error = fd < 0 ? EPROTO
                : xfsm_ipc_map_memfd(fd, TEXT_MAX, &data, &len);

    if (error) {
        return error;
    }
    if (x->text) {
        MHD_destroy_response(x->text);
    }
    x->text = MHD_create_response_from_buffer(len, CONST_CAST(void *, data),
                                              MHD_RESPMEM_MUST_COPY);
    munmap(CONST_CAST(void *, data), len);
    if (x->text) {
        MHD_add_response_header(x->text, MHD_HTTP_HEADER_CONTENT_TYPE,
                                CONTENT_TYPE);
    }
    return 0;
}

static void
send_message(struct exporter *x, enum xfsm_ipc_type type)
{
    struct xfsm_ipc_writer w;

    xfsm_ipc_begin(&w, x->out, type);
    if (type == XFSM_IPC_READY) {
        xfsm_ipc_put_u64(&w, time_wall_msec());
        xfsm_ipc_put_u64(&w, 0);
    }
    xfsm_ipc_send(x->ctl, &w, -1);
}

/* Handles messages.  Returns 0 or a positive errno. */
static int
run_ctl(struct exporter *x)
{
    int i;

    for (i = 0; i < CTL_BURST; i++) {
        enum xfsm_ipc_type type;
        struct xfsm_bytes payload;
        int error, fd;

        error = xfsm_ipc_recv(x->ctl, x->in, &type, &payload, &fd);
        if (error) {
            return error == EAGAIN ? 0 : error;
        }
        if (type == XFSM_IPC_METRICS) {
            error = take_text(x, fd);
        } else if (type == XFSM_IPC_PING) {
            send_message(x, XFSM_IPC_PONG);
        } else {
            error = EPROTO;
        }
        if (fd >= 0) {
            close(fd);
        }
        if (error) {
            return error;
        }
    }
    return 0;
}

/* ## Start. ## */

static unsigned int
parse_number(const char *option, const char *s, unsigned int max)
{
    unsigned int value;

    if (!str_to_uint(s, 10, &value) || value > max) {
        VLOG_ERR("--%s=%s: not a number up to %u", option, s, max);
        exit(XFSM_EXIT_CONFIG);
    }
    return value;
}

static void
parse_options(struct exporter *x, int argc, char *argv[])
{
    enum { OPT_CTL_FD = UCHAR_MAX + 1, OPT_PORT, OPT_USER,
           VLOG_OPTION_ENUMS };
    static const struct option long_options[] = {
        { "ctl-fd", required_argument, NULL, OPT_CTL_FD },
        { "port", required_argument, NULL, OPT_PORT },
        { "user", required_argument, NULL, OPT_USER },
        { "version", no_argument, NULL, 'V' },
        VLOG_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "Vv:", long_options, NULL)) != -1) {
        switch (c) {
        case OPT_CTL_FD:
            x->ctl = parse_number("ctl-fd", optarg, INT_MAX);
            break;
        case OPT_PORT:
            x->port = parse_number("port", optarg, UINT16_MAX);
            break;
        case OPT_USER:
            x->user = optarg;
            break;
        VLOG_OPTION_HANDLERS
        case 'V':
            ovs_print_version(0, 0);
            exit(XFSM_EXIT_STOP);
        default:
            exit(XFSM_EXIT_CONFIG);
        }
    }
    if (x->ctl < 0 || !x->port || optind != argc) {
        VLOG_ERR("started by ovs-xfsmd, with --ctl-fd and --port");
        exit(XFSM_EXIT_CONFIG);
    }
}

static void
enter_cage(struct exporter *x)
{
    struct xfsm_cage cage = {
        .max_data = MAX_DATA,
        .max_fds = MAX_CONNECTIONS + 64,
        .syscalls = XFSM_CAGE_SERVER,
    };
    char *error = xfsm_user_resolve(x->user, &cage.uid, &cage.gid);

    if (error) {
        VLOG_ERR("%s", error);
        exit(XFSM_EXIT_CONFIG);
    }
    open_http(x);

    /* The main loop opens things of its own when it first waits. */
    fatal_signal_init();
    poll_immediate_wake();
    poll_block();
    error = xfsm_cage_enter(&cage);
    if (error) {
        VLOG_FATAL("%s", error);
    }
    if (cage.warning) {
        VLOG_WARN("%s: the sandbox is weaker than it could be",
                  cage.warning);
    }
}

int
main(int argc, char *argv[])
{
    static struct exporter x = { .ctl = -1 };
    int error;

    ovs_set_program_name("xfsm-exporter", XFSM_VERSION);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_SYSLOG, VLL_OFF);
    vlog_set_pattern(VLF_CONSOLE, "%p|%c|%m");
    parse_options(&x, argc, argv);
    tzset();
    enter_cage(&x);
    send_message(&x, XFSM_IPC_READY);

    while (!(error = run_ctl(&x))) {
        MHD_run(x.http);
        poll_fd_wait(x.ctl, POLLIN);
        wait_http(&x);
        poll_block();
    }
    MHD_stop_daemon(x.http);
    if (x.text) {
        MHD_destroy_response(x.text);
    }
    if (error != ESHUTDOWN) {
        VLOG_ERR("bad message from the agent (%s)", ovs_strerror(error));
        return EXIT_FAILURE;
    }
    return XFSM_EXIT_STOP;
}
