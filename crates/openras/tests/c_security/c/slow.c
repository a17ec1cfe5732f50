/* A module whose Begin takes its time, for many calls in one process. */
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
    HANDLE event = CreateEvent(NULL, FALSE, FALSE, NULL);
    SECURITY_MESSAGE message;
    WORD length = 1;
    free(parameter);
    memcpy(call.out, "ready", 5);
    RasSecurityDialogSend(call.port, call.out, 5);
    RasSecurityDialogReceive(call.port, call.in, &length, 0, event);
    WaitForSingleObject(event, INFINITE);
    CloseHandle(event);
    memset(&message, 0, sizeof message);
    message.hPort = call.port;
    message.dwMsgId = length && call.in[0] == 'y' ? SECURITYMSG_SUCCESS : SECURITYMSG_FAILURE;
    lstrcpyA(message.UserName, "alice");
    call.complete(&message);
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    Call *call = malloc(sizeof *call);
    (void)SendBufSize;
    (void)RecvBufSize;
    Sleep(700);
    if (!call)
        return ERROR_NOT_ENOUGH_MEMORY;
    call->port = hPort;
    call->out = pSendBuf;
    call->in = pRecvBuf;
    call->complete = RasSecurityDialogComplete;
    return CreateThread(NULL, 0, dialog, call, 0, NULL) ? NO_ERROR : GetLastError();
}

DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    (void)hPort;
    return NO_ERROR;
}
