/* The module of the bench: a Send and a Receive of one byte, over and over, until the byte is q. */
#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <stdlib.h>
#include <string.h>

typedef struct Call {
    HPORT port;
    PBYTE out, in;
    VOID(WINAPI *complete)(SECURITY_MESSAGE *);
} Call;

static DWORD WINAPI dialog(LPVOID parameter)
{
    Call call = *(Call *)parameter;
    SECURITY_MESSAGE message;
    HANDLE event = CreateEvent(NULL, FALSE, FALSE, NULL);
    free(parameter);
    call.out[0] = '.';
    call.in[0] = 0;
    while (call.in[0] != 'q') {
        WORD length = 1;
        RasSecurityDialogSend(call.port, call.out, 1);
        if (RasSecurityDialogReceive(call.port, call.in, &length, 0, event) != PENDING)
            break;
        WaitForSingleObject(event, INFINITE);
        if (length == 0)
            break;
    }
    CloseHandle(event);
    memset(&message, 0, sizeof message);
    message.hPort = call.port;
    message.dwMsgId = SECURITYMSG_FAILURE;
    call.complete(&message);
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    Call *call = calloc(1, sizeof *call);
    HANDLE thread;
    if (!call || !SendBufSize || !RecvBufSize)
        return ERROR_NOT_ENOUGH_MEMORY;
    call->port = hPort;
    call->out = pSendBuf;
    call->in = pRecvBuf;
    call->complete = RasSecurityDialogComplete;
    thread = CreateThread(NULL, 0, dialog, call, 0, NULL);
    if (!thread)
        return GetLastError();
    CloseHandle(thread);
    return NO_ERROR;
}

DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    (void)hPort;
    return NO_ERROR;
}
