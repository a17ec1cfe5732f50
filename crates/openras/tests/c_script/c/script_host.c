/* What openras-script-host is: cargo does not build that program with this test. */
#define _GNU_SOURCE
#include <dlfcn.h>

int main(int argc, char **argv)
{
    void *object = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : 0;
    void *found = object ? dlsym(object, "openras_script_host") : 0;
    int (*host)(const char *);
    *(void **)&host = found;
    return found ? host(argv[2]) : 3;
}
