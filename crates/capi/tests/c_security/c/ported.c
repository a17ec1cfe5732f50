/* Old modules as they were written for another server: a global table of calls, WORD lengths that are DWORDs, what functions
 * return never looked at, and worse. One a CASE. What happens is told on standard error. */
#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <stdio.h>
#include <string.h>

enum { IGNORES = 1, ASKS_IN_BEGIN, CLOSES, ONE_EVENT, OWN_THREAD, JOINS };

#define MAX_CALLS 64
#define ROUNDS 200

typedef struct _CALL {
    HPORT hPort;
    PBYTE pSend, pReceive;
    DWORD dwSend, dwReceive;
    VOID(WINAPI *pfnComplete)(SECURITY_MESSAGE *);
    HANDLE hThread, hEnded;
    BOOL fUsed;
} CALL;

static CALL g_Calls[MAX_CALLS];
static HANDLE g_hLock, g_hOne;

static CALL *NewCall(void)
{
    CALL *pCall = NULL;
    int i;
    WaitForSingleObject(g_hLock, INFINITE);
    for (i = 0; i < MAX_CALLS && !pCall; i++)
        if (!g_Calls[i].fUsed) {
            pCall = &g_Calls[i];
            memset(pCall, 0, sizeof *pCall);
            pCall->fUsed = TRUE;
        }
    SetEvent(g_hLock);
    return pCall;
}

static CALL *FindCall(HPORT hPort)
{
    CALL *pCall = NULL;
    int i;
    WaitForSingleObject(g_hLock, INFINITE);
    for (i = 0; i < MAX_CALLS; i++)
        if (g_Calls[i].fUsed && g_Calls[i].hPort == hPort)
            pCall = &g_Calls[i];
    SetEvent(g_hLock);
    return pCall;
}

static void Done(CALL *pCall, DWORD dwId)
{
    SECURITY_MESSAGE Message;
    memset(&Message, 0, sizeof Message);
    Message.dwMsgId = dwId;
    Message.hPort = pCall->hPort;
    lstrcpyA(Message.UserName, "alice");
    (*pCall->pfnComplete)(&Message);
}

/* One byte into a DWORD's lower half; the event, and then the length. */
static DWORD GetOne(CALL *pCall, HANDLE hEvent)
{
    DWORD dwLength = 1;
    RasSecurityDialogReceive(pCall->hPort, pCall->pReceive, (WORD *)&dwLength, 0, hEvent);
    WaitForSingleObject(hEvent, INFINITE);
    return dwLength;
}

static DWORD WINAPI Ignores(LPVOID p)
{
    CALL *pCall = p;
    HANDLE hEvent = CreateEvent(NULL, FALSE, FALSE, NULL);
    DWORD dwBytes = 0;
    GetOne(pCall, hEvent);
    /* its work takes longer than the caller's patience */
    WaitForSingleObject(pCall->hEnded, INFINITE);
    strcpy((char *)pCall->pSend, "Next: ");
    RasSecurityDialogSend(pCall->hPort, pCall->pSend, (WORD)lstrlenA((LPCSTR)pCall->pSend));
    while (dwBytes < 1000 && GetOne(pCall, hEvent))
        dwBytes++;
    CloseHandle(hEvent);
    fprintf(stderr, "bytes=%u\n", dwBytes);
    Done(pCall, SECURITYMSG_FAILURE);
    return 0;
}

static DWORD WINAPI Closes(LPVOID p)
{
    CALL *pCall = p;
    int i;
    for (i = 0; i < ROUNDS; i++) {
        HANDLE hEvent = CreateEvent(NULL, i & 1, FALSE, NULL);
        DWORD dwLength = 1;
        RasSecurityDialogReceive(pCall->hPort, pCall->pReceive, (WORD *)&dwLength, 0, hEvent);
        WaitForSingleObject(hEvent, INFINITE);
        CloseHandle(hEvent);
        if (dwLength != 1 || pCall->pReceive[0] != (BYTE)i) {
            fprintf(stderr, "round=%d length=%u\n", i, dwLength);
            Done(pCall, SECURITYMSG_FAILURE);
            return 0;
        }
    }
    Done(pCall, SECURITYMSG_SUCCESS);
    return 0;
}

