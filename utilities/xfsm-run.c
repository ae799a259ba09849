/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "utilities/xfsm-replay.h"
#include "utilities/xfsm-settings.h"
#include "utilities/xfsm.h"
#include "xfsm/base/mem.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/xml.h"

/* Longest times that options take, in seconds. */
#define LINGER_MAX 86400.0
#define WAIT_MAX 3600.0

/* Limits under which text from standard input, that is, from somebody else,
 * is run. */
#define CPU_MAX 8                       /* Seconds. */
#define MEMORY_MAX (1024 * 1024 * 1024) /* Bytes of address space. */

#define LINGER_DEFAULT UINT64_C(10000000000)    /* ns. */

/* From so many bytes on, some 800,000 small packets, a capture is worth huge
 * pages. */
#define HUGE_CAPTURE ((off_t) 64 << 20)

/* A program, compiled. */
struct image {
    char *path;                 /* Where it came from. */
    void *data;
    size_t len;
};

/* What the command line and the programs ask for. */
struct run {
    struct xfsm_replay replay;
    enum xfsm_backend backend;  /* --backend. */
    uint8_t entropy[16];        /* --seed. */
    const char *capture;        /* --pcap. */
    const char *publish;        /* --publish. */
    double wait;                /* --wait-subscriber. */
    bool pages_chosen;          /* --huge-pages, --no-huge-pages. */
    bool quiet;
    struct xfsm_settings settings;      /* --param. */

    struct image images[XFSM_MAX_PROGRAMS];
    int n_images;

    /* From the first program that has them. */
    char *source;
    bool source_live;
    char *publisher;
};

static void
print_help(void)
{
    puts("xfsm run: run programs on a capture file, without Open vSwitch\n"
         "usage: xfsm run [OPTION]... PROGRAM[,PROGRAM...]...\n\n"
         "PROGRAM is a file, the name of a program in the library, an image,\n"
         "or - for the text of one program on standard input, which is run\n"
         "on --pcap FILE under strict limits of time and memory.  Events\n"
         "come out on standard output, one JSON object a line; statistics on\n"
         "standard error.\n\n"
         "  --pcap FILE          the capture, pcap or pcapng (- for standard\n"
         "                       input); default: what the program's source\n"
         "                       element names\n"
         "  --param [PROGRAM:]NAME=VALUE\n"
         "                       set a parameter, of all programs given or\n"
         "                       of one\n"
         "  --label LABEL,...    print events with these labels only\n"
         "  --linger SECONDS     let time go on so long after the last\n"
         "                       packet (default: 10)\n"
         "  --max-events NUMBER  stop after so many events\n"
         "  --seed HEX           32 digits: the secret of all hashing\n"
         "                       (default: zeros)\n"
         "  --backend auto|interpreter\n"
         "                       what runs the code: native code if the\n"
         "                       machine has it (default), or the\n"
         "                       interpreter\n"
         "  --huge-pages         tables in huge pages: faster with many\n"
         "                       flows, takes more memory (default: for\n"
         "                       captures of 64 MiB and more)\n"
         "  --no-huge-pages      not so\n"
         "  --publish ENDPOINT   publish the events as well: ipc://PATH,\n"
         "                       tcp://127.0.0.1:PORT, or \"program\" for\n"
         "                       what the publisher element names\n"
         "  --wait-subscriber SECONDS  wait so long for a subscriber first\n"
         "  --host NAME, --bridge NAME, --port NAME\n"
         "                       who the events say they are from (default:\n"
         "                       no host, no bridge, the capture's name)\n"
         "  -q, --quiet          no statistics, no warnings\n"
         "  -h, --help           print this\n\n"
         "Exit status: 0; 1 if a program has errors or events cannot be\n"
         "written; 2 if the capture could not be read to its end.");
}

static char *
xstrdup(const char *s)
{
    char *copy = strdup(s);

    if (!copy) {
        abort();
    }
    return copy;
}

/* Adds an image, which becomes the run's. */
static bool
add_image(struct run *run, const char *path, void *data, size_t len)
{
    struct image *image;

    if (run->n_images >= XFSM_MAX_PROGRAMS) {
        xfsm_tool_complain("%s: more than %d programs", path,
                           XFSM_MAX_PROGRAMS);
        free(data);
        return false;
    }
    image = &run->images[run->n_images++];
    image->path = xstrdup(path);
    image->data = data;
    image->len = len;
    return true;
}

/* Notes the offline source and publisher of 'program', unless a program
 * before it has some. */
static void
take_endpoints(struct run *run, const struct xfsm_program *program)
{
    if (!run->source && program->source_name) {
        run->source = xstrdup(program->source_name);
        run->source_live = program->source_live;
    }
    if (!run->publisher && program->publisher_endpoint) {
        run->publisher = xstrdup(program->publisher_endpoint);
    }
}

