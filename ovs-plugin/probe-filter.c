/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe.h"

#include <linux/filter.h>
#include <pcap/pcap.h>

#include "openvswitch/vlog.h"
#include "ovs-plugin/netdev-ring.h"
#include "ovs-plugin/probe-source.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(probe_filter);

/* libpcap's instructions are the kernel's. */
BUILD_ASSERT_DECL(sizeof(struct bpf_insn) == sizeof(struct sock_filter));

BUILD_ASSERT_DECL(XFSM_FILTER_HEADERS == XFSM_RING_HEADERS);

static void
set_text(struct xfsm_probe *probe, char *text)
{
    free(probe->filter_text);
    probe->filter_text = text;
}

/* Sets the filter of all lanes.  Returns 0 or a positive errno. */
static int
set_all(struct xfsm_probe *probe, const struct sock_fprog *prog)
{
    int error = 0;
    size_t i;

    for (i = 0; i < probe->lanes.n && !error; i++) {
        error = xfsm_source_set_filter(probe->lanes.lane[i].source, prog);
    }
    return error;
}

void
xfsm_probe_filter_open(struct xfsm_probe *probe)
{
    if (xfsm_source_can_filter(probe->source)) {
        int error = set_all(probe, NULL);

        if (error) {
            VLOG_WARN("cannot remove the filter (%s)", ovs_strerror(error));
        } else {
            set_text(probe, xstrdup(XFSM_FILTER_ALL));
        }
    }
}

/* Sets the filter 'text', with 'whole'.  Returns NULL or an error that the
 * caller frees. */
static char *
set_filter(struct xfsm_probe *probe, const char *text, const char *whole)
{
    struct bpf_program bpf;
    struct sock_fprog prog;
    char *error = xfsm_filter_compile(text, whole, &bpf);
    int error_no;

    if (error) {
        return error;
    }
    if (bpf.bf_len > BPF_MAXINSNS) {
        error = xasprintf("the filter has %u instructions, more than %d",
                          bpf.bf_len, BPF_MAXINSNS);
    } else {
        prog.len = (unsigned short) bpf.bf_len;
        prog.filter = (struct sock_filter *) (void *) bpf.bf_insns;
        error_no = set_all(probe, &prog);
        if (error_no) {
            error = xasprintf("the kernel does not take the filter (%s)",
                              ovs_strerror(error_no));
        }
    }
    pcap_freecode(&bpf);
    return error;
}

void
xfsm_probe_filter_update(struct xfsm_probe *probe)
{
    char *text, *whole, *error;

    if (!xfsm_source_can_filter(probe->source)) {
        return;
    }
    text = xfsm_filter_text(&probe->filter);
    whole = xfsm_filter_whole(&probe->filter);
    error = set_filter(probe, text, whole);
    if (error) {
        VLOG_WARN("%s: every packet is looked at", error);
        free(error);
        xfsm_probe_filter_open(probe);
    } else {
        set_text(probe, xasprintf("%s\nof more than %d bytes whole:\n%s",
                                  text, XFSM_FILTER_HEADERS, whole));
    }
    free(text);
    free(whole);
}
