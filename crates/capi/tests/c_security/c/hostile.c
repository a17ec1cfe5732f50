/* Calls from many threads at once, with handles and addresses of every kind, before and after Complete, and from a forked
 * child. Complete says ERROR with the line of an answer that no documentation knows. */
#include <windows.h>
#include <rasshost.h>
#include <raserror.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 6
#define ROUNDS 400

static HPORT port;
static PBYTE out, in;
static DWORD size;
static VOID(WINAPI *complete)(SECURITY_MESSAGE *);
static volatile LONG wrong;
static WORD lengths[THREADS];
static HANDLE ready[THREADS];

static BOOL one_of(DWORD result, const DWORD *known, size_t count)
{
    for (size_t n = 0; n < count; n++)
        if (known[n] == result)
            return TRUE;
    return FALSE;
}

#define KNOWN(result, ...)                                                                                            \
    do {                                                                                                              \
        const DWORD known[] = {__VA_ARGS__};                                                                          \
        if (!one_of(result, known, sizeof known / sizeof known[0]))                                                   \
            wrong = __LINE__;                                                                                         \
    } while (0)

static HPORT handle(unsigned dice)
{
    switch (dice % 8) {
    case 0:
        return NULL;
    case 1:
        return (HPORT)(LONG_PTR)-1;
    case 2:
        return (HPORT)(ULONG_PTR)(dice * 2654435761u);
    case 3:
        return (HPORT)((BYTE *)port + 4);
    default:
        return port;
    }
}

static PBYTE address(PBYTE own, unsigned dice)
{
    switch (dice % 6) {
    case 0:
        return NULL;
    case 1:
        return own + size;
    case 2:
        return own - 1;
    case 3:
        return (PBYTE)(ULONG_PTR)~(ULONG_PTR)0;
    default:
        return own + dice % size;
    }
}

static DWORD WINAPI calls(LPVOID parameter)
{
    unsigned thread = (unsigned)(ULONG_PTR)parameter, dice = thread + 1;
    for (unsigned n = 0; n < ROUNDS; n++) {
        RAS_SECURITY_INFO info;
        DWORD result;
        HPORT to;
        dice = dice * 1103515245u + 12345u;
        to = handle(dice >> 8);
        switch (dice >> 16 & 3) {
        case 0:
            result = RasSecurityDialogSend(to, address(out, dice >> 4), (WORD)(dice >> 20 & 15));
            KNOWN(result, PENDING, 601, 610);
            break;
        case 1:
            lengths[thread] = (WORD)(dice >> 20 & 3);
            result = RasSecurityDialogReceive(to, address(in, dice >> 4), &lengths[thread], 0, ready[thread]);
            KNOWN(result, PENDING, 601, 603, 610, 616);
            if (result == PENDING)
                WaitForSingleObject(ready[thread], INFINITE);
            break;
        case 2:
            result = RasSecurityDialogGetInfo(to, &info);
            KNOWN(result, NO_ERROR, 601);
            if (result == NO_ERROR)
                KNOWN(info.LastError, NO_ERROR, PENDING);
            break;
        default:
            KNOWN(RasSecurityDialogGetInfo(to, NULL), ERROR_INVALID_PARAMETER);
            KNOWN(RasSecurityDialogReceive(to, in, NULL, 0, NULL), ERROR_INVALID_PARAMETER, 601);
            KNOWN(RasSecurityDialogReceive(port, in, &lengths[thread], 0, (HANDLE)(ULONG_PTR)(dice | 3)), 6, 603);
        }
    }
    return 0;
}

/* A child without the library's threads is refused everything, and does not hang. */
static void forks(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        RAS_SECURITY_INFO info;
        WORD length = 1;
        const char *verdict = RasSecurityDialogSend(port, out, 1) == 711 && RasSecurityDialogGetInfo(port, &info) == 711
                && RasSecurityDialogReceive(port, in, &length, 0, NULL) == 711
            ? "/bin/true"
            : "/bin/false";
        /* a checker would look for leaks at the end of a copy whose other threads are gone */
        execl(verdict, verdict, (char *)NULL);
        _exit(1);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        wrong = __LINE__;
}

static DWORD WINAPI dialog(LPVOID parameter)
{
    HANDLE threads[THREADS];
    SECURITY_MESSAGE message;
    (void)parameter;
    memset(&message, 0, sizeof message);
    message.hPort = port;
    for (ULONG_PTR n = 0; n < THREADS; n++) {
        ready[n] = CreateEvent(NULL, n & 1, FALSE, NULL);
        threads[n] = CreateThread(NULL, 0, calls, (LPVOID)n, 0, NULL);
    }
    WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
    for (int n = 0; n < THREADS; n++) {
        CloseHandle(threads[n]);
        CloseHandle(ready[n]);
    }
    forks();
    message.dwMsgId = wrong ? SECURITYMSG_ERROR : SECURITYMSG_SUCCESS;
    message.dwError = (DWORD)wrong;
    lstrcpyA(message.UserName, "alice");
    complete(&message);
    return 0;
}

DWORD WINAPI RasSecurityDialogBegin(HPORT hPort, PBYTE pSendBuf, DWORD SendBufSize, PBYTE pRecvBuf, DWORD RecvBufSize,
    VOID(WINAPI *RasSecurityDialogComplete)(SECURITY_MESSAGE *))
{
    HANDLE thread;
    port = hPort;
    out = pSendBuf;
    in = pRecvBuf;
    size = SendBufSize < RecvBufSize ? SendBufSize : RecvBufSize;
    complete = RasSecurityDialogComplete;
    thread = CreateThread(NULL, 0, dialog, NULL, 0, NULL);
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
