/* Events, waits, threads, memory and last error. */
#include <windows.h>
#include <poll.h>
#include "check.h"

#define THREADS 32

static HANDLE go, done;
static DWORD ids[THREADS];

static DWORD WINAPI waits(LPVOID number)
{
    DWORD_PTR const n = (DWORD_PTR)number;
    ids[n] = GetCurrentThreadId();
    SetLastError((DWORD)n);
    if (WaitForSingleObject(go, INFINITE) != WAIT_OBJECT_0 || GetLastError() != n)
        return 1;
    if (n % 2)
        ExitThread((DWORD)n + 1000);
    return (DWORD)n + 1000;
}

static DWORD WINAPI never(LPVOID parameter)
{
    (void)parameter;
    WaitForSingleObject(done, INFINITE);
    return 0;
}

static void threads(BOOL manual)
{
    HANDLE all[THREADS];
    DWORD id[THREADS], code, n;
    go = CreateEvent(NULL, manual, FALSE, NULL);
    CHECK(go);
    for (n = 0; n < THREADS; n++) {
        all[n] = CreateThread(NULL, n % 2 ? 4096 : 0, waits, (LPVOID)(DWORD_PTR)n, 0, &id[n]);
        CHECK(all[n] && id[n]);
        CHECK(GetExitCodeThread(all[n], &code) && code == STILL_ACTIVE);
    }
    CHECK(WaitForMultipleObjects(THREADS, all, FALSE, 0) == WAIT_TIMEOUT);
    if (manual)
        CHECK(SetEvent(go));
    else
        for (n = 0; n < THREADS; n++) {
            struct pollfd left = {openras_event_descriptor(go), POLLIN, 0};
            CHECK(SetEvent(go));
            /* until it is taken: a signal that nobody waits for yet must not swallow the next one */
            while (poll(&left, 1, 0) == 1)
                Sleep(0);
        }
    CHECK(WaitForMultipleObjects(THREADS, all, TRUE, 20000) == WAIT_OBJECT_0);
    for (n = 0; n < THREADS; n++) {
        CHECK(GetExitCodeThread(all[n], &code) && code == n + 1000);
        CHECK(ids[n] == id[n]);
        CHECK(CloseHandle(all[n]));
        CHECK(!CloseHandle(all[n]) && GetLastError() == ERROR_INVALID_HANDLE);
    }
    CHECK(CloseHandle(go));
}

static void waiting(void)
{
    HANDLE both[2], thread;
    struct pollfd poll_it = {0, POLLIN, 0};
    both[0] = CreateEvent(NULL, FALSE, FALSE, NULL);
    both[1] = CreateEvent(NULL, TRUE, TRUE, NULL);
    CHECK(WaitForSingleObject(both[0], 0) == WAIT_TIMEOUT);
    CHECK(WaitForSingleObject(both[0], 20) == WAIT_TIMEOUT);
    CHECK(WaitForMultipleObjects(2, both, FALSE, INFINITE) == WAIT_OBJECT_0 + 1);
    CHECK(WaitForMultipleObjects(2, both, TRUE, 0) == WAIT_TIMEOUT);
    CHECK(SetEvent(both[0]));
    CHECK(WaitForMultipleObjects(2, both, TRUE, 0) == WAIT_OBJECT_0);
    CHECK(WaitForSingleObject(both[0], 0) == WAIT_TIMEOUT);
    CHECK(WaitForSingleObjectEx(both[1], 0, TRUE) == WAIT_OBJECT_0);
    CHECK(ResetEvent(both[1]) && WaitForSingleObject(both[1], 0) == WAIT_TIMEOUT);
    poll_it.fd = openras_event_descriptor(both[1]);
    CHECK(poll_it.fd >= 0 && poll(&poll_it, 1, 0) == 0);
    CHECK(SetEvent(both[1]) && poll(&poll_it, 1, 0) == 1);

    CHECK(WaitForMultipleObjects(0, both, FALSE, 0) == WAIT_FAILED && GetLastError() == ERROR_INVALID_PARAMETER);
    CHECK(WaitForMultipleObjects(65, both, FALSE, 0) == WAIT_FAILED);
    CHECK(WaitForMultipleObjects(1, NULL, FALSE, 0) == WAIT_FAILED);
    thread = both[1];
    both[1] = both[0];
    CHECK(WaitForMultipleObjects(2, both, TRUE, 0) == WAIT_FAILED && GetLastError() == ERROR_INVALID_PARAMETER);
    CHECK(CloseHandle(both[0]) && CloseHandle(thread));
    SetLastError(0);
    CHECK(WaitForSingleObject(both[0], 0) == WAIT_FAILED && GetLastError() == ERROR_INVALID_HANDLE);
    CHECK(!SetEvent(NULL) && !ResetEvent(INVALID_HANDLE_VALUE) && !SetEvent((HANDLE)&thread));
    CHECK(!CloseHandle(NULL) && openras_event_descriptor(NULL) == -1);
    CHECK(!CreateEventA(NULL, FALSE, FALSE, "name") && GetLastError() == ERROR_NOT_SUPPORTED);
    CHECK(!CreateThread(NULL, 0, NULL, NULL, 0, NULL) && GetLastError() == ERROR_INVALID_PARAMETER);
    CHECK(!CreateThread(NULL, 0, never, NULL, 4, NULL));
    CHECK(!GetExitCodeThread(NULL, NULL) && GetLastError() == ERROR_INVALID_HANDLE);

    /* the handle is closed before the thread ends */
    done = CreateEvent(NULL, TRUE, FALSE, NULL);
    thread = CreateThread(NULL, 0, never, NULL, 0, NULL);
    CHECK(thread && CloseHandle(thread));
    CHECK(SetEvent(done));
}

static void memory(void)
{
    char *block = (char *)HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 100);
    DWORD n;
    CHECK(block);
    for (n = 0; n < 100; n++)
        CHECK(!block[n]);
    CHECK(HeapFree(GetProcessHeap(), 0, block) && HeapFree(GetProcessHeap(), 0, NULL));
    CHECK(!HeapAlloc(NULL, 0, 1) && !HeapFree(NULL, 0, NULL));
    CHECK(!HeapAlloc(GetProcessHeap(), 0, (SIZE_T)-1));
    CHECK((block = (char *)HeapAlloc(GetProcessHeap(), 0, 0)) && HeapFree(GetProcessHeap(), 0, block));
    CHECK(HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0));
    CHECK(!HeapSetInformation(NULL, HeapCompatibilityInformation, NULL, 0));
    block = (char *)LocalAlloc(LPTR, 10);
    CHECK(block && !block[9] && !LocalFree(block) && !LocalFree(NULL));
    CHECK(!LocalAlloc(LPTR, (SIZE_T)-1) && GetLastError() == ERROR_NOT_ENOUGH_MEMORY);
}

int main(void)
{
    ULONGLONG const begin = GetTickCount64();
    Sleep(20);
    CHECK(GetTickCount64() - begin >= 20 && GetTickCount() != 0);
    threads(TRUE);
    threads(FALSE);
    waiting();
    memory();
    return 0;
}
