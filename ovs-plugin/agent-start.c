/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/agent.h"

#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "command-line.h"
#include "daemon.h"
#include "dirs.h"
#include "openvswitch/vlog.h"
#include "stream-ssl.h"
#include "stream.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(agent_start);

static void OVS_NO_RETURN
usage(void)
{
    printf("%s: monitors Open vSwitch ports with xfsm programs\n"
           "usage: %s [OPTIONS]\n"
           "\nOptions:\n"
           "  --db=DATABASE           connect to the server at DATABASE\n"
           "                          (default: unix:%s/db.sock)\n"
           "  --xfsm-db=DATABASE      server of the database XFSM alone\n"
           "  --bindir=DIR            folder of xfsm-ctl\n"
           "  --libexecdir=DIR        folder of xfsm-probe and xfsm-hub\n"
           "  --programs-dir=DIR      library of programs\n"
           "  --program-keys=PATH     take signed programs only, by the "
           "keys in that\n"
           "                          file, or in *.pub of that folder\n"
           "  --program-versions=FILE remember there which versions of "
           "them must\n"
           "                          not come back\n"
           "                          (default: %s/" XFSM_AGENT_RELEASES ")\n"
           "  --probe-user=NAME       whom probes, hub and compiler become\n",
           program_name, program_name, ovs_rundir(), ovs_dbdir());
    daemon_usage();
    vlog_usage();
    stream_usage("DATABASE", true, false, true);
    printf("\nOther options:\n"
           "  --unixctl=SOCKET        override default control socket name\n"
           "  -h, --help              display this help message\n"
           "  -V, --version           display version information\n");
    exit(EXIT_SUCCESS);
}

/* Sets '*dirp', if it is not set, from the environment or the default. */
static void
set_default(char **dirp, const char *variable, const char *suffix,
            const char *def)
{
    const char *env = getenv(variable);

    if (!*dirp) {
        *dirp = xasprintf("%s%s", env && env[0] ? env : def, suffix);
    }
}

void
xfsm_agent_parse_options(int argc, char *argv[], struct xfsm_agent *agent,
                         char **unixctl_path)
{
    enum {
        OPT_DB = UCHAR_MAX + 1, OPT_XFSM_DB, OPT_BINDIR, OPT_LIBEXECDIR,
        OPT_PROGRAMS, OPT_KEYS, OPT_VERSIONS, OPT_USER, OPT_UNIXCTL,
        OPT_BOOTSTRAP_CA_CERT,
        VLOG_OPTION_ENUMS, DAEMON_OPTION_ENUMS, SSL_OPTION_ENUMS,
    };
    static const struct option long_options[] = {
        { "db", required_argument, NULL, OPT_DB },
        { "xfsm-db", required_argument, NULL, OPT_XFSM_DB },
        { "bindir", required_argument, NULL, OPT_BINDIR },
        { "libexecdir", required_argument, NULL, OPT_LIBEXECDIR },
        { "programs-dir", required_argument, NULL, OPT_PROGRAMS },
        { "program-keys", required_argument, NULL, OPT_KEYS },
        { "program-versions", required_argument, NULL, OPT_VERSIONS },
        { "probe-user", required_argument, NULL, OPT_USER },
        { "unixctl", required_argument, NULL, OPT_UNIXCTL },
        { "bootstrap-ca-cert", required_argument, NULL,
          OPT_BOOTSTRAP_CA_CERT },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        DAEMON_LONG_OPTIONS,
        VLOG_LONG_OPTIONS,
        STREAM_SSL_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };
    char *short_options = ovs_cmdl_long_options_to_short_options(long_options);
    int c;

    while ((c = getopt_long(argc, argv, short_options, long_options, NULL))
           != -1) {
        switch (c) {
        case OPT_DB:
            free(agent->remote);
            agent->remote = xstrdup(optarg);
            break;
        case OPT_XFSM_DB:
            free(agent->xfsm_remote);
            agent->xfsm_remote = xstrdup(optarg);
            break;
        case OPT_BINDIR:
            free(agent->bindir);
            agent->bindir = xstrdup(optarg);
            break;
        case OPT_LIBEXECDIR:
            free(agent->libexecdir);
            agent->libexecdir = xstrdup(optarg);
            break;
        case OPT_PROGRAMS:
            free(agent->programs_dir);
            agent->programs_dir = xstrdup(optarg);
            break;
        case OPT_KEYS:
            free(agent->program_keys);
            agent->program_keys = abs_file_name(NULL, optarg);
            break;
        case OPT_VERSIONS:
            free(agent->program_versions);
            agent->program_versions = abs_file_name(NULL, optarg);
            break;
        case OPT_USER:
            free(agent->user);
            agent->user = xstrdup(optarg);
            break;
        case OPT_UNIXCTL:
            *unixctl_path = optarg;
            break;
        case OPT_BOOTSTRAP_CA_CERT:
            stream_ssl_set_ca_cert_file(optarg, true);
            break;
        VLOG_OPTION_HANDLERS
        DAEMON_OPTION_HANDLERS
        STREAM_SSL_OPTION_HANDLERS
        case 'h':
            usage();
        case 'V':
            ovs_print_version(0, 0);
            exit(EXIT_SUCCESS);
        case '?':
            exit(EXIT_FAILURE);
        default:
            abort();
        }
    }
    free(short_options);
    if (optind < argc) {
        VLOG_FATAL("\"%s\": no arguments but options are taken; use --help "
                   "for usage", argv[optind]);
    }
    if (!agent->remote) {
        agent->remote = xasprintf("unix:%s/db.sock", ovs_rundir());
    }
    if (!agent->program_versions) {
        agent->program_versions = xasprintf("%s/" XFSM_AGENT_RELEASES,
                                            ovs_dbdir());
    }
    set_default(&agent->bindir, "XFSM_BINDIR", "", XFSM_BINDIR);
    set_default(&agent->libexecdir, "XFSM_LIBEXECDIR", "",
                XFSM_PKGLIBEXECDIR);
    set_default(&agent->programs_dir, "XFSM_PKGDATADIR", "/programs",
                XFSM_PKGDATADIR);
}

