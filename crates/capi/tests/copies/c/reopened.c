/* The library is loaded, used by threads, closed, and loaded again: it is where it was, and what it keeps is there. */
#include <windows.h>
#include <dlfcn.h>
#include <pthread.h>
#include <ras.h>
#include <raserror.h>
#include "check.h"

typedef DWORD(WINAPI *HangUp)(HRASCONN);
typedef DWORD(WINAPI *Enum)(LPRASCONNA, LPDWORD, LPDWORD);
typedef HANDLE(WINAPI *Create)(LPSECURITY_ATTRIBUTES, BOOL, BOOL, LPCSTR);
typedef BOOL(WINAPI *Close)(HANDLE);

static void *library, *first;

static void *use(void *nothing)
{
    HangUp const hang_up = (HangUp)dlsym(library, "RasHangUpA");
    Enum const list = (Enum)dlsym(library, "RasEnumConnectionsA");
    DWORD bytes = 0, count = 0;
    int n;
    CHECK((void *)hang_up == first);
    for (n = 0; n < 20; n++)
        CHECK(hang_up((HRASCONN)(ULONG_PTR)(4 + 4 * n)) == ERROR_INVALID_HANDLE);
    /* it starts the library's own thread */
    (void)list(NULL, &bytes, &count);
    return nothing;
}

int main(int count, char **arguments)
{
    HANDLE event = NULL;
    int round;
    CHECK(count == 2);
    for (round = 0; round < 5; round++) {
        pthread_t threads[8];
        int n;
        library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        CHECK(library != NULL);
        if (!first)
            first = dlsym(library, "RasHangUpA");
        for (n = 0; n < 8; n++)
            CHECK(pthread_create(&threads[n], NULL, use, NULL) == 0);
        for (n = 0; n < 8; n++)
            CHECK(pthread_join(threads[n], NULL) == 0);
        /* a handle lives on while the library is closed */
        if (!event)
            event = ((Create)dlsym(library, "CreateEventA"))(NULL, TRUE, FALSE, NULL);
        CHECK(event != NULL);
        CHECK(dlclose(library) == 0);
    }
    library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    CHECK(((Close)dlsym(library, "CloseHandle"))(event));
    return 0;
}
