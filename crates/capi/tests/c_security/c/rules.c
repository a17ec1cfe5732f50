/* Every answer of Send, Receive and GetInfo. Complete says ERROR with the line of a check that fails. The caller, whom the
 * test plays, answers as each `receive` there is written. */
#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <stdlib.h>
#include <string.h>

typedef DWORD(WINAPI *SENDPROC)(HPORT, PBYTE, WORD);
typedef DWORD(WINAPI *RECEIVEPROC)(HPORT, PBYTE, PWORD, DWORD, HANDLE);
typedef DWORD(WINAPI *GETINFOPROC)(HPORT, RAS_SECURITY_INFO *);
static SENDPROC Send;
static RECEIVEPROC Receive;
static GETINFOPROC GetInfo;
static VOID(WINAPI *Complete)(SECURITY_MESSAGE *);
static HPORT port;
static PBYTE out, in;
static DWORD out_size, in_size;

static int is_rasman(const char *name)
{
    HMODULE library = LoadLibraryA(name);
    int found = library && (SENDPROC)(void (*)(void))GetProcAddress(library, "RasSecurityDialogSend") == Send;
    if (library)
        FreeLibrary(library);
    return found;
}

/* 0, or the line that is wrong. */
#define EXPECT(what)                                                                                                  \
    do {                                                                                                              \
        if (!(what))                                                                                                  \
            return __LINE__;                                                                                          \
    } while (0)

static int names(void)
{
    EXPECT(is_rasman("rasman.dll") && is_rasman("RasMan") && is_rasman("C:\\WINNT\\system32\\RASMAN.DLL"));
    EXPECT(is_rasman("/usr/lib/rasman.dll") && is_rasman("\\\\server\\share\\Rasman.Dll"));
    /* Complete is no export: it comes with Begin */
    EXPECT(!GetProcAddress(LoadLibraryA("RASMAN.DLL"), "RasSecurityDialogComplete"));
    return 0;
}

