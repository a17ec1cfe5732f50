/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A security module of the original interface for a program at the other end, not a person: it sends a record of fixed
 * size and receives one of fixed size.
 *
 *   to the caller    "OR1?" and 8 digits of challenge                                      12 bytes
 *   from the caller  name, padded with NUL to 24; 8 hexadecimal digits of answer           32 bytes
 *
 * The answer is FNV-1a, 32 bits, over key, challenge and name. That shows where a computation goes; it is no protection:
 * a real module has a real MAC, and its keys in a file of its own folder.
 */
#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME 24
#define ANSWER 8
#define RECORD (NAME + ANSWER)

static const char KEY[] = "the example's key";

typedef DWORD(WINAPI *SENDPROC)(HPORT, PBYTE, WORD);
typedef DWORD(WINAPI *RECEIVEPROC)(HPORT, PBYTE, PWORD, DWORD, HANDLE);
static SENDPROC Send;
static RECEIVEPROC Receive;

typedef struct Call {
    HPORT port;
    PBYTE send, receive;
    VOID(WINAPI *complete)(SECURITY_MESSAGE *);
    HANDLE event;
} Call;

static DWORD mix(DWORD hash, const char *bytes, size_t length)
{
    for (size_t n = 0; n < length; n++)
        hash = (hash ^ (BYTE)bytes[n]) * 16777619u;
    return hash;
}

static DWORD challenge(void)
{
    DWORD number = 0;
    FILE *random = fopen("/dev/urandom", "rb");
    if (!random)
        return 0;
    if (fread(&number, sizeof number, 1, random) != 1)
        number = 0;
    fclose(random);
    return number % 99999999 + 1;
}

static DWORD WINAPI dialog(LPVOID parameter)
{
    Call call = *(Call *)parameter;
    SECURITY_MESSAGE message;
    char digits[ANSWER + 1], expected[ANSWER + 1], name[NAME + 1];
    DWORD number = challenge();
    WORD length = RECORD;
    free(parameter);
    memset(&message, 0, sizeof message);
    message.hPort = call.port;
    message.dwMsgId = SECURITYMSG_ERROR;
    message.dwError = ERROR_REQUEST_TIMEOUT;

    sprintf(digits, "%08u", number);
    memcpy(call.send, "OR1?", 4);
    memcpy(call.send + 4, digits, ANSWER);
    if (number == 0 || Send(call.port, call.send, 4 + ANSWER) != PENDING
        || Receive(call.port, call.receive, &length, 30, call.event) != PENDING) {
        message.dwError = ERROR_PORT_DISCONNECTED;
    } else {
        WaitForSingleObject(call.event, INFINITE);
        if (length == RECORD) {
            DWORD hash = mix(2166136261u, KEY, sizeof KEY - 1);
            memcpy(name, call.receive, NAME);
            name[NAME] = '\0';
            hash = mix(mix(hash, digits, ANSWER), name, strlen(name));
            sprintf(expected, "%08x", hash);
            message.dwError = NO_ERROR;
            message.dwMsgId = memcmp(expected, call.receive + NAME, ANSWER) ? SECURITYMSG_FAILURE : SECURITYMSG_SUCCESS;
            lstrcpyA(message.UserName, name);
        }
    }
    CloseHandle(call.event);
    call.complete(&message);
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    HMODULE rasman = LoadLibrary(TEXT("C:\\WINNT\\System32\\rasman.dll"));
    Call *call;
    HANDLE thread;
    if (!rasman)
        return GetLastError();
    Send = (SENDPROC)(void (*)(void))GetProcAddress(rasman, "RasSecurityDialogSend");
    Receive = (RECEIVEPROC)(void (*)(void))GetProcAddress(rasman, "RasSecurityDialogReceive");
    if (!Send || !Receive || SendBufSize < 4 + ANSWER || RecvBufSize < RECORD)
        return ERROR_BUFFER_TOO_SMALL;
    call = calloc(1, sizeof *call);
    if (!call)
        return ERROR_NOT_ENOUGH_MEMORY;
    call->port = hPort;
    call->send = pSendBuf;
    call->receive = pRecvBuf;
    call->complete = RasSecurityDialogComplete;
    call->event = CreateEvent(NULL, TRUE, FALSE, NULL);
    thread = call->event ? CreateThread(NULL, 0, dialog, call, 0, NULL) : NULL;
    if (!thread) {
        if (call->event)
            CloseHandle(call->event);
        free(call);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    CloseHandle(thread);
    return NO_ERROR;
}

/* The thread hears of a line that is gone by its Receive, and completes then: until it has, the buffers are needed. */
DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    (void)hPort;
    return NO_ERROR;
}
