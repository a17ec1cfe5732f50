/* The very first calls of many threads, while others load libraries that make calls as they are loaded. */
#include <windows.h>
#include <dlfcn.h>
#include <pthread.h>
#include <ras.h>
#include <raserror.h>
#include "check.h"

static pthread_barrier_t all;
static const char *plugin;

static void *calls(void *nothing)
{
    pthread_barrier_wait(&all);
    CHECK(RasHangUpA((HRASCONN)(ULONG_PTR)4) == ERROR_INVALID_HANDLE);
    return nothing;
}

static void *loads(void *nothing)
{
    void *library;
    pthread_barrier_wait(&all);
    library = dlopen(plugin, RTLD_NOW);
    CHECK(library != NULL);
    return nothing;
}

int main(int count, char **arguments)
{
    pthread_t threads[8];
    int n;
    CHECK(count == 2);
    plugin = arguments[1];
    CHECK(pthread_barrier_init(&all, NULL, 8) == 0);
    for (n = 0; n < 8; n++)
        CHECK(pthread_create(&threads[n], NULL, n % 2 ? calls : loads, NULL) == 0);
    for (n = 0; n < 8; n++)
        CHECK(pthread_join(threads[n], NULL) == 0);
    return 0;
}
