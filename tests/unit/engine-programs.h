/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef TESTS_UNIT_ENGINE_PROGRAMS_H
#define TESTS_UNIT_ENGINE_PROGRAMS_H 1

/* Programs that tests of the engine as a whole run, and addresses that they
 * send from. */

#include "tests/unit/engine-harness.h"

#define A "10.0.0.1"
#define B "10.0.0.2"

/* Counts packets of an address and prints the count. */
#define COUNTER(LABEL) EH_PROGRAM(EH_STATE("s0") EH_STATE("s1") \
    EH_METRIC("m", EH_VM("dleft")) \
    EH_ON("", "ip_src", \
          EH_IN("s0", EH_USE("m", "vm_update='ip_src'") \
                EH_IF("true", "Publish(" LABEL ", %m)", "s1")) \
          EH_IN("s1", EH_USE("m", "vm_update='ip_src'") \
                EH_IF("true", "Publish(" LABEL ", again %m)", ""))))

/* Everything at once: states, timers, tables, matching on tables. */
static const char all[] = EH_PROGRAM(
    EH_STATE("s0") "<statedef id='s1' timeout='3' next_state='s2'/>"
    EH_STATE("s2")
    EH_METRIC("m", EH_VD EH_VM("dleft")) EH_METRIC("r", EH_VM("tewma"))
    EH_TABLE("t") EH_FEATURE("f", "m * 2")
    EH_TIMEOUT("c", EH_IN("s1", EH_USE("m", "vm_get='ip_src'")
          EH_IF("f &gt; 4", "print(timer %f)", "s2")
          EH_IF("true", "print(timer)", ""))
          EH_IN("s2", EH_IF("true", "print(end)", "s0")))
    EH_ON("ip_src in t", "ip_src",
          EH_IN("s0", EH_IF("true", "print(in %t(ip_src));t(ip_src)+=1", ""))
          EH_IN("s1", EH_IF("t(ip_src) &gt; 5", "t.reset", "s0"))
          EH_IN("s2", EH_IF("true", "print(in, two)", "")))
    EH_ON("proto tcp", "ip_src",
          EH_IN("s0", EH_USE("m", "vd_update='ip_src-dst_port' "
                             "vm_update='ip_src'")
                EH_USE("r", "vm_update='ip_src'")
                EH_IF_SET("f &gt; 2", "print(go %f %r);t(ip_dst)=1", "s1",
                          EH_TIMER("c", "ip_src", "1")))
          EH_IN("s1", EH_USE("m", "vd_update='ip_src-dst_port' "
                             "vm_update='ip_src'")
                EH_IF("true", "print(on %m)", ""))
          EH_IN("s2", EH_IF("true", "m.reset(ip_src)", "s0"))));

#endif /* tests/unit/engine-programs.h */
