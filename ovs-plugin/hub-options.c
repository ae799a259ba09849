/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-options.h"

#include <getopt.h>

#include "command-line.h"
#include "dirs.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/backoff.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hub_options);

#define DAY_MS (UINT64_C(86400) * 1000)
#define MIB (1024 * 1024)

static void OVS_NO_RETURN
usage(void)
{
    printf("%s: publishes the events of this host; started by ovs-xfsmd\n"
           "usage: %s --endpoint=ENDPOINT [OPTIONS]\n"
           "\nOptions:\n"
           "  --endpoint=ENDPOINT   ipc://PATH or tcp://ADDRESS:PORT\n"
           "  --key-file=FILE       key pair of this hub (xfsm keygen)\n"
           "  --clients=FILE        public keys of those who may subscribe\n"
           "  --journal=DIR         where alerts are kept, or \"none\"\n"
           "  --journal-mib=N       how much of them (default: %d)\n"
           "  --journal-days=N      for how long (default: %d)\n"
           "  --journal-sync-ms=N   how soon on disk (default: %d)\n"
           "  --rate=N              events/s of one probe (default: %d)\n"
           "  --label-rates=L=N,... the same by label (default:\n"
           "                        %s)\n"
           "  --message-rate=N      messages/s from and to one probe\n"
           "                        (default: %d)\n"
           "  --peers=E=K,...       hubs that probes hear, with their keys\n"
           "  --ctl-fd=FD           socket to ovs-xfsmd\n"
           "  --user=NAME           whom to become\n",
           program_name, program_name, XFSM_HUB_JOURNAL_MIB,
           XFSM_HUB_JOURNAL_DAYS, XFSM_HUB_JOURNAL_SYNC_MS, XFSM_HUB_RATE,
           XFSM_HUB_LABEL_RATES, XFSM_HUB_MESSAGE_RATE);
    vlog_usage();
    printf("\nOther options:\n"
           "  -h, --help            display this help message\n"
           "  -V, --version         display version information\n");
    exit(XFSM_EXIT_STOP);
}

static void OVS_NO_RETURN OVS_PRINTF_FORMAT(1, 2)
refuse(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vlog_valist(&this_module, VLL_ERR, format, args);
    va_end(args);
    exit(XFSM_EXIT_CONFIG);
}

static int
parse_number(const char *name, const char *s, int min, int max)
{
    int value;

    if (!str_to_int(s, 10, &value) || value < min || value > max) {
        refuse("hub-%s=%s: must be a number from %d to %d", name, s, min,
               max);
    }
    return value;
}

static void
set_defaults(struct xfsm_hub_options *o)
{
    memset(o, 0, sizeof *o);
    o->ctl = -1;
    o->journal = xasprintf("%s/%s", ovs_dbdir(), XFSM_HUB_JOURNAL);
    o->journal_options = (struct xfsm_journal_options) {
        .segment_bytes = (size_t) XFSM_HUB_JOURNAL_MIB * MIB
                         / XFSM_JOURNAL_SEGMENTS,
        .max_age_ms = XFSM_HUB_JOURNAL_DAYS * DAY_MS,
        .sync_ms = XFSM_HUB_JOURNAL_SYNC_MS,
    };
    o->rates.all = XFSM_HUB_RATE;
    o->message_rate = XFSM_HUB_MESSAGE_RATE;
    free(xfsm_hub_rates_parse(&o->rates, XFSM_HUB_LABEL_RATES));
}

static void
set_journal(struct xfsm_hub_options *o, const char *value)
{
    free(o->journal);
    o->journal = NULL;
    if (strcmp(value, "none")) {
        if (value[0] != '/') {
            refuse("hub-journal=%s: must be an absolute path or \"none\"",
                   value);
        }
        o->journal = xstrdup(value);
    }
}

static void
set_label_rates(struct xfsm_hub_options *o, const char *value)
{
    char *error = xfsm_hub_rates_parse(&o->rates, value);

    if (error) {
        refuse("hub-label-rates: %s", error);
    }
}

static void
set_peers(struct xfsm_hub_options *o, const char *value)
{
    char *error = xfsm_hub_peers_parse(&o->peers, value);

    if (error) {
        refuse("hub-peers: %s", error);
    }
}

