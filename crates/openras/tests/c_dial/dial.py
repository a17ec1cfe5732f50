"""Dials by ctypes, as scripts for Windows do: a RASDIALFUNC1 that hangs up by itself, and a synchronous dial.

dial.py LIBRARY ENTRY USER PASSWORD
"""

import ctypes
import sys
import threading

library, entry, user, password = sys.argv[1:]
ras = ctypes.CDLL(library)
HRASCONN = ctypes.c_void_p


class RASDIALPARAMSA(ctypes.Structure):
    _pack_ = 4
    _fields_ = [
        ("dwSize", ctypes.c_uint32),
        ("szEntryName", ctypes.c_char * 257),
        ("szPhoneNumber", ctypes.c_char * 129),
        ("szCallbackNumber", ctypes.c_char * 129),
        ("szUserName", ctypes.c_char * 257),
        ("szPassword", ctypes.c_char * 257),
        ("szDomain", ctypes.c_char * 16),
        ("dwSubEntry", ctypes.c_uint32),
        ("dwCallbackId", ctypes.c_size_t),
    ]


class RASCONNSTATUSA(ctypes.Structure):
    _pack_ = 4
    _fields_ = [
        ("dwSize", ctypes.c_uint32),
        ("rasconnstate", ctypes.c_uint32),
        ("dwError", ctypes.c_uint32),
        ("szDeviceType", ctypes.c_char * 17),
        ("szDeviceName", ctypes.c_char * 129),
    ]


assert ctypes.sizeof(RASDIALPARAMSA) == 1064
RASDIALFUNC1 = ctypes.CFUNCTYPE(
    None, HRASCONN, ctypes.c_uint, ctypes.c_int, ctypes.c_uint32, ctypes.c_uint32
)
ras.RasDialA.argtypes = [
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.POINTER(RASDIALPARAMSA),
    ctypes.c_uint32,
    ctypes.c_void_p,
    ctypes.POINTER(HRASCONN),
]
ras.RasHangUpA.argtypes = [HRASCONN]
ras.RasGetConnectStatusA.argtypes = [HRASCONN, ctypes.POINTER(RASCONNSTATUSA)]


def params(word):
    return RASDIALPARAMSA(
        dwSize=ctypes.sizeof(RASDIALPARAMSA),
        szEntryName=entry.encode(),
        szUserName=user.encode(),
        szPassword=word.encode(),
    )


def gone(connection):
    status = RASCONNSTATUSA(dwSize=ctypes.sizeof(RASCONNSTATUSA))
    for _ in range(6000):
        if ras.RasGetConnectStatusA(connection, ctypes.byref(status)) == 6:
            return
        threading.Event().wait(0.01)
    raise SystemExit("the handle is still known")


def asynchronous(word):
    done, states = threading.Event(), []

    def told(connection, message, state, error, more):
        states.append((state, error))
        assert message == 0xCCCD and more == 0
        if error or state & 0x2000:
            assert ras.RasHangUpA(connection) == 0
            done.set()

    func, connection = RASDIALFUNC1(told), HRASCONN()
    given = ctypes.cast(func, ctypes.c_void_p)
    assert ras.RasDialA(None, None, params(word), 1, given, ctypes.byref(connection)) == 0
    assert done.wait(60), states
    gone(connection)
    return states


states = asynchronous(password)
assert states[0] == (0, 0) and states[-1] == (0x2000, 0), states
states = asynchronous("wrong")
assert states[-1] == (6, 691), states

connection = HRASCONN()
assert ras.RasDialA(None, None, params(password), 0, None, ctypes.byref(connection)) == 0
status = RASCONNSTATUSA(dwSize=ctypes.sizeof(RASCONNSTATUSA))
assert ctypes.sizeof(RASCONNSTATUSA) == 160
assert ras.RasGetConnectStatusA(connection, ctypes.byref(status)) == 0
assert (status.rasconnstate, status.dwError) == (0x2000, 0)
assert ras.RasHangUpA(connection) == 0
gone(connection)
print("good")
