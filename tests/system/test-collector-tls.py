# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The collector of xfsm-controller with brokers that want TLS, and to know who
it is.  What is wrong is told and refused, and once that is mended no alert is
missing."""

import collections
import os
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import kafkatest                                            # noqa: E402
import natstest                                             # noqa: E402
import xfsmtest                                             # noqa: E402
from collecttest import Collector, has_sink                 # noqa: E402
from tlstest import Certificates, need_openssl, options, secret  # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

# A pair of keys that the documentation of NATS has.
NKEY = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"
SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"


def wait_stream(nats, collector, n):
    """Waits until just the events 1 to N of vm1 are there, once."""
    nats.wait_count(n, collector.show)
    wait_until(lambda: " 0 pending" in collector.show(), 15, collector.show)
    got = collections.Counter(e["seq"] for _, _, e in nats.messages())
    check(got == collections.Counter(range(1, n + 1)), str(got))


def test_password():
    """A wrong authority, a wrong password, and then right ones."""
    with hubtest.Hub() as hub:
        good = Certificates(hub.dir)
        bad = Certificates(hub.dir, "bad")
        extra = ("tls { %s }\nauthorization { user: xfsm, password: "
                 "\"right one\" }\n" % good.sign("server", "IP:127.0.0.1"))
        with natstest.Nats(hub.dir, extra=extra, login={
                "user": "xfsm", "pass": "right one"},
                tls=ssl.create_default_context(cafile=good.ca)) as nats, \
                Collector(hub, events=nats.url) as collector:
            a = hub.join("vm1")
            password = secret(hub, "password", "wrong one\n")
            who = options(user="xfsm", password_file=password)
            a.send()
            collector.start(*who, *options(ca=bad.ca))
            collector.wait_log("local issuer certificate")
            a.send()
            collector.wait_saved("vm1", 2)
            collector.exit()
            collector.start(*who, *options(ca=good.ca))
            collector.wait_log("Authorization")
            a.send()
            wait_until(lambda: " 3 pending" in collector.show(), 15,
                       collector.show)
            check(nats.count() == 0, str(nats.info()))
            secret(hub, "password", "right one\n")
            wait_stream(nats, collector, 3)
            with open("/proc/%d/cmdline" % collector.process.pid) as f:
                check("right one" not in f.read(), "the password is told")
            check("right one" not in collector.log(), collector.log())


def test_server_name():
    """A certificate of another host is none."""
    with hubtest.Hub() as hub:
        ca = Certificates(hub.dir)
        extra = "tls { %s }\n" % ca.sign("server", "DNS:example.com")
        tls = ssl.create_default_context(cafile=ca.ca)
        tls.check_hostname = False
        with natstest.Nats(hub.dir, extra=extra, tls=tls) as nats, \
                Collector(hub, *options(ca=ca.ca),
                          events=nats.url) as collector:
            collector.start()
            collector.wait_log("mismatch")
            check(" not connected" in collector.show(), collector.show())


def test_client_certificate():
    """A server that wants one, first of another authority."""
    with hubtest.Hub() as hub:
        ca = Certificates(hub.dir)
        bad = Certificates(hub.dir, "bad")
        extra = 'tls { %s, ca_file: "%s", verify: true }\n' % (
            ca.sign("server", "IP:127.0.0.1"), ca.ca)
        ca.sign("client", "DNS:client")
        bad.sign("stranger", "DNS:client")
        tls = ssl.create_default_context(cafile=ca.ca)
        tls.load_cert_chain(ca.path("client.crt"), ca.path("client.key"))
        with natstest.Nats(hub.dir, extra=extra, tls=tls) as nats, \
                Collector(hub, *options(ca=ca.ca),
                          events=nats.url) as collector:
            a = hub.join("vm1")
            a.send()
            collector.start(*options(cert=ca.path("stranger.crt"),
                                     key=ca.path("stranger.key")))
            collector.wait_log("cannot connect")
            collector.exit()
            collector.start(*options(cert=ca.path("client.crt"),
                                     key=ca.path("client.key")))
            wait_stream(nats, collector, 1)


def test_nkey():
    with hubtest.Hub() as hub, natstest.Nats(
            hub.dir, extra="authorization { users: [ { nkey: %s }, "
            "{ user: reader, password: reader } ] }\n" % NKEY,
            login={"user": "reader", "pass": "reader"}) as nats, \
            Collector(hub, events=nats.url) as collector:
        a = hub.join("vm1")
        a.send()
        collector.start()
        collector.wait_log("cannot connect")
        collector.exit()
        collector.start(*options(nkey=NKEY,
                                 nkey_seed=secret(hub, "seed", SEED)))
        wait_stream(nats, collector, 1)


def test_refusals():
    """What cannot be right is refused before anything is done."""
    with hubtest.Hub() as hub, Collector(hub) as collector:
        good = secret(hub, "password", "x")

        def refused(text, events, **kwargs):
            collector.path = events
            collector.keys = options(**kwargs)
            said = collector.refused()
            check(text in said, "\"%s\" in: %s" % (text, said))

        nats = "nats://127.0.0.1:1"
        refused("use \"user\" and \"password-file\"", "nats://a:b@h:1")
        refused("need each other", nats, user="a")
        refused("need each other", nats, cert=good)
        refused("only one of", nats, user="a", password_file=good, creds=good)
        refused("everybody may read", nats, user="a",
                password_file=secret(hub, "open", "x", 0o644))
        refused("cannot read", nats, user="a",
                password_file=os.path.join(hub.dir, "none"))
        refused("must be one line", nats, user="a",
                password_file=secret(hub, "lines", "a\nb\n"))
        refused("is for Kafka only", nats, sasl="PLAIN")


def test_kafka_options():
    """They reach librdkafka, which refuses what it cannot use."""
    if not os.path.exists(kafkatest.BROKER):
        return
    with hubtest.Hub() as hub, kafkatest.Kafka(hub.dir) as kafka, \
            Collector(hub, events=kafka.url) as collector:
        a = hub.join("vm1")
        password = secret(hub, "password", "x")
        who = {"user": "xfsm", "password_file": password}

        def refused(text, **kwargs):
            collector.keys = options(**kwargs)
            said = collector.refused()
            check(text in said, "\"%s\" in: %s" % (text, said))

        refused("needs TLS", sasl="PLAIN", **who)
        refused("must be PLAIN, SCRAM-SHA-256", sasl="GSSAPI", **who)
        refused("need each other", **who)
        refused("ca.location", ca=os.path.join(hub.dir, "none"))
        # The mock cluster knows neither TLS nor SASL: what was asked for is
        # tried, and nothing is sent without it.
        a.send()
        for kwargs, text in ((dict(who, sasl="SCRAM-SHA-256"), "asl"),
                             (dict(who, sasl="PLAIN", tls=1), "SSL")):
            collector.keys = options(**kwargs)
            collector.start()
            collector.wait_log(text)
            wait_until(lambda: " 1 pending" in collector.show(), 15,
                       collector.show)
            collector.exit()
        check(not kafka.names(), str(kafka.names()))
        collector.keys = []
        collector.start()
        wait_until(lambda: len(kafka.names()) == 1, 30, collector.show)


if __name__ == "__main__":
    need_openssl()
    if not natstest.available() or not has_sink("nats://127.0.0.1:1"):
        xfsmtest.skip("nats-server or libnats-dev is missing "
                      "(utilities/setup-deps)")
    hubtest.main(test_password, test_server_name, test_client_certificate,
                 test_nkey, test_refusals, test_kafka_options)
