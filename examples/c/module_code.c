/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A security module of the original interface: asks for a name and a code, byte by byte, as modules always did. The name
 * is echoed, the code is masked; backspace works; three tries a call. docs/security-dlls.md goes through it.
 *
 *   gcc -shared -fPIC -I include/openras -o module_code.so examples/c/module_code.c
 *
 * Names and codes stand in `codes.txt` in the folder the module runs in, one "name code" a line; without that file the
 * two of EXAMPLE below let in, so that it can be tried.
 */
#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 64
#define TRIES 3
#define SECONDS 60

static const char *const EXAMPLE[][2] = {{"alice", "4711"}, {"bob", "0815"}};

typedef DWORD(WINAPI *SENDPROC)(HPORT, PBYTE, WORD);
typedef DWORD(WINAPI *RECEIVEPROC)(HPORT, PBYTE, PWORD, DWORD, HANDLE);
typedef DWORD(WINAPI *GETINFOPROC)(HPORT, RAS_SECURITY_INFO *);
typedef VOID(WINAPI *COMPLETEPROC)(SECURITY_MESSAGE *);

/* What RASMAN.DLL exports; there is no import library. */
static SENDPROC Send;
static RECEIVEPROC Receive;
static GETINFOPROC GetInfo;

/* One call. */
typedef struct Call {
    HPORT port;
    PBYTE send, receive;
    DWORD send_size;
    COMPLETEPROC complete;
    HANDLE event, thread;
    BYTE last;
    struct Call *next;
} Call;

static Call *calls;

static BOOL find_rasman(void)
{
    HMODULE rasman = LoadLibrary(TEXT("RASMAN.DLL"));
    if (!rasman)
        return FALSE;
    Send = (SENDPROC)(void (*)(void))GetProcAddress(rasman, "RasSecurityDialogSend");
    Receive = (RECEIVEPROC)(void (*)(void))GetProcAddress(rasman, "RasSecurityDialogReceive");
    GetInfo = (GETINFOPROC)(void (*)(void))GetProcAddress(rasman, "RasSecurityDialogGetInfo");
    return Send && Receive && GetInfo;
}

/* Text for the caller. PENDING is the good answer. */
static DWORD say(Call *call, const char *text)
{
    size_t length = strlen(text);
    if (length > call->send_size)
        length = call->send_size;
    memcpy(call->send, text, length);
    DWORD result = Send(call->port, call->send, (WORD)length);
    return result == PENDING ? NO_ERROR : result;
}

/* One byte of the caller. */
static DWORD key(Call *call, BYTE *byte)
{
    WORD length = 1;
    DWORD result = Receive(call->port, call->receive, &length, SECONDS, call->event);
    if (result != PENDING)
        return result;
    WaitForSingleObject(call->event, INFINITE);
    if (length == 0) {
        RAS_SECURITY_INFO info;
        result = GetInfo(call->port, &info);
        return result ? result : info.LastError ? info.LastError : ERROR_REQUEST_TIMEOUT;
    }
    *byte = call->receive[0];
    return NO_ERROR;
}

/* One line of the caller, with its echo: `mask` is what is shown for a byte, 0 the byte itself. */
static DWORD ask(Call *call, const char *prompt, char mask, char line[LONGEST + 1])
{
    DWORD length = 0, result = say(call, prompt);
    while (result == NO_ERROR) {
        BYTE byte = 0;
        result = key(call, &byte);
        if (result)
            break;
        BYTE before = call->last;
        call->last = byte;
        if (byte == '\n' && before == '\r')
            continue; /* the other half of a line's end */
        if (byte == '\r' || byte == '\n') {
            line[length] = '\0';
            return say(call, "\r\n");
        }
        if (byte == '\b' || byte == 0x7F) {
            if (length) {
                length--;
                result = say(call, "\b \b");
            }
        } else if (byte >= ' ' && length < LONGEST) {
            char shown[2] = {mask ? mask : (char)byte, '\0'};
            line[length++] = (char)byte;
            result = say(call, shown);
        }
    }
    return result;
}

