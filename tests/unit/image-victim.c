/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/image-victim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"

/* Uses everything that an image can say. */
static const char program[] =
    "<xfsm name='full' version='1' description='d'>"
    EH_STATE("s0") "<statedef id='s1' timeout='3' next_state='s2'/>"
    EH_STATE("s2")
    EH_METRIC("m", "<variation_detector status='on' slave='d'/>"
              EH_VM("dleft"))
    EH_METRIC("d", EH_VD) EH_METRIC("r", EH_VM("tewma"))
    EH_METRIC("s", EH_VM("simple"))
    "<table name='t' type='DLeft'><entry key='10.0.0.1' value='2'/></table>"
    "<table name='n' type='DLeft'><entry key='a.example-1' value='2'/>"
    "</table>"
    EH_FEATURE("f", "m / 2") EH_FEATURE("g", "f + max(r, 1) % 7")
    EH_TIMEOUT("late", EH_IN("s1",
          EH_USE("m", "vm_get='ip_src'")
          EH_IF("f &gt; 1", "Publish(raw, raw),print(%ip_src)", "s0")))
    EH_ON("proto tcp and ip_src 10.0.0.0/8 or domain_name x.example or "
          "ip_src in t", "ip_src-dst_port",
          EH_IN("s0", EH_USE("m", "vd_update='ip_src-dst_port' "
                             "vm_update='ip_src'")
                EH_USE("d", "vd_get='ip_src-dst_port' vd_set='ip_dst'")
                EH_USE("r", "vm_update='ip_dst'")
                EH_USE("s", "vm_update='ip_dst'")
                EH_IF_SET("g &gt; 1 and t(ip_src) == 2 or !n(domain_name-"
                          "dst_port)",
                          "Publish(alert, %f %ts by %ip_src %client.id "
                          "%t(ip_dst) %%);m.reset(ip_src);r.reset();"
                          "t(ip_src) += dst_port; n.reset; Suspect, Export",
                          "s1", EH_TIMER("late", "ip_src", "2")
                          EH_TIMER("late", "ip_dst", "0")))
          EH_IN("s1", EH_IF("abs(-1) + log(len) and not 0", "print(x)",
                            "s2")))
    EH_ON("", "domain_name", EH_IN("s0", EH_IF("true", "print(q)", "")))
    "</xfsm>";

void
victim_view(struct victim *v)
{
    v->h = (struct xfsm_img_header *) (void *) v->bytes;
#define VIEW(ID, MEMBER, TYPE, DOC) \
    v->MEMBER = (TYPE *) (void *) (v->bytes \
                                   + v->h->sections[XFSM_S_##ID].offset);
    XFSM_SECTIONS(VIEW)
#undef VIEW
}

void
victim_init(struct victim *v)
{
    v->bytes = eh_image("p", program, &v->len);
    victim_view(v);
}

char *
victim_judge(struct victim *v)
{
    struct xfsm_image image;

    v->h->checksum = xfsm_image_checksum(v->bytes, v->len);
    return xfsm_image_verify(v->bytes, v->len, &image);
}

void
victim_expect_error(struct victim *v, const char *part, const char *what)
{
    char *error = victim_judge(v);

    if (part ? !error || !strstr(error, part) : error != NULL) {
        print_error("%s: %s\n", what, error ? error : "accepted");
        free(error);
        fail();
    }
    free(error);
}

uint32_t
victim_find(const struct victim *v, enum xfsm_opcode op, int n)
{
    for (uint32_t i = 0; i < v->h->sections[XFSM_S_CODE].n; i++) {
        if (v->code[i].op == op && n-- == 0) {
            return i;
        }
    }
    fail_msg("no %s in the program", xfsm_opcode_names[op]);
    return 0;
}
