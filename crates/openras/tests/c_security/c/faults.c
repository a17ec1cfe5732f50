/* A module that fails: in Begin as IN_BEGIN says, else as its caller says in a word. */
#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <stdlib.h>
#include <string.h>

enum { GOOD, CRASHES, HANGS, EXITS, REFUSES, COMPLETES };

static HPORT port;
static PBYTE out, in;
static DWORD size;
static VOID(WINAPI *complete)(SECURITY_MESSAGE *);

static void verdict(DWORD id, const char *user)
{
    SECURITY_MESSAGE message;
    memset(&message, 0, sizeof message);
    message.dwMsgId = id;
    message.hPort = port;
    lstrcpyA(message.UserName, user);
    complete(&message);
}

static void crash(void)
{
    /* not raise(SIGSEGV): the standard library of the host looks where it was, and goes on where it was sent */
    *(volatile int *)16 = 1;
}

static void sleep_for_ever(void)
{
    for (;;)
        Sleep(INFINITE);
}

/* A word of the caller, up to its CR. */
static void word(char *to, size_t most)
{
    HANDLE event = CreateEvent(NULL, FALSE, FALSE, NULL);
    size_t length = 0;
    for (;;) {
        WORD one = 1;
        if (RasSecurityDialogReceive(port, in, &one, 60, event) != PENDING)
            break;
        WaitForSingleObject(event, INFINITE);
        if (one == 0 || in[0] == '\r' || length + 1 == most)
            break;
        to[length++] = (char)in[0];
    }
    to[length] = '\0';
    CloseHandle(event);
}

static DWORD WINAPI dialog(LPVOID parameter)
{
    char said[32];
    (void)parameter;
    memcpy(out, "Word: ", 6);
    RasSecurityDialogSend(port, out, 6);
    word(said, sizeof said);
    if (strcmp(said, "crash") == 0)
        crash();
    else if (strcmp(said, "abort") == 0)
        abort();
    else if (strcmp(said, "exit") == 0)
        exit(0);
    else if (strcmp(said, "overrun") == 0)
        memset(out, 'x', size + 1);
    else if (strcmp(said, "overread") == 0)
        memset(in, in[size], 1);
    else if (strcmp(said, "hang") == 0)
        sleep_for_ever();
    else if (strcmp(said, "flood") == 0)
        for (;;)
            RasSecurityDialogSend(port, out, 1);
    else if (strcmp(said, "leave") == 0)
        return 0; /* without a verdict */
    else if (strcmp(said, "twice") == 0)
        verdict(SECURITYMSG_FAILURE, "bob");
    if (strcmp(said, "delay") != 0)
        verdict(SECURITYMSG_SUCCESS, "alice");
    else {
        word(said, sizeof said); /* woken by the end of the call */
        verdict(SECURITYMSG_SUCCESS, "late");
    }
    if (strcmp(said, "after") == 0)
        crash();
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    (void)RecvBufSize;
    port = hPort;
    out = pSendBuf;
    size = SendBufSize;
    in = pRecvBuf;
    complete = RasSecurityDialogComplete;
    switch (IN_BEGIN) {
    case CRASHES:
        crash();
        break;
    case HANGS:
        sleep_for_ever();
        break;
    case EXITS:
        exit(0);
    case REFUSES:
        return ERROR_PORT_NOT_CONFIGURED;
    case COMPLETES:
        verdict(SECURITYMSG_FAILURE, "bob");
        return NO_ERROR;
    }
    return CreateThread(NULL, 0, dialog, NULL, 0, NULL) ? NO_ERROR : GetLastError();
}

DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    (void)hPort;
    return NO_ERROR;
}
