# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Events of a program about itself, on a port: it tells of its start, of
periods, also while no packet comes, and of its end, when it is replaced and
when the port is no longer monitored.  Programs of one port hear each other."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import Subscriber, check, wait_until          # noqa: E402

# Says what happens to it.
LIFE = """<xfsm name="life" version="%d">
  <statedef id="s"/>
  <event type="start"><state id="s">
    <condition expression="true" action="Publish(life, start %d)"/>
  </state></event>
  <event type="period" every="0.2"><state id="s">
    <condition expression="true" action="Publish(life, period %d)"/>
  </state></event>
  <event type="stop"><state id="s">
    <condition expression="true" action="Publish(life, stop %d)"/>
  </state></event>
</xfsm>
"""

# Answers what "life" says.
ECHO = """<xfsm name="echo">
  <statedef id="s"/>
  <event type="message" topic="life/life" primary-key="msg_program">
    <state id="s">
      <condition expression="true" action="Publish(life, heard %msg_program)"/>
    </state>
  </event>
</xfsm>
"""


def store(host, name, text):
    path = os.path.join(host.dir, name + ".xml")
    with open(path, "w") as f:
        f.write(text)
    host.xfsm_ctl("add-program", path)


def test(host):
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1", "10.0.0.1/24")
    store(host, "life", LIFE % (1, 1, 1, 1))
    store(host, "echo", ECHO)
    subscriber = Subscriber(host, "life")

    def texts():
        return [e["text"] for e in subscriber.events()]

    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=life,echo")
    host.wait_status("vm1", "running")

    # A packet tells the time, from which on no more are needed.
    vm.run("ping", "-c1", "-W1", "10.0.0.9", ok=(0, 1, 2))
    wait_until(lambda: texts().count("period 1") >= 5, 10,
               texts)
    check(texts().count("start 1") == 1, texts())
    wait_until(lambda: texts().count("heard life") >= 5, 10,
               texts)
    check("stop 1" not in texts(), texts())

    # A new version ends the old one, and begins.
    store(host, "life", LIFE % (2, 2, 2, 2))
    wait_until(lambda: "stop 1" in texts(), 10, texts)
    wait_until(lambda: "period 2" in texts(), 10,
               texts)

    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm")
    wait_until(lambda: "stop 2" in texts(), 10, texts)
    host.check_log()


if __name__ == "__main__":
    xfsmtest.main(test)
