# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The collector of xfsm-controller with a Kafka that wants TLS, and to know
who it is (lib/kafkatls.py).  Nothing is sent to one that is not who it should
be, and once what is wrong is mended no alert is missing."""

import os
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
from collecttest import Collector                           # noqa: E402
from kafkatest import BROKER, Kafka                         # noqa: E402
from kafkatls import KafkaTls                               # noqa: E402
from tlstest import Certificates, need_openssl, options, secret  # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402


def server_context(ca, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca.path(name + ".crt"), ca.path(name + ".key"))
    return context


def wait_names(kafka, port, n, collector):
    """Waits until just the events 1 to N of a port are there, once."""
    want = ["hv1/br0/vm1/%d/%d" % (port.epoch, i) for i in range(1, n + 1)]
    wait_until(lambda: sorted(kafka.names()) == sorted(want), 30,
               collector.show)


def test_server():
    """An authority we do not know, a certificate of another host, and then
    the right one."""
    with hubtest.Hub() as hub, Kafka(hub.dir) as kafka:
        good = Certificates(hub.dir)
        bad = Certificates(hub.dir, "bad")
        good.sign("server", "IP:127.0.0.1")
        good.sign("other", "DNS:example.com")
        a = hub.join("vm1")
        for ca, name in (bad, "server"), (good, "other"):
            a.send()
            with KafkaTls(kafka, server_context(good, name)) as proxy, \
                    Collector(hub, *options(ca=ca.ca),
                              events=proxy.url) as collector:
                collector.start()
                collector.wait_log("certificate verify failed")
                collector.wait_saved("vm1", a.seq)
                check(" not connected" in collector.show(), collector.show())
                collector.exit()
                check(proxy.failed_handshakes, "there was no handshake")
        check(not kafka.names(), str(kafka.names()))
        with KafkaTls(kafka, server_context(good, "server")) as proxy, \
                Collector(hub, *options(ca=good.ca),
                          events=proxy.url) as collector:
            a.send()
            collector.start()
            wait_names(kafka, a, 3, collector)


def test_client_certificate():
    """A server that wants one, first of another authority."""
    with hubtest.Hub() as hub, Kafka(hub.dir) as kafka:
        ca = Certificates(hub.dir)
        bad = Certificates(hub.dir, "bad")
        ca.sign("server", "IP:127.0.0.1")
        ca.sign("client", "DNS:client")
        bad.sign("stranger", "DNS:client")
        context = server_context(ca, "server")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca.ca)
        a = hub.join("vm1")
        a.send()
        with KafkaTls(kafka, context) as proxy, \
                Collector(hub, *options(ca=ca.ca),
                          events=proxy.url) as collector:
            collector.start(*options(cert=ca.path("stranger.crt"),
                                     key=ca.path("stranger.key")))
            wait_until(lambda: proxy.failed_handshakes, 15, collector.show)
            collector.wait_saved("vm1", 1)
            collector.exit()
            check(not kafka.names(), str(kafka.names()))
            collector.start(*options(cert=ca.path("client.crt"),
                                     key=ca.path("client.key")))
            wait_names(kafka, a, 1, collector)


def test_password():
    """A wrong one, which is mended while the controller runs."""
    with hubtest.Hub() as hub, Kafka(hub.dir) as kafka:
        ca = Certificates(hub.dir)
        ca.sign("server", "IP:127.0.0.1")
        password = secret(hub, "password", "wrong one\n")
        a = hub.join("vm1")
        a.send()
        with KafkaTls(kafka, server_context(ca, "server"),
                      ("xfsm", "right one")) as proxy, \
                Collector(hub, *options(ca=ca.ca, sasl="PLAIN", user="xfsm",
                                        password_file=password),
                          events=proxy.url) as collector:
            collector.start()
            collector.wait_log("who are you?")
            collector.wait_saved("vm1", 1)
            check(proxy.wrong_logins and not proxy.logins, "logged in")
            check(not kafka.names(), str(kafka.names()))
            secret(hub, "password", "right one\n")
            wait_names(kafka, a, 1, collector)
            a.send()
            wait_names(kafka, a, 2, collector)
            for said in "right one", "wrong one":
                check(said not in collector.log(), collector.log())


if __name__ == "__main__":
    need_openssl()
    if not os.path.exists(BROKER):
        xfsmtest.skip("librdkafka was missing at build time "
                      "(utilities/setup-deps)")
    hubtest.main(test_server, test_client_certificate, test_password)
