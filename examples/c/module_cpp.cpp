// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A security module of the original interface in C++: a class for a call, one thread each, and rasshost.h alone for the
// two exports to have C's names. It asks for the word of the day.
//
//   g++ -shared -fPIC -I include/openras -o module_cpp.so examples/c/module_cpp.cpp

#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>

namespace {

using Complete = VOID(WINAPI *)(SECURITY_MESSAGE *);

// The line of a call was lost, or its caller was too slow.
struct Lost {
    DWORD error;
};

// What RASMAN.DLL exports.
class Rasman {
  public:
    Rasman() : library(LoadLibrary(TEXT("RASMAN.DLL")))
    {
        if (library) {
            find(send, "RasSecurityDialogSend");
            find(receive, "RasSecurityDialogReceive");
            find(get_info, "RasSecurityDialogGetInfo");
        }
    }
    ~Rasman()
    {
        if (library)
            FreeLibrary(library);
    }
    Rasman(const Rasman &) = delete;
    Rasman &operator=(const Rasman &) = delete;
    explicit operator bool() const { return send && receive && get_info; }

    DWORD(WINAPI *send)(HPORT, PBYTE, WORD) = nullptr;
    DWORD(WINAPI *receive)(HPORT, PBYTE, PWORD, DWORD, HANDLE) = nullptr;
    DWORD(WINAPI *get_info)(HPORT, RAS_SECURITY_INFO *) = nullptr;

  private:
    template <typename Function> void find(Function &function, const char *name)
    {
        function = reinterpret_cast<Function>(reinterpret_cast<void (*)()>(GetProcAddress(library, name)));
    }
    HMODULE library;
};

Rasman rasman;

class Call {
  public:
    Call(HPORT port, PBYTE to, DWORD to_size, PBYTE from, Complete complete)
        : port(port), to(to), to_size(to_size), from(from), complete(complete), event(CreateEvent(nullptr, TRUE, FALSE, nullptr))
    {
    }
    ~Call()
    {
        if (thread) {
            WaitForSingleObject(thread, INFINITE);
            CloseHandle(thread);
        }
        if (event)
            CloseHandle(event);
    }
    Call(const Call &) = delete;
    Call &operator=(const Call &) = delete;

    bool start()
    {
        thread = event ? CreateThread(nullptr, 0, run, this, 0, nullptr) : nullptr;
        return thread != nullptr;
    }

  private:
    static DWORD WINAPI run(LPVOID call)
    {
        static_cast<Call *>(call)->dialog();
        return 0;
    }

    void dialog()
    {
        SECURITY_MESSAGE message = {};
        message.hPort = port;
        try {
            std::string name = line("Name: ");
            std::string word = line("Word of the day: ");
            message.dwMsgId = word == "sesame" ? SECURITYMSG_SUCCESS : SECURITYMSG_FAILURE;
            name.copy(message.UserName, UNLEN);
            say(message.dwMsgId == SECURITYMSG_SUCCESS ? "Welcome.\r\n" : "No.\r\n");
        } catch (const Lost &lost) {
            if (lost.error == ERROR_PORT_DISCONNECTED)
                return; // End is on its way
            message.dwMsgId = SECURITYMSG_ERROR;
            message.dwError = lost.error;
        }
        complete(&message);
    }

    void say(const std::string &text)
    {
        for (std::size_t at = 0; at < text.size();) {
            std::size_t part = std::min<std::size_t>(to_size, text.size() - at);
            std::memcpy(to, text.data() + at, part);
            DWORD result = rasman.send(port, to, static_cast<WORD>(part));
            if (result != PENDING)
                throw Lost{result};
            at += part;
        }
    }

    std::string line(const std::string &prompt)
    {
        std::string typed;
        say(prompt);
        for (;;) {
            WORD length = 1;
            DWORD result = rasman.receive(port, from, &length, 60, event);
            if (result != PENDING)
                throw Lost{result};
            WaitForSingleObject(event, INFINITE);
            if (length == 0) {
                RAS_SECURITY_INFO info = {};
                result = rasman.get_info(port, &info);
                throw Lost{result ? result : info.LastError};
            }
            char byte = static_cast<char>(from[0]);
            if (byte == '\r') {
                say("\r\n");
                return typed;
            }
            if (byte >= ' ' && typed.size() < UNLEN)
                typed += byte;
        }
    }

    HPORT port;
    PBYTE to;
    DWORD to_size;
    PBYTE from;
    Complete complete;
    HANDLE event;
    HANDLE thread = nullptr;
};

// Begin and End are called one at a time.
std::map<HPORT, std::unique_ptr<Call>> calls;

} // namespace

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    if (!rasman || RecvBufSize == 0)
        return ERROR_PROC_NOT_FOUND;
    auto call = std::make_unique<Call>(hPort, pSendBuf, SendBufSize, pRecvBuf, RasSecurityDialogComplete);
    if (!call->start())
        return ERROR_NOT_ENOUGH_MEMORY;
    calls[hPort] = std::move(call);
    return NO_ERROR;
}

DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    calls.erase(hPort);
    return ERROR_PORT_DISCONNECTED;
}
