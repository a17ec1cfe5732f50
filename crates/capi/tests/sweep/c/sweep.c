/* Calls every function named in a file with arguments nobody means. More arguments than a function has are not looked at
 * by it: it is so on every machine that passes them in registers or cleaned up by the caller.
 *
 *     sweep NAMES STEP             every STEPth size of a structure */
#include <windows.h>
#include <dlfcn.h>
#include <string.h>
#include "check.h"

typedef DWORD(WINAPI *Any)(ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR);

/* Larger than any structure is, and ends with NULs of both widths: as text it has an end. */
static union {
    char bytes[16384];
    DWORD size;
} buffer, other;

/* What has a handle or a number first; the others have an address there. */
static const char *const by_handle[] = { "RasHangUp", "RasGetConnect", "RasClear", "RasGetLink", "RasGetProjection",
    "RasConnectionNotification", "RasGetSubEntryHandle", "RasUpdateConnection", "RasGetNap", "RasInvokeEapUI",
    "RasSecurityDialog", "Openras", "RasGetEapUserData", "RasSetEapUserData", "RasCreate", "RasEdit", "RasGetErrorString",
    "RasAdminGetErrorString", "RasGetAutodialEnable", "RasSetAutodialEnable", "RasGetAutodialParam",
    "RasSetAutodialParam" };
static const ULONG_PTR handles[] = { 0, 4, 600, 0x10000004, 0x30000004, 0x7FFFFFFC, (ULONG_PTR)-1 };

/* How many of `handles` a function may get. */
static unsigned kinds(const char *name)
{
    unsigned n;
    for (n = 0; n < ARRAYSIZE(by_handle); n++)
        if (!strncmp(name, by_handle[n], strlen(by_handle[n])))
            return ARRAYSIZE(handles);
    return 1;
}

/* Bytes by chance, the same in every run. */
static char chance[4 * sizeof buffer];

static void roll(void)
{
    unsigned dice = 2463534242u;
    size_t n;
    for (n = 0; n < sizeof chance; n++) {
        dice ^= dice << 13;
        dice ^= dice >> 17;
        dice ^= dice << 5;
        chance[n] = (char)dice;
    }
}

/* Bytes of one kind, or (-1) by chance. */
static void pattern(DWORD size, int byte)
{
    static size_t at;
    if (byte < 0)
        memcpy(buffer.bytes, chance + (at++ * 61) % (sizeof chance - sizeof buffer), sizeof buffer - 8);
    else
        memset(buffer.bytes, byte, sizeof buffer - 8);
    memset(buffer.bytes + sizeof buffer - 8, 0, 8);
    buffer.size = size;
    memcpy(&other, &buffer, sizeof other);
    /* where it is a count of bytes, as many as there are */
    other.size = sizeof other - 8;
}

static void with(Any function, unsigned handed, DWORD size)
{
    ULONG_PTR const one = (ULONG_PTR)&buffer, two = (ULONG_PTR)&other;
    unsigned n;
    for (n = 0; n < handed; n++) {
        pattern(size, 'Z');
        (void)function(handles[n], one, two, two, two, two, two);
    }
    pattern(size, -1);
    (void)function(handed > 1 ? 4 : one, one, two, two, two, two, two);
    pattern(size, 0xFF);
    (void)function(one, two, two, two, two, two, two);
    pattern(size, 0);
    (void)function(0, one, two, 0, 0, 0, 0);
    (void)function(0, 0, one, two, 0, 0, two);
}

static void sweep(Any function, unsigned handed, DWORD step)
{
    DWORD size;
    unsigned n;
    for (n = 0; n < handed; n++)
        (void)function(handles[n], 0, 0, 0, 0, 0, 0);
    for (size = 0; size < 6400; size += step)
        with(function, handed, size);
    with(function, handed, 0x7FFFFFFF);
    with(function, handed, 0xFFFFFFFF);
}

int main(int count, char **arguments)
{
    char name[128];
    FILE *names;
    int functions = 0;
    void *const library = dlopen("libopenras.so.0", RTLD_NOW);
    CHECK(count == 3 && library != NULL);
    names = fopen(arguments[1], "r");
    CHECK(names != NULL);
    roll();
    while (fgets(name, sizeof name, names)) {
        Any function;
        name[strcspn(name, "\n")] = 0;
        function = (Any)dlsym(library, name);
        CHECK(function != NULL);
        if (getenv("SHOW_SWEEP"))
            fprintf(stderr, "%s\n", name);
        sweep(function, kinds(name), (DWORD)atoi(arguments[2]));
        functions++;
    }
    fclose(names);
    printf("%d functions\n", functions);
    return 0;
}
