# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Just enough of ZeroMQ for tests, on libzmq itself (pyzmq is not needed)."""

import ctypes
import ctypes.util

SUB, XSUB, XPUB, DEALER = 2, 10, 9, 5
SUBSCRIBE, IDENTITY, RCVHWM, LINGER, RCVTIMEO = 6, 5, 24, 17, 27
CURVE_PUBLICKEY, CURVE_SECRETKEY, CURVE_SERVERKEY = 48, 49, 50
CURVE_SERVER = 47
RCVMORE, DONTWAIT, SNDMORE = 13, 1, 2
RCVBUF, SNDHWM = 12, 23

_name = ctypes.util.find_library("zmq") or "libzmq.so.5"
_lib = ctypes.CDLL(_name, use_errno=True)
_lib.zmq_ctx_new.restype = ctypes.c_void_p
_lib.zmq_ctx_term.argtypes = [ctypes.c_void_p]
_lib.zmq_socket.restype = ctypes.c_void_p
_lib.zmq_socket.argtypes = [ctypes.c_void_p, ctypes.c_int]
_lib.zmq_close.argtypes = [ctypes.c_void_p]
_lib.zmq_connect.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
_lib.zmq_bind.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
_lib.zmq_setsockopt.argtypes = [ctypes.c_void_p, ctypes.c_int,
                                ctypes.c_char_p, ctypes.c_size_t]
_lib.zmq_getsockopt.argtypes = [ctypes.c_void_p, ctypes.c_int,
                                ctypes.c_void_p, ctypes.c_void_p]
_lib.zmq_send.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t,
                          ctypes.c_int]
_lib.zmq_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t,
                          ctypes.c_int]


class Socket:
    """A socket with a context of its own."""

    def __init__(self, kind, endpoint=None, **options):
        self.context = _lib.zmq_ctx_new()
        self.socket = _lib.zmq_socket(self.context, kind)
        self.buffer = ctypes.create_string_buffer(65536)
        self.set(LINGER, 0)
        for name, value in options.items():
            self.set(globals()[name], value)
        if endpoint:
            self.connect(endpoint)

    def set(self, option, value):
        if isinstance(value, int):
            value = value.to_bytes(4, "little", signed=True)
        if _lib.zmq_setsockopt(self.socket, option, value, len(value)):
            raise OSError(ctypes.get_errno(), "zmq_setsockopt")

    def connect(self, endpoint):
        if _lib.zmq_connect(self.socket, endpoint.encode()):
            raise OSError(ctypes.get_errno(), "zmq_connect " + endpoint)

    def bind(self, endpoint):
        if _lib.zmq_bind(self.socket, endpoint.encode()):
            raise OSError(ctypes.get_errno(), "zmq_bind " + endpoint)

    def send(self, *frames):
        for i, frame in enumerate(frames):
            more = SNDMORE if i + 1 < len(frames) else 0
            if _lib.zmq_send(self.socket, frame, len(frame), more) < 0:
                raise OSError(ctypes.get_errno(), "zmq_send")

    def recv(self, timeout=0.0):
        """Frames of the next message, or None if there is none in time."""
        self.set(RCVTIMEO, int(timeout * 1000))
        frames = []
        more = ctypes.c_int(1)
        size = ctypes.c_size_t(ctypes.sizeof(more))
        while more.value:
            n = _lib.zmq_recv(self.socket, self.buffer, len(self.buffer), 0)
            if n < 0:
                return None
            frames.append(self.buffer.raw[:min(n, len(self.buffer))])
            _lib.zmq_getsockopt(self.socket, RCVMORE, ctypes.byref(more),
                                ctypes.byref(size))
        return frames

    def close(self):
        if self.socket:
            _lib.zmq_close(self.socket)
            _lib.zmq_ctx_term(self.context)
            self.socket = None
