/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef TESTS_UNIT_OCCASION_H
#define TESTS_UNIT_OCCASION_H 1

/* Programs of dialect 2 for tests of events that come without a packet of the
 * port. */

#include "tests/unit/engine-harness.h"

#define A "10.0.0.1"
#define B "10.0.0.2"
#define C "10.0.0.3"

#define SECOND UINT64_C(1000000000)

#define PROGRAM2(NAME, BODY) \
    "<xfsm name='" NAME "'>" EH_STATE("s0") EH_STATE("s1") BODY "</xfsm>"
#define ON(TYPE, ATTRS, BODY) \
    "<event type='" TYPE "' " ATTRS ">" BODY "</event>"
#define SAY(TEXT) EH_IF("true", "Publish(log, " TEXT ")", "")

#define TICK(EVERY, BODY) ON("period", "every='" EVERY "'", BODY)
#define HEAR(TOPIC, KEY, BODY) \
    ON("message", "topic='" TOPIC "' primary-key='" KEY "'", BODY)

static inline void
begin(struct eh *eh, const char *xml)
{
    eh_init(eh);
    eh_load(eh, "p", xml);
}

#endif /* tests/unit/occasion.h */
