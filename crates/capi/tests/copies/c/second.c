/* Two copies in one process: whichever is used first stays, the other refuses. Arguments: the copy, a link to the first,
 * and which is used first. */
#include <windows.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <ras.h>
#include <raserror.h>
#include <openras.h>
#include "check.h"

typedef DWORD(WINAPI *ErrorString)(UINT, LPSTR, DWORD);
typedef DWORD(WINAPI *HangUp)(HRASCONN);
typedef DWORD(WINAPI *Reason)(HRASCONN, LPSTR, LPDWORD);

static void *find(void *library, const char *name)
{
    void *found = dlsym(library, name);
    CHECK(found != NULL);
    return found;
}

static void works(ErrorString text, HangUp hang_up)
{
    char sentence[512];
    CHECK(text(691, sentence, sizeof sentence) == 0);
    CHECK(hang_up((HRASCONN)(ULONG_PTR)4) == ERROR_INVALID_HANDLE);
}

static void refuses(ErrorString text, HangUp hang_up, Reason reason)
{
    char sentence[1024] = "";
    DWORD bytes = sizeof sentence;
    int n;
    for (n = 0; n < 3; n++) {
        CHECK(text(691, sentence, sizeof sentence) == ERROR_RASMAN_CANNOT_INITIALIZE);
        CHECK(hang_up((HRASCONN)(ULONG_PTR)4) == ERROR_RASMAN_CANNOT_INITIALIZE);
        bytes = sizeof sentence;
        CHECK(reason(NULL, sentence, &bytes) == 0 && strstr(sentence, "another copy"));
    }
}

static HangUp others;
static pthread_barrier_t all;
static volatile DWORD worked[2], refused[2];

/* Calls of many threads at once, half of them the copy's: the very first calls of both. */
static void *race(void *number)
{
    int const which = (int)((ULONG_PTR)number % 2);
    HangUp const hang_up = which ? others : RasHangUpA;
    int n;
    pthread_barrier_wait(&all);
    for (n = 0; n < 50; n++) {
        DWORD const error = hang_up((HRASCONN)(ULONG_PTR)4);
        CHECK(error == ERROR_INVALID_HANDLE || error == ERROR_RASMAN_CANNOT_INITIALIZE);
        if (error == ERROR_INVALID_HANDLE)
            __sync_fetch_and_add(&worked[which], 1);
        else
            __sync_fetch_and_add(&refused[which], 1);
    }
    return NULL;
}

static void races(void)
{
    pthread_t threads[16];
    ULONG_PTR n;
    CHECK(pthread_barrier_init(&all, NULL, 16) == 0);
    for (n = 0; n < 16; n++)
        CHECK(pthread_create(&threads[n], NULL, race, (void *)n) == 0);
    for (n = 0; n < 16; n++)
        CHECK(pthread_join(threads[n], NULL) == 0);
    /* one of them, from its first call to its last, and the other never */
    CHECK((worked[0] == 400 && refused[1] == 400) || (worked[1] == 400 && refused[0] == 400));
}

int main(int count, char **arguments)
{
    void *copy, *link;
    ErrorString text;
    HangUp hang_up;
    Reason reason;
    CHECK(count == 4);
    copy = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    link = dlopen(arguments[2], RTLD_NOW | RTLD_LOCAL);
    CHECK(copy != NULL && link != NULL);
    /* another name of the first is the first */
    CHECK(find(link, "RasHangUpA") == (void *)RasHangUpA);
    text = (ErrorString)find(copy, "RasGetErrorStringA");
    hang_up = (HangUp)find(copy, "RasHangUpA");
    reason = (Reason)find(copy, "OpenrasReason");
    CHECK((void *)hang_up != (void *)RasHangUpA);
    if (!strcmp(arguments[3], "both")) {
        others = hang_up;
        races();
    } else if (!strcmp(arguments[3], "copy")) {
        works(text, hang_up);
        refuses(RasGetErrorStringA, RasHangUpA, OpenrasReason);
        works(text, hang_up);
    } else {
        works(RasGetErrorStringA, RasHangUpA);
        refuses(text, hang_up, reason);
        works(RasGetErrorStringA, RasHangUpA);
    }
    return 0;
}
