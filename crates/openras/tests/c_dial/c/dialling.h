/* What the programs of these tests have in common. */
#ifndef DIALLING_H
#define DIALLING_H

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>
#include <openras.h>

#define CHECK(what) check((what) ? 1 : 0, #what, __LINE__)
#define EQUAL(wanted, given) equal((DWORD)(wanted), (DWORD)(given), #given, __LINE__)

__forceinline void check(int good, const char *what, int line)
{
    if (!good) {
        fprintf(stderr, "line %d: %s\n", line, what);
        exit(1);
    }
}

__forceinline void equal(DWORD wanted, DWORD given, const char *what, int line)
{
    if (wanted != given) {
        char why[1024] = "";
        DWORD bytes = sizeof why;
        OpenrasReason(NULL, why, &bytes);
        fprintf(stderr, "line %d: %s is %u, not %u. %s\n", line, what, given, wanted, why);
        exit(1);
    }
}

__forceinline void fill(RASDIALPARAMSA *params, const char *entry, const char *password)
{
    ZeroMemory(params, sizeof *params);
    params->dwSize = sizeof *params;
    StringCchCopyA(params->szEntryName, RAS_MaxEntryName + 1, entry);
    StringCchCopyA(params->szUserName, UNLEN + 1, "alice");
    StringCchCopyA(params->szPassword, PWLEN + 1, password);
}

/* A synchronous dial that must connect. */
__forceinline HRASCONN connected(const char *entry)
{
    HRASCONN connection = NULL;
    RASDIALPARAMSA params;
    fill(&params, entry, "secret");
    EQUAL(0, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    CHECK(connection != NULL);
    return connection;
}

__forceinline RASCONNSTATUSA status_of(HRASCONN connection)
{
    RASCONNSTATUSA status;
    ZeroMemory(&status, sizeof status);
    status.dwSize = sizeof status;
    EQUAL(0, RasGetConnectStatusA(connection, &status));
    return status;
}

/* Waits until the handle is unknown: nothing tells of that, as on Windows. */
__forceinline void gone(HRASCONN connection)
{
    RASCONNSTATUSA status;
    DWORD begun = GetTickCount(), error;
    status.dwSize = sizeof status;
    while ((error = RasGetConnectStatusA(connection, &status)) == 0 && GetTickCount() - begun < 60000)
        Sleep(5);
    EQUAL(ERROR_INVALID_HANDLE, error);
}

__forceinline void hang_up(HRASCONN connection)
{
    EQUAL(0, RasHangUpA(connection));
    gone(connection);
}

/* Waits until the connection is in this state. */
__forceinline void reaches(HRASCONN connection, RASCONNSTATE state)
{
    DWORD begun = GetTickCount();
    RASCONNSTATUSA status;
    do {
        status = status_of(connection);
        if (status.rasconnstate == state)
            return;
        Sleep(5);
    } while (GetTickCount() - begun < 60000);
    fprintf(stderr, "state %d, not %d\n", status.rasconnstate, state);
    exit(1);
}

#endif
