/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/fuzz/fuzz-fixed.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz-packets.h"
#include "tests/unit/packet-builder.h"
#include "xfsm/program/compile.h"

/* ## Packets ## */

#define FRAME_SIZE 512

static size_t
make_frame(uint8_t buf[FRAME_SIZE], size_t i)
{
    static const char *const hosts[] = {
        "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2",
    };
    const char *src = hosts[i / 8 % 2 * 2];
    const char *dst = hosts[i / 8 % 2 * 2 + 1];
    struct packet_builder b;

    switch (i % 8) {
    case 0:
        return pb_tcp_frame(buf, FRAME_SIZE, src, 40000, dst, 1 + i, PB_SYN,
                            NULL);
    case 1:
        return pb_dns_query_frame(buf, FRAME_SIZE, src, dst,
                                  "www.example.org", PB_DNS_A);
    case 2:
        return pb_dns_response_frame(buf, FRAME_SIZE, dst, src, i / 16,
                                     "www.example.org", PB_DNS_A,
                                     i < 16 ? "192.0.2.1" : NULL);
    case 3:
        return pb_tcp_frame(buf, FRAME_SIZE, src, 40001, dst, 80,
                            PB_PSH | PB_ACK, "GET /x HTTP/1.1\r\n"
                            "Host: www.example.org\r\n\r\n");
    case 4:
        pb_init(&b, buf, FRAME_SIZE);
        pb_eth(&b, NULL, NULL);
        pb_vlan(&b, 0x8100, 7, 3);
        pb_ip(&b, src, dst);
        pb_tcp(&b, 40002, 502, PB_PSH | PB_ACK);
        pb_modbus(&b, i, 1, 3);
        return pb_finish(&b);
    case 5:
        return pb_arp_frame(buf, FRAME_SIZE, 1 + i / 8 % 2, "10.0.0.1",
                            "10.0.0.2");
    case 6:
        return pb_udp_frame(buf, FRAME_SIZE, src, 123, dst, 123, "text");
    default:
        return pb_icmp_frame(buf, FRAME_SIZE, src, dst, 8, 0);
    }
}

const struct fuzz_packets *
fuzz_fixed_packets(void)
{
    static struct fuzz_packets packets;
    size_t i;

    for (i = 0; packets.n < FUZZ_PACKETS_MAX; i++) {
        struct xfsm_packet *packet = &packets.packets[packets.n++];
        uint8_t buf[FRAME_SIZE];
        size_t len = make_frame(buf, i);

        pb_packet(packet, fuzz_dup(buf, len), len,
                  UINT64_C(1767225600000000000) + i * 700000000,
                  malloc(XFSM_PACKET_SCRATCH));
        packet->direction = (uint8_t) (i % 3);
    }
    return &packets;
}

/* ## Programs ## */

static const char rates_program[] =
    "<xfsm name='rates'>"
    "<statedef id='idle'/>"
    "<statedef id='busy' timeout='3' next_state='tired'/>"
    "<statedef id='tired' timeout='60' next_state='idle'/>"
    "<metric name='ports'>"
    "<variation_detector status='on' size='8' nhash='4' reset_after='20'/>"
    "<variation_monitor status='on' type='tewma' window='60' size='6' "
    "repeat_value='0.5'/>"
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
    "<table name='url' value_type='string' shash='3'>"
    "<entry key='www.example.org' value='x'/></table>"
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
    "<condition expression='url(domain_name) == \"%ip_src%domain_name\"' "
    "action='url(domain_name) = \"%domain_name%domain_name\"'/>"
    "<condition expression='hosts > 20' action='hosts.reset(ip_src)'/>"
    "<condition expression='octets > usual * 100' action='octets.reset()'/>"
    "<condition expression='top > 5000' action='Publish(log, "
    "top=top.top(5), last=top.last(5));top.reset(ip_src-src_port)'/>"
    "<condition expression='speed > 100' action='speed.reset(ip_src);"
    "usual.reset(ip_src)'/>"
    "<condition expression='n >= 1' action='Publish(log, %n %domain_name "
    "%where(domain_name) %url(domain_name) %packet_no);"
    "where(domain_name) = n;url(domain_name) = \"%ip_src%domain_name\"' "
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

void
fuzz_fixed_load(struct xfsm_engine *engine)
{
    static struct image images[2];
    size_t i;

    if (!images[0].data) {
        images[0] = compile(rates_program);
        images[1] = compile(names_program);
    }
    for (i = 0; i < 2; i++) {
        char *error = xfsm_engine_load(engine, images[i].data, images[i].len);

        fuzz_require(!error, error ? error : "");
    }
}
