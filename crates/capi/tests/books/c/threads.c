/* Eight threads, each with entries of its own in one book, all reading those of the others. */
#include <windows.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#include "check.h"

#define THREADS 8
#define ROUNDS 6

static DWORD set(const char *name, const char *number)
{
    RASENTRYA entry;
    DWORD size = sizeof(entry);
    ZeroMemory(&entry, sizeof(entry));
    entry.dwSize = sizeof(entry);
    CHECK(RasGetEntryPropertiesA(NULL, "", &entry, &size, NULL, NULL) == 0);
    StringCchCopyA(entry.szLocalPhoneNumber, ARRAYSIZE(entry.szLocalPhoneNumber), number);
    return RasSetEntryPropertiesA(NULL, name, &entry, size, NULL, 0);
}

static DWORD WINAPI work(LPVOID parameter)
{
    char kept[32], gone[32], user[32];
    int round, me = (int)(LONG_PTR)parameter;
    StringCchPrintfA(kept, sizeof(kept), "Kept %d", me);
    StringCchPrintfA(gone, sizeof(gone), "Gone %d", me);
    CHECK(set(kept, "127.0.0.1:1") == 0);
    for (round = 0; round < ROUNDS; round++) {
        RASDIALPARAMSA params;
        BOOL password;
        DWORD bytes = 0, count = 0, result;
        CHECK(set(gone, "127.0.0.1:2") == 0);
        ZeroMemory(&params, sizeof(params));
        params.dwSize = sizeof(params);
        StringCchCopyA(params.szEntryName, ARRAYSIZE(params.szEntryName), kept);
        StringCchPrintfA(user, sizeof(user), "user %d", me);
        StringCchCopyA(params.szUserName, ARRAYSIZE(params.szUserName), user);
        StringCchCopyA(params.szPassword, ARRAYSIZE(params.szPassword), "p");
        CHECK(RasSetEntryDialParamsA(NULL, &params, FALSE) == 0);
        ZeroMemory(params.szUserName, sizeof(params.szUserName));
        CHECK(RasGetEntryDialParamsA(NULL, &params, &password) == 0 && password);
        CHECK(lstrcmpA(params.szUserName, user) == 0);
        result = RasEnumEntriesA(NULL, NULL, NULL, &bytes, &count);
        CHECK(result == ERROR_BUFFER_TOO_SMALL && count >= 2 && count <= 2 * THREADS);
        CHECK(RasDeleteEntryA(NULL, gone) == 0);
    }
    return 0;
}

int main(void)
{
    HANDLE threads[THREADS];
    int i;
    for (i = 0; i < THREADS; i++) {
        threads[i] = CreateThread(NULL, 0, work, (LPVOID)(LONG_PTR)i, 0, NULL);
        CHECK(threads[i]);
    }
    CHECK(WaitForMultipleObjects(THREADS, threads, TRUE, 100000) == WAIT_OBJECT_0);
    for (i = 0; i < THREADS; i++)
        CloseHandle(threads[i]);
    return 0;
}