/* Takes the same time whatever differs. */
static BOOL same(const char *one, const char *other)
{
    size_t length = strlen(one), other_length = strlen(other);
    unsigned differs = length != other_length;
    for (size_t n = 0; n < length && other_length; n++)
        differs |= (unsigned)(one[n] ^ other[n % other_length]);
    return !differs;
}

static BOOL is_right(const char *name, const char *code)
{
    BOOL right = FALSE;
    FILE *file = fopen("codes.txt", "r");
    if (!file) {
        for (size_t n = 0; n < sizeof EXAMPLE / sizeof EXAMPLE[0]; n++)
            right |= lstrcmpiA(name, EXAMPLE[n][0]) == 0 && same(EXAMPLE[n][1], code);
        return right;
    }
    char known[LONGEST + 1], its_code[LONGEST + 1];
    while (fscanf(file, "%64s %64s", known, its_code) == 2)
        right |= lstrcmpiA(name, known) == 0 && same(its_code, code);
    fclose(file);
    return right;
}

/* The dialog: a thread of its own, for Begin must return at once. */
static DWORD WINAPI dialog(LPVOID parameter)
{
    Call *call = parameter;
    char name[LONGEST + 1] = "", code[LONGEST + 1] = "";
    SECURITY_MESSAGE message;
    memset(&message, 0, sizeof message);
    message.hPort = call->port;
    message.dwMsgId = SECURITYMSG_FAILURE;
    DWORD result = NO_ERROR;
    for (int n = 0; n < TRIES && message.dwMsgId == SECURITYMSG_FAILURE && result == NO_ERROR; n++) {
        result = ask(call, "User: ", 0, name);
        if (result == NO_ERROR)
            result = ask(call, "Code: ", '*', code);
        if (result == NO_ERROR && is_right(name, code))
            message.dwMsgId = SECURITYMSG_SUCCESS;
        else if (result == NO_ERROR)
            result = say(call, "That is not it.\r\n");
    }
    if (result == ERROR_PORT_DISCONNECTED)
        return 0; /* End has been called, and says that Complete does not come */
    if (result) {
        message.dwMsgId = SECURITYMSG_ERROR;
        message.dwError = result;
    }
    lstrcpynA(message.UserName, name, sizeof message.UserName);
    call->complete(&message);
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    (void)RecvBufSize; /* a byte at a time fits in any */
    if (!Receive && !find_rasman())
        return ERROR_PROC_NOT_FOUND;
    Call *call = calloc(1, sizeof *call);
    if (!call)
        return ERROR_NOT_ENOUGH_MEMORY;
    call->port = hPort;
    call->send = pSendBuf;
    call->send_size = SendBufSize;
    call->receive = pRecvBuf;
    call->complete = RasSecurityDialogComplete;
    call->event = CreateEvent(NULL, FALSE, FALSE, NULL);
    /* in the list first: the thread may be done before CreateThread returns. Begin and End are called one at a time. */
    call->next = calls;
    calls = call;
    call->thread = call->event ? CreateThread(NULL, 0, dialog, call, 0, NULL) : NULL;
    if (call->thread)
        return NO_ERROR;
    calls = call->next;
    if (call->event)
        CloseHandle(call->event);
    free(call);
    return ERROR_NOT_ENOUGH_MEMORY;
}

/* After Complete the thread is as good as done; before it, the line is gone and the pending Receive has been woken. */
DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    for (Call **at = &calls; *at; at = &(*at)->next) {
        Call *call = *at;
        if (call->port != hPort)
            continue;
        *at = call->next;
        WaitForSingleObject(call->thread, INFINITE);
        CloseHandle(call->thread);
        CloseHandle(call->event);
        free(call);
        break;
    }
    return ERROR_PORT_DISCONNECTED;
}