/* Removes a pidfile or a control socket whose process is gone. */
static void
remove_if_stale(const char *path)
{
    size_t len = strlen(path);

    if (len > 4 && !strcmp(&path[len - 4], ".pid")) {
        if (read_pidfile(path) <= 0) {
            unlink(path);
        }
    } else if (len > 4) {
        char *stem = xmemdup0(path, len - 4);
        const char *dot = strrchr(stem, '.');
        int pid;

        if (dot && str_to_int(dot + 1, 10, &pid) && pid > 0
            && kill(pid, 0) && errno == ESRCH) {
            unlink(path);
        }
        free(stem);
    }
}

void
xfsm_agent_remove_stale_files(void)
{
    static const char *const patterns[] = {
        "xfsm-probe.*.pid", "xfsm-probe.*.ctl", "xfsm-hub.pid",
        "xfsm-hub.*.ctl",
    };
    size_t i, j;

    for (i = 0; i < ARRAY_SIZE(patterns); i++) {
        char *pattern = xasprintf("%s/%s", ovs_rundir(), patterns[i]);
        glob_t files;

        if (!glob(pattern, 0, NULL, &files)) {
            for (j = 0; j < files.gl_pathc; j++) {
                remove_if_stale(files.gl_pathv[j]);
            }
            globfree(&files);
        }
        free(pattern);
    }
}

#ifdef __SANITIZE_ADDRESS__
/* Confined children cannot do what finding leaks takes. */
static void
init_sanitizer(void)
{
    const char *options = getenv("ASAN_OPTIONS");
    char *all = xasprintf("%s%sdetect_leaks=0", options ? options : "",
                          options ? ":" : "");

    setenv("ASAN_OPTIONS", all, 1);
    free(all);
}
#else
static void
init_sanitizer(void)
{
}
#endif

/* Takes as many file descriptors as the agent may have: a probe takes four,
 * and the usual limit is made for programs that call select(). */
static void
raise_fd_limit(void)
{
    struct rlimit r;

    if (!getrlimit(RLIMIT_NOFILE, &r) && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &r)) {
            VLOG_WARN("cannot raise the limit of file descriptors (%s)",
                      ovs_strerror(errno));
        }
    }
}

void
xfsm_agent_init_process(void)
{
    init_sanitizer();
    raise_fd_limit();
}