/* Checks what belongs together. */
static void
check(const struct xfsm_hub_options *o)
{
    if (!o->endpoint) {
        refuse("--endpoint=ENDPOINT is needed; use --help for usage");
    }
    if (!o->key_file != !o->clients) {
        refuse("hub-key-file and hub-clients need each other");
    }
    if (o->peers.n && !o->key_file) {
        refuse("hub-peers needs the options hub-key-file and hub-clients");
    }
}

void
xfsm_hub_options_parse(struct xfsm_hub_options *o, int argc, char *argv[])
{
    enum {
        OPT_ENDPOINT = UCHAR_MAX + 1, OPT_CTL_FD, OPT_USER, OPT_KEY_FILE,
        OPT_CLIENTS, OPT_JOURNAL, OPT_JOURNAL_MIB, OPT_JOURNAL_DAYS,
        OPT_JOURNAL_SYNC_MS, OPT_RATE, OPT_LABEL_RATES, OPT_MESSAGE_RATE,
        OPT_PEERS, VLOG_OPTION_ENUMS
    };
    static const struct option long_options[] = {
        { "endpoint", required_argument, NULL, OPT_ENDPOINT },
        { "ctl-fd", required_argument, NULL, OPT_CTL_FD },
        { "user", required_argument, NULL, OPT_USER },
        { "key-file", required_argument, NULL, OPT_KEY_FILE },
        { "clients", required_argument, NULL, OPT_CLIENTS },
        { "journal", required_argument, NULL, OPT_JOURNAL },
        { "journal-mib", required_argument, NULL, OPT_JOURNAL_MIB },
        { "journal-days", required_argument, NULL, OPT_JOURNAL_DAYS },
        { "journal-sync-ms", required_argument, NULL, OPT_JOURNAL_SYNC_MS },
        { "rate", required_argument, NULL, OPT_RATE },
        { "label-rates", required_argument, NULL, OPT_LABEL_RATES },
        { "message-rate", required_argument, NULL, OPT_MESSAGE_RATE },
        { "peers", required_argument, NULL, OPT_PEERS },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        VLOG_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };
    int c;

    set_defaults(o);
    while ((c = getopt_long(argc, argv, "hVv:", long_options, NULL)) != -1) {
        switch (c) {
        case OPT_ENDPOINT:
            o->endpoint = optarg;
            break;
        case OPT_CTL_FD:
            o->ctl = parse_number("ctl-fd", optarg, 0, INT_MAX);
            break;
        case OPT_USER:
            o->user = optarg;
            break;
        case OPT_KEY_FILE:
            o->key_file = optarg;
            break;
        case OPT_CLIENTS:
            o->clients = optarg;
            break;
        case OPT_JOURNAL:
            set_journal(o, optarg);
            break;
        case OPT_JOURNAL_MIB:
            o->journal_options.segment_bytes
                = (size_t) parse_number("journal-mib", optarg, 1,
                                        XFSM_HUB_JOURNAL_MIB_MAX)
                  * MIB / XFSM_JOURNAL_SEGMENTS;
            break;
        case OPT_JOURNAL_DAYS:
            o->journal_options.max_age_ms
                = parse_number("journal-days", optarg, 1,
                               XFSM_HUB_JOURNAL_DAYS_MAX) * DAY_MS;
            break;
        case OPT_JOURNAL_SYNC_MS:
            o->journal_options.sync_ms
                = parse_number("journal-sync-ms", optarg, -1,
                               XFSM_HUB_JOURNAL_SYNC_MS_MAX);
            break;
        case OPT_RATE:
            o->rates.all = parse_number("rate", optarg, 0, INT_MAX);
            break;
        case OPT_LABEL_RATES:
            set_label_rates(o, optarg);
            break;
        case OPT_MESSAGE_RATE:
            o->message_rate = parse_number("message-rate", optarg, 0,
                                           INT_MAX);
            break;
        case OPT_PEERS:
            set_peers(o, optarg);
            break;
        VLOG_OPTION_HANDLERS
        case 'h':
            usage();
        case 'V':
            ovs_print_version(0, 0);
            exit(XFSM_EXIT_STOP);
        default:
            exit(XFSM_EXIT_CONFIG);
        }
    }
    if (optind != argc) {
        refuse("unexpected argument \"%s\"; use --help for usage",
               argv[optind]);
    }
    check(o);
}
