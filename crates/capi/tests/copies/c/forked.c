/* Children are forked while other threads of the parent are inside of calls, so that locks may be held. In each child
 * every call gives 711; a parent goes on. */
#include <windows.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <ras.h>
#include <rasdlg.h>
#include <rassapi.h>
#include <raserror.h>
#include <openras.h>
#include "check.h"

#define NOBODY ((HRASCONN)(ULONG_PTR)0x30000004)
#define REFUSED ERROR_RASMAN_CANNOT_INITIALIZE

static volatile int stop;

static void *busy(void *nothing)
{
    char text[512];
    RASCONNA list[4];
    RASCONNSTATUSA status;
    DWORD bytes, count;
    memset(&status, 0, sizeof status);
    status.dwSize = sizeof status;
    list[0].dwSize = sizeof list[0];
    while (!stop) {
        bytes = sizeof list;
        CHECK(RasGetConnectStatusA(NOBODY, &status) == ERROR_INVALID_HANDLE);
        CHECK(RasGetErrorStringA(691, text, sizeof text) == 0);
        CHECK(RasHangUpA(NOBODY) == ERROR_INVALID_HANDLE);
        (void)RasEnumConnectionsA(list, &bytes, &count);
        bytes = sizeof text;
        (void)OpenrasReason(NULL, text, &bytes);
    }
    return nothing;
}

static void child(void)
{
    char text[1024];
    WCHAR wide[512];
    RASCONNA list[2];
    RASDIALPARAMSA params;
    RASCONNSTATUSW status;
    RAS_STATS statistics;
    RAS_SERVER_0 server;
    HRASCONN connection = NULL;
    DWORD bytes = sizeof list, count;
    memset(&params, 0, sizeof params);
    params.dwSize = sizeof params;
    strcpy(params.szPhoneNumber, "tcp:127.0.0.1:1");
    memset(&status, 0, sizeof status);
    status.dwSize = sizeof status;
    memset(&statistics, 0, sizeof statistics);
    statistics.dwSize = sizeof statistics;
    list[0].dwSize = sizeof list[0];
    CHECK(RasDialA(NULL, NULL, &params, 0, NULL, &connection) == REFUSED && connection == NULL);
    CHECK(RasHangUpW(NOBODY) == REFUSED);
    CHECK(RasGetConnectStatusW(NOBODY, &status) == REFUSED);
    CHECK(RasEnumConnectionsA(list, &bytes, &count) == REFUSED);
    CHECK(RasGetErrorStringW(691, wide, 512) == REFUSED);
    CHECK(RasGetConnectionStatistics(NOBODY, &statistics) == REFUSED);
    CHECK(RasGetEapUserIdentityA(NULL, "x", 0, NULL, NULL) == REFUSED);
    CHECK(RasSetAutodialEnableA(0, TRUE) == REFUSED);
    CHECK(RasAdminServerGetInfo(NULL, &server) == REFUSED);
    CHECK(RasAdminFreeBuffer(NULL) == REFUSED);
    CHECK(!RasDialDlgA(NULL, NULL, NULL, NULL) && GetLastError() == REFUSED);
    CHECK(OpenrasTerminal(NOBODY) == -1 && GetLastError() == REFUSED);
    CHECK(OpenrasEvents(NOBODY) == -1 && GetLastError() == REFUSED);
    CHECK(CreateEventA(NULL, FALSE, FALSE, NULL) == NULL && GetLastError() == REFUSED);
    /* what it means can still be asked */
    CHECK(RasHangUpA(NOBODY) == REFUSED);
    bytes = sizeof text;
    CHECK(OpenrasReason(NULL, text, &bytes) == 0 && strstr(text, "forked child"));
    bytes = sizeof text;
    CHECK(OpenrasErrorText(711, text, &bytes) == 0);
    _exit(0);
}

/* Forked before the library was used at all: it is used in the child. */
static void early(void)
{
    int state;
    pid_t const pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK(RasHangUpA(NOBODY) == ERROR_INVALID_HANDLE);
        _exit(0);
    }
    CHECK(waitpid(pid, &state, 0) == pid && state == 0);
}

int main(void)
{
    pthread_t threads[6];
    int n, state;
    early();
    for (n = 0; n < 6; n++)
        CHECK(pthread_create(&threads[n], NULL, busy, NULL) == 0);
    /* used once before the first fork */
    CHECK(RasHangUpA(NOBODY) == ERROR_INVALID_HANDLE);
    for (n = 0; n < 60; n++) {
        pid_t const pid = fork();
        CHECK(pid >= 0);
        if (pid == 0)
            child();
        CHECK(waitpid(pid, &state, 0) == pid && state == 0);
    }
    stop = 1;
    for (n = 0; n < 6; n++)
        CHECK(pthread_join(threads[n], NULL) == 0);
    CHECK(RasHangUpA(NOBODY) == ERROR_INVALID_HANDLE);
    return 0;
}
