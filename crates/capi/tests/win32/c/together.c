/* What must not wait for each other: a library's constructor and other threads' loads, a forked child and the threads
 * of its parent. Hangs where it does. */
#include <windows.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

typedef DWORD (*CALLS)(DWORD);

static HANDLE over;

static DWORD WINAPI loads(LPVOID name)
{
    DWORD n = 0;
    do {
        HMODULE const library = LoadLibraryA((LPCSTR)name);
        CHECK(library && FreeLibrary(library));
        n++;
    } while (WaitForSingleObject(over, 0) == WAIT_TIMEOUT);
    return n;
}

static DWORD WINAPI says(LPVOID text)
{
    while (WaitForSingleObject(over, 0) == WAIT_TIMEOUT)
        OutputDebugStringA((LPCSTR)text);
    return 1;
}

static HANDLE start(LPTHREAD_START_ROUTINE routine, LPCSTR text)
{
    HANDLE thread;
    CHECK(ResetEvent(over));
    thread = CreateThread(NULL, 0, routine, (LPVOID)(ULONG_PTR)text, 0, NULL);
    CHECK(thread);
    return thread;
}

static void end(HANDLE thread)
{
    DWORD code = 0;
    CHECK(SetEvent(over) && WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
    CHECK(GetExitCodeThread(thread, &code) && code > 0 && CloseHandle(thread));
}

/* Loads a library and looks whether its DllMain heard of it. */
static void told(LPCSTR name)
{
    HMODULE const library = LoadLibraryA(name);
    CALLS const calls = (CALLS)GetProcAddress(library, "Calls");
    CHECK(calls && calls(DLL_PROCESS_ATTACH) == calls(DLL_PROCESS_DETACH) + 1);
    CHECK(FreeLibrary(library));
}

int main(void)
{
    HANDLE thread;
    int n, status;
    over = CreateEventA(NULL, TRUE, FALSE, NULL);
    thread = start(loads, "plain");
    for (n = 0; n < 2000; n++) {
        HMODULE const library = LoadLibraryA("constructor");
        CHECK(library && FreeLibrary(library));
    }
    end(thread);

    /* a library that another thread loads and frees is there or not, but never half */
    thread = start(loads, "plain");
    for (n = 0; n < 20000; n++) {
        HMODULE const library = GetModuleHandleA("plain");
        if (library && !GetProcAddress(library, "Calls"))
            CHECK(GetLastError() == ERROR_INVALID_HANDLE);
    }
    end(thread);
    told("plain");

    thread = start(says, "parent");
    for (n = 0; n < 500; n++) {
        pid_t const child = fork();
        if (!child) {
            OutputDebugStringA("child");
            CHECK(WaitForSingleObject(over, 0) == WAIT_FAILED && GetLastError() == 711);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status));
    }
    end(thread);
    return 0;
}