static bool
load_xml(struct run *run, const struct xfsm_document *doc, size_t n_settings)
{
    struct xfsm_program *program;
    struct xfsm_diags diags;
    void *image = NULL;
    size_t image_len;
    bool ok = false;
    char *text;

    xfsm_diags_init(&diags, doc->path);
    program = xfsm_xml_load_params(doc->data, doc->len, doc->name,
                                   run->settings.selected, n_settings,
                                   &diags);
    if (program) {
        take_endpoints(run, program);
        ok = xfsm_compile(program, &diags, &image, &image_len);
        xfsm_program_destroy(program);
    }
    text = xfsm_diags_format(&diags, run->quiet ? XFSM_DIAG_ERROR
                                                : XFSM_DIAG_WARNING);
    fputs(text, stderr);
    free(text);
    xfsm_diags_destroy(&diags);
    return ok && add_image(run, doc->path, image, image_len);
}

/* Gets ready to run the program that standard input had: the capture takes the
 * place of that, and nothing more is opened. */
static bool
confine(struct run *run)
{
    int fd = open(run->capture, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 || dup2(fd, STDIN_FILENO) < 0) {
        xfsm_tool_complain("%s: %s", run->capture, strerror(errno));
        return false;
    }
    close(fd);
    if (!run->replay.identity.port) {
        run->replay.identity.port = basename(run->capture);
    }
    run->capture = "-";
    return xfsm_tool_limit_self(CPU_MAX, MEMORY_MAX);
}

static bool
load_one(struct run *run, const char *arg)
{
    struct xfsm_document doc;
    size_t n_settings;
    char *error;
    bool ok;

    error = xfsm_document_read(arg, &doc);
    if (error) {
        xfsm_tool_complain("%s", error);
        free(error);
        return false;
    }
    if (!strcmp(arg, "-") && !confine(run)) {
        ok = false;
    } else if (!xfsm_settings_select(&run->settings, &doc, &n_settings)) {
        ok = false;
    } else if (xfsm_document_is_image(&doc)) {
        ok = add_image(run, doc.path, doc.data, doc.len);
        doc.data = NULL;
    } else {
        ok = load_xml(run, &doc, n_settings);
    }
    xfsm_document_destroy(&doc);
    return ok;
}

/* Loads the programs of one argument, separated by commas, unless that is the
 * name of a file with commas. */
static bool
load_list(struct run *run, const char *arg)
{
    char *list, *next, *name;
    bool ok = true;

    if (!access(arg, F_OK)) {
        return load_one(run, arg);
    }
    next = list = xstrdup(arg);
    while ((name = strsep(&next, ",")) != NULL) {
        if (*name) {
            ok = load_one(run, name) && ok;
        }
    }
    free(list);
    return ok;
}

/* Finds out which capture to read.  Returns NULL after saying why there is
 * none. */
static const char *
choose_capture(const struct run *run)
{
    if (run->capture) {
        return run->capture;
    }
    if (run->source && run->source_live) {
        xfsm_tool_complain("the program's source is the live interface "
                           "\"%s\"; to monitor a port, use ovs-vsctl set "
                           "Port NAME external_ids:xfsm=PROGRAM, or name a "
                           "capture with --pcap FILE", run->source);
        return NULL;
    }
    if (!run->source) {
        xfsm_tool_complain("the program names no source; name a capture "
                           "with --pcap FILE");
    }
    return run->source;
}

/* Opens the publisher, if one is asked for. */
static bool
open_publisher(struct run *run)
{
    const char *endpoint = run->publish;
    char *error;

    if (!endpoint) {
        return true;
    }
    if (!strcmp(endpoint, "program")) {
        endpoint = run->publisher;
        if (!endpoint) {
            xfsm_tool_complain("--publish program: no program has a "
                               "publisher element");
            return false;
        }
    }
    error = xfsm_zmq_pub_open(endpoint, &run->replay.pub);
    if (error) {
        xfsm_tool_complain("%s", error);
        free(error);
        return false;
    }
    if (run->wait > 0
        && !xfsm_zmq_pub_wait(run->replay.pub, run->wait * 1000)) {
        xfsm_tool_complain("nobody subscribed within %g seconds", run->wait);
    }
    return true;
}

/* Tables in huge pages, if a long capture will touch most of them. */
static void
choose_pages(const struct run *run, const char *path)
{
    struct stat s;

    if (!run->pages_chosen) {
        xfsm_mem_want_huge(!stat(path, &s) && S_ISREG(s.st_mode)
                           && s.st_size >= HUGE_CAPTURE);
    }
}

