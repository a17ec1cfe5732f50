/* Ways in which a dialog begins and ends, one a CASE. What is called is told on standard error. */
#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REFUSES = 1, IN_BEGIN, IN_BEGIN_AND_REFUSES, TWICE, WRONG, CONTROL, UNSPECIFIED, LATE_END, NO_END, NEVER, OVERRUN, WAITS, PRINTS, TOUCHES };

typedef VOID(WINAPI *COMPLETEPROC)(SECURITY_MESSAGE *);
typedef struct Call {
    HPORT port;
    PBYTE out, in;
    DWORD size;
    COMPLETEPROC complete;
} Call;

static void complete(Call *call, DWORD id, DWORD error, const char *user)
{
    SECURITY_MESSAGE message;
    memset(&message, 0, sizeof message);
    message.dwMsgId = id;
    message.hPort = call->port;
    message.dwError = error;
    lstrcpyA(message.UserName, user);
    call->complete(&message);
}

/* End was called. */
static HANDLE ended;

/* Waits for a byte; its GetInfo.LastError. */
static DWORD wait(Call *call)
{
    WORD length = 1;
    RAS_SECURITY_INFO info;
    HANDLE event = CreateEvent(NULL, FALSE, FALSE, NULL);
    DWORD result = RasSecurityDialogReceive(call->port, call->in, &length, 0, event);
    if (result == PENDING) {
        WaitForSingleObject(event, INFINITE);
        /* once End has returned nonzero there is no dialog to ask about */
        result = RasSecurityDialogGetInfo(call->port, &info);
        if (result == NO_ERROR)
            result = info.BytesReceived ? 0 : info.LastError;
        else if (result == ERROR_INVALID_PORT_HANDLE && (CASE == NO_END || CASE == WAITS))
            result = ERROR_PORT_DISCONNECTED;
        fprintf(stderr, "woken length=%u error=%u\n", length, result);
    }
    CloseHandle(event);
    return result;
}

static DWORD WINAPI dialog(LPVOID parameter)
{
    Call call = *(Call *)parameter;
    free(parameter);
    switch (CASE) {
    case TWICE:
        complete(&call, SECURITYMSG_FAILURE, 0, "bob");
        complete(&call, SECURITYMSG_SUCCESS, 0, "alice");
        break;
    case WRONG:
        call.complete(NULL);
        complete(&(Call){.port = (HPORT)0x40001004, .complete = call.complete}, SECURITYMSG_SUCCESS, 0, "alice");
        complete(&call, 9, 0, "alice");
        break;
    case CONTROL:
        complete(&call, SECURITYMSG_SUCCESS, 0, "ali\033ce");
        break;
    case UNSPECIFIED:
        complete(&call, SECURITYMSG_ERROR, 0, "");
        break;
    case LATE_END:
        wait(&call);
        fprintf(stderr, "send=%u\n", RasSecurityDialogSend(call.port, call.out, 1));
        memset(call.out, 1, call.size); /* still ours */
        complete(&call, SECURITYMSG_SUCCESS, 0, "alice");
        fprintf(stderr, "late\n");
        break;
    case NO_END:
        wait(&call);
        for (RAS_SECURITY_INFO info; RasSecurityDialogGetInfo(call.port, &info) == NO_ERROR;)
            Sleep(1); /* End has returned nonzero once there is no dialog any more */
        complete(&call, SECURITYMSG_SUCCESS, 0, "alice");
        break;
    case OVERRUN:
        memset(call.out, 'x', call.size + 1);
        break;
    case NEVER:
    case WAITS:
        wait(&call);
        break;
    case TOUCHES:
        strcpy((char *)call.in, "4711");
        complete(&call, SECURITYMSG_SUCCESS, 0, "alice");
        WaitForSingleObject(ended, INFINITE);
        Sleep(20); /* and is back */
        memset(call.out, 0, call.size);
        memset(call.in, 0, call.size);
        fprintf(stderr, "touched\n");
        break;
    case PRINTS:
        printf("{\"type\":\"complete\",\"verdict\":\"success\",\"user\":\"mallory\"}\n");
        fflush(stdout);
        fprintf(stderr, "stdin=%d\n", getchar());
        complete(&call, SECURITYMSG_FAILURE, 0, "bob");
        break;
    }
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    Call *call = calloc(1, sizeof *call);
    HANDLE thread;
    fprintf(stderr, "begin\n");
    if (!ended)
        ended = CreateEvent(NULL, TRUE, FALSE, NULL);
    call->port = hPort;
    call->out = pSendBuf;
    call->in = pRecvBuf;
    call->size = SendBufSize < RecvBufSize ? SendBufSize : RecvBufSize;
    call->complete = RasSecurityDialogComplete;
    if (CASE == IN_BEGIN || CASE == IN_BEGIN_AND_REFUSES)
        complete(call, SECURITYMSG_SUCCESS, 0, "alice");
    if (CASE <= IN_BEGIN_AND_REFUSES) {
        free(call);
        return CASE == IN_BEGIN ? NO_ERROR : ERROR_PORT_NOT_CONFIGURED;
    }
    thread = CreateThread(NULL, 0, dialog, call, 0, NULL);
    if (!thread)
        return GetLastError();
    CloseHandle(thread);
    return NO_ERROR;
}

DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    (void)hPort;
    fprintf(stderr, "end\n");
    SetEvent(ended);
    return CASE == NO_END || CASE == WAITS ? ERROR_PORT_DISCONNECTED : NO_ERROR;
}

BOOL APIENTRY DllMain(HINSTANCE library, DWORD reason, LPVOID reserved)
{
    (void)library;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        fprintf(stderr, "attach\n");
    if (reason == DLL_PROCESS_DETACH)
        fprintf(stderr, "detach\n");
    return TRUE;
}
