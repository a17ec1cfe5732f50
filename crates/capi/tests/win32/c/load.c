/* LoadLibrary and its family. The folder with libtokenhost.so, libold.so and librefuses.so is on the loader's path. */
#include <windows.h>
#include <dlfcn.h>
#include "check.h"

typedef DWORD (*CALLS)(DWORD);
typedef HINSTANCE (*OWN)(void);
typedef HANDLE (*CREATE)(LPSECURITY_ATTRIBUTES, BOOL, BOOL, LPCSTR);
typedef BOOL (*SET)(HANDLE);

static DWORD WINAPI thread(LPVOID parameter)
{
    return parameter != NULL;
}

static void run_thread(void)
{
    HANDLE const started = CreateThread(NULL, 0, thread, NULL, 0, NULL);
    CHECK(started && WaitForSingleObject(started, INFINITE) == WAIT_OBJECT_0 && CloseHandle(started));
}

static void loads(LPCSTR name)
{
    HMODULE const library = LoadLibraryA(name);
    CALLS calls;
    CHECK(library);
    CHECK(LoadLibraryA("TOKENHOST") == library || LoadLibraryA("OLD") == library);
    CHECK(GetModuleHandleA(name) == library);
    calls = (CALLS)GetProcAddress(library, "Calls");
    CHECK(calls && calls(DLL_PROCESS_ATTACH) == 1 && calls(DLL_PROCESS_DETACH) == 0);
    CHECK(((OWN)GetProcAddress(library, "Own"))() == library);
    run_thread();
    CHECK(calls(DLL_THREAD_ATTACH) == 1 && calls(DLL_THREAD_DETACH) == 1);
    CHECK(DisableThreadLibraryCalls(library));
    run_thread();
    CHECK(calls(DLL_THREAD_ATTACH) == 1 && calls(DLL_THREAD_DETACH) == 1);
    /* a function of a library it needs is not its own */
    CHECK(!GetProcAddress(library, "malloc") && GetLastError() == ERROR_PROC_NOT_FOUND);
    CHECK(!GetProcAddress(library, "None") && !GetProcAddress(library, (LPCSTR)1));
    CHECK(FreeLibrary(library) && calls(DLL_PROCESS_DETACH) == 0);
    CHECK(FreeLibrary(library));
    CHECK(!FreeLibrary(library) && GetLastError() == ERROR_MOD_NOT_FOUND);
    CHECK(!GetModuleHandleA(name) && !GetProcAddress(library, "Calls"));
}

static void ours(LPCSTR name)
{
    HMODULE const library = LoadLibraryA(name);
    CREATE create;
    SET set;
    HANDLE event;
    CHECK(library && library == GetModuleHandleA("rasapi32.dll"));
    create = (CREATE)GetProcAddress(library, "CreateEventA");
    set = (SET)GetProcAddress(library, "SetEvent");
    CHECK(create && set);
    /* the same library: its events are ours */
    event = create(NULL, FALSE, FALSE, NULL);
    CHECK(set(event) && WaitForSingleObject(event, 0) == WAIT_OBJECT_0 && CloseHandle(event));
    CHECK(!GetProcAddress(library, "malloc"));
    CHECK(GetProcAddress(library, "wsprintfA") && GetProcAddress(library, "StringCchPrintfW"));
    CHECK(FreeLibrary(library) && FreeLibrary(library) && LoadLibraryA(name) == library);
}

/* A library the program brought itself has a handle; its DllMain hears of LoadLibrary all the same. */
static void brought(void)
{
    void *const mine = dlopen("libbrought.so", RTLD_NOW);
    HMODULE const library = GetModuleHandleA("BROUGHT.DLL");
    CALLS const calls = (CALLS)GetProcAddress(library, "Calls");
    DWORD n;
    CHECK(mine && library && calls && calls(DLL_PROCESS_ATTACH) == 0);
    CHECK(FreeLibrary(library) && calls(DLL_PROCESS_DETACH) == 0);
    for (n = 1; n < 3; n++) {
        CHECK(LoadLibraryA("brought") == library && calls(DLL_PROCESS_ATTACH) == n);
        CHECK(FreeLibrary(library) && calls(DLL_PROCESS_DETACH) == n);
        CHECK(GetModuleHandleA("brought") == library && (CALLS)GetProcAddress(library, "Calls") == calls);
    }
    CHECK(!dlclose(mine) && (CALLS)GetProcAddress(library, "Calls") == calls);
}

int main(void)
{
    brought();
    ours("RASMAN.DLL");
    ours("C:\\WINNT\\System32\\RasMan.dll");
    /* the dialogs, where Windows has them */
    CHECK(GetProcAddress(LoadLibraryA("RASDLG.DLL"), "RasDialDlgA"));
    loads("TokenHost.DLL");
    loads("D:\\tokens\\TOKENHOST.dll");
    loads("old");
    CHECK(!LoadLibraryA("refuses.dll") && GetLastError() == ERROR_DLL_INIT_FAILED);
    CHECK(!LoadLibraryA("missing.dll") && GetLastError() == ERROR_MOD_NOT_FOUND);
    CHECK(!LoadLibraryA(__FILE__) && GetLastError() == ERROR_BAD_EXE_FORMAT);
    CHECK(!LoadLibraryA(NULL) && GetLastError() == ERROR_INVALID_PARAMETER);
    CHECK(!LoadLibraryExA("tokenhost", NULL, 2) && !FreeLibrary(NULL));
    CHECK(GetModuleHandle(NULL) && GetModuleHandle(NULL) == GetModuleHandle(NULL));
    return 0;
}