/* Makes an engine with all programs. */
static struct xfsm_engine *
create_engine(struct run *run)
{
    struct xfsm_engine_options options = {
        .identity = run->replay.identity,
        .backend = run->backend,
        .emit = xfsm_replay_emit,
        .aux = &run->replay,
    };
    struct xfsm_engine *engine;
    char *error;
    int i;

    memcpy(options.entropy, run->entropy, sizeof options.entropy);
    error = xfsm_engine_create(&options, &engine);
    if (error) {
        xfsm_tool_complain("%s", error);
        free(error);
        return NULL;
    }
    for (i = 0; i < run->n_images; i++) {
        const struct image *image = &run->images[i];

        error = xfsm_engine_load(engine, image->data, image->len);
        if (error) {
            xfsm_tool_complain("%s: %s", image->path, error);
            free(error);
            xfsm_engine_destroy(engine);
            return NULL;
        }
    }
    return engine;
}

/* Reads the capture and says how it went.  Returns the exit code. */
static int
replay_capture(struct run *run, struct xfsm_engine *engine, const char *path)
{
    int exit_code = XFSM_EXIT_OK;
    char *error;

    error = xfsm_replay_run(&run->replay, engine, path);
    if (!run->quiet) {
        xfsm_replay_print_stats(&run->replay, engine);
    }
    if (error) {
        xfsm_tool_complain("%s", error);
        free(error);
        exit_code = XFSM_EXIT_CAPTURE;
    }
    if (run->replay.write_error && run->replay.write_error != EPIPE) {
        xfsm_tool_complain("cannot write events to standard output (%s)",
                           strerror(run->replay.write_error));
        exit_code = XFSM_EXIT_FAILURE;
    }
    return exit_code;
}

/* Loads the programs that 'args' name and runs them.  Returns the exit
 * code. */
static int
run_programs(struct run *run, char *args[], int n)
{
    int exit_code = XFSM_EXIT_FAILURE;
    struct xfsm_engine *engine;
    const char *path;
    bool ok = true;
    int i;

    for (i = 0; i < n; i++) {
        if (!strcmp(args[i], "-")
            && (n > 1 || !run->capture || !strcmp(run->capture, "-"))) {
            xfsm_tool_complain("a program on standard input is run alone, "
                               "on --pcap FILE");
            return exit_code;
        }
        ok = load_list(run, args[i]) && ok;
    }
    ok = ok && xfsm_settings_check(&run->settings);
    path = ok ? choose_capture(run) : NULL;
    if (!path) {
        return exit_code;
    }
    if (!run->replay.identity.port) {
        run->replay.identity.port = basename(path);
    }
    choose_pages(run, path);
    engine = create_engine(run);
    if (engine) {
        if (open_publisher(run)) {
            exit_code = replay_capture(run, engine, path);
        }
        xfsm_engine_destroy(engine);
    }
    return exit_code;
}

