/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* A fixed set of programs on any packets.
 *
 * Input: packets, as tests/fuzz/fuzz-packets.h has them.  The programs use
 * every kind of metric, table, timer, action and condition, with tables small
 * enough to be forced full.
 *
 * Required: what the engine publishes does not depend on how packets are cut
 * into batches, nor on whether programs are interpreted or machine code. */

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz-packets.h"
#include "xfsm/program/compile.h"

static const char rates_program[] =
    "<xfsm name='rates'>"
    "<statedef id='idle'/>"
    "<statedef id='busy' timeout='3' next_state='tired'/>"
    "<statedef id='tired' timeout='60' next_state='idle'/>"
    "<metric name='ports'>"
    "<variation_detector status='on' size='8' nhash='4' reset_after='20'/>"
    "<variation_monitor status='on' type='tewma' window='60' size='6'/>"
    "</metric>"
    "<metric name='bytes'>"
    "<variation_monitor status='on' type='dleft' size='4' "
    "insert_value='ip_len'/>"
    "</metric>"
    "<metric name='all'>"
    "<variation_monitor status='on' type='simple'/>"
    "</metric>"
    "<table name='seen' type='DLeft' key_type='' value_type='int' "
    "nhash='2' shash='4'/>"
    "<feature name='rate' body='ports'/>"
    "<feature name='mean' body='bytes / all'/>"
    "<event type='timeout' class='look' primary-key='ip_src'>"
    "<state id='busy'>"
    "<use-metric id='bytes' vm_get='ip_src'/>"
    "<use-metric id='all' vm_get='ip_src'/>"
    "<condition expression='mean > 200' action='Publish(alert, %ip_src "
    "sends %mean a packet %ts %client.id);bytes.reset(ip_src)' "
    "next_state='tired'><timeout_set class='look' key='ip_src' value='0'/>"
    "</condition>"
    "<condition expression='true' action='Export(feature);all.reset()'/>"
    "</state></event>"
    "<event type='packet' primary-key='ip_src' "
    "selector='proto tcp and (flags tcp-syn or dst_port &lt; 1024)'>"
    "<state id='idle' code='I' level='LOW' description='idle'>"
    "<use-metric id='ports' vd_update='ip_src-dst_port' vm_update='ip_src'/>"
    "<use-metric id='bytes' vm_update='ip_src'/>"
    "<use-metric id='all' vm_update='ip_src'/>"
    "<condition expression='rate > 0.3 or seen(ip_src-dst_port) > 2' "
    "action='Publish(log, %ip_src:%src_port %http_host %http_url %modbus_fc "
    "%state.code %state.level %state.description %seen(ip_src-dst_port) %%);"
    "seen(ip_src-dst_port) += 1;Suspect;Publish(raw, raw)' "
    "next_state='busy'><timeout_set class='look' key='ip_src' value='2'/>"
    "</condition>"
    "<condition expression='!seen(ip_src-dst_port)' "
    "action='seen(ip_src-dst_port) = log2(ip_len) * 3 - 1'/>"
    "</state>"
    "<state id='busy'>"
    "<use-metric id='ports' vd_update='ip_src-dst_port' vm_update='ip_src'/>"
    "<use-metric id='bytes' vm_update='ip_src'/>"
    "<condition expression='pow(rate, 2) / all > 1 and not false' "
    "action='seen.reset();ports.reset()'/>"
    "<post-condition-action do='seen(ip_src-dst_port) *= 2'/>"
    "</state></event></xfsm>";