/* One event for all calls: whoever wakes looks at its own, and wakes the others. */
static DWORD WINAPI OneEvent(LPVOID p)
{
    CALL *pCall = p;
    RAS_SECURITY_INFO Info;
    DWORD dwLength = 1;
    RasSecurityDialogReceive(pCall->hPort, pCall->pReceive, (WORD *)&dwLength, 0, g_hOne);
    do {
        WaitForSingleObject(g_hOne, INFINITE);
        SetEvent(g_hOne);
        Sleep(1);
        Info.LastError = NO_ERROR;
        RasSecurityDialogGetInfo(pCall->hPort, &Info);
    } while (Info.LastError == PENDING);
    Done(pCall, dwLength == 1 && pCall->pReceive[0] == 'y' ? SECURITYMSG_SUCCESS : SECURITYMSG_FAILURE);
    return 0;
}

static DWORD WINAPI Waits(LPVOID p)
{
    HANDLE hEvent = CreateEvent(NULL, FALSE, FALSE, NULL);
    DWORD dwLength = GetOne(p, hEvent);
    CloseHandle(hEvent);
    fprintf(stderr, "woken length=%u\n", dwLength);
    if (CASE == OWN_THREAD)
        Done(p, SECURITYMSG_SUCCESS);
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    static LPTHREAD_START_ROUTINE const dialogs[] = {NULL, Ignores, NULL, Closes, OneEvent, Waits, Waits};
    CALL *pCall = NewCall();
    fprintf(stderr, "begin\n");
    if (!pCall)
        return ERROR_NOT_ENOUGH_MEMORY;
    pCall->pSend = pSendBuf;
    pCall->dwSend = SendBufSize;
    pCall->pReceive = pRecvBuf;
    pCall->dwReceive = RecvBufSize;
    pCall->pfnComplete = RasSecurityDialogComplete;
    pCall->hEnded = CreateEvent(NULL, TRUE, FALSE, NULL);
    pCall->hPort = hPort;
    if (CASE == ASKS_IN_BEGIN) {
        HANDLE hEvent = CreateEvent(NULL, FALSE, FALSE, NULL);
        DWORD dwLength;
        memcpy(pSendBuf, "PIN: ", 5);
        RasSecurityDialogSend(hPort, pSendBuf, 5);
        dwLength = GetOne(pCall, hEvent);
        CloseHandle(hEvent);
        Done(pCall, dwLength == 1 && pRecvBuf[0] == 'y' ? SECURITYMSG_SUCCESS : SECURITYMSG_FAILURE);
        return NO_ERROR;
    }
    pCall->hThread = CreateThread(NULL, 0, dialogs[CASE], pCall, 0, NULL);
    return pCall->hThread ? NO_ERROR : GetLastError();
}

DWORD WINAPI RasSecurityDialogEnd(HPORT hPort)
{
    CALL *pCall = FindCall(hPort);
    DWORD dwResult = NO_ERROR;
    fprintf(stderr, "end\n");
    if (!pCall)
        return ERROR_PORT_DISCONNECTED;
    SetEvent(pCall->hEnded);
    if (CASE == JOINS) {
        /* as its Receive has been woken */
        WaitForSingleObject(pCall->hThread, INFINITE);
        dwResult = ERROR_PORT_DISCONNECTED;
    }
    if (CASE != IGNORES) {
        if (pCall->hThread)
            CloseHandle(pCall->hThread);
        CloseHandle(pCall->hEnded);
        pCall->fUsed = FALSE;
    }
    return dwResult;
}

static volatile LONG g_lTicks;

static DWORD WINAPI Ticks(LPVOID p)
{
    (void)p;
    for (;;) {
        g_lTicks++;
        Sleep(0);
    }
    return 0;
}

/* Not run by the process's end, only when the code goes. */
__attribute__((destructor)) static void Unmapped(void)
{
    if (CASE == OWN_THREAD)
        fprintf(stderr, "unmapped\n");
}

BOOL APIENTRY DllMain(HINSTANCE hInstance, DWORD dwReason, LPVOID lpReserved)
{
    (void)lpReserved;
    if (dwReason == DLL_PROCESS_ATTACH) {
        DisableThreadLibraryCalls(hInstance);
        g_hLock = CreateEvent(NULL, FALSE, TRUE, NULL);
        g_hOne = CreateEvent(NULL, TRUE, FALSE, NULL);
        if (CASE == OWN_THREAD)
            CloseHandle(CreateThread(NULL, 0, Ticks, NULL, 0, NULL));
    }
    if (dwReason == DLL_PROCESS_DETACH)
        fprintf(stderr, "detach\n");
    return TRUE;
}
