/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dials an entry of the phone book and waits until it is connected.
 *
 *     dial ENTRY [USER]
 *
 * With USER the password is read from standard input; without, the saved credentials of the entry are used.
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

/* A line of standard input without its end. */
static void read_line(const char *prompt, char *line, int room)
{
    fputs(prompt, stderr);
    if (fgets(line, room, stdin) == NULL)
        line[0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
}

static void complain(const char *function, DWORD error)
{
    char text[512];
    if (RasGetErrorStringA(error, text, sizeof text) != ERROR_SUCCESS)
        StringCchPrintfA(text, sizeof text, "a number of Windows itself");
    fprintf(stderr, "%s: %u: %s\n", function, error, text);
}

/* The line is closed when the handle is unknown. */
static void hang_up(HRASCONN connection)
{
    RASCONNSTATUSA status;
    DWORD begun = GetTickCount();
    DWORD error = RasHangUpA(connection);
    if (error != ERROR_SUCCESS)
        complain("RasHangUp", error);
    ZeroMemory(&status, sizeof status);
    status.dwSize = sizeof status;
    while (RasGetConnectStatusA(connection, &status) != ERROR_INVALID_HANDLE && GetTickCount() - begun < 10000)
        Sleep(50);
}

static void show_addresses(HRASCONN connection)
{
    RASPPPIPA ip;
    DWORD size = sizeof ip;
    DWORD error;
    ZeroMemory(&ip, sizeof ip);
    ip.dwSize = sizeof ip;
    error = RasGetProjectionInfoA(connection, RASP_PppIp, &ip, &size);
    if (error == ERROR_SUCCESS)
        printf("connected: %s to %s\n", ip.szIpAddress, ip.szServerIpAddress);
    else
        complain("RasGetProjectionInfo", error);
}

int main(int argc, char **argv)
{
    HRASCONN connection = NULL;
    RASDIALPARAMSA *params;
    DWORD error;
    int result = 1;
    if (argc < 2 || argc > 3) {
        fputs("usage: dial ENTRY [USER]\n", stderr);
        return 2;
    }
    params = (RASDIALPARAMSA *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *params);
    if (params == NULL)
        return 1;
    params->dwSize = sizeof *params;
    StringCchCopyA(params->szEntryName, RAS_MaxEntryName + 1, argv[1]);
    if (argc == 3) {
        StringCchCopyA(params->szUserName, UNLEN + 1, argv[2]);
        read_line("Password: ", params->szPassword, PWLEN + 1);
    }
    error = RasDialA(NULL, NULL, params, 0, NULL, &connection);
    SecureZeroMemory(params, sizeof *params);
    HeapFree(GetProcessHeap(), 0, params);
    if (error == ERROR_SUCCESS) {
        show_addresses(connection);
        result = 0;
    } else {
        complain("RasDial", error);
    }
    /* also after an error: a handle that is not NULL wants to be hung up */
    if (connection != NULL)
        hang_up(connection);
    puts("hung up");
    return result;
}
