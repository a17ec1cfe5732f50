/* Receives in pieces and with time-outs, and tells the caller what came. */
#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <stdio.h>
#include <string.h>

static HPORT port;
static PBYTE out, in;
static VOID(WINAPI *complete)(SECURITY_MESSAGE *);

static void say(const char *text)
{
    memcpy(out, text, strlen(text));
    RasSecurityDialogSend(port, out, (WORD)strlen(text));
}

/* What a Receive gave: its length, LastError and the first byte, and about how long it took. */
static WORD wait(HANDLE event, WORD length, DWORD timeout)
{
    char text[80];
    RAS_SECURITY_INFO info;
    ULONGLONG began = GetTickCount64();
    DWORD result = RasSecurityDialogReceive(port, in, &length, timeout, event);
    info.LastError = result;
    if (result == PENDING) {
        WaitForSingleObject(event, INFINITE);
        if (RasSecurityDialogGetInfo(port, &info) != NO_ERROR)
            info.LastError = ERROR_INVALID_PORT_HANDLE;
    } else {
        length = 0; /* the line went before it was asked */
    }
    sprintf(text, "[%u %u %c%c %u]", length, info.LastError, length ? in[0] : '-', length ? in[length - 1] : '-',
        GetTickCount64() - began >= 1000 && timeout ? 1 : 0);
    fprintf(stderr, "%s\n", text);
    say(text);
    return length;
}

static DWORD WINAPI dialog(LPVOID parameter)
{
    SECURITY_MESSAGE message;
    HANDLE event = CreateEvent(NULL, FALSE, FALSE, NULL);
    (void)parameter;
    say("ready");
    for (int n = 0; n < 3; n++)
        wait(event, 100, 0);
    wait(event, 4, 1);
    wait(event, 4, 0);
    wait(event, 1, 0);
    memset(&message, 0, sizeof message);
    message.hPort = port;
    message.dwMsgId = SECURITYMSG_ERROR;
    message.dwError = 4711;
    CloseHandle(event);
    complete(&message);
    fprintf(stderr, "completed\n");
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    (void)SendBufSize;
    (void)RecvBufSize;
    port = hPort;
    out = pSendBuf;
    in = pRecvBuf;
    complete = RasSecurityDialogComplete;
    return CreateThread(NULL, 0, dialog, NULL, 0, NULL) ? NO_ERROR : GetLastError();
}

DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    (void)hPort;
    fprintf(stderr, "end\n");
    return NO_ERROR; /* Complete is still to come, or has come */
}