static int refusals(void)
{
    BYTE own[16] = {0};
    WORD length = 1, none = 0;
    RAS_SECURITY_INFO info;
    HANDLE event = CreateEvent(NULL, TRUE, FALSE, NULL);
    EXPECT(out_size == BUFFER_SIZE && in_size == BUFFER_SIZE);
    /* before the first Receive */
    memset(&info, 0xAA, sizeof info);
    EXPECT(GetInfo(port, &info) == NO_ERROR && info.LastError == SUCCESS && info.BytesReceived == 0);
    EXPECT(strcmp(info.DeviceName, "tcp") == 0);
    EXPECT(GetInfo(port, NULL) == ERROR_INVALID_PARAMETER);
    /* Send */
    EXPECT(Send(port, out, 0) == PENDING && Send(port, NULL, 0) == PENDING);
    EXPECT(Send(port, own, 1) == ERROR_BUFFER_INVALID && Send(port, NULL, 1) == ERROR_BUFFER_INVALID);
    EXPECT(Send(port, out - 1, 2) == ERROR_BUFFER_INVALID && Send(port, in, 1) == ERROR_BUFFER_INVALID);
#if BUFFER_SIZE < 65535 /* a WORD cannot say more */
    EXPECT(Send(port, out, BUFFER_SIZE + 1) == ERROR_BUFFER_INVALID);
#endif
    EXPECT(Send(port, out + 1, BUFFER_SIZE) == ERROR_BUFFER_INVALID);
    EXPECT(Send(port, out + BUFFER_SIZE, 1) == ERROR_BUFFER_INVALID);
    EXPECT(Send((HPORT)0x12345678, out, 1) == ERROR_INVALID_PORT_HANDLE);
    EXPECT(Send(NULL, out, 1) == ERROR_INVALID_PORT_HANDLE);
    /* Receive */
    EXPECT(Receive(port, own, &length, 1, event) == ERROR_BUFFER_INVALID);
    EXPECT(Receive(port, out, &length, 1, event) == ERROR_BUFFER_INVALID);
    EXPECT(Receive(port, in, &none, 1, event) == ERROR_BUFFER_TOO_SMALL && none == 0);
    EXPECT(Receive(port, in, NULL, 1, event) == ERROR_INVALID_PARAMETER);
    EXPECT(Receive(port, in, &length, 1, (HANDLE)0x55555554) == ERROR_INVALID_HANDLE);
    EXPECT(WaitForSingleObject(event, 0) == WAIT_TIMEOUT && length != 0);
    /* the dialog is gone: whoever looks at no result is woken */
    EXPECT(Receive((HPORT)4, in, &length, 1, event) == ERROR_INVALID_PORT_HANDLE && length == 0);
    EXPECT(WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    CloseHandle(event);
    return 0;
}

static int receives(void)
{
    WORD length, other = 5;
    RAS_SECURITY_INFO info;
    HANDLE manual = CreateEvent(NULL, TRUE, TRUE, NULL), automatic = CreateEvent(NULL, FALSE, FALSE, NULL);
    BYTE odd[4] = {0};
    /* receive 1: before any Send; an event that was signalled is reset; GetInfo while it waits; one at a time */
    length = 3;
    EXPECT(Receive(port, in, &length, 0, manual) == PENDING && length == 3);
    EXPECT(GetInfo(port, &info) == NO_ERROR && info.LastError == PENDING);
    EXPECT(Receive(port, in + 8, &other, 0, automatic) == ERROR_ASYNC_REQUEST_PENDING && other == 5);
    memcpy(out, "go", 2);
    EXPECT(Send(port, out, 2) == PENDING); /* only now the caller speaks */
    memcpy(out, "XX", 2);                  /* the buffer is free at once */
    EXPECT(WaitForSingleObject(manual, 30000) == WAIT_OBJECT_0 && length == 3 && memcmp(in, "abc", 3) == 0);
    EXPECT(WaitForSingleObject(automatic, 0) == WAIT_TIMEOUT);
    EXPECT(GetInfo(port, &info) == NO_ERROR && info.LastError == SUCCESS && info.BytesReceived == 3);
    /* receive 2: an auto-reset event; 8 bits; more wanted than fits is as much as fits; in the middle of the buffer */
    length = 0xFFFF;
    EXPECT(Receive(port, in + BUFFER_SIZE - 4, &length, 7, automatic) == PENDING);
    EXPECT(WaitForSingleObject(automatic, 30000) == WAIT_OBJECT_0 && length == 4);
    EXPECT(memcmp(in + BUFFER_SIZE - 4, "\x80\xFF\r\n", 4) == 0 && WaitForSingleObject(automatic, 0) == WAIT_TIMEOUT);
    /* receive 3: time-out; a length that is not aligned */
    odd[1] = 10;
    EXPECT(Receive(port, in, (PWORD)(void *)(odd + 1), 1, manual) == PENDING);
    EXPECT(WaitForSingleObject(manual, 30000) == WAIT_OBJECT_0 && odd[1] == 0 && odd[2] == 0);
    EXPECT(GetInfo(port, &info) == NO_ERROR && info.LastError == ERROR_REQUEST_TIMEOUT && info.BytesReceived == 0);
    /* receive 4: no event; it is polled */
    length = 1;
    EXPECT(Receive(port, in, &length, 0, NULL) == PENDING);
    do {
        Sleep(1);
        EXPECT(GetInfo(port, &info) == NO_ERROR);
    } while (info.LastError == PENDING);
    EXPECT(info.LastError == SUCCESS && info.BytesReceived == 1 && length == 1 && in[0] == 'z');
    /* receive 5: the service refuses */
    length = 1;
    EXPECT(Receive(port, in, &length, 0, manual) == PENDING);
    EXPECT(WaitForSingleObject(manual, 30000) == WAIT_OBJECT_0 && length == 0);
    EXPECT(GetInfo(port, &info) == NO_ERROR && info.LastError == ERROR_BUFFER_INVALID);
    CloseHandle(manual);
    CloseHandle(automatic);
    return 0;
}

static int after(void)
{
    WORD length = 1;
    RAS_SECURITY_INFO info;
    EXPECT(Send(port, out, 1) == ERROR_INVALID_PORT_HANDLE);
    EXPECT(Receive(port, in, &length, 1, NULL) == ERROR_INVALID_PORT_HANDLE);
    EXPECT(GetInfo(port, &info) == ERROR_INVALID_PORT_HANDLE);
    return 0;
}

static DWORD WINAPI dialog(LPVOID parameter)
{
    SECURITY_MESSAGE message;
    int wrong;
    (void)parameter;
    memset(&message, 0, sizeof message);
    message.hPort = port;
    wrong = names();
    if (!wrong)
        wrong = refusals();
    if (!wrong)
        wrong = receives();
    message.dwMsgId = wrong ? SECURITYMSG_ERROR : SECURITYMSG_SUCCESS;
    message.dwError = (DWORD)wrong;
    /* not terminated: 256 and 15 characters count */
    memset(message.UserName, 'u', sizeof message.UserName);
    memset(message.Domain, 'd', sizeof message.Domain);
    Complete(&message);
    wrong = after();
    if (wrong)
        abort();
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    HMODULE rasman = LoadLibrary(TEXT("RASMAN.DLL"));
    Send = (SENDPROC)(void (*)(void))GetProcAddress(rasman, "RasSecurityDialogSend");
    Receive = (RECEIVEPROC)(void (*)(void))GetProcAddress(rasman, "RasSecurityDialogReceive");
    GetInfo = (GETINFOPROC)(void (*)(void))GetProcAddress(rasman, "RasSecurityDialogGetInfo");
    Complete = RasSecurityDialogComplete;
    port = hPort;
    out = pSendBuf;
    out_size = SendBufSize;
    in = pRecvBuf;
    in_size = RecvBufSize;
    return CreateThread(NULL, 0, dialog, NULL, 0, NULL) ? NO_ERROR : GetLastError();
}

DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    return hPort == port ? NO_ERROR : ERROR_PORT_DISCONNECTED;
}
