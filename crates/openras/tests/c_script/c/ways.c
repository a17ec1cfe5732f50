/* A script library that does what the user's name says. */
#define UNICODE
#define _UNICODE
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#define EXPECT(what, number) do { DWORD is = (what); if (is != (number)) { \
    fprintf(stderr, "line %d: %u\n", __LINE__, is); return 9000; } } while (0)

static int is(const RASDIALPARAMS *params, const char *name)
{
    size_t i = 0;
    while (name[i] != '\0' && params->szUserName[i] == (WCHAR)(unsigned char)name[i])
        i++;
    return name[i] == '\0' && params->szUserName[i] == 0;
}

static void put(WCHAR *to, const char *text)
{
    do {
        *to++ = (WCHAR)(unsigned char)*text;
    } while (*text++ != '\0');
}

/* Every mistake has its number and takes nothing with it. */
static DWORD hostile(HANDLE port, PFNRASGETBUFFER get, PFNRASFREEBUFFER give, PFNRASSENDBUFFER send,
    PFNRASRECEIVEBUFFER receive, PFNRASRETRIEVEBUFFER retrieve, const RASCUSTOMSCRIPTEXTENSIONS *more)
{
    PBYTE buffer = NULL, other = NULL;
    DWORD size = 0, wanted = 1;
    BYTE own[16];
    HANDLE event = CreateEvent(NULL, FALSE, FALSE, NULL);
    RASCOMMSETTINGS settings = { sizeof settings, 0, 0, 8, 0 };
    EXPECT(get(NULL, &size), ERROR_INVALID_PARAMETER);
    EXPECT(get(&buffer, NULL), ERROR_INVALID_PARAMETER);
    EXPECT(get(&buffer, &size), ERROR_SUCCESS);
    EXPECT(get(&other, &size), ERROR_SUCCESS);
    memset(buffer, 0x55, size);
    EXPECT(send(port, NULL, 1), ERROR_INVALID_PARAMETER);
    EXPECT(send((HANDLE)7, buffer, 1), ERROR_INVALID_PORT_HANDLE);
    EXPECT(send(port, own, 1), ERROR_BUFFER_INVALID);
    EXPECT(send(port, buffer, size + 1), ERROR_BUFFER_TOO_SMALL);
    EXPECT(send(port, buffer, 0), ERROR_SUCCESS);
    EXPECT(retrieve(port, buffer, &wanted), ERROR_INVALID_PARAMETER);
    wanted = size + 1;
    EXPECT(receive(port, buffer, &wanted, 0, event), ERROR_BUFFER_TOO_SMALL);
    wanted = 0;
    EXPECT(receive(port, buffer, NULL, 0, event), ERROR_INVALID_PARAMETER);
    EXPECT(receive(port, buffer, &wanted, 0, (HANDLE)99), ERROR_INVALID_HANDLE);
    /* until the prompt has come */
    EXPECT(receive(port, buffer, &wanted, INFINITE, event), ERROR_SUCCESS);
    EXPECT(WaitForSingleObject(event, 60000), WAIT_OBJECT_0);
    EXPECT(retrieve(port, other, &size), ERROR_SUCCESS);
    if (size == 0)
        return 9001;
    /* a prompt in pieces: until nothing more comes for half a second */
    do {
        wanted = 1;
        EXPECT(receive(port, buffer, &wanted, 500, event), ERROR_SUCCESS);
        EXPECT(WaitForSingleObject(event, 60000), WAIT_OBJECT_0);
        wanted = retrieve(port, buffer, &size);
    } while (wanted == ERROR_SUCCESS && size == 1);
    EXPECT(wanted, ERROR_REQUEST_TIMEOUT);
    EXPECT(size, 0);
    wanted = 1;
    EXPECT(receive(port, buffer, &wanted, INFINITE, NULL), ERROR_SUCCESS);
    EXPECT(receive(port, buffer, &wanted, INFINITE, NULL), ERROR_ASYNC_REQUEST_PENDING);
    EXPECT(retrieve(port, buffer, &size), PENDING);
    EXPECT(more->pfnRasSetCommSettings(port, &settings, NULL), ERROR_SUCCESS);
    settings.bByteSize = 9;
    EXPECT(more->pfnRasSetCommSettings(port, &settings, NULL), ERROR_INVALID_PARAMETER);
    settings.dwSize = 3;
    EXPECT(more->pfnRasSetCommSettings(port, &settings, NULL), ERROR_INVALID_SIZE);
    EXPECT(more->pfnRasSetCommSettings(port, NULL, NULL), ERROR_INVALID_PARAMETER);
    EXPECT(give(NULL), ERROR_INVALID_PARAMETER);
    EXPECT(give(buffer + 1), ERROR_BUFFER_INVALID);
    EXPECT(give(other), ERROR_SUCCESS);
    EXPECT(give(other), ERROR_BUFFER_INVALID);
    EXPECT(give(buffer), ERROR_SUCCESS);
    CloseHandle(event);
    return 9999;
}

/* Says "open" to whoever asks. */
static DWORD opens(HANDLE port, PFNRASGETBUFFER get, PFNRASSENDBUFFER send)
{
    PBYTE buffer;
    DWORD size;
    DWORD error = get(&buffer, &size);
    if (error != ERROR_SUCCESS)
        return error;
    memcpy(buffer, "open\r", 5);
    return send(port, buffer, 5);
}

DWORD WINAPI RasCustomScriptExecute(HANDLE port, LPCWSTR phonebook, LPCWSTR entry, PFNRASGETBUFFER get,
    PFNRASFREEBUFFER give, PFNRASSENDBUFFER send, PFNRASRECEIVEBUFFER receive, PFNRASRETRIEVEBUFFER retrieve,
    HWND window, RASDIALPARAMS *params, PVOID reserved)
{
    RASCUSTOMSCRIPTEXTENSIONS *more = (RASCUSTOMSCRIPTEXTENSIONS *)reserved;
    printf("a library may print\n");
    if (window != NULL || more == NULL || more->dwSize != sizeof *more || params->dwSize != sizeof *params)
        return 9002;
    if (phonebook[0] != '/' || entry[0] != params->szEntryName[0])
        return 9003;
    if (is(params, "hostile"))
        return hostile(port, get, give, send, receive, retrieve, more);
    if (is(params, "refuses"))
        return 5000;
    if (is(params, "crashes"))
        abort();
    if (is(params, "exits"))
        exit(0);
    while (is(params, "hangs"))
        Sleep(1000);
    if (is(params, "changes")) {
        put(params->szUserName, "alice");
        put(params->szPassword, "secret");
    }
    return opens(port, get, send);
}
