/* dials ENTRY USER PASSWORD COUNT [1]: RasDial to Connected, COUNT times one after another; the microseconds of each on a line.
 * With 1 by a RASDIALFUNC1, else synchronously. The hang-up is not counted. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <strsafe.h>
#include <time.h>
#include <ras.h>
#include <raserror.h>

static HANDLE done;

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static VOID WINAPI told(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD more)
{
    (void)connection;
    (void)message;
    (void)more;
    if (error != 0 || (state & RASCS_DONE) != 0)
        SetEvent(done);
}

int main(int argc, char **argv)
{
    RASDIALPARAMSA params;
    RASCONNSTATUSA status;
    int left;
    if (argc < 5)
        return 2;
    done = CreateEventA(NULL, FALSE, FALSE, NULL);
    ZeroMemory(&params, sizeof params);
    params.dwSize = sizeof params;
    StringCchCopyA(params.szEntryName, RAS_MaxEntryName + 1, argv[1]);
    StringCchCopyA(params.szUserName, UNLEN + 1, argv[2]);
    StringCchCopyA(params.szPassword, PWLEN + 1, argv[3]);
    status.dwSize = sizeof status;
    for (left = atoi(argv[4]); left > 0; left--) {
        HRASCONN connection = NULL;
        double begun = now(), took;
        DWORD error = argc == 5 ? RasDialA(NULL, NULL, &params, 0, NULL, &connection)
                                : RasDialA(NULL, NULL, &params, 1, (LPVOID)(ULONG_PTR)told, &connection);
        if (argc > 5 && error == 0)
            WaitForSingleObject(done, INFINITE);
        took = now() - begun;
        if (error != 0 || RasGetConnectStatusA(connection, &status) != 0 || status.rasconnstate != RASCS_Connected) {
            fprintf(stderr, "error %u, state %d\n", error, status.rasconnstate);
            return 1;
        }
        printf("%.1f\n", took);
        RasHangUpA(connection);
        while (RasGetConnectStatusA(connection, &status) == 0)
            Sleep(1);
    }
    return 0;
}
