/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dials while the program goes on: a RASDIALFUNC is told of each state, an event tells the program of the end.
 *
 *     dial_async ENTRY USER        the password is a line of standard input
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#define LIMIT (60 * 1000) /* milliseconds */

/* A handler of this kind does not hear whose state it is. */
static HANDLE done;
static DWORD result = ERROR_SUCCESS;

static VOID WINAPI on_state(UINT message, RASCONNSTATE state, DWORD error)
{
    char text[512];
    if (message != WM_RASDIALEVENT)
        return;
    if (error != ERROR_SUCCESS) {
        if (RasGetErrorStringA(error, text, sizeof text) != ERROR_SUCCESS)
            StringCchPrintfA(text, sizeof text, "error %u", error);
        printf("state %d failed: %u: %s\n", state, error, text);
        result = error;
        SetEvent(done);
        return;
    }
    switch (state) {
    case RASCS_OpenPort:
        puts("opening the port");
        break;
    case RASCS_ConnectDevice:
        puts("dialling");
        break;
    case RASCS_Authenticate:
        puts("authenticating");
        break;
    case RASCS_Connected:
        puts("connected");
        SetEvent(done);
        break;
    case RASCS_Disconnected:
        puts("disconnected");
        result = ERROR_PORT_DISCONNECTED;
        SetEvent(done);
        break;
    default:
        printf("state %d\n", state);
        break;
    }
    fflush(stdout);
}

static void hang_up(HRASCONN connection)
{
    RASCONNSTATUSA status;
    DWORD begun = GetTickCount();
    if (RasHangUpA(connection) != ERROR_SUCCESS)
        return;
    ZeroMemory(&status, sizeof status);
    status.dwSize = sizeof status;
    while (RasGetConnectStatusA(connection, &status) != ERROR_INVALID_HANDLE && GetTickCount() - begun < 10000)
        Sleep(50);
}

int main(int argc, char **argv)
{
    HRASCONN connection = NULL;
    RASDIALPARAMSA params;
    DWORD error;
    if (argc != 3) {
        fputs("usage: dial_async ENTRY USER\n", stderr);
        return 2;
    }
    done = CreateEventA(NULL, TRUE, FALSE, NULL);
    if (done == NULL) {
        fprintf(stderr, "CreateEvent: %u\n", GetLastError());
        return 1;
    }
    ZeroMemory(&params, sizeof params);
    params.dwSize = sizeof params;
    StringCchCopyA(params.szEntryName, RAS_MaxEntryName + 1, argv[1]);
    StringCchCopyA(params.szUserName, UNLEN + 1, argv[2]);
    fputs("Password: ", stderr);
    if (fgets(params.szPassword, PWLEN + 1, stdin) != NULL)
        params.szPassword[strcspn(params.szPassword, "\r\n")] = '\0';
    error = RasDialA(NULL, NULL, &params, 0, (LPVOID)(ULONG_PTR)on_state, &connection);
    SecureZeroMemory(&params, sizeof params);
    if (error != ERROR_SUCCESS) {
        fprintf(stderr, "RasDial: %u\n", error);
        result = error;
    } else if (WaitForSingleObject(done, LIMIT) == WAIT_TIMEOUT) {
        fputs("it takes too long\n", stderr);
        result = ERROR_REQUEST_TIMEOUT;
    }
    if (connection != NULL)
        hang_up(connection);
    CloseHandle(done);
    puts("hung up");
    return result == ERROR_SUCCESS ? 0 : 1;
}
