# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# Scripts that need root and start real daemons.  Add a test to SYSTEM_TESTS
# (name it NAME.sh or NAME.py) and what tests share to EXTRA_DIST.

SYSTEM_TESTS += \
	tests/system/test-xfsm-ctl.sh

EXTRA_DIST += $(SYSTEM_TESTS)
