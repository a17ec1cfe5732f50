/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dials with the credentials that are saved for the entry. The handler is of type 1, gets the connection's handle, and hangs
 * up by itself when the dial fails.
 *
 *     dial_func1 ENTRY
 */
#include <windows.h>
#include <stdio.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#define LIMIT (60 * 1000) /* milliseconds */

static HANDLE done;
static volatile LONG connected;

static VOID WINAPI on_state(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD more)
{
    char text[512] = "";
    (void)message;
    (void)more;
    printf("state %d error %u\n", state, error);
    fflush(stdout);
    if (error != ERROR_SUCCESS || state == RASCS_Disconnected) {
        RasGetErrorStringA(error, text, sizeof text);
        printf("failed: %s\n", text);
        /* acts when this handler has returned */
        RasHangUpA(connection);
        SetEvent(done);
    } else if (state == RASCS_Connected) {
        connected = 1;
        SetEvent(done);
    }
}

int main(int argc, char **argv)
{
    HRASCONN connection = NULL;
    RASCONNSTATUSA status;
    RASDIALPARAMSA params;
    BOOL password = FALSE;
    DWORD error;
    if (argc != 2) {
        fputs("usage: dial_func1 ENTRY\n", stderr);
        return 2;
    }
    done = CreateEventA(NULL, TRUE, FALSE, NULL);
    ZeroMemory(&params, sizeof params);
    params.dwSize = sizeof params;
    StringCchCopyA(params.szEntryName, RAS_MaxEntryName + 1, argv[1]);
    error = RasGetEntryDialParamsA(NULL, &params, &password);
    if (error != ERROR_SUCCESS) {
        fprintf(stderr, "RasGetEntryDialParams: %u\n", error);
        CloseHandle(done);
        return 1;
    }
    printf("as \"%s\", %s\n", params.szUserName, password ? "with the saved password" : "without a password");
    error = RasDialA(NULL, NULL, &params, 1, (LPVOID)(ULONG_PTR)on_state, &connection);
    if (error != ERROR_SUCCESS) {
        fprintf(stderr, "RasDial: %u\n", error);
        if (connection != NULL)
            RasHangUpA(connection);
        CloseHandle(done);
        return 1;
    }
    ZeroMemory(&status, sizeof status);
    status.dwSize = sizeof status;
    if (WaitForSingleObject(done, LIMIT) == WAIT_TIMEOUT) {
        error = RasGetConnectStatusA(connection, &status);
        printf("after a minute: %u, state %d\n", error, status.rasconnstate);
        RasHangUpA(connection);
    } else if (connected) {
        puts("connected");
        RasHangUpA(connection);
    }
    while (RasGetConnectStatusA(connection, &status) != ERROR_INVALID_HANDLE)
        Sleep(50);
    CloseHandle(done);
    puts("hung up");
    return connected ? 0 : 1;
}
