/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_OPTIONS_H
#define OVS_PLUGIN_HUB_OPTIONS_H 1

/* Options of xfsm-hub, from its command line.
 *
 * The agent passes on the operator's options as they stand in the database
 * (XFSM_HUB_OPTIONS), so here is the one place that knows what is valid.
 *
 * Thread-safety: for the main thread. */

#include <stdbool.h>
#include <stddef.h>

#include "ovs-plugin/hub-peer.h"
#include "ovs-plugin/hub-source.h"
#include "xfsm/io/journal.h"

/* O("hub-NAME"): options that the operator sets: the key in column options of
 * table XFSM_Global, which becomes --NAME of xfsm-hub. */
#define XFSM_HUB_OPTIONS(O) \
    O("hub-key-file") \
    O("hub-clients") \
    O("hub-journal") \
    O("hub-journal-mib") \
    O("hub-journal-days") \
    O("hub-journal-sync-ms") \
    O("hub-rate") \
    O("hub-label-rates") \
    O("hub-message-rate") \
    O("hub-peers")

/* Folder of the journal in that of the databases. */
#define XFSM_HUB_JOURNAL "xfsm-journal"

/* Defaults and bounds. */
#define XFSM_HUB_JOURNAL_MIB 64
#define XFSM_HUB_JOURNAL_MIB_MAX 2048
#define XFSM_HUB_JOURNAL_DAYS 7
#define XFSM_HUB_JOURNAL_DAYS_MAX 3650
#define XFSM_HUB_JOURNAL_SYNC_MS 1000
#define XFSM_HUB_JOURNAL_SYNC_MS_MAX 3600000
#define XFSM_HUB_RATE 100000
#define XFSM_HUB_LABEL_RATES "alert=10000,critical=10000"
#define XFSM_HUB_MESSAGE_RATE 1000

struct xfsm_hub_options {
    const char *endpoint;
    const char *user;
    int ctl;                    /* Socket to the agent, or -1. */
    const char *key_file;       /* NULL: no keys. */
    const char *clients;        /* File; NULL: none. */
    char *journal;              /* Folder; NULL: no journal. */
    struct xfsm_journal_options journal_options;
    struct xfsm_hub_rates rates;
    unsigned int message_rate;  /* hub-mail.h; 0: no limit. */
    struct xfsm_hub_peers peers;
};

/* Parses the command line.  Exits after --help and --version, and with
 * XFSM_EXIT_CONFIG after logging what is wrong. */
void xfsm_hub_options_parse(struct xfsm_hub_options *, int argc,
                            char *argv[]);

#endif /* ovs-plugin/hub-options.h */
