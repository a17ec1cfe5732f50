/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The same dial in a UNICODE program with wmain. To be compiled with -DUNICODE -D_UNICODE -fshort-wchar and linked with
 * -lopenras_wmain, which supplies main().
 *
 *     dial_unicode ENTRY USER [SECONDS]    the password is a line of standard input
 */
#include <windows.h>
#include <stdio.h>
#include <strsafe.h>
#include <ws2tcpip.h>
#include <ras.h>
#include <raserror.h>

static DWORD show(HRASCONN connection)
{
    RAS_PROJECTION_INFO *info = NULL;
    DWORD size = 0, error;
    WCHAR ours[INET_ADDRSTRLEN], theirs[INET_ADDRSTRLEN];
    while ((error = RasGetProjectionInfoEx(connection, info, &size)) == ERROR_BUFFER_TOO_SMALL) {
        if (info != NULL)
            HeapFree(GetProcessHeap(), 0, info);
        info = (RAS_PROJECTION_INFO *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size);
        if (info == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
        info->version = RASAPIVERSION_601;
    }
    if (error == ERROR_SUCCESS && info != NULL && info->type == PROJECTION_INFO_TYPE_PPP) {
        InetNtopW(AF_INET, &info->ppp.ipv4Address, ours, INET_ADDRSTRLEN);
        InetNtopW(AF_INET, &info->ppp.ipv4ServerAddress, theirs, INET_ADDRSTRLEN);
        wprintf(L"connected: %s to %s\n", ours, theirs);
    }
    if (info != NULL)
        HeapFree(GetProcessHeap(), 0, info);
    return error;
}

int wmain(int argc, WCHAR **argv)
{
    HRASCONN connection = NULL;
    RASDIALPARAMSW params;
    RASCONNSTATUSW status;
    WCHAR text[512];
    DWORD error;
    if (argc < 3 || argc > 4) {
        wprintf(L"usage: dial_unicode ENTRY USER [SECONDS]\n");
        return 2;
    }
    ZeroMemory(&params, sizeof params);
    params.dwSize = sizeof params;
    StringCchCopyW(params.szEntryName, ARRAYSIZE(params.szEntryName), argv[1]);
    StringCchCopyW(params.szUserName, ARRAYSIZE(params.szUserName), argv[2]);
    wprintf(L"Password: ");
    if (fgetws(params.szPassword, ARRAYSIZE(params.szPassword), stdin) != NULL) {
        size_t length = wcslen(params.szPassword);
        if (length > 0 && params.szPassword[length - 1] == L'\n')
            params.szPassword[length - 1] = L'\0';
    }
    error = RasDialW(NULL, NULL, &params, 0, NULL, &connection);
    SecureZeroMemory(&params, sizeof params);
    ZeroMemory(&status, sizeof status);
    status.dwSize = sizeof status;
    if (error == ERROR_SUCCESS) {
        error = show(connection);
        if (RasGetConnectStatusW(connection, &status) == ERROR_SUCCESS)
            wprintf(L"over %s \"%s\"\n", status.szDeviceType, status.szDeviceName);
        if (argc == 4)
            Sleep((DWORD)_wtoi(argv[3]) * 1000);
    } else if (RasGetErrorStringW(error, text, ARRAYSIZE(text)) == ERROR_SUCCESS) {
        wprintf(L"RasDial: %u: %s\n", error, text);
    } else {
        wprintf(L"RasDial: %u\n", error);
    }
    if (connection != NULL) {
        RasHangUpW(connection);
        while (RasGetConnectStatusW(connection, &status) != ERROR_INVALID_HANDLE)
            Sleep(50);
    }
    return error == ERROR_SUCCESS ? 0 : 1;
}