static const char names_program[] =
    "<xfsm name='names'>"
    "<statedef id='new'/><statedef id='asked' timeout='5'/>"
    "<metric name='names'>"
    "<variation_detector status='on' size='6' nhash='3'/>"
    "<variation_monitor status='on' type='dleft' size='3'/>"
    "</metric>"
    "<metric name='hosts'>"
    "<variation_monitor status='on' type='distinct' size='3' window='2'/>"
    "</metric>"
    "<metric name='octets'>"
    "<variation_monitor status='on' type='countmin' size='4' window='5' "
    "insert_value='ip_len'/>"
    "</metric>"
    "<metric name='speed'>"
    "<variation_monitor status='on' type='rate' size='3' window='1'/>"
    "</metric>"
    "<metric name='usual'>"
    "<variation_monitor status='on' type='quantile' size='3' "
    "insert_value='ip_len' quantile='0.9'/>"
    "</metric>"
    "<metric name='top'>"
    "<variation_monitor status='on' type='topk' size='3' window='2' "
    "insert_value='ip_len'/>"
    "</metric>"
    "<table name='where' type='Map' key_type='' value_type='double' "
    "nhash='2' shash='3'><entry key='www.example.org' value='7'/></table>"
    "<feature name='n' body='max(names, 1)'/>"
    "<event type='timeout' class='orphan' primary-key='ip_src-domain_name'>"
    "<state id='asked'><condition expression='true' "
    "action='Publish(alert, %domain_name of %domain_second_level from "
    "%ip_src)' next_state='new'><timeout_set class='orphan' "
    "key='ip_src-domain_name' value='0'/></condition></state></event>"
    "<event type='packet' selector='proto udp and dst_port 53' "
    "primary-key='ip_src-domain_name'><state id='new'>"
    "<use-metric id='names' vd_update='domain_name' "
    "vm_update='domain_second_level'/>"
    "<use-metric id='hosts' vm_update='domain_second_level' "
    "vm_item='ip_src-domain_name'/>"
    "<use-metric id='octets' vm_update='ip_src'/>"
    "<use-metric id='speed' vm_update='ip_src'/>"
    "<use-metric id='usual' vm_update='ip_src'/>"
    "<use-metric id='top' vm_update='ip_src-dst_port'/>"
    "<condition expression='hosts > 20' action='hosts.reset(ip_src)'/>"
    "<condition expression='octets > usual * 100' action='octets.reset()'/>"
    "<condition expression='top > 5000' action='Publish(log, "
    "top=top.top(5), last=top.last(5));top.reset(ip_src-src_port)'/>"
    "<condition expression='speed > 100' action='speed.reset(ip_src);"
    "usual.reset(ip_src)'/>"
    "<condition expression='n >= 1' action='Publish(log, %n %domain_name "
    "%where(domain_name) %packet_no);where(domain_name) = n' "
    "next_state='asked'><timeout_set class='orphan' "
    "key='ip_src-domain_name' value='3'/></condition></state></event>"
    "<event type='packet' selector='proto udp and src_port 53 and "
    "flags dns-nxdomain' primary-key='ip_dst-domain_name'>"
    "<state id='asked'><condition expression='true' "
    "action='Publish(log, no %domain_name %domain_addr)' next_state='new'/>"
    "</state></event>"
    "<event type='packet' selector='ip_src 10.0.0.0/8 or "
    "ip_src 2001:db8::/32' primary-key='ip_src-ip_dst-proto'>"
    "<state id='new'><condition expression='ip_len > 60' "
    "action='Publish(log, %ip_src %ip_dst %proto %ip_len)'/></state>"
    "</event></xfsm>";

struct image {
    void *data;
    size_t len;
};

static struct image
compile(const char *text)
{
    struct xfsm_diags diags;
    struct image image;
    bool ok;

    xfsm_diags_init(&diags, "fixed program");
    ok = xfsm_compile_xml(text, strlen(text), "fixed", &diags, &image.data,
                          &image.len);
    if (!ok) {
        fuzz_require(false, xfsm_diags_format(&diags, XFSM_DIAG_ERROR));
    }
    xfsm_diags_destroy(&diags);
    return image;
}

static uint64_t
run(const struct fuzz_packets *packets, enum xfsm_backend backend,
    size_t batch)
{
    static struct image images[2];
    struct fuzz_engine fe;
    size_t i;

    if (!images[0].data) {
        images[0] = compile(rates_program);
        images[1] = compile(names_program);
    }
    fuzz_engine_init(&fe, backend);
    for (i = 0; i < 2; i++) {
        char *error = xfsm_engine_load(fe.engine, images[i].data,
                                       images[i].len);

        fuzz_require(!error, error ? error : "");
    }
    fuzz_engine_run(&fe, packets, batch);
    fuzz_engine_free(&fe);
    return fe.digest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = { data, size };
    struct fuzz_packets packets;
    uint64_t digest;

    fuzz_packets_take(&packets, &in);
    digest = run(&packets, XFSM_BACKEND_INTERPRETER, 1);
    fuzz_require(run(&packets, XFSM_BACKEND_INTERPRETER, 7) == digest
                 && run(&packets, XFSM_BACKEND_AUTO, FUZZ_PACKETS_MAX)
                    == digest,
                 "neither batches nor machine code change results");
    fuzz_packets_free(&packets);
    return 0;
}