static bool
parse_seed(const char *hex, uint8_t entropy[16])
{
    size_t i;

    if (strlen(hex) != 32 || strspn(hex, "0123456789abcdefABCDEF") != 32) {
        return false;
    }
    for (i = 0; i < 16; i++) {
        const char byte[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

        entropy[i] = strtoul(byte, NULL, 16);
    }
    return true;
}

/* Adds the labels in 'list', which is cut up and must stay. */
static bool
add_labels(struct xfsm_replay *replay, char *list)
{
    char *label;

    while ((label = strsep(&list, ",")) != NULL) {
        if (*label) {
            if (replay->n_labels >= XFSM_REPLAY_LABELS) {
                return false;
            }
            replay->labels[replay->n_labels++] = label;
        }
    }
    return true;
}

enum {
    OPT_PCAP = 256,
    OPT_LABEL,
    OPT_LINGER,
    OPT_SEED,
    OPT_PUBLISH,
    OPT_WAIT_SUBSCRIBER,
    OPT_HOST,
    OPT_BRIDGE,
    OPT_PORT,
    OPT_PARAM,
    OPT_BACKEND,
    OPT_MAX_EVENTS,
    OPT_HUGE_PAGES,
    OPT_NO_HUGE_PAGES,
};

static const struct option run_options[] = {
    { "pcap", required_argument, NULL, OPT_PCAP },
    { "label", required_argument, NULL, OPT_LABEL },
    { "linger", required_argument, NULL, OPT_LINGER },
    { "seed", required_argument, NULL, OPT_SEED },
    { "publish", required_argument, NULL, OPT_PUBLISH },
    { "wait-subscriber", required_argument, NULL, OPT_WAIT_SUBSCRIBER },
    { "host", required_argument, NULL, OPT_HOST },
    { "bridge", required_argument, NULL, OPT_BRIDGE },
    { "port", required_argument, NULL, OPT_PORT },
    { "param", required_argument, NULL, OPT_PARAM },
    { "backend", required_argument, NULL, OPT_BACKEND },
    { "max-events", required_argument, NULL, OPT_MAX_EVENTS },
    { "huge-pages", no_argument, NULL, OPT_HUGE_PAGES },
    { "no-huge-pages", no_argument, NULL, OPT_NO_HUGE_PAGES },
    { "quiet", no_argument, NULL, 'q' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* Takes an option that has a value to be parsed.  Returns XFSM_EXIT_OK or
 * XFSM_EXIT_USAGE. */
static int
parse_value(struct run *run, int option, char *value)
{
    double seconds;
    long number;

    switch (option) {
    case OPT_MAX_EVENTS:
        if (!xfsm_tool_parse_int(value, 1, LONG_MAX, &number)) {
            return xfsm_tool_usage_error("--max-events: \"%s\" is not a "
                                         "number from 1 on", value);
        }
        run->replay.max_events = number;
        break;
    case OPT_PARAM:
        return xfsm_settings_add(&run->settings, value);
    case OPT_LABEL:
        if (!add_labels(&run->replay, value)) {
            return xfsm_tool_usage_error("--label: more than %d labels",
                                         XFSM_REPLAY_LABELS);
        }
        break;
    case OPT_LINGER:
        if (!xfsm_tool_parse_seconds(value, LINGER_MAX, &seconds)) {
            return xfsm_tool_usage_error("--linger: \"%s\" is not a number "
                                         "of seconds up to %g", value,
                                         LINGER_MAX);
        }
        run->replay.linger = seconds * 1e9;
        break;
    case OPT_SEED:
        if (!parse_seed(value, run->entropy)) {
            return xfsm_tool_usage_error("--seed: \"%s\" is not 32 "
                                         "hexadecimal digits", value);
        }
        break;
    case OPT_BACKEND:
        if (!xfsm_tool_parse_backend(value, &run->backend)) {
            return XFSM_EXIT_USAGE;
        }
        break;
    case OPT_WAIT_SUBSCRIBER:
        if (!xfsm_tool_parse_seconds(value, WAIT_MAX, &run->wait)) {
            return xfsm_tool_usage_error("--wait-subscriber: \"%s\" is not "
                                         "a number of seconds up to %g",
                                         value, WAIT_MAX);
        }
        break;
    }
    return XFSM_EXIT_OK;
}

/* Parses all options.  Returns -1, or an exit code to end with. */
static int
parse_options(struct run *run, int argc, char *argv[])
{
    struct xfsm_identity *identity = &run->replay.identity;
    int c;

    while ((c = getopt_long(argc, argv, "qh", run_options, NULL)) != -1) {
        switch (c) {
        case OPT_PCAP:
            run->capture = optarg;
            break;
        case OPT_PUBLISH:
            run->publish = optarg;
            break;
        case OPT_HOST:
            identity->host = optarg;
            break;
        case OPT_BRIDGE:
            identity->bridge = optarg;
            break;
        case OPT_PORT:
            identity->port = optarg;
            break;
        case OPT_HUGE_PAGES:
        case OPT_NO_HUGE_PAGES:
            xfsm_mem_want_huge(c == OPT_HUGE_PAGES);
            run->pages_chosen = true;
            break;
        case 'q':
            run->quiet = true;
            break;
        case 'h':
            print_help();
            return XFSM_EXIT_OK;
        case '?':
            return xfsm_tool_bad_option();
        default:
            if (parse_value(run, c, optarg)) {
                return XFSM_EXIT_USAGE;
            }
        }
    }
    if (optind == argc) {
        return xfsm_tool_usage_error("which PROGRAM?");
    }
    return -1;
}

static void
destroy_run(struct run *run)
{
    int i;

    for (i = 0; i < run->n_images; i++) {
        free(run->images[i].path);
        free(run->images[i].data);
    }
    xfsm_zmq_pub_close(run->replay.pub);
    free(run->source);
    free(run->publisher);
}

int
xfsm_cmd_run(int argc, char *argv[])
{
    struct run run = {
        .replay = {
            .identity = { .host = "", .bridge = "" },
            .linger = LINGER_DEFAULT,
        },
    };
    int exit_code;

    exit_code = parse_options(&run, argc, argv);
    if (exit_code < 0) {
        run.replay.sink = xfsm_file_sink_from_fd(STDOUT_FILENO);
        run.replay.flush = isatty(STDOUT_FILENO);
        exit_code = run_programs(&run, argv + optind, argc - optind);
        xfsm_file_sink_close(run.replay.sink);
        destroy_run(&run);
    }
    return exit_code;
}
